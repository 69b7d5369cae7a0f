# SPDX-License-Identifier: Apache-2.0
"""The short frame: a message where every bit is dear, in one of three sizes, with 16 bytes of overhead and no nonce.

    class       message                      frame
    32          0 to 32 bytes                AES-SIV tag (16) | encrypted: message, zeros up to 32 bytes
    128         33 to 128 bytes              the same, up to 128 bytes
    1,024       129 to 1,024 bytes           the same, up to 1,024 bytes

The length is no field: it is authenticated, and whoever opens a frame tries all that its class has, 20 ms at most.
Nothing is random in it, so equal messages under one key give equal frames, and it looks like fair coin flips to whoever
has no key. Names do not travel.
"""

from typing import Final

from semstego.errors import ArgumentError, CapacityError, NothingFoundError
from semstego.message import bits, cipher
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.message.frame import Frame, Header, Opened, Reader

CLASSES: Final = (32, 128, 1024)
"""The longest messages of the classes [bytes]."""

OVERHEAD_BYTES: Final = cipher.TAG_BYTES


def frame_bits(most_bytes: int) -> int:
    """Length of the frames of a class [bit]."""
    return 8 * (cipher.TAG_BYTES + most_bytes)


def class_of(length: int) -> int:
    """The class of a message of so many bytes.

    Raises:
        CapacityError: If it is too long for all of them.
    """
    for most_bytes in CLASSES:
        if length <= most_bytes:
            return most_bytes
    raise CapacityError(length, CLASSES[-1])


def message_bytes(payload_bits: int) -> int:
    """The longest message in a frame of at most so many bits [bytes]; 0 if there is no room for any frame."""
    return max((most_bytes for most_bytes in CLASSES if frame_bits(most_bytes) <= payload_bits), default=0)


def seal(message: bytes, name: str | None, key: Key, nonce: bytes) -> Frame:
    """Encrypt and authenticate a message; the length of the frame tells its class.

    Args:
        message: At most 1,024 bytes.
        name: None, for names do not travel.
        key: Of sender and receiver.
        nonce: 8 bytes, which the frame does not depend on.

    Raises:
        ArgumentError: If there is a name.
        CapacityError: If the message is too long.
    """
    if name is not None:
        raise ArgumentError("a short frame has no room for a name: leave it out")
    most_bytes = class_of(len(message))
    padded = message.ljust(most_bytes, b"\0")
    body = cipher.seal(_key_of(key, most_bytes), padded, _length(len(message)))
    return Frame(Header(nonce, len(body), named=False), body, headless=True)


def opened(read: Reader, key: Key) -> Opened:
    """What a scheme has read, class by class.

    Raises:
        NothingFoundError: Wrong key, no message or damage.
    """
    for most_bytes in CLASSES:
        try:
            return Opened(unseal(read(frame_bits(most_bytes)), key), None)
        except NothingFoundError:
            continue
    raise NothingFoundError


def unseal(read: Bits, key: Key) -> bytes:
    """The message in the bits of a frame.

    Raises:
        NothingFoundError: Wrong key, no message or damage.
    """
    sealed = bits.to_bytes(read)
    most_bytes = len(sealed) - cipher.TAG_BYTES
    if most_bytes not in CLASSES:
        raise NothingFoundError
    of_class = _key_of(key, most_bytes)
    for length in range(most_bytes + 1):
        try:
            return cipher.unseal(of_class, sealed, _length(length))[:length]
        except NothingFoundError:
            continue
    raise NothingFoundError


def _key_of(key: Key, most_bytes: int) -> bytes:
    return key.derive("short body", _length(most_bytes), 64)


def _length(count: int) -> bytes:
    return count.to_bytes(2, "big")
