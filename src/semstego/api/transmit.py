# SPDX-License-Identifier: Apache-2.0
"""What arrives of a stream or a picture behind a channel, and how far it is from what was sent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semstego.api.arguments import CodecChoice, codec_of, stream_or_picture
from semstego.api.report import finite
from semstego.channel import words
from semstego.channel.base import Channel
from semstego.codecs import stream as streams
from semstego.codecs.base import Codec, Picture
from semstego.codecs.stream import Stream
from semstego.errors import ArgumentError
from semstego.io.pictures import Source, load_picture, squeezed
from semstego.metrics.image import psnr_db, ssim


@dataclass(frozen=True, repr=False)
class Arrived:
    """What :func:`transmit` gives. PSNR and SSIM are None where there is none: of equal pictures, or of another size.

    Attributes:
        stream: The ``.sem`` stream that arrives; None of a picture.
        picture: What the receiver sees, uint8 ``(h, w, 3)``, or ``(h, w)`` if grey.
        psnr_db: That against what it would see without the channel.
        ssim: The same.
        changed_symbols: How many symbols arrive as others; None of a picture.
    """

    stream: bytes | None
    picture: NDArray[np.uint8]
    psnr_db: float | None
    ssim: float | None
    changed_symbols: int | None


def transmit(
    source: Source, channel: str | Channel, *, codec: CodecChoice | None = None, seed: int | None = None
) -> Arrived:
    """Send a stream or a picture through a channel.

    Of a stream, the channel acts on the symbols and then on the picture that is made of them.

    Args:
        source: Stream or picture: path, content, PIL image or array.
        channel: Words such as ``"jpeg:75,resize:0.5"``, or an object of your own that is a
            :class:`~semstego.channel.base.Channel`.
        codec: Of a stream: weights or an object of your own; shipped ones are found without.
        seed: From 0 up; of what the channel draws. None takes a fresh one.

    Raises:
        SemstegoError: See :mod:`semstego.errors`.
    """
    if seed is not None and (not isinstance(seed, int | np.integer) or seed < 0):
        raise ArgumentError(f"a seed is a whole number from 0 up, not {seed!r:.40}")
    way = words.channel(channel)
    rng = np.random.default_rng(seed)
    read = stream_or_picture(source, load_picture)
    if not isinstance(read, Stream):
        if (arrived := way.picture(read, rng)) is read:
            raise ArgumentError("this channel acts on symbols alone, and a picture has none: give the stream")
        return _arrived(read, arrived)
    return _through_link(read, codec_of(read, codec), way, rng)


def _through_link(read: Stream, codec: Codec, way: Channel, rng: np.random.Generator) -> Arrived:
    sent = streams.symbols_in(read, codec)
    symbols = way.symbols(sent, rng)
    changed = int(np.count_nonzero(symbols.values != sent.values))
    picture = way.picture(codec.decode(symbols), rng)
    return _arrived(codec.decode(sent), picture, streams.write(symbols, codec), changed)


def _arrived(sent: Picture, picture: Picture, stream: bytes | None = None, changed: int | None = None) -> Arrived:
    alike = sent.shape == picture.shape
    likeness = ssim(sent, picture) if alike else None
    return Arrived(
        stream,
        squeezed(picture),
        finite(psnr_db(sent, picture) if alike else None),
        None if likeness is None else round(likeness, 6),
        changed,
    )
