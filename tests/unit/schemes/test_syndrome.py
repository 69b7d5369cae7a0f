# SPDX-License-Identifier: Apache-2.0
"""The syndrome scheme: what it promises fits, what is wet stays, changes go where rounding was undecided."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from semstego.codecs import registry
from semstego.codecs.base import SIDE_SCALE, Encoding, Symbols
from semstego.errors import InfeasibleError, NothingFoundError
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import HEADER_BITS
from semstego.progress import no_progress
from semstego.schemes import base
from semstego.schemes.base import Cover
from semstego.schemes.syndrome.layout import Layout
from semstego.schemes.syndrome.scheme import SyndromeScheme

KEY = Key(bytes(range(32)))
SIDE = 48  # of the pictures [pixels]
SCHEME = SyndromeScheme()


@dataclass
class Pixels:
    """A codec whose symbols are the pixels, one map for each channel."""

    wet: np.ndarray = field(default_factory=lambda: np.zeros((SIDE, SIDE), bool))
    side: np.ndarray = field(default_factory=lambda: np.zeros((3, SIDE, SIDE), np.int16))
    name: str = "pixels"
    fingerprint: bytes = bytes(8)
    closed: bool = True

    def encode(self, picture):
        values = np.ascontiguousarray(picture.transpose(2, 0, 1))
        return Encoding(Symbols(values, *picture.shape), self.side, self.wet)

    def decode(self, symbols):
        return np.ascontiguousarray(symbols.values.transpose(1, 2, 0))


def noise(rng):
    return rng.integers(1, 255, (SIDE, SIDE, 3), np.uint8)


def embedded(cover, message, scheme=SCHEME, nonce=bytes(8)):
    sealed = frame.seal(message, None, KEY, nonce)
    return scheme.embed(cover, sealed, KEY, Draws(bytes(32)), no_progress)


def read(symbols, codec, key=KEY, scheme=SCHEME):
    return frame.opened(scheme.reveal_features(symbols, codec, key), key).message


# --- what is promised


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("at_an_end", "wet"), [(0.0, 0.0), (0.0, 0.5), (0.5, 0.3), (0.8, 0.3), (0.0, 0.6)])
def test_what_is_promised_fits_even_where_most_symbols_can_move_one_way_only(seed, at_an_end, wet):
    rng = np.random.default_rng(seed)
    picture, ends = noise(rng), rng.random((SIDE, SIDE, 3)) < at_an_end
    picture[ends] = 255 * rng.integers(0, 2, ends.sum())
    cover = Cover(picture, Pixels(wet=rng.random((SIDE, SIDE)) < wet))
    message = rng.bytes(frame.message_bytes(SCHEME.capacity_bits(cover)))
    assert message
    for attempt in range(3):  # as many nonces as the sender tries
        try:
            stego = embedded(cover, message, nonce=bytes([attempt] * 8)).symbols
        except InfeasibleError:
            continue
        assert read(stego, cover.codec) == message
        return
    raise AssertionError(f"{len(message)} bytes are promised, and do not fit")


@pytest.mark.parametrize("wet", [0.9, 1.0])
def test_nothing_is_promised_where_the_header_has_no_room(wet):
    cover = Cover(noise(np.random.default_rng(1)), Pixels(wet=np.random.default_rng(2).random((SIDE, SIDE)) < wet))
    assert SCHEME.capacity_bits(cover) == 0


def test_what_cannot_fit_is_refused():
    cover = Cover(noise(np.random.default_rng(1)), Pixels())
    for size in (cover.picture.size // 4, cover.picture.size):  # 2 and 8 bits a symbol; log2(3) is the bound
        with pytest.raises(InfeasibleError):
            embedded(cover, bytes(size))


def test_more_than_a_bit_for_each_symbol_is_carried_and_read():
    cover = Cover(noise(np.random.default_rng(1)), Pixels())
    message = np.random.default_rng(2).bytes(int(1.1 * cover.picture.size) // 8)
    assert read(embedded(cover, message).symbols, cover.codec) == message


# --- what stays, and what moves


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.floats(0, 0.6), st.integers(0, 200), st.booleans())
def test_wet_symbols_and_anchors_stay_and_all_others_move_by_one_at_most(seed, share, size, each_map):
    rng = np.random.default_rng(seed)
    wet = rng.random((3, SIDE, SIDE) if each_map else (SIDE, SIDE)) < share
    cover = Cover(noise(rng), Pixels(wet=wet))
    before, message = cover.encoding.symbols.values.copy(), rng.bytes(size)
    try:
        stego = embedded(cover, message).symbols.values
    except InfeasibleError:  # where very many are wet, some nonces are of no use
        reject()
    assert np.array_equal(cover.encoding.symbols.values, before)
    moved = stego.astype(int) - before
    assert np.abs(moved).max() == 1
    assert not moved[np.broadcast_to(wet, moved.shape)].any()
    anchors = Layout(before.reshape(3, -1), KEY)._order[: SIDE * SIDE // 64]
    assert not moved.reshape(3, -1)[:, anchors].any()
    assert read(cover.encoding.symbols.with_values(stego), cover.codec) == message


def towards_the_error(scheme):
    """Of the changes of a cover with known rounding errors, how many go towards the value before rounding."""
    rng = np.random.default_rng(3)
    side = rng.integers(-SIDE_SCALE // 2, SIDE_SCALE // 2, (3, SIDE, SIDE)).astype(np.int16)
    cover = Cover(noise(rng), Pixels(side=side))
    moved = embedded(cover, rng.bytes(300), scheme).symbols.values.astype(int) - cover.encoding.symbols.values
    return np.mean(np.sign(moved[moved != 0]) == np.sign(side[moved != 0]))


@pytest.mark.parametrize("name", ["syndrome", "side-informed"])
def test_with_side_information_changes_go_towards_the_value_before_rounding(name):
    assert towards_the_error(base.SCHEMES.get(name)) > 0.85


@pytest.mark.parametrize("name", ["hill", "suniward"])
def test_without_side_information_they_go_either_way(name):
    assert 0.4 < towards_the_error(base.SCHEMES.get(name)) < 0.6


def test_changes_avoid_what_the_maps_predict():
    """Half of the picture is noise and half a ramp, which the neighbours give away."""
    rng = np.random.default_rng(4)
    picture = noise(rng)
    rows, columns, maps = np.indices((SIDE, SIDE // 2, 3))
    picture[:, SIDE // 2 :] = 60 + rows + 2 * columns + 5 * maps
    cover = Cover(picture, Pixels())
    moved = embedded(cover, rng.bytes(100)).symbols.values != cover.encoding.symbols.values
    header = Layout(cover.encoding.symbols.values.reshape(3, -1), KEY).header
    moved.reshape(-1)[header] = False  # a header has to move what it has
    assert moved[:, :, SIDE // 2 :].sum() < 0.1 * moved.sum()


def test_what_stage_two_misreads_is_left_alone_when_coded_again():
    rng = np.random.default_rng(5)
    cover = Cover(noise(rng), Pixels())
    message = rng.bytes(400)
    embedding = embedded(cover, message)
    before = cover.encoding.symbols.values
    avoided = np.zeros((SIDE, SIDE), bool)
    for _ in range(3):
        misread = (embedding.symbols.values != before).any(axis=0) & (rng.random((SIDE, SIDE)) < 0.2)
        assert misread.any()
        embedding.avoid(misread)
        avoided |= misread  # and stays so
        assert np.array_equal(embedding.symbols.values[:, avoided], before[:, avoided])
        assert read(embedding.symbols, cover.codec) == message
    with pytest.raises(InfeasibleError):
        embedding.avoid(np.ones((SIDE, SIDE), bool))


# --- the receiver


class WatchedKey(Key):
    """A key that notes what positions were asked of it."""

    def permutation(self, purpose, context, size):
        asked = self.__dict__.setdefault("asked", [])
        asked.append(purpose)
        return super().permutation(purpose, context, size)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 8 * (frame.MAX_BODY_BYTES + 16)))
def test_a_reader_gives_as_many_bits_as_asked_or_finds_nothing(seed, count):
    symbols = Pixels().encode(noise(np.random.default_rng(seed))).symbols
    reader = SCHEME.reveal_features(symbols, Pixels(), Key(seed.to_bytes(32, "big")))
    assert len(reader(HEADER_BITS)) == HEADER_BITS
    try:
        found = reader(HEADER_BITS + count)
    except NothingFoundError:
        return
    assert len(found) == HEADER_BITS + count
    assert set(np.unique(found)) <= {0, 1}


def test_a_length_that_no_picture_of_this_size_holds_costs_no_work():
    """A wrong key reads such a length as a rule: the body's positions are not even laid out."""
    symbols = Pixels().encode(noise(np.random.default_rng(1))).symbols
    most = 2 * Layout(symbols.values.reshape(3, -1), KEY).body_symbols
    for count, laid_out in ((most + 1, False), (8 * frame.MAX_BODY_BYTES, False), (1000, True)):
        key = WatchedKey(KEY.master)
        reader = SCHEME.reveal_features(symbols, Pixels(), key)
        assert "body" not in key.asked
        if not laid_out:
            with pytest.raises(NothingFoundError):
                reader(HEADER_BITS + count)
        else:
            reader(HEADER_BITS + count)
        assert ("body" in key.asked) == laid_out


