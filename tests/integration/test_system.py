# SPDX-License-Identifier: Apache-2.0
"""Hide and reveal, end to end: real photographs, real files, both stages, and what must not happen."""

import io
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import semstego
from semstego.codecs import registry
from semstego.codecs import stream as container
from semstego.errors import CapacityError, NothingFoundError, SemstegoError
from semstego.message.cipher import Key
from semstego.schemes import base
from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import SyndromeScheme

PICTURE_POINTS = ("cr085", "cr050", "cr025")
BOTH = [("certified", codec) for codec in PICTURE_POINTS] + [("syndrome", f"{codec}-plain") for codec in PICTURE_POINTS]

KEY = Key(bytes(range(32)))


def textured(seed, height, width, channels):
    """A picture with edges, gradients and noise, away from the clipping levels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = 40 * np.sin(x / rng.uniform(3, 20) + y / rng.uniform(3, 20))
    shape = (height, width, channels)
    return np.clip(128 + waves[:, :, None] + rng.normal(0, rng.uniform(1, 12), shape), 10, 245).astype(np.uint8)


def one_colour(side, level):
    return np.full((side, side, 3), (level, level - 5, level + 9), np.uint8)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 10_000),
    st.integers(32, 150),
    st.integers(32, 150),
    st.sampled_from([1, 3]),
    st.sampled_from(BOTH),
    st.floats(0, 1),
)
def test_exact_at_both_stages_or_refused(seed, height, width, channels, how, share):
    scheme, codec = how
    cover = textured(seed, height, width, channels)
    message = np.random.default_rng(seed).bytes(int(share * height * width / 8))
    try:
        out = semstego.hide(np.squeeze(cover), message, key=KEY, codec=codec, scheme=scheme)
    except CapacityError as refusal:
        assert refusal.available < max(1, len(message))  # not even nothing may fit
        return
    weights = codec.removesuffix("-plain")  # a picture does not show its codec's dither
    for source, stage, called in ((out.stream, "features", codec), (out.picture, "picture", weights)):
        found = semstego.reveal(source, key=KEY)
        assert (found.message, found.stage, found.codec) == (message, stage, called)
        assert type(base.SCHEMES.get(found.scheme)) is type(base.SCHEMES.get(scheme))
    assert np.abs(out.symbols.astype(int) - out.undithered_symbols).max() <= 1
    assert (out.cover_symbols != out.undithered_symbols).any() == (scheme == "certified")
    assert out.report.retries == 0 or scheme == "syndrome"


@pytest.mark.parametrize(("scheme", "codec"), BOTH)
def test_photographs_hold_files(photographs, scheme, codec):
    """Certified, the smallest point holds in 0.06 bpp what every other holds in 0.2."""
    for name, cover in photographs.items():
        share = 140 if (scheme, codec) == ("certified", "cr025") else 40
        message = np.random.default_rng(1).bytes(cover.shape[0] * cover.shape[1] // share)
        with pytest.warns(semstego.CoverWarning):
            out = semstego.hide(np.squeeze(cover), message, key=KEY, codec=codec, scheme=scheme, name=f"{name}.bin")
        for source, stage in ((out.stream, "features"), (Image.open(io.BytesIO(out.png)), "picture")):
            found = semstego.reveal(source, key=KEY)
            assert (found.message, found.name, found.stage) == (message, f"{name}.bin", stage)


@pytest.mark.parametrize(
    ("scheme", "codec"), [pytest.param(*how, marks=[] if how[1] == "cr085" else pytest.mark.slow) for how in BOTH]
)
def test_the_largest_message_that_capacity_promises_fits(photographs, scheme, codec):
    for cover in photographs.values():
        cut = np.squeeze(np.ascontiguousarray(cover[:96, :128]))
        largest = semstego.capacity(cut, codec=codec, scheme=scheme).max_message_bytes
        if largest:
            assert semstego.hide(cut, bytes(largest), key=KEY, codec=codec, scheme=scheme).stream


def test_the_same_inputs_give_the_same_bytes(photographs):
    cover = photographs["coffee"][:64, :64]
    first, second = (semstego.hide(cover, b"twice", key=KEY, nonce=b"12345678").stream for _ in range(2))
    assert first == second
    assert semstego.hide(cover, b"twice", key=KEY).stream != first


def test_wrong_key_no_message_and_damage_look_alike(photographs):
    cover = photographs["coffee"][:64, :64]
    out = semstego.hide(cover, b"secret", key=KEY)
    damaged_picture = out.picture.copy()
    damaged_picture[10, 10] ^= 1
    damaged_stream = bytearray(out.stream)
    damaged_stream[-1] ^= 1
    attempts = [
        (out.stream, Key(bytes(32))),
        (out.picture, Key(bytes(32))),
        (semstego.send(cover), KEY),
        (semstego.reconstruct(semstego.send(cover)), KEY),
        (cover, KEY),
        (damaged_picture, KEY),
        (bytes(damaged_stream), KEY),
        (_with_other_symbols(out.stream), KEY),
    ]
    for source, key in attempts:
        with pytest.raises(NothingFoundError, match=NothingFoundError.TEXT):
            semstego.reveal(source, key=key)


def _with_other_symbols(stream):
    """A sound container whose symbols were touched on the way."""
    point = registry.load("cr085")
    symbols = container.symbols_in(container.unpack(stream), point)
    values = symbols.values.copy()
    values[:, ::3, ::3] ^= 1
    return container.write(symbols.with_values(values), point)


def test_wrong_keys_never_give_bytes(photographs):
    """Random keys read random headers: any length, any split, never a traceback."""
    out = semstego.hide(photographs["chelsea"][:48, :48], b"secret", key=KEY)
    for seed in range(400):
        with pytest.raises(NothingFoundError):
            semstego.reveal(out.stream, key=Key(np.random.default_rng(seed).bytes(32)))


def test_a_refusal_names_a_length_that_works(photographs):
    cover = photographs["rocket"][:64, :64]
    with pytest.raises(CapacityError) as refusal:
        semstego.hide(cover, bytes(20_000), key=KEY)
    assert 0 < refusal.value.available < 20_000
    semstego.hide(cover, bytes(refusal.value.available), key=KEY)


def test_a_cover_that_clips_everywhere_is_refused():
    cover = (np.random.default_rng(0).integers(0, 2, (64, 64, 3)) * 255).astype(np.uint8)
    with pytest.raises(CapacityError, match="; nothing would"):
        semstego.hide(cover, b"no room", key=KEY)


def test_misread_blocks_are_coded_again(photographs, monkeypatch):
    """Where nothing is wet beforehand blocks clip; the sender's check finds them, and the retries mend them."""
    from semstego.codecs.block.basis import BlockBasis

    monkeypatch.setattr(BlockBasis, "headroom", lambda self: np.full(self.analysis.shape[1], -(1 << 40)))
    cover = photographs["rocket"][:210]  # a hundredth of its blocks have no headroom; with a fifth, few nonces settle
    message = np.random.default_rng(2).bytes(cover.shape[0] * cover.shape[1] // 64)
    out = semstego.hide(cover, message, key=KEY, nonce=bytes(8), scheme="syndrome")
    assert out.report.retries > 0
    assert semstego.reveal(out.picture, key=KEY).message == message


@pytest.mark.parametrize("cost", [None, costs.hill, costs.suniward, costs.uniform])
@pytest.mark.parametrize("informed", [True, False])
def test_every_cost_is_read_by_the_same_receiver(photographs, cost, informed):
    cover = photographs["astronaut"][100:164, 100:164]
    out = semstego.hide(cover, b"m" * 200, key=KEY, scheme=SyndromeScheme(cost=cost, side_informed=informed))
    assert semstego.reveal(out.picture, key=KEY).message == b"m" * 200


@pytest.mark.parametrize("codec", [f"{codec}-plain" for codec in PICTURE_POINTS])
def test_a_one_colour_cover_draws_no_more_changes_with_side_information(codec):
    """Every block shares one rounding error; |e| close to one half must not make the picture free."""
    point = registry.load(codec)
    errors = {}
    for level in range(40, 216):
        side = point.encode(one_colour(32, level)).side
        errors[level] = np.abs(side.astype(int)).max()
    worst = max(errors, key=errors.__getitem__)
    cover = one_colour(64, worst)
    changes = []
    for informed in (True, False):
        out = semstego.hide(
            cover, bytes(100), key=KEY, nonce=bytes(8), codec=codec, scheme=SyndromeScheme(side_informed=informed)
        )
        changes.append(out.report.changed_symbols)
    assert changes[0] <= changes[1]


def test_empty_messages_and_texts_and_paths(photographs, tmp_path):
    cover = photographs["camera"][:64, :64, 0]
    file = tmp_path / "letter.txt"
    file.write_text("from a file")
    for message, expected in ((b"", b""), ("grüße", "grüße".encode()), (file, b"from a file")):
        assert semstego.reveal(semstego.hide(cover, message, key=KEY).picture, key=KEY).message == expected


def test_arguments_that_contradict_each_other_are_refused(photographs):
    cover = photographs["coffee"][:64, :64]
    for arguments in ({}, {"key": KEY, "passphrase": "x"}, {"key": KEY, "nonce": b"short"}, {"key": KEY, "nonce": b""}):
        with pytest.raises(SemstegoError):
            semstego.hide(cover, b"x", **arguments)


@pytest.mark.parametrize("name", ["n" * 300, "not text: \udc80", "ü" * 200])
def test_names_that_cannot_travel_whole_do_not_stop_a_message(photographs, name):
    found = semstego.reveal(semstego.hide(photographs["coffee"][:64, :64], b"x", key=KEY, name=name).picture, key=KEY)
    assert found.message == b"x"
    assert found.name
    assert len(found.name.encode()) <= 255


def test_many_at_once(photographs):
    covers = [np.ascontiguousarray(cover[:64, :64]) for cover in photographs.values()]
    jobs = [(np.squeeze(cover), f"message {i}".encode()) for i, cover in enumerate(covers)]
    jobs.append((np.zeros((8, 8, 3), np.uint8), b"too small"))
    hidden = list(semstego.hide_many(jobs, key=KEY, workers=1))
    assert isinstance(hidden[-1], SemstegoError)
    streams = [out.stream for out in hidden[:-1]]
    told = []
    progress = lambda what, share: told.append((what, share))  # noqa: E731
    found = list(semstego.reveal_many([*streams, covers[0]], key=KEY, workers=2, progress=progress))
    assert told == [("revealing", (number + 1) / len(found)) for number in range(len(found))]
    assert [one.message for one in found[:-1]] == [message for _, message in jobs[:-1]]
    assert isinstance(found[-1], NothingFoundError)


def test_cover_and_stego_streams_have_one_layout(photographs):
    cover = photographs["coffee"][:64, :64]
    plain, stego = container.unpack(semstego.send(cover)), container.unpack(semstego.hide(cover, b"x", key=KEY).stream)
    for name in ("version", "codec", "fingerprint", "height", "width", "channels", "dither"):
        assert getattr(plain, name) == getattr(stego, name)


def test_hiding_shares_its_encoder_with_sending(photographs):
    cover = photographs["coffee"][:70, :81]
    undithered = semstego.reconstruct(semstego.send(cover, scheme="syndrome"))
    plain = semstego.hide(cover, b"x", key=KEY, scheme="syndrome")
    assert (plain.cover_picture == undithered).all()
    assert (plain.undithered_picture == undithered).all()
    out = semstego.hide(cover, b"x", key=KEY)
    assert (out.undithered_picture == undithered).all()
    assert (out.cover_picture == registry.load("cr085").decode(with_values(out, out.cover_symbols))).all()
    assert (out.cover_picture != undithered).any()


def with_values(out, values):
    """Symbols of the picture that was sent, with other values."""
    return container.symbols_in(container.unpack(out.stream), registry.load("cr085")).with_values(values)


@pytest.mark.parametrize("codec", PICTURE_POINTS)
def test_a_few_bytes_cannot_claim_fifty_megapixels(codec):
    """The container is in order, checksum and all; the symbols would take minutes to make up."""
    genuine = container.unpack(semstego.send(one_colour(32, 90), codec=codec))
    for coded in (genuine.coded, bytes(40), bytes(4000)):
        bomb = container.pack(replace(genuine, height=7000, width=7000, coded=coded))
        start = time.perf_counter()
        with pytest.raises(SemstegoError):
            semstego.reconstruct(bomb)
        with pytest.raises(NothingFoundError):
            semstego.reveal(bomb, key=KEY)
        assert time.perf_counter() - start < 2


def test_a_bomb_of_a_header_takes_no_memory():
    data = bytearray(semstego.send(np.zeros((32, 32, 3), np.uint8)))
    data[30:38] = (7000).to_bytes(4, "little") * 2
    tracemalloc.start()
    with pytest.raises(SemstegoError):
        semstego.reconstruct(bytes(data))
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_schemes_that_do_not_exist_are_refused_by_sender_and_receiver(photographs):
    for act in (semstego.hide, semstego.reveal):
        message = (b"m",) if act is semstego.hide else ()
        with pytest.raises(semstego.SemstegoError, match="no scheme 'sindrome'"):
            act(photographs["coffee"], *message, key=KEY, scheme="sindrome")
