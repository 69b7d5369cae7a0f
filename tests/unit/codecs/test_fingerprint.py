# SPDX-License-Identifier: Apache-2.0
"""A stream is read with the weights that wrote it, and with no others, however alike they look."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.codecs import registry, stream
from semstego.codecs.base import Symbols
from semstego.codecs.block.basis import BlockBasis
from semstego.errors import StreamError

PICTURE = np.random.default_rng(1).integers(0, 256, (48, 40, 3), np.uint8)


@dataclass(frozen=True)
class Bytewise:
    """A codec whose packed symbols are plain bytes, which any codec of its kind would take."""

    fingerprint: bytes
    name: str = "bytewise"
    dither: float = 0.0

    def pack(self, symbols):
        return symbols.values.tobytes()

    def unpack(self, coded, height, width, channels):
        return Symbols(np.frombuffer(coded, np.uint8).reshape(channels, height, width), height, width, channels)


digests = st.binary(min_size=8, max_size=8)


@given(digests, digests)
def test_a_stream_is_read_by_the_same_weights_alone(mine, other):
    values = PICTURE.transpose(2, 0, 1)
    symbols = Symbols(values, 48, 40, 3)
    written = stream.unpack(stream.write(symbols, Bytewise(mine)))
    assert np.array_equal(stream.symbols_in(written, Bytewise(mine)).values, values)
    if mine != other:
        with pytest.raises(StreamError, match="other weights"):
            stream.symbols_in(written, Bytewise(other))


def test_another_name_does_not_matter_as_files_can_be_renamed():
    written = stream.unpack(stream.write(Symbols(PICTURE.transpose(2, 0, 1), 48, 40, 3), Bytewise(bytes(8))))
    renamed = Bytewise(bytes(8), "renamed")
    assert np.array_equal(stream.symbols_in(written, renamed).values, PICTURE.transpose(2, 0, 1))


@pytest.mark.parametrize("matrix", ["analysis", "synthesis"])
def test_weights_that_differ_in_one_last_place_refuse_each_others_streams(matrix):
    """All shapes are the same, so the symbols would be unpacked without a complaint."""
    codec = registry.load("cr085")
    basis = codec.bases[3]
    touched = getattr(basis, matrix).copy()
    touched[3, 5] += 1
    alike: BlockBasis = replace(basis, **{matrix: touched})
    other = replace(codec, bases={**codec.bases, 3: alike})
    symbols = codec.encode(PICTURE).symbols
    assert np.array_equal(other.unpack(codec.pack(symbols), *PICTURE.shape).values, symbols.values)
    assert other.fingerprint != codec.fingerprint
    with pytest.raises(StreamError, match="other weights"):
        stream.symbols_in(stream.unpack(stream.write(symbols, codec)), other)
