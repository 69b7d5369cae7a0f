# SPDX-License-Identifier: Apache-2.0
"""What schemes are given: covers and receptions ask the codec for what it says, once, and know their own pictures."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.codecs import registry
from semstego.codecs.base import Encoding, Symbols
from semstego.errors import ArgumentError, InfeasibleError
from semstego.message.cipher import Key
from semstego.schemes import base
from semstego.schemes.base import Cover, Embedding, Received, Scheme
from semstego.schemes.lsb import LsbMatching

CLOSED = ("cr085", "cr050", "cr025", "task")
KEY = Key(bytes(range(32)))


@dataclass
class Open:
    """A codec that encodes otherwise than it recovers, and counts what it is asked."""

    asked: list = field(default_factory=list)
    name: str = "open"
    fingerprint: bytes = bytes(8)
    closed: bool = False

    def encode(self, picture):
        self.asked.append("encode")
        return Encoding.of(Symbols(picture.transpose(2, 0, 1), *picture.shape))

    def recover(self, picture):
        self.asked.append("recover")
        return Symbols(255 - picture.transpose(2, 0, 1), *picture.shape)

    def decode(self, symbols):
        self.asked.append("decode")
        return 255 - symbols.values.transpose(1, 2, 0)


PICTURE = np.random.default_rng(1).integers(0, 256, (40, 48, 3), np.uint8)


def test_a_cover_is_encoded_and_decoded_once():
    codec = Open()
    cover = Cover(PICTURE, codec)
    assert codec.asked == []
    for _ in range(2):
        assert np.array_equal(cover.encoding.symbols.values, PICTURE.transpose(2, 0, 1))
        assert np.array_equal(cover.reconstruction, 255 - PICTURE)
    assert codec.asked == ["encode", "decode"]


def test_a_receiver_recovers_the_symbols_and_does_not_encode_anew():
    codec = Open()
    received = Received(PICTURE, codec)
    assert received.symbols_found is None  # nobody has looked
    assert np.array_equal(received.symbols.values, 255 - PICTURE.transpose(2, 0, 1))
    assert received.symbols_found is received.symbols
    assert codec.asked == ["recover"]


class Parrot(Scheme):
    """A scheme without a stage II of its own."""

    name = "parrot"

    def capacity_bits(self, cover):
        raise NotImplementedError

    def embed(self, cover, frame, key, draws, progress):
        raise NotImplementedError

    def reveal_features(self, symbols, codec, key):
        return symbols, codec, key


def test_stage_two_reads_the_recovered_symbols_where_a_scheme_has_none_of_its_own():
    received = Received(PICTURE, Open())
    assert Parrot().reveal_picture(received, KEY) == (received.symbols, received.codec, KEY)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(CLOSED), st.sampled_from([1, 3]), st.integers(32, 60), st.data())
def test_a_closed_codec_knows_its_own_pictures(seed, name, channels, height, data):
    rng, codec = np.random.default_rng(seed), registry.load(name)
    cover = Cover(rng.integers(0, 256, (height, 45, channels), np.uint8), codec)
    assert not Received(cover.picture, codec).is_reconstruction  # noise is nothing that it makes
    assert Received(cover.reconstruction, codec).is_reconstruction
    rows, columns = (side * cover.encoding.symbols.block for side in cover.encoding.symbols.carrying)
    y, x = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, 44))
    touched = cover.reconstruction.copy()
    touched[y, x] ^= 1
    carries = y < rows and x < columns
    assert Received(touched, codec).is_reconstruction != carries  # where nothing can be carried nothing matters


def test_an_embedding_that_cannot_be_coded_again_says_so():
    embedding = Embedding(Open().encode(PICTURE).symbols)
    with pytest.raises(InfeasibleError):
        embedding.avoid(np.ones((40, 48), bool))


def test_schemes_are_found_by_name_and_objects_are_taken_as_they_are():
    assert base.SCHEMES.get("LSB") is base.SCHEMES.get("lsb")
    own = LsbMatching("mine")
    assert base.SCHEMES.get(own) is own
    for neither in (3, None, b"lsb", registry.load("cr085")):
        with pytest.raises(ArgumentError, match="is no scheme: it has no"):
            base.SCHEMES.get(neither)
    with pytest.raises(ArgumentError, match="no scheme 'lsbx'"):
        base.SCHEMES.get("lsbx")
