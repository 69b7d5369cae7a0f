# SPDX-License-Identifier: Apache-2.0
"""The public functions: hide, reveal, send, reconstruct and info."""

import contextlib
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.api.arguments import (
    Buffer,
    CodecChoice,
    Message,
    SchemeChoice,
    StreamSource,
    Survive,
    codec_of,
    content_of,
    key_from,
    scheme_of,
    stream_or_picture,
)
from semstego.api.cover_checks import refuse_jpeg_history, warn_of
from semstego.api.report import report_on
from semstego.api.results import Hidden, Revealed
from semstego.codecs import registry, stream
from semstego.codecs.base import Picture
from semstego.codecs.stream import Stream
from semstego.errors import DamagedStreamError, NothingFoundError
from semstego.io.jpeg_history import shrunk
from semstego.io.pictures import Source, load_picture, load_readings, squeezed
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.progress import Progress, no_progress
from semstego.schemes import base
from semstego.schemes.base import Scheme
from semstego.system import search as searching
from semstego.system.stego_system import StegoSystem

AUTO = "auto"


def hide(
    cover: Source,
    message: Message,
    *,
    key: Key | None = None,
    passphrase: str | Buffer | None = None,
    codec: CodecChoice | None = None,
    scheme: SchemeChoice = base.DEFAULT,
    p_e: float | None = None,
    psnr: float | None = None,
    survive: Survive | None = None,
    name: str | None = None,
    nonce: bytes | None = None,
    flatten: bool = False,
    shrink: bool = False,
    allow_jpeg_history: bool = False,
    progress: Progress = no_progress,
) -> Hidden:
    """Hide a message in a picture's features, checked at both stages before it is returned.

    Args:
        cover: Path, PIL image, file content, or uint8 array ``(h, w, 3)`` or ``(h, w)``.
        message: Bytes, text (sent as UTF-8), or the path of a file.
        key: From :func:`derive_key`; or give ``passphrase``.
        passphrase: Text or bytes.
        codec: Name, such as ``cr085``, ``cr050``, ``cr025`` or ``learned-photo``, path of weights, or an object of your
            own that is a :class:`~semstego.codecs.base.Codec`; None takes the one that the scheme is at home in.
        scheme: ``"certified"`` (undetectable up to ``p_e``), ``"syndrome"`` (more payload), ``"learned"`` (the paper's
            networks), ``"robust"`` (short messages that survive channels), another name, or an object
            of your own that is a :class:`~semstego.schemes.base.Scheme`.
        p_e: Detection error that the certified scheme keeps for this picture, 0.4 to below 0.49999995; None takes
            0.499.
        psnr: Of the picture that the robust scheme marks, against the cover [dB], 30 to 60; None takes 48, 46 or 42 for
            up to 32, 128 or 1,024 bytes.
        survive: Channels that a robust message must survive, each by itself, such as ``"jpeg:50,resize:0.5+jpeg:75"``
            or a list; the picture is marked no more strongly than it takes.
        name: File name to send along; it takes 1 + its length bytes.
        nonce: 8 bytes for reproducible output; never use one twice with a key. Default: random.
        flatten: Convert alpha, palettes, 16 bits and CMYK instead of refusing them.
        shrink: Shrink the cover to three quarters of its height and width first, which removes a JPEG history.
        allow_jpeg_history: Take a cover that stems from a JPEG even if the scheme does not keep a codec's law, such as
            ``"syndrome"``: who compares the symbols with those of that JPEG finds the message.
        progress: Called with what is being done and the share that is done.

    Raises:
        SemstegoError: See :mod:`semstego.errors`.
    """
    start = time.perf_counter()
    chosen = scheme_of(scheme, p_e, psnr, survive)
    secret = key_from(key, passphrase)
    picture = load_picture(cover, flatten=flatten)
    warn_of(picture, passphrase)
    if shrink:
        picture = shrunk(picture)
    elif not (chosen.keeps_law or allow_jpeg_history):
        refuse_jpeg_history(picture, chosen)
    content = content_of(message)
    system = StegoSystem(registry.load(chosen.default_codec if codec is None else codec), chosen)
    sent = system.sender(picture, content, name, secret, nonce, progress)
    draws = Draws.fresh() if nonce is None else Draws(secret.derive("cover draws", nonce))
    plain = system.without_message(sent.cover.encoding, draws)
    seen = sent.cover.shown(plain)
    return Hidden(
        stream=sent.stream,
        symbols=sent.embedded.symbols.values,
        cover_symbols=plain.values,
        undithered_symbols=sent.cover.encoding.symbols.values,
        picture=squeezed(sent.embedded.received.picture),
        cover_picture=squeezed(seen),
        undithered_picture=squeezed(sent.cover.reconstruction),
        png=sent.embedded.png,
        report=report_on(system, sent, plain, seen, len(content), start),
    )


