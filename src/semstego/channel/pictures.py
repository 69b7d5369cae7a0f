# SPDX-License-Identifier: Apache-2.0
"""What happens to the reconstructed picture on its way to the reader of stage II."""

import io

import numpy as np
from PIL import Image

from semstego.codecs.base import Picture

PNG_LEVEL = 1  # of zlib: a check must not take longer than the embedding, and photographs hardly pack better


def png_bytes(picture: Picture) -> bytes:
    """The picture ``(h, w, c)`` as an 8-bit PNG, grey or RGB, without any metadata."""
    buffer = io.BytesIO()
    flat = picture[:, :, 0] if picture.shape[2] == 1 else picture
    Image.fromarray(flat).save(buffer, "PNG", compress_level=PNG_LEVEL)
    return buffer.getvalue()


def through_png(picture: Picture) -> tuple[bytes, Picture]:
    """A real PNG round trip: the file's bytes, and the picture read from them."""
    png = png_bytes(picture)
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        read = np.asarray(image)
    return png, read[:, :, None] if read.ndim == 2 else read
