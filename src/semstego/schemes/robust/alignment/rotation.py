# SPDX-License-Identifier: Apache-2.0
"""A picture that was turned about its middle: angles are tried on its middle, and then finer on more and more of it."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.message.cipher import Key
from semstego.schemes.robust.alignment.agreement import HOPEFUL_Z, Pilots
from semstego.schemes.robust.band import band_of
from semstego.schemes.robust.layout import CELL, PILOT_ORDER, Grid
from semstego.schemes.robust.reading import Reading

MOST_DEGREES: Final = 2.0
_FIRST_CELLS = 6  # a side, of the middle
_ERROR = 1.0  # distance of neighbouring guesses at the corner of what is looked at [pixels]


def readings(luma: NDArray[np.float64], key: Key) -> Iterator[Reading]:
    """The most hopeful one of a luma ``(h, w)``, if there is one."""
    whole = Grid.of(*luma.shape)
    if not whole.cells:
        return
    cells, guesses = _FIRST_CELLS, np.empty(0)
    reach = MOST_DEGREES
    best = 0.0
    while True:
        grid = _middle(whole, cells)
        step = np.degrees(_ERROR / (CELL / 2 * np.hypot(grid.rows, grid.columns)))
        guesses = best + np.arange(-np.ceil(reach / step), np.ceil(reach / step) + 1) * step
        pilots = Pilots(key, grid)
        scores = [pilots.z(_band(luma, grid, float(degrees))) for degrees in guesses]
        best, z = float(guesses[int(np.argmax(scores))]), max(scores)
        if z < HOPEFUL_Z:
            return
        if grid == whole:
            break
        cells, reach = 2 * cells, step
    yield Reading.whole(_turned(luma, best), key)


def _middle(whole: Grid, cells: int) -> Grid:
    """The middle cells of a grid, so many a side at most."""
    rows, columns = min(cells, whole.rows), min(cells, whole.columns)
    return Grid((whole.rows - rows) // 2, (whole.columns - columns) // 2, rows, columns)


def _band(luma: NDArray[np.float64], grid: Grid, degrees: float) -> NDArray[np.float64]:
    """The band of some cells of a luma that is turned back."""
    top, left = CELL * grid.top, CELL * grid.left
    turned = _turned(luma, degrees, (top, left, top + CELL * grid.rows, left + CELL * grid.columns))
    return band_of(turned, PILOT_ORDER)


def _turned(
    luma: NDArray[np.float64], degrees: float, part: tuple[int, int, int, int] | None = None
) -> NDArray[np.float64]:
    """A luma turned back by so many degrees about its middle, whole or a part of it (top, left, bottom, right)."""
    height, width = luma.shape
    top, left, bottom, right = part or (0, 0, height, width)
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    # where a pixel of the part comes from, for Pillow: x' = a x + b y + c, y' = d x + e y + f
    across, down = left - width / 2, top - height / 2
    coefficients = (
        cosine, sine, cosine * across + sine * down + width / 2,
        -sine, cosine, -sine * across + cosine * down + height / 2,
    )  # fmt: skip
    image = Image.fromarray(luma.astype(np.float32))
    size = right - left, bottom - top
    turned = image.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
    return np.asarray(turned, dtype=np.float64)
