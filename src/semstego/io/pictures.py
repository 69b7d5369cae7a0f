# SPDX-License-Identifier: Apache-2.0
"""Pictures from files and from memory.

Files are not trusted: the size is read from the header and checked before any pixel is decoded.
"""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from semstego.codecs.base import MAX_PIXELS, Picture, check_picture
from semstego.errors import PictureError
from semstego.inputs import naming, read_once

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "PPM", "GIF", "JPEG2000", "QOI")
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

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | NDArray[Any]


def load_picture(source: Source, *, flatten: bool | None = None) -> Picture:
    """A picture as uint8 ``(h, w, c)``, c = 1 or 3, rotated as its EXIF data say.

    Args:
        source: Path, file content, PIL image, or uint8 array ``(h, w)`` or ``(h, w, c)``.
        flatten: Turn alpha (over white), palettes, 16 bits and CMYK into 8-bit RGB or grey instead of refusing them;
            None where the caller has no such choice to offer.

    Raises:
        PictureError: If it cannot be read, is too large or too small, or has a mode that is not taken, such as RGBA.
    """
    if isinstance(source, np.ndarray):
        picture = np.asarray(source)
    else:
        with _errors_of_pillow(source):
            image = _decodable(source)
            cut = is_cut(image)
            picture = np.asarray(_plain(ImageOps.exif_transpose(image), flatten, cut=cut))
    picture = picture[:, :, None] if picture.ndim == 2 else picture
    check_picture(picture)
    return picture


def load_readings(source: Source) -> list[Picture]:
    """All that the pixels of a picture may have been before somebody saved them in another form, the likeliest first.

    Alpha and transparent colours are left out, palettes looked up, the upper 8 of 16 bits taken, and an orientation tag
    is obeyed only in second place, for it may have been added. Colour without any colour is read as grey, and then as
    it is; grey as grey, and then as colour.

    Args:
        source: As for :func:`load_picture`; arrays of other types and up to four channels, too.

    Returns:
        uint8 ``(h, w, c)`` each, c = 1 or 3.

    Raises:
        PictureError: If it cannot be read, is too large or too small, or its values are no 8 bits.
    """
    if isinstance(source, np.ndarray):
        turned = [np.asarray(source)]
    else:
        with _errors_of_pillow(source):
            turned = _turned(_decodable(source))
    readings = [reading for pixels in turned for reading in _colours(_eight_bits(pixels))]
    for reading in readings:
        check_picture(reading)
    return readings


def as_image(picture: NDArray[np.uint8]) -> Image.Image:
    """A picture ``(h, w, c)``, or ``(h, w)`` if grey, for Pillow."""
    return Image.fromarray(squeezed(picture))


def of_image(image: Image.Image) -> Picture:
    """The picture ``(h, w, c)`` in an image of Pillow, grey or RGB."""
    read = np.asarray(image)
    return read[:, :, None] if read.ndim == 2 else read


