# SPDX-License-Identifier: Apache-2.0
"""Four pictures become one for training, which shows objects in other places, sizes and company (YOLOv4, 2020).

┌───────┬────┐   The corner that the four share is drawn, as is the scale; each picture is scaled so that its longer
│   0   │ 1  │   side is the square's, times the scale, and what lies beyond the square is cut. Where none reaches,
├───────┼────┤   the square is grey.
│   2   │ 3  │
└───────┴────┘
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from semstego.datasets.box_checks import checked_boxes, checked_picture
from semstego.datasets.letterbox import GREY, LARGEST_SIDE
from semstego.errors import ArgumentError
from semstego.io.pictures import as_image, of_image

PICTURES: Final = 4
SCALE: Final = 0.5
TRANSLATE: Final = 0.1
LEAST_SIDE: Final = 2.0
"""A box stays if both sides of what is seen of it are at least this [pixels]; ours, as the next."""
LEAST_SHARE: Final = 0.1
"""A box stays if at least this share of its area is seen."""


class Mosaic(NamedTuple):
    """One picture of four."""

    picture: NDArray[np.uint8]
    """``(side, side, c)``."""
    boxes: NDArray[np.float64]
    """Left, top, right, bottom of what is seen of each object that stays [pixels], ``(m, 4)``."""
    sources: NDArray[np.int64]
    """Which of the four each box is from, and which of its boxes it was, ``(m, 2)``."""


class _Tile(NamedTuple):
    """Where a picture lies in the square, whether it is seen or not [pixels]."""

    top: int
    left: int
    height: int
    width: int


def mosaic(
    pictures: Sequence[NDArray[np.uint8]],
    boxes: Sequence[ArrayLike],
    side: int,
    generator: Generator,
    *,
    scale: float = SCALE,
    translate: float = TRANSLATE,
) -> Mosaic:
    """Four pictures and their boxes in one square.

    Args:
        pictures: Four, uint8 ``(h, w, c)``, all grey or all RGB, of any sizes.
        boxes: Of each picture, ``(n, 4)`` [pixels], within it.
        side: Of the square [pixels].
        generator: Source of everything that is random.
        scale: Pictures are enlarged by a factor between 1 - scale and 1 + scale, one for all four.
        translate: The square is shifted by up to this share of its side, in either direction.

    Raises:
        ArgumentError: If there are not four pictures with their boxes, or these or the numbers cannot be used.
    """
    found = _checked(pictures, boxes, side, scale, translate)
    corner, factor = _drawn(side, generator, scale, translate)
    square = np.full((side, side, pictures[0].shape[2]), GREY, np.uint8)
    seen, sources = [np.zeros((0, 4))], [np.zeros((0, 2), np.int64)]
    for number, (picture, its) in enumerate(zip(pictures, found, strict=True)):
        tile = _tile(picture, number, corner, side * factor)
        _paste(square, picture, tile)
        factors = np.tile([tile.width / picture.shape[1], tile.height / picture.shape[0]], 2)
        whole = its * factors + np.tile([tile.left, tile.top], 2)
        cut = whole.clip(0, side)
        stay = np.flatnonzero(_stays(whole, cut))
        seen.append(cut[stay])
        sources.append(np.stack([np.full_like(stay, number), stay], 1))
    return Mosaic(square, np.concatenate(seen), np.concatenate(sources))


def _drawn(side: int, generator: Generator, scale: float, translate: float) -> tuple[tuple[int, int], float]:
    """Row and column of the corner that the four share, and the factor of their size.

    Before scaling, the corner is anywhere within half a side of the square's middle.
    """
    away = generator.uniform(-0.5, 0.5, 2)
    factor = float(generator.uniform(1 - scale, 1 + scale))
    shift = generator.uniform(-translate, translate, 2)
    row, column = (round(float(part)) for part in side * (0.5 + away * factor + shift))
    return (row, column), factor


def _tile(picture: NDArray[np.uint8], number: int, corner: tuple[int, int], longer: float) -> _Tile:
    """The place of one of the four, whose longer side becomes ``longer``: 0 and 1 above, 0 and 2 on the left."""
    height, width = (max(1, round(size * longer / max(picture.shape[:2]))) for size in picture.shape[:2])
    below, right = divmod(number, 2)
    return _Tile(corner[0] - (0 if below else height), corner[1] - (0 if right else width), height, width)


def _paste(square: NDArray[np.uint8], picture: NDArray[np.uint8], tile: _Tile) -> None:
    """Draw what is seen of a picture: its part is resized at once, bilinear."""
    side = len(square)
    top, bottom = max(tile.top, 0), min(tile.top + tile.height, side)
    left, right = max(tile.left, 0), min(tile.left + tile.width, side)
    if top >= bottom or left >= right:
        return
    down, across = picture.shape[0] / tile.height, picture.shape[1] / tile.width
    part = (
        (left - tile.left) * across,
        (top - tile.top) * down,
        min((right - tile.left) * across, picture.shape[1]),
        min((bottom - tile.top) * down, picture.shape[0]),
    )
    image = as_image(picture).resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=part)
    square[top:bottom, left:right] = of_image(image)


def _stays(whole: NDArray[np.float64], cut: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether enough of each box ``(n, 4)`` is left of it."""
    sides = cut[:, 2:] - cut[:, :2]
    area = (whole[:, 2:] - whole[:, :2]).prod(1)
    enough: NDArray[np.bool_] = (sides >= LEAST_SIDE).all(1) & (sides.prod(1) >= LEAST_SHARE * area)
    return enough


def _checked(
    pictures: Sequence[NDArray[np.uint8]], boxes: Sequence[ArrayLike], side: int, scale: float, translate: float
) -> list[NDArray[np.float64]]:
    """The boxes of each picture in float64."""
    if len(pictures) != PICTURES or len(boxes) != PICTURES:
        raise ArgumentError(f"a mosaic has {PICTURES} pictures, each with its boxes, not {len(pictures)}, {len(boxes)}")
    if not 1 <= side <= LARGEST_SIDE:
        raise ArgumentError(f"the side of a square is 1 to {LARGEST_SIDE} pixels, not {side}")
    if not (0 <= scale < 1 and 0 <= translate <= 1):
        raise ArgumentError(f"a scale in [0, 1) and a shift in [0, 1] are needed, not {scale} and {translate}")
    found = []
    for number, (picture, its) in enumerate(zip(pictures, boxes, strict=True)):
        checked_picture(picture, f"picture {number}")
        if picture.shape[2] != pictures[0].shape[2]:
            raise ArgumentError("the pictures of a mosaic must be all grey or all RGB")
        found.append(checked_boxes(its, f"boxes of picture {number}"))
        if (found[-1] < 0).any() or (found[-1] > np.tile(picture.shape[1::-1], 2)).any():
            raise ArgumentError(f"boxes of picture {number} must lie within it")
    return found
