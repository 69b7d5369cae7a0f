# SPDX-License-Identifier: Apache-2.0
"""The public functions: hide, reveal, send, reconstruct and info."""

import contextlib
import hashlib
import json
import os
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from semstego.api.report import Report, report_on
from semstego.codecs import stream as container
from semstego.codecs.base import Picture, SymbolMap
from semstego.codecs.block import operating_point
from semstego.codecs.block.operating_point import SHIPPED, OperatingPoint
from semstego.codecs.stream import Stream
from semstego.errors import ArgumentError, DamagedStreamError, NothingFoundError, SemstegoError, StreamError
from semstego.io.pictures import Source, load_picture, squeezed
from semstego.message import frame
from semstego.message.cipher import Key, derive_key
from semstego.message.frame import Opened
from semstego.progress import Progress, no_progress
from semstego.schemes.base import LEARNED, Scheme
from semstego.schemes.syndrome.scheme import SyndromeScheme
from semstego.system.stego_system import StegoSystem

if TYPE_CHECKING:
    from semstego.learned_system import LearnedSystem

DEFAULT_CODEC = "cr085"
DEFAULT_MODEL = "learned-photo"
SCHEMES = ("syndrome", "learned")

Message = bytes | str | os.PathLike[str]
StreamSource = bytes | str | os.PathLike[str]


class CoverWarning(UserWarning):
    """The cover gives the message away: everybody has it, or changes show in it at once."""


@dataclass(frozen=True)
class Hidden:
    """What :func:`hide` gives.

    Attributes:
        stream: Content of the `.sem` file.
        symbols: Stego symbols, uint8 ``(c, h', w')``.
        cover_symbols: Symbols without the message.
        picture: What the receiver reconstructs, uint8 ``(h, w, 3)``, or ``(h, w)`` if grey.
        cover_picture: The same without the message.
        png: ``picture`` as the PNG file that stage II was checked on.
        report: What it cost.
    """

    stream: bytes
    symbols: SymbolMap
    cover_symbols: SymbolMap
    picture: NDArray[np.uint8]
    cover_picture: NDArray[np.uint8]
    png: bytes
    report: Report


@dataclass(frozen=True)
class Revealed:
    """What :func:`reveal` gives.

    Attributes:
        message: The bytes that were hidden.
        name: The file name that travelled with them, if the sender gave one; no path, but do not trust it.
        stage: ``"features"`` (I) or ``"picture"`` (II).
        codec: Name of the codec that carried it.
        seconds: Time taken.
    """

    message: bytes
    name: str | None
    stage: str
    codec: str
    seconds: float


def hide(
    cover: Source,
    message: Message,
    *,
    key: Key | None = None,
    passphrase: str | bytes | None = None,
    codec: str | Path | None = None,
    scheme: Scheme | Literal["syndrome", "learned"] = "syndrome",
    name: str | None = None,
    nonce: bytes | None = None,
    flatten: bool = False,
    progress: Progress = no_progress,
) -> Hidden:
    """Hide a message in a picture's features, checked at both stages before it is returned.

    Args:
        cover: Path, PIL image, file content, or uint8 array ``(h, w, 3)`` or ``(h, w)``.
        message: Bytes, text (sent as UTF-8), or the path of a file.
        key: From :func:`derive_key`; or give ``passphrase``.
        passphrase: Text or bytes.
        codec: ``cr085``, the default, ``cr050``, ``cr025``, or the path of weights; for the learned scheme one of its
            models, ``learned-photo`` unless said otherwise.
        scheme: ``"syndrome"`` (costs by what all maps foretell, side-informed), ``"learned"`` (the paper's
            networks), or one of your own.
        name: File name to send along; it takes 1 + its length bytes.
        nonce: 8 bytes for reproducible output; never use one twice with a key. Default: random.
        flatten: Convert alpha, palettes, 16 bits and CMYK instead of refusing them.
        progress: Called with what is being done and the share that is done.

    Raises:
        SemstegoError: See :mod:`semstego.errors`.
    """
    start = time.perf_counter()
    if isinstance(scheme, str):
        _check_scheme(scheme)
    secret = key_from(key, passphrase)
    picture = load_picture(cover, flatten=flatten)
    _warn_of(picture)
    if scheme == "learned":
        system: StegoSystem | LearnedSystem = _learned(codec)
    else:
        chosen = SyndromeScheme() if isinstance(scheme, str) else scheme
        system = StegoSystem(operating_point.load(codec or DEFAULT_CODEC), chosen)
    content = _content(message)
    sent = system.sender(
        picture, content, name, secret, os.urandom(frame.NONCE_BYTES) if nonce is None else nonce, progress
    )
    report = report_on(sent, len(content), start)
    return Hidden(
        stream=sent.stream,
        symbols=sent.symbols.values,
        cover_symbols=sent.cover_symbols.values,
        picture=squeezed(sent.picture),
        cover_picture=squeezed(sent.cover_picture),
        png=sent.png,
        report=report,
    )


def _check_scheme(name: str) -> None:
    if name not in SCHEMES:
        raise ArgumentError(f"there is no scheme {name!r}: {', '.join(SCHEMES)}")


