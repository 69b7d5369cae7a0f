# SPDX-License-Identifier: Apache-2.0
"""The language of a worker process: parts of one letter, a length and so many bytes; and pictures as .npy.

request     H picture message | V picture length      hide, reveal
answer      P picture | M message | N | F needed available | E text

Both sides take what arrives for hostile: a length is compared with a limit before so much is read, and of a picture's
bytes nothing is believed but that they are the values of the size that is expected.
"""

import io
import struct
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from semstego.errors import PeerError

HEAD: Final = struct.Struct(">cQ")
NUMBER: Final = struct.Struct(">q")
NUMBERS: Final = struct.Struct(">qq")

HIDE, REVEAL = b"H", b"V"
PICTURE, MESSAGE, NOTHING, TOO_LONG, FAILED = b"P", b"M", b"N", b"F", b"E"

MOST_TEXT: Final = 2000
MOST_MESSAGE: Final = 1 << 26
MOST_PIXELS: Final = 1 << 28
MOST_HEADER: Final = 1024  # of a .npy file of three numbers
CHANNELS: Final = 3


def part(letter: bytes, body: bytes = b"") -> bytes:
    """One part as it is sent."""
    return HEAD.pack(letter, len(body)) + body


def received(read: Callable[[int], bytes], limits: dict[bytes, int]) -> tuple[bytes, bytes]:
    """One part: its letter and its bytes.

    Args:
        read: Gives exactly so many bytes, or raises what it likes.
        limits: Letters that may come, and how many bytes with each.

    Raises:
        PeerError: If another letter comes, or more bytes are announced.
    """
    letter, length = HEAD.unpack(read(HEAD.size))
    if letter not in limits:
        raise PeerError(f"an answer of the kind {letter!r} was not asked for")
    if length > limits[letter]:
        raise PeerError(f"{length} bytes are announced where at most {limits[letter]} can be meant")
    return letter, read(length)


def picture_bytes(picture: NDArray[np.uint8]) -> bytes:
    """A picture as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(picture), allow_pickle=False)
    return buffer.getvalue()


def most_picture_bytes(shape: tuple[int, ...]) -> int:
    """How long the .npy file of a picture of this shape is at most."""
    return MOST_HEADER + int(np.prod(shape, dtype=np.int64))


def picture_of(body: bytes, shape: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
    """The picture in the bytes of a .npy file; nothing is unpickled, and nothing allocated for what is not there.

    Args:
        body: The bytes.
        shape: That it must have; None takes any ``(h, w, 3)``.

    Raises:
        PeerError: If it is no such picture.
    """
    buffer = io.BytesIO(body)
    try:
        if npy.read_magic(buffer) != (1, 0):
            raise PeerError("this is no .npy file of version 1.0")
        found, turned, dtype = npy.read_array_header_1_0(buffer, max_header_size=MOST_HEADER)
    except PeerError:
        raise
    except Exception as error:  # whatever a parser of headers meets
        raise PeerError(f"this is no .npy file ({type(error).__name__})") from None
    good = len(found) == CHANNELS and found[2] == CHANNELS and min(found) > 0 if shape is None else found == shape
    if dtype != np.uint8 or turned or not good:
        raise PeerError(f"a picture {shape or '(h, w, 3)'} of bytes is wanted, not {found!s:.60} of {dtype!s:.20}")
    if len(body) - buffer.tell() != np.prod(found, dtype=object):
        raise PeerError("the picture is longer or shorter than its header says")
    return np.frombuffer(body, np.uint8, offset=buffer.tell()).reshape(found).copy()


def number_of(body: bytes) -> int:
    """A number of 8 bytes.

    Raises:
        PeerError: If it is none, or negative.
    """
    if len(body) != NUMBER.size or (number := int(NUMBER.unpack(body)[0])) < 0:
        raise PeerError("a number of 8 bytes, not negative, is wanted")
    return number


def text_of(body: bytes) -> str:
    """A text that a terminal can be shown."""
    text = " ".join(body.decode("utf-8", "replace").split())
    return "".join(one if one.isprintable() else "?" for one in text)
