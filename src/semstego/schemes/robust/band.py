# SPDX-License-Identifier: Apache-2.0
"""The band of a picture: the lowest frequencies of its luma in blocks of 32 x 32 pixels, by cells; and back.

Every sum has a fixed order, so that a picture is marked alike on every machine.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture
from semstego.compiled import compiled
from semstego.schemes.robust.layout import BLOCK, BLOCKS, CELL

_LUMA: Final = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as in JPEG
_SIDE: Final = CELL // BLOCK
_LEAST_TEXTURE, _MOST_TEXTURE = 0.3, 400.0  # variances [grey levels squared]


def luma_weights(channels: int) -> NDArray[np.float64]:
    """How much each channel counts in the luma, ``(channels,)``."""
    return _LUMA if channels == 3 else np.ones(1)


def luma_of(picture: Picture) -> NDArray[np.float64]:
    """The luma of a picture ``(h, w, c)``, ``(h, w)`` [grey levels]."""
    return _luma(np.ascontiguousarray(picture), luma_weights(picture.shape[2]))


def band_of(luma: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """The band of the whole cells of a luma ``(h, w)``, ``(cells, 4 * frequencies)``.

    A cell's blocks stand one after the other, and in each the coefficients (0, 1), (0, 2), ... (order, order).
    """
    rows, columns = luma.shape[0] // CELL, luma.shape[1] // CELL
    return band_under(luma, _whole(order, rows), _whole(order, columns))


def band_under(luma: NDArray[np.float64], down: "Waves", across: "Waves") -> NDArray[np.float64]:
    """The band under waves of one's own, ``(cells, 4 * frequencies)``."""
    coefficients = _forward(luma, down.firsts, down.weights, across.firsts, across.weights)
    return _by_cells(coefficients[..., 1:], len(down.firsts) // _SIDE, len(across.firsts) // _SIDE)


def change_of(band: NDArray[np.float64], order: int, rows: int, columns: int) -> NDArray[np.float64]:
    """The luma of a band ``(cells, 4 * frequencies)`` alone, ``(64 * rows, 64 * columns)``."""
    frequencies = band.shape[1] // BLOCKS
    by_blocks = band.reshape(rows, columns, _SIDE, _SIDE, frequencies).transpose(0, 2, 1, 3, 4)
    coefficients = np.zeros((rows * _SIDE, columns * _SIDE, frequencies + 1))
    coefficients[..., 1:] = by_blocks.reshape(rows * _SIDE, columns * _SIDE, frequencies)
    return _backward(coefficients, basis(order))


def texture_weights(luma: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    """How much a change of a block is masked, ``(cells, 4)``: the fourth root of the variance of its finer detail.

    The smaller one of that of the block and its mean over the blocks around it, so that a lonely edge in a smooth place
    counts for little.
    """
    down, across = _whole(1, rows), _whole(1, columns)
    energy = _detail(luma, _forward(luma, down.firsts, down.weights, across.firsts, across.weights))
    mean = sums_around(energy) / sums_around(np.ones_like(energy))
    weights: NDArray[np.float64] = np.sqrt(np.sqrt(np.clip(np.minimum(energy, mean), _LEAST_TEXTURE, _MOST_TEXTURE)))
    return _by_cells(weights[..., None], rows, columns)


def sums_around(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over each place and the eight around it, as far as there are any, of ``(..., rows, columns)``."""
    rows, columns = values.shape[-2:]
    edged = np.pad(values, [(0, 0)] * (values.ndim - 2) + [(1, 1)] * 2)
    parts = np.stack([edged[..., i : i + rows, j : j + columns] for i in range(3) for j in range(3)])
    total: NDArray[np.float64] = parts.sum(axis=0)
    return total


def _by_cells(blocks: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    """What belongs to blocks, ``(2 * rows, 2 * columns, n)``, as ``(cells, 4 * n)``."""
    parts = blocks.reshape(rows, _SIDE, columns, _SIDE, -1).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(parts).reshape(rows * columns, -1)


@dataclass(frozen=True)
class Waves:
    """The lowest rows of the DCT of blocks along one side of a picture.

    Attributes:
        firsts: First pixel of each block, int64 ``(blocks,)``.
        weights: Of so many pixels from there on in each of the rows, float64 ``(blocks, order + 1, n)``.
    """

    firsts: NDArray[np.int64]
    weights: NDArray[np.float64]


def _whole(order: int, cells: int) -> Waves:
    """Of the blocks of so many cells."""
    firsts = np.arange(_SIDE * cells) * BLOCK
    return Waves(firsts, np.repeat(basis(order)[None], len(firsts), axis=0))


def basis(order: int) -> NDArray[np.float64]:
    """The lowest rows of the DCT of 32 values, ``(order + 1, 32)``, in units of 2^-40: alike in every library."""
    frequency, place = np.arange(order + 1)[:, None], np.arange(BLOCK)
    rows: NDArray[np.float64] = np.cos((2 * place + 1) * frequency * np.pi / (2 * BLOCK)) * np.sqrt(2 / BLOCK)
    rows[0] = np.sqrt(1 / BLOCK)
    exact: NDArray[np.float64] = np.rint(rows * 2.0**40) * 2.0**-40
    return exact


@compiled
def _luma(picture: NDArray[np.uint8], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width, channels = picture.shape
    found = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                found[y, x] += weights[c] * picture[y, x, c]
    return found


@compiled
def _forward(
    luma: NDArray[np.float64],
    rows: NDArray[np.int64],
    down: NDArray[np.float64],
    columns: NDArray[np.int64],
    across: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Coefficients ``(rows, columns, n * n)`` of blocks, the vertical frequency first, by the waves of both sides."""
    count, (height, width) = down.shape[1], luma.shape
    found = np.zeros((rows.size, columns.size, count * count))
    lines = np.empty((count, width))
    for row in range(rows.size):
        lines[:] = 0
        for i in range(min(down.shape[2], height - rows[row])):
            for v in range(count):
                weight = down[row, v, i]
                for x in range(width):
                    lines[v, x] += weight * luma[rows[row] + i, x]
        for column in range(columns.size):
            for v in range(count):
                for u in range(count):
                    total = 0.0
                    for i in range(min(across.shape[2], width - columns[column])):
                        total += across[column, u, i] * lines[v, columns[column] + i]
                    found[row, column, v * count + u] = total
    return found


@compiled
def _backward(coefficients: NDArray[np.float64], basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """The luma ``(32 * rows, 32 * columns)`` of coefficients ``(rows, columns, n * n)``."""
    rows, columns, _ = coefficients.shape
    count, side = basis.shape
    found = np.zeros((side * rows, side * columns))
    lines = np.empty((count, side * columns))
    for row in range(rows):
        lines[:] = 0
        for column in range(columns):
            for v in range(count):
                for u in range(count):
                    weight = coefficients[row, column, v * count + u]
                    for x in range(side):
                        lines[v, side * column + x] += weight * basis[u, x]
        for y in range(side):
            for v in range(count):
                weight = basis[v, y]
                for x in range(side * columns):
                    found[side * row + y, x] += weight * lines[v, x]
    return found


@compiled
def _detail(luma: NDArray[np.float64], low: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of blocks without their mean and their two lowest frequencies, ``(rows, columns)``.

    Args:
        luma: ``(h, w)``.
        low: Coefficients of the blocks: the mean, one half cycle across, and one down, ``(rows, columns, n)``.
    """
    rows, columns, _ = low.shape
    found = np.empty((rows, columns))
    for row in range(rows):
        for column in range(columns):
            total = 0.0
            for y in range(BLOCK * row, BLOCK * (row + 1)):
                for x in range(BLOCK * column, BLOCK * (column + 1)):
                    total += luma[y, x] ** 2
            for i in range(3):
                total -= low[row, column, i] ** 2
            found[row, column] = total / (BLOCK * BLOCK - 3)
    return found
