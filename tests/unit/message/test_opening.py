# SPDX-License-Identifier: Apache-2.0
"""What a receiver makes of bits that a scheme has read: all of the header counts, and no work is done in vain."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.errors import NothingFoundError
from semstego.message import cipher, frame
from semstego.message.cipher import Key
from semstego.message.frame import HEADER_BITS, Header, Opened

KEY = Key(bytes(range(32)))
nonces = st.binary(min_size=8, max_size=8)


@st.composite
def plausible_names(draw):
    """A message that starts like a name: its length, and at least so many bytes."""
    name = draw(st.binary(max_size=40))
    return bytes([len(name)]) + name + draw(st.binary(max_size=40))


@given(plausible_names(), nonces)
def test_the_name_flag_cannot_be_set_even_where_the_message_could_hold_a_name(message, nonce):
    sealed = frame.seal(message, None, KEY, nonce)
    with pytest.raises(NothingFoundError):
        frame.unseal(replace(sealed.header, named=True), sealed.body, KEY)


@given(st.binary(max_size=40), st.text(max_size=20), nonces)
def test_the_name_flag_cannot_be_cleared(message, name, nonce):
    sealed = frame.seal(message, name, KEY, nonce)
    assert frame.unseal(sealed.header, sealed.body, KEY).message == message
    with pytest.raises(NothingFoundError):
        frame.unseal(replace(sealed.header, named=False), sealed.body, KEY)


def reader_of(bits, asked):
    """A reader of these bits, which notes how many it was asked for."""

    def read(count):
        asked.append(count)
        return bits[:count]

    return read


@given(st.binary(max_size=60), st.none() | st.text(max_size=20), nonces, st.binary(max_size=20))
def test_a_reader_is_asked_for_the_header_and_then_for_the_frame_alone(message, name, nonce, behind):
    sealed, asked = frame.seal(message, name, KEY, nonce), []
    bits = np.concatenate([sealed.payload(KEY), np.unpackbits(np.frombuffer(behind, np.uint8))])
    carried = None if name is None else frame.carried_name(name)
    assert frame.opened(reader_of(bits, asked), KEY) == Opened(message, carried)
    assert asked == [HEADER_BITS, sealed.payload_bits]


@given(nonces, st.booleans(), st.integers(0, 63), st.integers(0, cipher.TAG_BYTES - 1))
def test_a_body_that_has_no_room_for_its_tag_is_not_even_read(nonce, named, share, body_bytes):
    asked = []
    header = Header(nonce, body_bytes, named, share).to_bits(KEY)
    with pytest.raises(NothingFoundError):
        frame.opened(reader_of(np.pad(header, (0, 8 * cipher.TAG_BYTES)), asked), KEY)
    assert asked == [HEADER_BITS]


@given(nonces, st.integers(cipher.TAG_BYTES, 40))
def test_a_body_that_could_be_one_is_read_and_not_believed(nonce, body_bytes):
    asked = []
    header = Header(nonce, body_bytes, named=False).to_bits(KEY)
    with pytest.raises(NothingFoundError):
        frame.opened(reader_of(np.pad(header, (0, 8 * body_bytes)), asked), KEY)
    assert asked == [HEADER_BITS, HEADER_BITS + 8 * body_bytes]


@given(nonces, st.integers(0, frame.MAX_BODY_BYTES), st.booleans(), st.integers(0, 63))
def test_every_field_of_a_header_comes_back(nonce, body_bytes, named, share):
    header = Header(nonce, body_bytes, named, share)
    assert Header.from_bits(header.to_bits(KEY), KEY) == header


@given(st.integers(0, 400), st.none() | st.text(max_size=20))
def test_a_promise_of_bits_is_a_promise_of_bytes(size, name):
    """The longest message of a frame's bits fits them, and one byte more does not."""
    bits = frame.seal(bytes(size), None, KEY, bytes(8)).payload_bits
    assert frame.message_bytes(bits) == size
    assert frame.message_bytes(bits - 1) == max(0, size - 1)
    if name is not None:
        extra = 1 + len(frame.carried_name(name).encode())
        assert frame.seal(bytes(size), name, KEY, bytes(8)).payload_bits == bits + 8 * extra
