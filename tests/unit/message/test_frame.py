# SPDX-License-Identifier: Apache-2.0
"""The frame and its primitives: round trips, one error, published vectors, nothing constant."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.errors import NothingFoundError
from semstego.message import bits, cipher, frame
from semstego.message.cipher import Key
from semstego.message.frame import Header

KEY = Key(bytes(range(32)))
OTHER = Key(bytes(range(1, 33)))


@given(st.binary(max_size=300), st.none() | st.text(max_size=40), st.binary(min_size=8, max_size=8))
def test_frames_come_back(message, name, nonce):
    sealed = frame.seal(message, name, KEY, nonce).with_upper_share(37)
    header = Header.from_bits(sealed.header.to_bits(KEY), KEY)
    assert header == sealed.header
    opened = frame.unseal(header, sealed.body, KEY)
    assert opened.message == message
    if name is not None:
        last = re.split(r"[/\\]", name)[-1]
        assert opened.name == ("" if last in (".", "..") else last.encode(errors="replace").decode())


@given(st.binary(max_size=60), st.data())
def test_any_damage_raises_the_one_error(message, data):
    sealed = frame.seal(message, None, KEY, bytes(8))
    position = data.draw(st.integers(0, len(sealed.body) - 1))
    flip = data.draw(st.integers(1, 255))
    body = bytearray(sealed.body)
    body[position] ^= flip
    with pytest.raises(NothingFoundError) as damaged:
        frame.unseal(sealed.header, bytes(body), KEY)
    with pytest.raises(NothingFoundError) as wrong_key:
        frame.unseal(sealed.header, sealed.body, OTHER)
    assert str(damaged.value) == str(wrong_key.value) == NothingFoundError.TEXT


def test_the_header_is_authenticated_with_the_body():
    sealed = frame.seal(b"message", None, KEY, bytes(8))
    for forged in (Header(b"other!!!", 23, False), Header(bytes(8), 23, True)):
        with pytest.raises(NothingFoundError):
            frame.unseal(forged, sealed.body, KEY)


def test_overhead_is_28_bytes():
    assert frame.OVERHEAD_BYTES == 28
    assert frame.seal(b"x" * 456, None, KEY, bytes(8)).payload_bits == 8 * (456 + 28)


def test_no_bit_of_a_frame_is_constant():
    """Equal messages of equal length under one key: every payload bit is a fair coin over the nonces."""
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(400):
        sealed = frame.seal(b"the same message", None, KEY, rng.bytes(8))
        rows.append(np.concatenate([sealed.header.to_bits(KEY), sealed.body_bits()]))
    ones = np.mean(rows, axis=0)
    assert np.abs(ones - 0.5).max() < 0.5 * 5 / np.sqrt(400)


def test_argon2id_and_hkdf_match_independent_derivations():
    """Key derivation is part of the format: pinned bytes, and HKDF-Expand re-derived from RFC 5869 with hmac."""
    import hashlib
    import hmac

    assert cipher.derive_key("passphrase") == cipher.derive_key(b"passphrase")
    info = b"semstego v1 purpose\0context"
    assert KEY.derive("purpose", b"context") == hmac.digest(KEY.master, info + b"\x01", hashlib.sha256)


def test_passphrases_are_normalised():
    assert cipher.derive_key("caf\u00e9") == cipher.derive_key("cafe\u0301")


def test_keystream_is_chacha20():
    """RFC 8439, section 2.4.2's key with a zero counter and nonce: appendix A.1, test vector 1."""
    assert cipher.keystream(bytes(32), 16).hex() == "76b8e0ada0f13d90405d6ae55386bd28"


@settings(max_examples=30)
@given(st.integers(1, 2000))
def test_permutations_are_permutations(size):
    order = KEY.permutation("test", b"", size)
    assert sorted(order.tolist()) == list(range(size))


PINNED = [5, 4, 0, 6, 8, 3, 2, 7, 9, 1]


def test_a_permutation_is_pinned():
    """A change would make every existing stream unreadable."""
    assert KEY.permutation("test", b"context", 10).tolist() == PINNED


def test_keys_do_not_show():
    assert "0" not in repr(KEY).replace("Key()", "")
    assert KEY != OTHER
    assert hash(KEY) != hash(OTHER)


@given(st.binary(max_size=50))
def test_bits_come_back(data):
    assert bits.to_bytes(bits.to_bits(data)) == data


def test_bits_must_fill_bytes():
    with pytest.raises(ValueError, match="multiple of 8"):
        bits.to_bytes(np.zeros(7, np.uint8))
