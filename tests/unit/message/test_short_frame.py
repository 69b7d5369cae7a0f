# SPDX-License-Identifier: Apache-2.0
"""The short frame: what goes in comes out, and nothing else ever does."""

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from semstego.errors import ArgumentError, CapacityError, NothingFoundError
from semstego.message import bits, short_frame
from semstego.message.cipher import Key
from semstego.message.frame import Opened

KEY, OTHER = Key(bytes(range(32))), Key(bytes(32))
NONCE = bytes(8)


def sealed_bits(message, key=KEY):
    return short_frame.seal(message, None, key, NONCE).payload(key)


@given(st.binary(max_size=1024))
def test_a_message_comes_back_to_the_byte(message):
    sealed = sealed_bits(message)
    assert len(sealed) == short_frame.frame_bits(short_frame.class_of(len(message)))
    assert short_frame.unseal(sealed, KEY) == message
    assert short_frame.opened(lambda count: sealed[:count], KEY) == Opened(message, None)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 127, 128, 129, 1023, 1024])
def test_zeros_at_the_end_are_kept_apart_from_the_padding(length):
    for message in (bytes(length), b"x" * (length - 1) + b"\0" if length else b""):
        assert short_frame.unseal(sealed_bits(message), KEY) == message


@given(st.binary(max_size=40), st.integers(0, 383))
def test_one_wrong_bit_is_nothing(message, place):
    sealed = sealed_bits(message)
    sealed[place] ^= 1
    with pytest.raises(NothingFoundError):
        short_frame.unseal(sealed, KEY)


def test_another_key_and_other_lengths_are_nothing():
    sealed = sealed_bits(b"meet me at noon")
    for read, key in (
        (sealed, OTHER),
        (sealed[:-8], KEY),
        (np.zeros(0, np.uint8), KEY),
        (np.zeros(384, np.uint8), KEY),
    ):
        with pytest.raises(NothingFoundError):
            short_frame.unseal(read, key)


def test_too_long_a_message_is_refused():
    with pytest.raises(CapacityError) as refusal:
        short_frame.seal(bytes(1025), None, KEY, NONCE)
    assert (refusal.value.needed, refusal.value.available) == (1025, 1024)


def test_a_name_is_refused_and_the_nonce_changes_nothing():
    with pytest.raises(ArgumentError, match="name"):
        short_frame.seal(b"noon", "noon.txt", KEY, NONCE)
    other = short_frame.seal(b"noon", None, KEY, b"otherone").payload(KEY)
    np.testing.assert_array_equal(other, sealed_bits(b"noon"))


def test_capacities_in_bits_are_lengths_of_messages():
    for length in short_frame.CLASSES:
        bits_of_frame = short_frame.seal(bytes(length), None, KEY, NONCE).payload_bits
        assert short_frame.message_bytes(bits_of_frame) == length
        assert short_frame.message_bytes(bits_of_frame - 1) < length


def test_it_is_aes_siv_of_the_padded_message_with_its_length():
    key = KEY.derive("short body", b"\0\x20", 64)
    expected = AESSIV(key).encrypt(b"noon" + bytes(28), [b"\0\x04"])
    assert bits.to_bytes(sealed_bits(b"noon")) == expected


def test_frames_look_like_coin_flips():
    """Each of the 384 bits over 4,000 messages that count up, within six standard deviations."""
    ones = sum(sealed_bits(number.to_bytes(2, "big")).astype(np.int64) for number in range(4000))
    assert np.abs(ones - 2000).max() < 6 * np.sqrt(1000)
