# SPDX-License-Identifier: Apache-2.0
"""The ``.sem`` stream: one fixed header and the entropy-coded symbols, the same for cover and stego.

    offset  bytes  field         meaning (integers are little-endian and unsigned)
    ------  -----  ------------  ----------------------------------------------------------------
         0      4  magic         89 53 45 4D: the high bit shows a transfer that is not 8-bit clean
         4      1  version       2; a reader knows 1, too, and refuses every other number
         5      1  channels      1 grey, 3 RGB
         6     16  codec         printable ASCII without spaces, padded by zero bytes
        22      8  fingerprint   digest of the codec's weights: other weights, other pixels
        30      4  height        pixels, 32 to 2**20
        34      4  width         pixels, 32 to 2**20; height * width <= 50,000,000
        38      1  dither        width of the codec's dither in 1/128 of a step, 0 to 128; 0 where it rounds plainly
        39      1  error class   0: symbols arrive as they were sent; a reader refuses every other number
        40      4  length        bytes of ``coded`` that follow
        44      8  checksum      first 8 bytes of SHA-256 over bytes 0 to 43 and ``coded``
        52      -  coded         nothing may follow

Version 1, which plain senders wrote, lacks dither and error class: length stands at 38.

Nothing in the header depends on a hidden message: no time, no name, no flag, no optional field. The block size is no
field, it belongs to the codec. The checksum is SHA-256 because one wrong symbol must not pass unnoticed (a CRC-32 lets
one damage in four thousand million through, and Python has no faster 64-bit digest); eight bytes of it leave one in
2**64. It finds accidents, not forgery: whoever writes a stream can write its checksum.
"""

import hashlib
import os
import re
import struct
from dataclasses import dataclass
from typing import Final

from semstego.codecs.base import DITHER_SCALE, MAX_PIXELS, MAX_SIDE, MIN_SIDE, Codec, Symbols, is_dither
from semstego.errors import DamagedStreamError, StreamError
from semstego.inputs import naming, read_once

__all__ = [
    "FINGERPRINT_BYTES",
    "HEADER_BYTES",
    "MAGIC",
    "MAX_STREAM_BYTES",
    "NAME",
    "Stream",
    "pack",
    "read",
    "symbols_in",
    "unpack",
    "write",
]

MAGIC: Final = b"\x89SEM"
VERSION: Final = 2
_FIELDS: Final = {1: struct.Struct("<4sBB16s8sIII"), VERSION: struct.Struct("<4sBB16s8sIIBBI")}
_CHECKSUM_BYTES: Final = 8
_NO_ERRORS: Final = 0
FINGERPRINT_BYTES: Final = 8
NAME: Final = re.compile(rb"[!-~]{1,16}")
"""What a codec may be called: printable ASCII without spaces."""

HEADER_BYTES: Final = _FIELDS[VERSION].size + _CHECKSUM_BYTES
"""Bytes before ``coded`` in the streams that are written."""
MAX_STREAM_BYTES: Final = HEADER_BYTES + 4 * MAX_PIXELS
"""Longest stream a reader loads [bytes]: a codec keeps at most 3 symbols a pixel, each in at most a byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One picture as the codec wrote it."""

    codec: str
    """Short name of the codec, 1 to 16 printable ASCII characters."""
    fingerprint: bytes
    """Digest of the codec's weights, 8 bytes."""
    height: int
    """Height of the picture [pixels]."""
    width: int
    """Width of the picture [pixels]."""
    channels: int
    """1 grey, 3 RGB."""
    coded: bytes
    """Entropy-coded symbols."""
    dither: float = 0.0
    """Width of the codec's dither [steps], a multiple of 1/128."""
    version: int = VERSION
    """Of the format that it was read from; what is written has the latest."""

    @property
    def size(self) -> int:
        """Length of the whole stream [bytes]."""
        return _FIELDS[self.version].size + _CHECKSUM_BYTES + len(self.coded)


def pack(stream: Stream) -> bytes:
    """Write a stream.

    Args:
        stream: What to write.

    Returns:
        ``HEADER_BYTES`` + ``len(stream.coded)`` bytes.

    Raises:
        StreamError: If a field does not fit the format.
    """
    name = stream.codec.encode()  # UTF-8: what is not ASCII does not match
    if not NAME.fullmatch(name):
        raise StreamError(f"a codec's name has 1 to 16 printable ASCII characters, not {stream.codec!r}")
    if len(stream.fingerprint) != FINGERPRINT_BYTES:
        raise StreamError(f"a fingerprint has {FINGERPRINT_BYTES} bytes, not {len(stream.fingerprint)}")
    _check_size(stream.height, stream.width, stream.channels)
    if len(stream.coded) > MAX_STREAM_BYTES - HEADER_BYTES:
        raise StreamError(f"{len(stream.coded)} coded bytes are more than any picture needs")
    if not is_dither(stream.dither):
        raise StreamError(f"a dither is a multiple of 1/{DITHER_SCALE} of a step up to 1, not {stream.dither}")
    dither = round(stream.dither * DITHER_SCALE)
    fields = (stream.height, stream.width, dither, _NO_ERRORS, len(stream.coded))
    header = _FIELDS[VERSION].pack(MAGIC, VERSION, stream.channels, name, stream.fingerprint, *fields)
    return header + _checksum(header, stream.coded) + stream.coded


