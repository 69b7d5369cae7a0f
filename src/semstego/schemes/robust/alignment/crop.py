# SPDX-License-Identifier: Apache-2.0
"""A part of a picture: every place where it may have been is tried with the cells in its middle."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled
from semstego.message.cipher import Key
from semstego.schemes.robust.alignment.agreement import HOPEFUL_Z, Pilots, best_z
from semstego.schemes.robust.band import basis
from semstego.schemes.robust.layout import BLOCK, CELL, PILOT_ORDER, Grid, frequencies
from semstego.schemes.robust.reading import Reading

CUT: Final = 0.45  # what may be missing above and to the left, as a share of what is there
_CELLS = 4  # a side, of the middle, which are looked at
_LOOKED_AT = 8


def readings(luma: NDArray[np.float64], key: Key) -> Iterator[Reading]:
    """The most hopeful ones of a luma ``(h, w)``."""
    height, width = luma.shape
    if min(height, width) < 2 * CELL:
        return
    down, across = int(CUT * height), int(CUT * width)
    grid = Grid.of(height + down, width + across)
    pilots = Pilots(key, grid)
    top, bottom = _middle(height)
    left, right = _middle(width)
    bands = _bands(np.ascontiguousarray(luma[top:bottom, left:right]), basis(PILOT_ORDER))
    block, frequency = np.divmod(pilots.slots.members, frequencies(PILOT_ORDER))
    steps = BLOCK * (block // 2 * bands.shape[1] + block % 2) * bands.shape[2] + frequency
    members = steps.reshape(grid.rows, grid.columns, *steps.shape[1:])
    scores = _scores(
        bands,
        members,
        pilots.slots.signs.reshape(members.shape),
        pilots.slots.dithers.reshape(members.shape[:3]),
        pilots.signs.reshape(*members.shape[:3], -1),
        np.array([top, left, down + 1, across + 1]),
    )
    for place in np.argsort(-scores, axis=None)[:_LOOKED_AT]:
        row, column = (int(one) for one in np.unravel_index(place, scores.shape))
        if scores[row, column] >= HOPEFUL_Z:
            yield _at(luma, key, row, column)


def _middle(side: int) -> tuple[int, int]:
    """From where to where the middle of a side reaches that has four whole cells wherever they start."""
    size = min(side, CELL * (_CELLS + 1))
    return (side - size) // 2, (side - size) // 2 + size


def _at(luma: NDArray[np.float64], key: Key, row: int, column: int) -> Reading:
    """The reading of a part that was so many pixels from the top and the left."""
    top, left = -(-row // CELL), -(-column // CELL)
    part = luma[CELL * top - row :, CELL * left - column :]
    return Reading(part, key, Grid(top, left, part.shape[0] // CELL, part.shape[1] // CELL))


@compiled
def _bands(luma: NDArray[np.float64], lowest: NDArray[np.float64]) -> NDArray[np.float32]:
    """The band of the block at every place, ``(h - 31, w - 31, frequencies)``."""
    count, side = lowest.shape
    height, width = luma.shape[0] - side + 1, luma.shape[1] - side + 1
    found = np.zeros((height, width, count * count - 1), np.float32)
    lines = np.empty((count, luma.shape[1]))
    for y in range(height):
        lines[:] = 0
        for i in range(side):
            for v in range(count):
                for x in range(luma.shape[1]):
                    lines[v, x] += lowest[v, i] * luma[y + i, x]
        for v in range(count):
            for u in range(count):
                if v + u > 0:
                    for x in range(width):
                        total = 0.0
                        for i in range(side):
                            total += lowest[u, i] * lines[v, x + i]
                        found[y, x, v * count + u - 1] = total
    return found


@compiled
def _scores(
    bands: NDArray[np.float32],
    members: NDArray[np.int64],
    signs: NDArray[np.float64],
    dithers: NDArray[np.float64],
    tags: NDArray[np.float64],
    places: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Agreement for every place that the part may have had.

    Args:
        bands: Of the middle.
        members: Of the pilots, by their distance from a cell's first value in them, ``(rows, columns, pilots, n)``.
        signs: Of the same shape.
        dithers: ``(rows, columns, pilots)``.
        tags: Signs of the cosines in each format, ``(rows, columns, pilots, formats)``.
        places: Row and column where the middle begins, and how many rows and columns to try.
    """
    top, left, rows, columns = places
    flat = bands.ravel()
    height, width = bands.shape[0] - BLOCK, bands.shape[1] - BLOCK  # places of the upper left block of a cell
    pilots, length = members.shape[2:]
    most = (height // CELL + 2) * (width // CELL + 2) * pilots
    projections, offsets, marks = np.empty(most), np.empty(most), np.empty((most, tags.shape[3]))
    found = np.zeros((rows, columns))
    for row in range(rows):
        first_y = -(-(row + top) // CELL)
        last_y = min((row + top + height - 1) // CELL, members.shape[0] - 1)
        for column in range(columns):
            first_x = -(-(column + left) // CELL)
            last_x = min((column + left + width - 1) // CELL, members.shape[1] - 1)
            n = 0
            for i in range(first_y, last_y + 1):
                for j in range(first_x, last_x + 1):
                    first = ((CELL * i - row - top) * bands.shape[1] + CELL * j - column - left) * bands.shape[2]
                    for k in range(pilots):
                        total = 0.0
                        for m in range(length):
                            total += signs[i, j, k, m] * flat[first + members[i, j, k, m]]
                        projections[n], offsets[n] = total / np.sqrt(length), dithers[i, j, k]
                        marks[n] = tags[i, j, k]
                        n += 1
            found[row, column] = best_z(projections[:n], offsets[:n], marks[:n])
    return found
