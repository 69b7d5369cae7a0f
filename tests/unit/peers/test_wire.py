# SPDX-License-Identifier: Apache-2.0
"""What workers say is hostile: whatever bytes come, a picture, a message or one error."""

import contextlib
import io
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.errors import PeerError, SemstegoError
from semstego.peers import wire

LIMITS = {wire.MESSAGE: 100, wire.PICTURE: 2000}


def reader(content):
    stream = io.BytesIO(content)

    def read(length):
        assert length <= max(*LIMITS.values(), wire.HEAD.size)
        got = stream.read(length)
        if len(got) < length:
            raise PeerError("it ended without a whole answer")
        return got

    return read


@pytest.fixture
def picture(rng):
    return rng.integers(0, 256, (7, 5, 3), np.uint8)


def test_a_part_comes_as_it_was_sent():
    assert wire.received(reader(wire.part(wire.MESSAGE, b"abc") + b"next"), LIMITS) == (wire.MESSAGE, b"abc")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_part_or_one_error(content):
    try:
        letter, body = wire.received(reader(content), LIMITS)
    except PeerError:
        return
    assert len(body) <= LIMITS[letter]


@given(st.integers(0, 2**64 - 1), st.sampled_from([wire.MESSAGE, wire.PICTURE, b"Z"]), st.binary(max_size=120))
def test_a_length_is_compared_before_it_is_read(length, letter, body):
    with contextlib.suppress(PeerError):
        assert wire.received(reader(struct.pack(">cQ", letter, length) + body), LIMITS)[0] in LIMITS


def test_a_picture_comes_as_it_was_sent(picture):
    assert np.array_equal(wire.picture_of(wire.picture_bytes(picture)), picture)
    assert np.array_equal(wire.picture_of(wire.picture_bytes(picture), picture.shape), picture)
    assert np.array_equal(wire.picture_of(wire.picture_bytes(picture[:, ::-1])), picture[:, ::-1])
    assert len(wire.picture_bytes(picture)) <= wire.most_picture_bytes(picture.shape)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((7, 5), np.uint8),
        np.zeros((7, 5, 4), np.uint8),
        np.zeros((7, 0, 3), np.uint8),
        np.zeros((7, 5, 3), np.int8),
        np.zeros((7, 5, 3), np.float64),
        np.asfortranarray(np.zeros((7, 5, 3), np.uint8)),
        np.zeros((7, 5, 3), [("field", np.uint8)]),
    ],
)
def test_another_array_is_no_picture(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    with pytest.raises(PeerError):
        wire.picture_of(buffer.getvalue())


def test_pickles_are_not_opened(picture):
    buffer = io.BytesIO()
    np.save(buffer, np.full((7, 5, 3), None), allow_pickle=True)
    with pytest.raises(PeerError, match="wanted"):
        wire.picture_of(buffer.getvalue())


@given(data=st.data())
def test_a_damaged_picture_is_a_picture_or_one_error(data):
    picture = np.arange(105, dtype=np.uint8).reshape(7, 5, 3)
    content = bytearray(wire.picture_bytes(picture))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    try:
        found = wire.picture_of(bytes(content), picture.shape)
    except SemstegoError as error:
        assert isinstance(error, PeerError)
        return
    assert found.shape == picture.shape


@pytest.mark.parametrize("shape", ["(4000000000, 4000000000, 3)", "(2147483648, 3, 3)", "(-1, -1, 3)", "(7, True, 3)"])
def test_a_header_that_promises_much_allocates_nothing(picture, shape):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(100)
    tracemalloc.start()
    with pytest.raises(PeerError):
        wire.picture_of(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("body", [b"", b"1234567", wire.NUMBER.pack(-1)])
def test_a_number_is_eight_bytes_and_not_negative(body):
    with pytest.raises(PeerError):
        wire.number_of(body)


def test_texts_do_not_move_the_cursor():
    assert wire.text_of(b"one\n\x1b[2J\xff two\x00") == "one ?[2J\ufffd two?"
