# SPDX-License-Identifier: Apache-2.0
"""LSB matching: wet symbols stay, sender and receiver leave out the same ones, and steps go either way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.codecs import registry
from semstego.codecs.base import Encoding, Symbols, within
from semstego.errors import InfeasibleError, NothingFoundError
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import HEADER_BITS
from semstego.progress import no_progress
from semstego.schemes.base import Cover, Received
from semstego.schemes.lsb import LsbMatching

KEY = Key(bytes(range(32)))
LSB = LsbMatching()


class Marked:
    """An open codec of pixels, where a symbol above 199 is wet: both sides see the same, as steps stay below."""

    name, fingerprint, closed = "marked", bytes(8), False

    def encode(self, picture):
        values = np.ascontiguousarray(picture.transpose(2, 0, 1))
        return Encoding(Symbols(values, *picture.shape), np.zeros(values.shape, np.int16), values > 199)

    def decode(self, symbols):
        return np.ascontiguousarray(symbols.values.transpose(1, 2, 0))


def marked(seed, share):
    """Pixels up to 198, and some of 210 and more, which are wet."""
    rng = np.random.default_rng(seed)
    wet = rng.random((32, 40, 3)) < share
    return np.where(wet, rng.integers(210, 256, wet.shape), rng.integers(0, 198, wet.shape)).astype(np.uint8)


def embedded(cover, message, seed=0):
    sealed = frame.seal(message, None, KEY, seed.to_bytes(8, "big"))
    return LSB.embed(cover, sealed, KEY, Draws(seed.to_bytes(32, "big")), no_progress).symbols


def read(symbols, codec, key=KEY):
    return frame.opened(LSB.reveal_features(symbols, codec, key), key).message


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0, 0.9), st.binary(max_size=15))
def test_wet_symbols_stay_and_the_message_comes_back(seed, share, message):
    cover = Cover(marked(seed, share), Marked())
    stego = embedded(cover, message, seed)
    moved = stego.values.astype(int) - cover.encoding.symbols.values
    assert not moved[cover.encoding.wet].any()
    assert np.abs(moved).max() <= 1
    assert read(stego, cover.codec) == message


def test_the_capacity_is_the_number_of_dry_carriers_and_not_one_more():
    cover = Cover(marked(1, 0.4), Marked())
    assert LSB.capacity_bits(cover) == np.count_nonzero(~cover.encoding.wet)
    most = frame.message_bytes(LSB.capacity_bits(cover))
    assert read(embedded(cover, bytes(most)), cover.codec) == bytes(most)
    with pytest.raises(InfeasibleError):
        embedded(cover, bytes(most + 1))


def test_steps_go_up_and_down_alike_and_never_over_an_end():
    cover = Cover(np.random.default_rng(1).choice(np.array([0, 100, 199], np.uint8), (64, 64, 3)), Marked())
    moved = embedded(cover, bytes(1000)).values.astype(int) - cover.encoding.symbols.values
    below, middle = (moved[cover.encoding.symbols.values == value] for value in (0, 100))
    assert set(below.tolist()) == {0, 1}
    up, down = (middle == 1).sum(), (middle == -1).sum()
    assert abs(up - down) < 5 * np.sqrt(up + down)
    payload = HEADER_BITS + 8 * (1000 + 16)
    assert (moved != 0).sum() == pytest.approx(payload / 2, abs=5 * np.sqrt(payload / 4))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["cr085", "cr050", "cr025"])
@pytest.mark.parametrize("end", ["black", "white"])
def test_of_a_closed_codec_wet_blocks_stay_and_both_stages_read(seed, name, end):
    rng, codec = np.random.default_rng(seed), registry.load(name)
    depth = np.linspace(0, 150, 64)[None, :, None] + rng.normal(0, 4, (64, 64, 3))
    picture = np.clip(depth if end == "black" else 255 - depth, 0, 255).astype(np.uint8)
    cover = Cover(picture, codec)
    wet = within(cover.encoding.symbols, cover.encoding.wet)
    assert 0.05 < wet.mean() < 0.95
    stego = embedded(cover, b"short", seed)
    moved = (stego.carriers != cover.encoding.symbols.carriers).any(axis=0)
    assert moved.any()
    assert not (moved & wet).any()
    assert read(stego, codec) == b"short"
    received = Received(codec.decode(stego), codec)
    assert frame.opened(LSB.reveal_picture(received, KEY), KEY).message == b"short"


def test_wrong_keys_and_too_many_bits_find_nothing():
    cover = Cover(marked(1, 0.2), Marked())
    stego = embedded(cover, b"secret")
    for seed in range(50):
        with pytest.raises(NothingFoundError):
            read(stego, cover.codec, Key(np.random.default_rng(seed).bytes(32)))
    reader = LSB.reveal_features(stego, cover.codec, KEY)
    dry = LSB.capacity_bits(cover)
    assert len(reader(dry)) == dry
    with pytest.raises(NothingFoundError):
        reader(dry + 1)