def write(symbols: Symbols, codec: Codec) -> bytes:
    """The whole stream of a picture's symbols; errors as in :func:`pack`."""
    return pack(
        Stream(
            codec=codec.name,
            fingerprint=codec.fingerprint,
            height=symbols.height,
            width=symbols.width,
            channels=symbols.channels,
            coded=codec.pack(symbols),
            dither=codec.dither,
        )
    )


def symbols_in(stream: Stream, codec: Codec) -> Symbols:
    """The symbols of a stream.

    Raises:
        StreamError: If other weights made the stream, or it is damaged.
    """
    if stream.fingerprint != codec.fingerprint:
        raise StreamError(f"the stream was made with other weights than this {codec.name!r}")
    return codec.unpack(stream.coded, stream.height, stream.width, stream.channels)


def unpack(data: bytes) -> Stream:
    """Read a stream; nothing is allocated by what the header says.

    Args:
        data: The whole stream.

    Returns:
        The stream, every field within its limits and the checksum right.

    Raises:
        StreamError: If anything is wrong, in one sentence.
    """
    if not data.startswith(MAGIC[: len(data)]) or not data:
        raise StreamError("this is not a .sem stream")
    version = data[len(MAGIC)] if len(data) > len(MAGIC) else VERSION
    if version not in _FIELDS:
        raise StreamError(f"this .sem stream has version {version}; this reader knows versions up to {VERSION}")
    fields, header_bytes = _FIELDS[version], _FIELDS[version].size + _CHECKSUM_BYTES
    if len(data) < header_bytes:
        raise StreamError(f"the .sem stream is cut short: {len(data)} bytes, and the header alone has {header_bytes}")
    _, _, channels, padded, fingerprint, height, width, *dither_and_class, length = fields.unpack_from(data)
    dither, error_class = dither_and_class or (0, _NO_ERRORS)
    name = padded.rstrip(b"\0")
    if not NAME.fullmatch(name):
        raise StreamError("the .sem stream names no codec: its header is damaged")
    _check_size(height, width, channels)
    if dither > DITHER_SCALE or error_class != _NO_ERRORS:
        raise StreamError("the .sem stream has a dither or an error class that this reader does not know")
    found = len(data) - header_bytes
    if found != length:
        fault = "is cut short" if found < length else "has bytes behind its end"
        raise StreamError(f"the .sem stream {fault}: {found} coded bytes where the header says {length}")
    coded = bytes(data[header_bytes:])
    if _checksum(data[: fields.size], coded) != data[fields.size : header_bytes]:
        raise DamagedStreamError("the .sem stream is damaged: its checksum does not fit")
    return Stream(
        codec=name.decode("ascii"),
        fingerprint=fingerprint,
        height=height,
        width=width,
        channels=channels,
        coded=coded,
        dither=dither / DITHER_SCALE,
        version=version,
    )


def read(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> Stream:
    """Read a stream from a file or from bytes.

    Args:
        source: Path of a file, or the whole stream. A file longer than ``MAX_STREAM_BYTES`` is not loaded.

    Returns:
        The stream, as ``unpack`` checks it.

    Raises:
        StreamError: If the file cannot be read, is too long, or is no sound stream.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return unpack(bytes(source))
    content = read_once(source, MAX_STREAM_BYTES, StreamError)
    with naming(source):
        return unpack(content)


def _check_size(height: int, width: int, channels: int) -> None:
    """Refuse a picture outside the limits, by integers alone."""
    if channels not in (1, 3):
        raise StreamError(f"a picture has 1 or 3 channels, not {channels}")
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise StreamError(f"a side has {MIN_SIDE} to {MAX_SIDE} pixels, and this picture would be {height} x {width}")
    if height * width > MAX_PIXELS:
        raise StreamError(f"{height} x {width} pixels are more than the {MAX_PIXELS} that are allowed")


def _checksum(header: bytes, coded: bytes) -> bytes:
    """First bytes of SHA-256 over both parts."""
    digest = hashlib.sha256(header)
    digest.update(coded)
    return digest.digest()[:_CHECKSUM_BYTES]