def reveal(
    source: Source,
    *,
    key: Key | None = None,
    passphrase: str | bytes | None = None,
    codec: str | Path | None = None,
    scheme: Literal["syndrome", "learned"] | None = None,
) -> Revealed:
    """Read a message from a `.sem` stream (stage I) or a reconstructed picture (stage II), told apart by itself.

    Args:
        source: Stream or picture: path, content, PIL image or array.
        key: From :func:`derive_key`; or give ``passphrase``.
        passphrase: Text or bytes.
        codec: Weights of one's own; the shipped ones are found without.
        scheme: ``"learned"`` for pictures of a learned model, which do not tell that they are (``codec`` says which
            model), and for streams of weights of one's own.

    Raises:
        NothingFoundError: Wrong key, no message, or damage.
        SemstegoError: If the file is neither stream nor picture.
    """
    start = time.perf_counter()
    if scheme is not None:
        _check_scheme(scheme)
    secret = key_from(key, passphrase)
    try:
        stream = _stream_of(source)
        if scheme == "learned" or (stream is not None and stream.codec in LEARNED):
            system = _learned(codec or (stream.codec if stream else None))
            used = system.point.name
            opened = (
                system.receiver_picture(load_picture(source), secret)
                if stream is None
                else system.receiver_features(stream, secret)
            )
        elif stream is None:
            used, opened = _from_picture(load_picture(source), secret, [codec] if codec else SHIPPED)
        else:
            point = _point_of(stream, codec)
            used, opened = point.name, StegoSystem(point).receiver_features(stream, secret)
    except DamagedStreamError:
        raise NothingFoundError from None
    stage = "picture" if stream is None else "features"
    return Revealed(opened.message, opened.name, stage, used, round(time.perf_counter() - start, 3))


def send(cover: Source, *, codec: str | Path = DEFAULT_CODEC, flatten: bool = False) -> bytes:
    """Plain semantic communication: the `.sem` stream of a picture with nothing hidden."""
    picture = load_picture(cover, flatten=flatten)
    point = _learned(codec).point if codec in LEARNED else operating_point.load(codec)
    return point.pack(point.codec.encode(picture))


def reconstruct(stream: StreamSource, *, codec: str | Path | None = None) -> NDArray[np.uint8]:
    """The receiver's picture, uint8 ``(h, w, 3)``, or ``(h, w)`` if grey."""
    read = container.read(stream)
    point = _learned(codec or read.codec).point if read.codec in LEARNED else _point_of(read, codec)
    return squeezed(point.codec.decode(point.unpack(read)))


def info(stream: StreamSource) -> dict[str, Any]:
    """What anybody can read off a stream."""
    read = container.read(stream)
    size = container.HEADER_BYTES + len(read.coded)
    pixels = read.height * read.width
    known = {"codec": read.codec, "fingerprint": read.fingerprint.hex(), "shipped": _is_shipped(read)}
    return known | {
        "height": read.height,
        "width": read.width,
        "channels": read.channels,
        "stream_bytes": size,
        "stream_bpp": round(8 * size / pixels, 4),
    }


def _warn_of(cover: Picture) -> None:
    """Warn of covers that cannot keep a secret."""
    if hashlib.sha256(cover.tobytes()).hexdigest() in _bundled_digests():
        warnings.warn("this cover ships with semstego: anybody can compare it", CoverWarning, stacklevel=3)
    if cover.shape[2] == 3 and (cover == cover[:, :, :1]).all():
        text = "this cover is a grey picture stored in colour: changes will show as colour; convert it to grey first"
        warnings.warn(text, CoverWarning, stacklevel=3)


@lru_cache
def _bundled_digests() -> frozenset[str]:
    credits = json.loads((resources.files("semstego") / "datasets" / "photographs" / "credits.json").read_text())
    return frozenset(entry["pixels_sha256"] for entry in credits)


def key_from(key: Key | None, passphrase: str | bytes | None) -> Key:
    """The key, or the one derived from the passphrase; exactly one must be given."""
    if (key is None) == (passphrase is None):
        raise ArgumentError("give either key= or passphrase=")
    return key if key is not None else derive_key(passphrase)  # type: ignore[arg-type]


def _content(message: Message) -> bytes:
    if isinstance(message, bytes):
        return message
    if isinstance(message, str):
        return message.encode()
    path = Path(message)
    try:
        if path.stat().st_size > frame.MAX_BODY_BYTES:
            raise SemstegoError(f"{path}: no cover holds more than {frame.MAX_BODY_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise SemstegoError(f"{path}: {error.strerror}") from None


def _stream_of(source: Source) -> Stream | None:
    """The stream, if the source is one by its first bytes."""
    if isinstance(source, bytes):
        return container.unpack(source) if source.startswith(container.MAGIC) else None
    if isinstance(source, str | os.PathLike):
        try:
            with open(source, "rb") as file:
                if file.read(len(container.MAGIC)) == container.MAGIC:
                    return container.read(source)
        except OSError as error:
            raise SemstegoError(f"{source}: {error.strerror}") from None
    return None


def _is_shipped(stream: Stream) -> bool:
    return stream.codec in SHIPPED and operating_point.load(stream.codec).fingerprint == stream.fingerprint


def _point_of(stream: Stream, codec: str | Path | None) -> OperatingPoint:
    if codec is None and stream.codec not in SHIPPED:
        raise StreamError(f"the stream was made with weights {stream.codec!r}, which do not ship: name their file")
    return operating_point.load(codec or stream.codec)


def _learned(model: str | Path | None) -> "LearnedSystem":
    """The learned scheme, loaded only where it is asked for: torch takes seconds.

    Raises:
        SemstegoError: If torch is not installed.
    """
    try:
        from semstego import learned_system
    except ImportError:
        raise SemstegoError("the learned scheme needs torch: pip install 'semstego[learned]'") from None
    return learned_system.load(model or DEFAULT_MODEL)


def _from_picture(picture: Picture, key: Key, codecs: Iterable[str | Path]) -> tuple[str, Opened]:
    """Try every codec that could have made the picture: decode(encode(p)) == p tells."""
    for name in codecs:
        point = operating_point.load(name)
        with contextlib.suppress(NothingFoundError):
            return point.name, StegoSystem(point).receiver_picture(picture, key)
    raise NothingFoundError