def squeezed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(h, w, 1)`` as ``(h, w)``, which is what other libraries call a grey picture; others as they are."""
    return picture[:, :, 0] if picture.shape[2:] == (1,) else picture


@contextmanager
def _errors_of_pillow(source: Source) -> Iterator[None]:
    """Whatever Pillow raises, in one sentence that names the file."""
    with naming(source) if isinstance(source, str | os.PathLike) else nullcontext():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow warns of odd EXIF data and of bombs; sizes are checked here
                yield
        except (PictureError, MemoryError):
            raise
        except Exception as error:  # its parsers raise anything at all on damaged files
            raise PictureError(f"the picture cannot be read: {' '.join(str(error).split())}") from None


def _decodable(source: Source) -> Image.Image:
    """A picture whose size is within the limits; its pixels are not decoded yet."""
    image = _open(source)
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(
            f"the picture has {image.width}x{image.height} pixels; at most {MAX_PIXELS // 1_000_000} megapixels"
        )
    # Telephones put a preview behind the photograph (MPO); the photograph comes first.
    if getattr(image, "n_frames", 1) != 1 and image.format != "MPO":
        raise PictureError("the file holds several pictures")
    return image


def _open(source: Source) -> Image.Image:
    if isinstance(source, Image.Image):
        return source.copy()
    if isinstance(source, str | os.PathLike):
        content = read_once(source, MAX_FILE_BYTES, PictureError)
    elif isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
    else:
        raise PictureError(f"a picture is a path, bytes, a PIL image or an array, not {type(source).__name__}")
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        raise PictureError(f"this is no picture that can be read ({', '.join(FORMATS)})") from None


def _plain(image: Image.Image, flatten: bool | None, *, cut: bool) -> Image.Image:
    """8-bit RGB or grey; ``cut`` if the file had more bits than the image has."""
    deep = image.mode.startswith("I") or image.mode == "F"
    if image.mode in ("RGB", "L") and "transparency" not in image.info and (flatten or not cut):
        image.load()
        return image
    if not flatten:
        fault = "has 16 bits or more per channel" if deep or cut else MODES.get(image.mode, "has a transparent colour")
        way_out = "" if flatten is None else " (flatten=True, --flatten converts it)"
        raise PictureError(f"the picture {fault}; only 8-bit RGB and grey can be used{way_out}")
    if deep:
        return Image.fromarray(_reduced(np.asarray(image), image.mode))
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        return image.convert("RGB")
    over = image.convert("RGBA")
    white = Image.new("RGBA", over.size, "white")
    return Image.alpha_composite(white, over).convert("L" if image.mode in ("LA", "La", "L") else "RGB")


def is_cut(image: Image.Image) -> bool:
    """Whether a file, not decoded yet, has 16 bits a channel, of which Pillow may give the upper 8 without a word."""
    for tile in getattr(image, "tile", []):
        coded = tile.args if isinstance(tile.args, tuple) else (tile.args,)  # what the decoder is told to read
        if ";16" in str(coded) or (image.format == "PPM" and isinstance(coded[-1], int) and coded[-1] > 255):
            return True
    return False


def _reduced(values: NDArray[Any], mode: str) -> NDArray[np.uint8]:
    """The upper 8 of 16 bits; other depths are stretched to their range."""
    if mode.startswith("I;16") or (mode == "I" and values.min() >= 0 and values.max() < 1 << 16):
        return (values.astype(np.int64) >> 8).astype(np.uint8)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low):
        raise ValueError("its pixels are not finite")
    return ((values - low) * (255 / max(high - low, 1e-9))).round().astype(np.uint8)


def _turned(image: Image.Image) -> list[NDArray[Any]]:
    """The pixels as they are stored, and then, if an orientation tag says something else, upright."""
    tag = image.getexif().get(ExifTags.Base.Orientation, 1)
    stored = _opaque(image)
    if tag == 1:
        return [stored]
    if image.format != "TIFF":
        return [stored, _opaque(ImageOps.exif_transpose(image))]
    # Pillow has turned a TIFF upright as it decoded it, and forgotten the tag: that of the opposite turn undoes it.
    image.getexif()[ExifTags.Base.Orientation] = {6: 8, 8: 6}.get(tag, tag)
    return [_opaque(ImageOps.exif_transpose(image)), stored]


def _opaque(image: Image.Image) -> NDArray[Any]:
    """Values as they are stored, grey ``(h, w)`` or colour ``(h, w, 3)``, without alpha."""
    if image.mode in ("1", "LA"):
        image = image.convert("L")
    elif image.mode == "La":
        image = image.convert("LA").convert("L")
    elif image.mode == "RGBa":
        image = image.convert("RGBA").convert("RGB")
    elif image.mode not in ("RGB", "L", "F") and not image.mode.startswith("I"):
        image = image.convert("RGB")
    return np.asarray(image)


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values that were 8 bits, whatever type they have now: as they are, or the upper 8 of 16 bits.

    8 bits become 16 by the factor 257, or by 256; the upper ones are the same.
    """
    if values.dtype == np.uint8:
        return values
    fault = PictureError("the values of the picture are no 8 bits")
    if values.dtype.kind not in "iuf" or values.size == 0 or not np.isfinite(values).all():
        raise fault
    low, high = values.min(), values.max()
    if low < 0 or high >= 1 << 16 or (values.dtype.kind == "f" and (values != np.round(values)).any()):
        raise fault
    return (values if high < 1 << 8 else values // 256).astype(np.uint8)


def _colours(pixels: NDArray[np.uint8]) -> list[Picture]:
    """Grey and colour, where they are the same; ``pixels`` may have alpha as a last channel."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4:
        return [pixels]  # no picture, as the check will say
    if pixels.shape[2] in (2, 4):
        pixels = pixels[:, :, :-1]
    grey = pixels[:, :, :1]
    if pixels.shape[2] == 3 and (pixels != grey).any():
        return [np.ascontiguousarray(pixels)]
    return [np.ascontiguousarray(grey), np.repeat(grey, 3, axis=2)]
