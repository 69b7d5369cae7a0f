# SPDX-License-Identifier: Apache-2.0
"""The frame: a message becomes bits that look like fair coin flips, and carries all that the receiver must know.

    header, 12 bytes:  nonce (8, random) | masked: body length in bytes (25 bits), name flag (1), upper share (6)
    body:              AES-SIV tag (16)  | encrypted: [name length (1) | name |] message

The header's mask is a keystream of (master key, nonce); the body's key is HKDF(master key, nonce). Nonce and name flag
are authenticated with the body; a wrong length or share reads a wrong body, which shows as well. Overhead:
28 bytes. A frame has no constant bytes, so nothing marks it but the key. The upper share is
0 when a frame is sealed; the syndrome scheme sets it on the way, and takes it out again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from semstego.errors import ArgumentError, NothingFoundError
from semstego.message import bits, cipher
from semstego.message.cipher import Key

NONCE_BYTES = 8
HEADER_BYTES = NONCE_BYTES + 4
HEADER_BITS = 8 * HEADER_BYTES
OVERHEAD_BYTES = HEADER_BYTES + cipher.TAG_BYTES
UPPER_SHARES = 64
MAX_BODY_BYTES = (1 << 25) - 1
MAX_NAME_BYTES = 255

Reader = Callable[[int], bits.Bits]
"""Gives the first so many bits that a scheme reads, right or wrong; raises NothingFoundError where there are none."""


class Framing(Protocol):
    """How messages become frames and come back: this module, or :mod:`semstego.message.short_frame`."""

    @property
    def OVERHEAD_BYTES(self) -> int:  # noqa: N802 -- a constant of the module
        """What a frame adds to a message."""

    def message_bytes(self, payload_bits: int) -> int:
        """The longest message without a name in a frame of so many bits [bytes]."""

    def seal(self, message: bytes, name: str | None, key: Key, nonce: bytes) -> "Frame":
        """The frame of a message."""

    def opened(self, read: Reader, key: Key) -> "Opened":
        """The message that a scheme has read."""


@dataclass(frozen=True)
class Header:
    """What the receiver learns first.

    Attributes:
        nonce: 8 random bytes, fresh for every picture.
        body_bytes: Length of the body, tag included.
        named: Whether the message carries a file name.
        upper_share: Share of the body's bits that the upper layer carries, in 1/64 (0..63).
    """

    nonce: bytes
    body_bytes: int
    named: bool
    upper_share: int = 0

    def to_bits(self, key: Key) -> bits.Bits:
        """The 96 bits to embed."""
        fields = self.body_bytes << 7 | self.named << 6 | self.upper_share
        mask = int.from_bytes(cipher.keystream(key.derive("header mask", self.nonce), 4), "big")
        return bits.to_bits(self.nonce + (fields ^ mask).to_bytes(4, "big"))

    @classmethod
    def from_bits(cls, read: bits.Bits, key: Key) -> "Header":
        """The header in 96 bits; any bits give some header, only the body tells whether it was one."""
        data = bits.to_bytes(read)
        nonce, masked = data[:NONCE_BYTES], int.from_bytes(data[NONCE_BYTES:], "big")
        fields = masked ^ int.from_bytes(cipher.keystream(key.derive("header mask", nonce), 4), "big")
        return cls(nonce, fields >> 7, bool(fields >> 6 & 1), fields & 63)

    def _associated(self) -> bytes:
        return self.nonce + bytes([self.named])


@dataclass(frozen=True)
class Frame:
    """A sealed message.

    Attributes:
        header: What tells the receiver how to open the body.
        body: What it opens.
        headless: Whether the body is hidden alone, for a receiver who knows or tries its length.
    """

    header: Header
    body: bytes
    headless: bool = False

    @property
    def payload_bits(self) -> int:
        """Coded bits to hide, header included if there is one."""
        return 8 * len(self.body) + (0 if self.headless else HEADER_BITS)

    def payload(self, key: Key) -> bits.Bits:
        """All bits to hide, header first, ``(payload_bits,)``."""
        return self.body_bits() if self.headless else np.concatenate([self.header.to_bits(key), self.body_bits()])

    def body_bits(self) -> bits.Bits:
        """The body's bits, ``(8 * len(body),)``."""
        return bits.to_bits(self.body)

    def with_upper_share(self, share: int) -> "Frame":
        """The same frame, its header naming how the body's bits are split between the layers."""
        return replace(self, header=replace(self.header, upper_share=share))


@dataclass(frozen=True)
class Opened:
    """What a frame held.

    Attributes:
        message: The bytes.
        name: Of the file, without folders; a sender may have put any characters into it.
    """

    message: bytes
    name: str | None


def seal(message: bytes, name: str | None, key: Key, nonce: bytes) -> Frame:
    """Encrypt and authenticate ``message``, and ``name`` if there is one (up to 255 bytes of UTF-8)."""
    if not isinstance(nonce, bytes) or len(nonce) != NONCE_BYTES:
        raise ArgumentError(f"the nonce must have {NONCE_BYTES} bytes")
    plaintext = message
    if name is not None:
        encoded = carried_name(name).encode()
        plaintext = bytes([len(encoded)]) + encoded + message
    header = Header(nonce, len(plaintext) + cipher.TAG_BYTES, name is not None)
    body = cipher.seal(key.derive("body", nonce, 64), plaintext, header._associated())
    return Frame(header, body)


def message_bytes(payload_bits: int) -> int:
    """The longest message without a name in a frame of so many bits [bytes]."""
    return max(0, min(payload_bits // 8, HEADER_BYTES + MAX_BODY_BYTES) - OVERHEAD_BYTES)


def carried_name(name: str) -> str:
    """The name as it travels: its last component, what is no text replaced, cut to 255 bytes inside no character.

    Raises:
        ArgumentError: If it is no text.
    """
    if not isinstance(name, str):
        raise ArgumentError(f"the name that travels is text, not {type(name).__name__}")
    return _last_component(name).encode(errors="replace")[:MAX_NAME_BYTES].decode(errors="ignore")


def _last_component(name: str) -> str:
    """What a path of any system ends with; "" if that is no name."""
    last = re.split(r"[/\\]", name)[-1]
    return "" if last in (".", "..") else last


def opened(read: Reader, key: Key) -> Opened:
    """What a scheme has read: the header first, and then as much as it says.

    Raises:
        NothingFoundError: Wrong key, no message or damage.
    """
    header = Header.from_bits(read(HEADER_BITS), key)
    if header.body_bytes < cipher.TAG_BYTES:
        raise NothingFoundError
    return unseal(header, bits.to_bytes(read(HEADER_BITS + 8 * header.body_bytes)[HEADER_BITS:]), key)


def unseal(header: Header, body: bytes, key: Key) -> Opened:
    """The message and its name.

    Raises:
        NothingFoundError: Wrong key, no message or damage.
    """
    plaintext = cipher.unseal(key.derive("body", header.nonce, 64), body, header._associated())
    if not header.named:
        return Opened(plaintext, None)
    if not plaintext or len(plaintext) <= plaintext[0]:
        raise NothingFoundError
    name = plaintext[1 : 1 + plaintext[0]].decode(errors="replace")
    return Opened(plaintext[1 + plaintext[0] :], _last_component(name))
