# SPDX-License-Identifier: Apache-2.0
"""One cut-out over one photograph: scaled, turned, mirrored, lit, shadowed, blended; with its exact box."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from semstego.codecs.base import MAX_PIXELS
from semstego.errors import DataError

Box = tuple[int, int, int, int]

SUPERSAMPLED = 2  # composed at so many times the side, then reduced: no jagged edges
LONG_SIDE = (0.55, 0.95)  # of the picture's side
OUTSIDE = 0.08  # so much of the object's width or height may lie beyond the frame
ROTATION = 25.0  # degrees, either way
LIGHT = 0.2  # largest share by which colours move towards a grey level or away from it
SHADOW = (0.1, 0.5)  # range of the shadow's darkness, 1 is black
CROP = (0.2, 0.7)  # of the photograph's short side
OPAQUE = 127  # alpha above which a pixel belongs to the object
VISIBLE = 16  # alpha above which something can be seen at all


def read_stamp(path: Path, side: int) -> Image.Image:
    """Read a stamp, crop it to its visible part, and scale it to what pictures of ``side`` pixels need.

    Returns:
        Mode RGBa: colours are multiplied by alpha, so that the colours of transparent pixels do not reach the edges.

    Raises:
        DataError: If it cannot be read, is too large, or has no opaque part.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd chunks and of bombs; sizes are checked here
            with Image.open(path, formats=("PNG",)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise DataError(f"{path} has more than {MAX_PIXELS // 1_000_000} megapixels")
                stamp = image.convert("RGBA")
    except DataError:
        raise
    except Exception as error:  # Pillow's parsers raise anything at all on damaged files
        raise DataError(f"the stamp {path} cannot be read ({' '.join(str(error).split())})") from None
    alpha = np.asarray(stamp.getchannel("A"))
    if not (alpha > OPAQUE).any():
        raise DataError(f"the stamp {path} is transparent")
    stamp = stamp.convert("RGBa").crop(_box(alpha > VISIBLE))
    scale = side * SUPERSAMPLED / max(stamp.size)
    return stamp.resize(_scaled(stamp.size, scale), Image.Resampling.LANCZOS)


def paste(
    stamp: Image.Image, photograph: Image.Image, side: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Box]:
    """A picture with one object in it.

    Args:
        stamp: From ``read_stamp``.
        photograph: RGB.
        side: Of the picture [pixels].
        rng: Draws everything.

    Returns:
        uint8 ``(side, side, 3)``; and the box ``(x0, y0, x1, y1)`` [pixels], ends exclusive, of the part of the object
        whose alpha is above 127.

    Raises:
        DataError: If the object is too thin to be seen at this size.
    """
    large = (side * SUPERSAMPLED,) * 2
    posed = _posed(stamp, large[0], rng)
    corner = _corner(posed.size, large[0], rng)
    alpha = Image.new("L", large)
    alpha.paste(posed.getchannel("A"), corner)
    scene = _crop(photograph, large[0], rng)
    scene.paste((0, 0, 0), mask=_shadow(alpha, rng))
    scene.paste(_lit(posed.convert("RGB"), rng), corner, posed.getchannel("A"))
    mask = np.asarray(alpha.reduce(SUPERSAMPLED)) > OPAQUE
    if not mask.any():
        raise DataError(f"an object cannot be seen in {side} x {side} pixels")
    return np.asarray(scene.reduce(SUPERSAMPLED)), _box(mask)


def _posed(stamp: Image.Image, side: int, rng: np.random.Generator) -> Image.Image:
    """The cut-out mirrored or not, turned, and scaled; RGBA."""
    posed = stamp.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else stamp
    posed = posed.rotate(rng.uniform(-ROTATION, ROTATION), Image.Resampling.BILINEAR, expand=True)
    posed = posed.crop(posed.getbbox())
    size = _scaled(posed.size, side * rng.uniform(*LONG_SIDE) / max(posed.size))
    return posed.resize(size, Image.Resampling.BICUBIC).convert("RGBA")


def _lit(colours: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Contrast and brightness changed a little."""
    grey = int(rng.integers(256))
    return Image.blend(colours, Image.new("RGB", colours.size, (grey,) * 3), rng.uniform(-LIGHT, LIGHT))


def _corner(size: tuple[int, int], side: int, rng: np.random.Generator) -> tuple[int, int]:
    """Upper left corner of the object, of which a small part may lie outside of the picture."""
    left, top = (
        int(rng.integers(-int(OUTSIDE * length), side - length + int(OUTSIDE * length), endpoint=True))
        for length in size
    )
    return left, top


def _crop(photograph: Image.Image, side: int, rng: np.random.Generator) -> Image.Image:
    """A square of the photograph."""
    extent = max(1, round(min(photograph.size) * rng.uniform(*CROP)))
    left, top = (int(rng.integers(0, length - extent, endpoint=True)) for length in photograph.size)
    box = (left, top, left + extent, top + extent)
    return photograph.resize((side, side), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)


def _shadow(alpha: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The shadow: how much black is laid over each pixel, in the object's form, moved downwards and blurred."""
    side, dark = alpha.width, rng.uniform(*SHADOW)
    left, top = int(rng.integers(-side // 16, side // 16, endpoint=True)), int(rng.integers(side // 32, side // 12))
    moved = Image.new("L", alpha.size)
    moved.paste(round(255 * dark), (left, top, left + side, top + side), alpha)
    return moved.filter(ImageFilter.GaussianBlur(side / 32))


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(2, round(size[0] * scale)), max(2, round(size[1] * scale))


def _box(mask: NDArray[np.bool_]) -> Box:
    """The smallest box ``(x0, y0, x1, y1)`` around the true pixels, ends exclusive."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
