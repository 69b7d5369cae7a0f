# SPDX-License-Identifier: Apache-2.0
"""What the public functions take, and what they make of it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from semstego.channel import words
from semstego.channel.base import Channel
from semstego.codecs import registry, stream
from semstego.codecs.base import Codec
from semstego.codecs.stream import Stream
from semstego.errors import ArgumentError, StreamError
from semstego.inputs import naming, read_once
from semstego.io.pictures import MAX_FILE_BYTES, Source
from semstego.message import frame
from semstego.message.cipher import Key, derive_key
from semstego.schemes import base
from semstego.schemes.base import Scheme
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.schemes.robust.scheme import RobustScheme

Buffer = bytes | bytearray | memoryview
Message = Buffer | str | os.PathLike[str]
StreamSource = Buffer | str | os.PathLike[str]
CodecChoice = str | os.PathLike[str] | Codec
SchemeChoice = str | Scheme
Survive = str | Channel | Sequence[str | Channel]
Loaded = TypeVar("Loaded")


def scheme_of(
    scheme: SchemeChoice, p_e: float | None, psnr: float | None = None, survive: Survive | None = None
) -> Scheme:
    """The scheme, with the detection error that it is to keep, or the strength at which it is to mark.

    Raises:
        ArgumentError: If there is no such scheme, or it is not for that.
    """
    chosen = base.SCHEMES.get(scheme)
    if p_e is not None:
        if not isinstance(chosen, CertifiedScheme):
            raise ArgumentError(f"the scheme {chosen.name!r} certifies no detection error: leave p_e out")
        chosen = replace(chosen, p_e=p_e)
    if psnr is not None or survive is not None:
        if not isinstance(chosen, RobustScheme):
            raise ArgumentError(f"the scheme {chosen.name!r} marks no pictures: psnr and survive are for robust")
        several = () if survive is None else words.several(survive)
        chosen = replace(chosen, psnr_db=chosen.psnr_db if psnr is None else psnr, survive=several or chosen.survive)
    return chosen


def key_from(key: Key | None, passphrase: str | Buffer | None) -> Key:
    """The key, or the one derived from the passphrase; exactly one must be given.

    Raises:
        ArgumentError: If none or both are given, or one is of another type or empty.
    """
    if key is not None and passphrase is None:
        if not isinstance(key, Key):
            raise ArgumentError(f"key= takes what derive_key() gives, not {type(key).__name__}")
        return key
    if key is None and passphrase is not None:
        return derive_key(passphrase)
    raise ArgumentError("give either key= or passphrase=")


def content_of(message: Message) -> bytes:
    """The bytes to hide: as they are, of a text, or of a file.

    Raises:
        SemstegoError: If the file cannot be read or is longer than any message, or it is none of these.
    """
    if isinstance(message, bytes | bytearray | memoryview):
        return bytes(message)
    if isinstance(message, str):
        try:
            return message.encode()
        except UnicodeEncodeError:
            raise ArgumentError("the message is text with characters that UTF-8 does not have: give bytes") from None
    if isinstance(message, os.PathLike):
        return read_once(message, frame.MAX_BODY_BYTES)
    raise ArgumentError(f"a message is bytes, text, or the path of a file, not {type(message).__name__}")


def stream_or_picture(source: Source, load: Callable[[Source], Loaded]) -> Stream | Loaded:
    """The stream, if the source is one by its first bytes, else the picture as it is loaded; a file is read once."""
    if isinstance(source, str | os.PathLike):
        content = read_once(source, MAX_FILE_BYTES)
        with naming(source):
            return stream_or_picture(content, load)
    if not isinstance(source, bytes | bytearray | memoryview):
        return load(source)
    content = bytes(source)
    return stream.unpack(content) if content.startswith(stream.MAGIC) else load(content)


def codec_of(read: Stream, codec: CodecChoice | None) -> Codec:
    """The codec that is named, or that a stream names.

    Raises:
        StreamError: If that one does not ship.
    """
    if codec is not None:
        return registry.load(codec)
    if not registry.is_known(read.codec):
        raise StreamError(
            f"the stream was made with weights {read.codec!r}, which do not ship: name their file or package:Object"
        )
    return registry.load(read.codec)
