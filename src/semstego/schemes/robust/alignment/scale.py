# SPDX-License-Identifier: Apache-2.0
"""A picture that was resized: heights are tried on its upper left cells, and then both sides on all of it.

The band of the picture as it was is had without resizing: its basis functions are summed over what each pixel covers.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.message.cipher import Key
from semstego.schemes.robust.alignment.agreement import HOPEFUL_Z, Pilots
from semstego.schemes.robust.band import Waves, band_under
from semstego.schemes.robust.layout import BLOCK, BLOCKS, CELL, PILOT_ORDER, Grid
from semstego.schemes.robust.reading import Reading

LEAST_SCALE: Final = 0.5
MOST_SCALE: Final = 1.75
_FIRST_CELLS = 6  # a side, from the upper left
_ERROR = 1.4  # distance of neighbouring guesses at the far side of those cells [pixels]
_FINER = np.arange(-3, 4)


def readings(luma: NDArray[np.float64], key: Key) -> Iterator[Reading]:
    """The most hopeful one of a luma ``(h, w)``, if there is one."""
    height, width = luma.shape
    scales = np.exp(np.arange(np.log(LEAST_SCALE), np.log(MOST_SCALE), _ERROR / (CELL * _FIRST_CELLS)))
    scores = [_z(luma, height / scale, width / scale, key, _FIRST_CELLS) for scale in scales]
    if max(scores) < HOPEFUL_Z:
        return
    scale = scales[int(np.argmax(scores))]
    rows, columns = round(height / scale), round(width / scale)
    for _ in range(2):
        near = rows + _FINER
        rows = int(near[int(np.argmax([_z(luma, one, columns, key) for one in near]))])
        near = columns + _FINER
        columns = int(near[int(np.argmax([_z(luma, rows, one, key) for one in near]))])
    image = Image.fromarray(luma.astype(np.float32)).resize((columns, rows), Image.Resampling.BICUBIC)
    yield Reading.whole(np.asarray(image, dtype=np.float64), key)


def _z(luma: NDArray[np.float64], height: float, width: float, key: Key, most_cells: int | None = None) -> float:
    """Agreement of the pilots, had the picture had these sides."""
    rows, columns = int(height) // CELL, int(width) // CELL
    if most_cells is not None:
        rows, columns = min(rows, most_cells), min(columns, most_cells)
    if not rows * columns:
        return 0.0
    down, across = _waves(luma.shape[0], height, rows), _waves(luma.shape[1], width, columns)
    part = luma[:, : across.firsts[-1] + across.weights.shape[2]]
    return _pilots(key, rows, columns).z(band_under(part, down, across))


@lru_cache(maxsize=64)
def _pilots(key: Key, rows: int, columns: int) -> Pilots:
    return Pilots(key, Grid(0, 0, rows, columns))


def _waves(size: int, original: float, cells: int) -> Waves:
    """Of the first cells of a side of ``original`` pixels, summed over what each of its ``size`` pixels covers now."""
    blocks, pixel = np.arange(BLOCKS // 2 * cells), original / size
    firsts = (blocks * BLOCK / pixel).astype(np.int64)
    edges = (firsts[:, None] + np.arange(int(np.ceil(BLOCK / pixel)) + 2)) * pixel
    inside = np.clip(edges - BLOCK * blocks[:, None], 0, BLOCK)[:, None, :]
    frequency = np.arange(1, PILOT_ORDER + 1)[:, None] * np.pi / BLOCK
    waves = np.sqrt(2 / BLOCK) * np.sin(frequency * inside) / frequency
    return Waves(firsts, np.diff(np.concatenate([inside / np.sqrt(BLOCK), waves], axis=1)))
