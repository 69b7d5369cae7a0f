# SPDX-License-Identifier: Apache-2.0
"""The authenticated cipher: the published vector, and nothing of what was sealed can be exchanged."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from semstego.errors import NothingFoundError
from semstego.message import cipher

KEY = bytes(range(64))
OTHER = bytes(range(1, 65))


def test_the_cipher_is_aes_siv():
    """RFC 5297, appendix A.1, whose key has 32 bytes."""
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    associated = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    sealed = "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"
    assert cipher.seal(key, bytes.fromhex("112233445566778899aabbccddee"), associated).hex() == sealed


@given(st.binary(max_size=80), st.binary(max_size=12))
def test_what_is_sealed_comes_back_and_grows_by_the_tag(plaintext, associated):
    sealed = cipher.seal(KEY, plaintext, associated)
    assert len(sealed) == len(plaintext) + cipher.TAG_BYTES
    assert cipher.unseal(KEY, sealed, associated) == plaintext
    with pytest.raises(NothingFoundError):
        cipher.unseal(OTHER, sealed, associated)


@given(st.binary(max_size=80), st.binary(max_size=12), st.binary(max_size=12))
def test_associated_data_are_authenticated_whatever_the_plaintext(plaintext, associated, other):
    assume(associated != other)
    sealed = cipher.seal(KEY, plaintext, associated)
    assert cipher.seal(KEY, plaintext, other) != sealed
    with pytest.raises(NothingFoundError):
        cipher.unseal(KEY, sealed, other)


@pytest.mark.parametrize("size", range(cipher.TAG_BYTES))
def test_what_is_shorter_than_a_tag_is_nothing(size):
    with pytest.raises(NothingFoundError):
        cipher.unseal(KEY, bytes(size), b"")