def reveal(
    source: Source,
    *,
    key: Key | None = None,
    passphrase: str | Buffer | None = None,
    codec: CodecChoice | None = None,
    scheme: SchemeChoice | None = None,
    search: bool = False,
    progress: Progress = no_progress,
) -> Revealed:
    """Read a message from a `.sem` stream (stage I) or a reconstructed picture (stage II), told apart by itself.

    Args:
        source: Stream or picture: path, content, PIL image or array.
        key: From :func:`derive_key`; or give ``passphrase``.
        passphrase: Text or bytes.
        codec: Weights or an object of your own; shipped ones are found without.
        scheme: A name, or an object of your own; None or ``"auto"`` tries every shipped one, which takes many times
            longer on a picture without a message than a scheme at home in a closed codec, such as ``"syndrome"``.
        search: Whether to look for robust messages in pictures that were cut, resized, turned or toned since, too.
        progress: Called with what is being done and the share that is done.

    Raises:
        NothingFoundError: Wrong key, no message, or damage.
        SemstegoError: If the file is neither stream nor picture.
    """
    start = time.perf_counter()
    schemes = searching.shipped_schemes() if scheme is None or scheme == AUTO else [base.SCHEMES.get(scheme)]
    secret = key_from(key, passphrase)
    try:
        read = stream_or_picture(source, load_readings)
        if isinstance(read, Stream):
            found = searching.in_stream(read, codec_of(read, codec), schemes, secret)
        else:
            found = _in_picture(read, codec, schemes, secret, search, progress)
    except DamagedStreamError:
        raise NothingFoundError from None
    used, reader, opened = found
    return Revealed(
        message=opened.message,
        name=opened.name or None,
        stage="features" if isinstance(read, Stream) else "picture",
        codec=used.name if used else None,
        scheme=reader.name,
        seconds=round(time.perf_counter() - start, 3),
    )


def _in_picture(
    pictures: Sequence[Picture],
    codec: CodecChoice | None,
    schemes: Sequence[Scheme],
    key: Key,
    altered: bool,
    progress: Progress,
) -> searching.Found:
    """Stage II: schemes that read the picture itself first, for that is done soon, and then the symbols behind it."""
    for thorough in (False, True)[: 1 + altered]:
        with contextlib.suppress(NothingFoundError):
            return searching.in_marked_pictures(pictures, schemes, key, progress, altered=thorough)
    others = [scheme for scheme in schemes if not scheme.marks_picture]
    if not others:
        raise NothingFoundError
    candidates = searching.codecs_of(others) if codec is None else [registry.load(codec)]
    return searching.in_pictures(pictures, candidates, others, key, progress)


def send(
    cover: Source,
    *,
    codec: CodecChoice | None = None,
    scheme: SchemeChoice = base.DEFAULT,
    flatten: bool = False,
    shrink: bool = False,
) -> bytes:
    """Plain semantic communication: the `.sem` stream of a picture with nothing hidden.

    Args:
        cover: As for :func:`hide`.
        codec: As for :func:`hide`.
        scheme: Whose codec to send by, where none is named.
        flatten: As for :func:`hide`.
        shrink: As for :func:`hide`: who shrinks to hide must shrink to send.
    """
    chosen = base.SCHEMES.get(scheme)
    system = StegoSystem(registry.load(chosen.default_codec if codec is None else codec), chosen)
    picture = load_picture(cover, flatten=flatten)
    return system.send(shrunk(picture) if shrink else picture)


def reconstruct(source: StreamSource, *, codec: CodecChoice | None = None) -> NDArray[np.uint8]:
    """The receiver's picture, uint8 ``(h, w, 3)``, or ``(h, w)`` if grey."""
    read = stream.read(source)
    used = codec_of(read, codec)
    return squeezed(used.decode(stream.symbols_in(read, used)))


def info(source: StreamSource) -> dict[str, Any]:
    """What anybody can read off a stream."""
    read = stream.read(source)
    pixels = read.height * read.width
    known = {"codec": read.codec, "fingerprint": read.fingerprint.hex(), "shipped": _is_shipped(read)}
    return known | {
        "version": read.version,
        "dither": read.dither,
        "height": read.height,
        "width": read.width,
        "channels": read.channels,
        "stream_bytes": read.size,
        "stream_bpp": round(8 * read.size / pixels, 4),
    }


def _is_shipped(read: Stream) -> bool:
    return registry.is_shipped(read.codec) and registry.load(read.codec).fingerprint == read.fingerprint