def test_the_header_reads_as_it_was_sealed():
    """The split between the layers is the scheme's own affair."""
    cover, sealed = Cover(noise(np.random.default_rng(1)), Pixels()), frame.seal(b"x" * 700, None, KEY, bytes(8))
    stego = SCHEME.embed(cover, sealed, KEY, Draws(bytes(32)), no_progress).symbols
    reader = SCHEME.reveal_features(stego, cover.codec, KEY)
    assert reader(sealed.payload_bits).tolist() == sealed.payload(KEY).tolist()


def test_wrong_keys_find_nothing():
    cover = Cover(noise(np.random.default_rng(1)), Pixels())
    stego = embedded(cover, b"secret").symbols
    for seed in range(100):
        with pytest.raises(NothingFoundError):
            read(stego, cover.codec, Key(np.random.default_rng(seed).bytes(32)))


def test_another_nonce_changes_other_symbols():
    cover = Cover(noise(np.random.default_rng(1)), Pixels())
    first, second = (embedded(cover, b"secret", nonce=bytes([n] * 8)).symbols.values for n in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", ["hill", "suniward", "side-informed"])
def test_one_receiver_reads_whatever_the_costs_were(name, photographs):
    cover = Cover(photographs["coffee"][:64, :64], registry.load("cr085"))
    stego = embedded(cover, b"whatever the costs", base.SCHEMES.get(name)).symbols
    assert read(stego, cover.codec) == b"whatever the costs"


def test_too_few_symbols_for_a_header_hold_nothing():
    tiny = Symbols(np.zeros((3, 4, 4), np.uint8), 32, 32, 3, block=8)
    with pytest.raises(NothingFoundError):
        base.SCHEMES.get("syndrome").reveal_features(tiny, registry.load("cr085"), KEY)


def test_more_bits_than_a_layer_has_symbols_are_infeasible(rng):
    picture = (rng.integers(0, 2, (48, 48, 3)) * 255).astype(np.uint8)
    picture[rng.random(picture.shape) < 0.1] = 90
    cover = Cover(picture, Pixels())
    sealed = frame.seal(bytes(int(1.05 * picture.size) // 8 - 28), None, KEY, bytes(8))
    with pytest.raises(InfeasibleError):
        base.SCHEMES.get("syndrome").embed(cover, sealed, KEY, Draws(bytes(32)), no_progress)
