# SPDX-License-Identifier: Apache-2.0
"""What surely fits a picture: the search, the tiles, and that `capacity`, `hide` and refusals agree on real codecs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import semstego
from semstego.codecs import registry
from semstego.errors import CapacityError, EmbeddingError
from semstego.message.cipher import Key
from semstego.schemes.base import SCHEMES, Cover
from semstego.system import longest
from semstego.system.stego_system import StegoSystem


def waves(height, width, channels=3, low=10, high=245, noise=6.0, seed=0):
    """A picture with gradients and noise; uint8 ``(h, w)`` or ``(h, w, c)``, clipped where it leaves ``low..high``."""
    rng = np.random.default_rng(seed)
    y, x, c = np.mgrid[:height, :width, :channels]
    values = 128 + 70 * np.sin(x / 9 + c) + 50 * np.cos(y / 7) + rng.normal(0, noise, (height, width, channels))
    return np.squeeze(np.clip(values, low, high).astype(np.uint8))


COVERS = {
    "colour": waves(64, 64),
    "grey": waves(64, 64, 1),
    "odd sides": waves(45, 71),
    "flat": np.broadcast_to(np.uint8([120, 110, 131]), (48, 48, 3)).copy(),
    "clipped": waves(64, 64, low=60, high=215, seed=2) // 155 * 255 | waves(64, 64),
    "guessed from tiles": waves(80, 100),
    "one key": waves(130, 132),
}

LARGE = "guessed from tiles", "one key"


def stated(cover, scheme):
    return semstego.capacity(cover, scheme=scheme).max_message_bytes


def hidden(cover, length, scheme, seed):
    rng = np.random.default_rng(seed)
    return semstego.hide(cover, rng.bytes(length), key=Key(rng.bytes(32)), scheme=scheme)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LARGE else []) for name in COVERS]
)
@pytest.mark.parametrize("scheme", ["syndrome", "lsb"])
def test_what_is_stated_is_hidden_under_any_key_and_read_at_both_stages(name, scheme):
    cover = COVERS[name]
    length = stated(cover, scheme)
    assert length > 0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        message, key = rng.bytes(length), Key(rng.bytes(32))
        out = semstego.hide(cover, message, key=key, scheme=scheme)
        for source in (out.stream, out.png):
            assert semstego.reveal(source, key=key, scheme=scheme).message == message


@pytest.mark.parametrize(
    ("scheme", "name"),
    [("syndrome", "grey"), ("lsb", "colour")]
    + [pytest.param("syndrome", name, marks=pytest.mark.slow) for name in COVERS if name not in ("grey", "one key")]
    + [pytest.param(scheme, "colour", marks=pytest.mark.slow) for scheme in ("hill", "suniward", "side-informed")],
)
def test_a_half_more_is_refused_naming_what_is_stated(scheme, name):
    cover = COVERS[name]
    length = stated(cover, scheme)
    for more in (1.1, 1.5):
        try:
            hidden(cover, int(length * more), scheme, 1)
        except CapacityError as refusal:
            assert refusal.available == length
        else:
            assert more == 1.1, "half as much again goes in"


def test_a_name_takes_its_room():
    length = stated(COVERS["colour"], "lsb")
    fits = length - len("a.txt") - 1
    key = Key(bytes(32))
    assert semstego.hide(COVERS["colour"], bytes(fits), key=key, scheme="lsb", name="a.txt").stream
    with pytest.raises(CapacityError) as refusal:
        semstego.hide(COVERS["colour"], bytes(length * 2), key=key, scheme="lsb", name="a.txt")
    assert refusal.value.available == fits


def test_a_length_that_fits_by_luck_is_not_stated():
    """Found under the first keys, it must do under others as well; of those, one of four may fail."""
    asked = []

    def embeds(length, number):
        asked.append(number)
        return length <= 900 or number == longest.KEYS

    assert 900 * (1 - longest.SHORTER) < longest._confirmed(1000, embeds, 4, 3) <= 900
    assert min(asked) == longest.KEYS
    assert longest._confirmed(1000, lambda length, number: number != longest.KEYS, 4, 3) == 1000
    assert longest._confirmed(1000, lambda length, number: False, 4, 3) == 0


def test_what_is_found_is_tried_again_under_further_keys(monkeypatch):
    asked = []

    def none(length, embeds, keys, least):
        asked.append((length, keys, least))
        return 0

    monkeypatch.setattr(longest, "_confirmed", none)
    assert stated(COVERS["grey"], "lsb") == 0
    assert asked
    assert all(length > 0 and (keys, least) == longest.CONFIRMING for length, keys, least in asked)


def test_it_is_the_same_whenever_it_is_asked():
    assert stated(COVERS["clipped"], "syndrome") == stated(COVERS["clipped"].copy(), "syndrome")


def test_where_nothing_fits_nothing_is_stated():
    black_and_white = (np.random.default_rng(0).integers(0, 2, (64, 64, 3)) * 255).astype(np.uint8)
    assert stated(black_and_white, "syndrome") == 0


def test_more_is_stated_than_the_estimate_where_more_fits():
    """Half of what fits would be as safe, and no truth."""
    system = StegoSystem(registry.load("cr085-plain"), SCHEMES.get("syndrome"))
    cover = Cover(COVERS["colour"], system.codec)
    assert system.longest_message(cover) * 8 > 1.1 * cover.encoding.symbols.carriers.size


@pytest.mark.parametrize("side", [100, pytest.param(170, marks=pytest.mark.slow)])
def test_what_is_scaled_from_tiles_is_near_and_not_above_what_fits(side, monkeypatch):
    cover = waves(side, side)
    whole = stated(cover, "syndrome")
    monkeypatch.setattr(longest, "TRIED_PIXELS", side * side // 2)
    scaled = stated(cover, "syndrome")
    assert 0.5 * whole < scaled < whole
    assert hidden(cover, scaled, "syndrome", 3).stream


# --- the search


@given(st.integers(0, 100_000), st.integers(1, 100_000), st.sampled_from([0.01, 0.05, 0.5]), st.floats(0.005, 0.1))
def test_the_search_finds_the_largest_to_its_resolution_and_never_more(edge, start, first_step, resolution):
    asked = []

    def fits(number):
        assert number >= 0
        asked.append(number)
        return number <= edge

    found = longest.largest_that_fits(fits, start, first_step, resolution)
    assert found <= edge <= found + max(1, resolution * found)
    assert found == 0 or found in asked
    assert len(asked) < 60


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1024, 20_000))
def test_tiles_come_from_all_over_and_are_no_more_than_asked_for(height, width, pixels):
    picture = (np.arange(height)[:, None, None] * 400 + np.arange(width)[None, :, None]).astype(np.int64)
    found = longest.tiles(picture, pixels)
    assert len(np.unique(found)) == found.size  # none twice
    if min(height, width) ** 2 >= pixels >= 4096 * max(height, width) / min(height, width):
        assert found.size <= pixels
    if max(height, width) >= 64 and height * width > pixels:
        assert found.size < picture.size  # the recursion ends
    if height >= 64:
        assert len(found) % longest.TILE == 0


# --- refusals


def test_a_refusal_says_what_it_knows():
    closed, never = registry.load("cr085-plain"), lambda: pytest.fail("nobody needs to know")
    assert isinstance(longest.refusal(9, never, True, closed), EmbeddingError)
    assert longest.refusal(9, lambda: 5, False, closed).available == 5
    assert longest.refusal(9, lambda: 9, False, closed).available < 9
