# SPDX-License-Identifier: Apache-2.0
"""Pictures from files and from memory.

Files are not trusted: the size is read from the header and checked before any pixel is decoded.
"""

import io
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from semstego.codecs.base import MAX_PIXELS, Picture, check_picture
from semstego.errors import PictureError

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "PPM")
MAX_FILE_BYTES = 512 << 20
MODES = {  # modes of Pillow that are not taken as they are, and what to say of them
    "RGBA": "has an alpha channel",
    "LA": "has an alpha channel",
    "PA": "has a palette and an alpha channel",
    "La": "has an alpha channel",
    "RGBa": "has an alpha channel",
    "P": "has a palette",
    "1": "has one bit per pixel",
    "CMYK": "is in CMYK",
    "YCbCr": "is in YCbCr",
    "LAB": "is in L*a*b*",
    "HSV": "is in HSV",
}

Source = str | os.PathLike[str] | bytes | Image.Image | NDArray[Any]


def load_picture(source: Source, *, flatten: bool = False) -> Picture:
    """A picture as uint8 ``(h, w, c)``, c = 1 or 3, rotated as its EXIF data say.

    Args:
        source: Path, file content, PIL image, or uint8 array ``(h, w)`` or ``(h, w, c)``.
        flatten: Turn alpha (over white), palettes, 16 bits and CMYK into 8-bit RGB or grey instead of refusing them.

    Raises:
        PictureError: If it cannot be read, is too large or too small, or has a mode that is not taken, such as RGBA.
    """
    if isinstance(source, np.ndarray):
        picture = source[:, :, None] if source.ndim == 2 else source
        check_picture(picture)
        return picture
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd EXIF data and of bombs; sizes are checked here
            plain = _read(source, flatten)
    except PictureError:
        raise
    except Exception as error:  # Pillow's parsers raise anything at all on damaged files
        raise PictureError(f"the picture cannot be read: {' '.join(str(error).split())}") from None
    picture = np.asarray(plain)
    picture = picture[:, :, None] if picture.ndim == 2 else picture
    check_picture(picture)
    return picture


def squeezed(picture: Picture) -> NDArray[np.uint8]:
    """``(h, w, 3)`` as it is, ``(h, w, 1)`` as ``(h, w)``: what other libraries call a grey picture."""
    return picture[:, :, 0] if picture.shape[2] == 1 else picture


def _read(source: str | os.PathLike[str] | bytes | Image.Image, flatten: bool) -> Image.Image:
    """8-bit RGB or grey, upright; sizes are checked before pixels are decoded."""
    with _open(source) as image:
        if image.width * image.height > MAX_PIXELS:
            raise PictureError(
                f"the picture has {image.width}x{image.height} pixels; at most {MAX_PIXELS // 1_000_000} megapixels"
            )
        # Telephones put a preview behind the photograph (MPO); the photograph comes first.
        if getattr(image, "n_frames", 1) != 1 and image.format != "MPO":
            raise PictureError("the file holds several pictures")
        return _plain(ImageOps.exif_transpose(image), flatten)


def _open(source: str | os.PathLike[str] | bytes | Image.Image) -> Image.Image:
    if isinstance(source, Image.Image):
        return source.copy()
    if not isinstance(source, bytes):
        path = Path(source)
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise PictureError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB")
            source = path.read_bytes()
        except OSError as error:
            raise PictureError(f"{path}: {error.strerror}") from None
    try:
        return Image.open(io.BytesIO(source), formats=FORMATS)
    except UnidentifiedImageError:
        raise PictureError(f"this is no picture that can be read ({', '.join(FORMATS)})") from None


def _plain(image: Image.Image, flatten: bool) -> Image.Image:
    """8-bit RGB or grey."""
    deep = image.mode.startswith("I") or image.mode == "F"
    if image.mode in ("RGB", "L") and "transparency" not in image.info:
        image.load()
        return image
    if not flatten:
        fault = "has 16 bits or more per channel" if deep else MODES.get(image.mode, "has a transparent colour")
        raise PictureError(f"the picture {fault}; only 8-bit RGB and grey can be used (--flatten converts it)")
    if deep:
        return _eight_bits(image)
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        return image.convert("RGB")
    over = image.convert("RGBA")
    white = Image.new("RGBA", over.size, "white")
    return Image.alpha_composite(white, over).convert("L" if image.mode in ("LA", "La", "L") else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """The upper 8 of 16 bits; other depths are stretched to their range."""
    values = np.asarray(image)
    if image.mode.startswith("I;16") or (image.mode == "I" and values.min() >= 0 and values.max() < 1 << 16):
        return Image.fromarray((values.astype(np.int64) >> 8).astype(np.uint8))
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low):
        raise ValueError("its pixels are not finite")
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-9))).round().astype(np.uint8))
