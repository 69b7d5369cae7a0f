# SPDX-License-Identifier: Apache-2.0
"""Pictures as files on their way to the reader of stage II, and the PNG round trip that every sender checks."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.codecs.base import Picture
from semstego.io.pictures import as_image, of_image

PNG_LEVEL = 1  # of zlib: a check must not take longer than the embedding, and photographs hardly pack better


def as_picture(content: bytes, form: str, channels: int) -> Picture:
    """The picture ``(h, w, channels)`` in a file of this format; grey of a format that has none comes back as grey."""
    with Image.open(io.BytesIO(content), formats=[form]) as image:
        return of_image(image.convert("L" if channels == 1 else "RGB"))


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """The picture ``(h, w, c)``, or ``(h, w)`` if grey, as an 8-bit PNG, grey or RGB, without any metadata."""
    buffer = io.BytesIO()
    as_image(picture).save(buffer, "PNG", compress_level=PNG_LEVEL)
    return buffer.getvalue()


def through_png(picture: Picture) -> tuple[bytes, Picture]:
    """A real PNG round trip: the file's bytes, and the picture read from them."""
    png = png_bytes(picture)
    return png, as_picture(png, "PNG", picture.shape[2])
