# SPDX-License-Identifier: Apache-2.0
"""Which pictures show the same photograph: equal ones, and copies that were saved again, resized, mirrored or cropped.

picture ─▸ grey, 128x128 cells ─▸ whole and 18 windows of it ─▸ DCT, 16x16 coefficients, each times its frequency
two pictures show one photograph      the whole of one is like the whole or a window of the other, or its mirror image,
                                      at a similar brightness and contrast; or no cell of them differs

The amplitudes of photographs fall with the frequency, so the factor gives fine and coarse structure a similar weight.
Different photographs, of 413, had cosines up to 0.70, copies with up to 5 % cut off each edge above 0.91. Most copies
that were turned, or of which more was cut off, count as other photographs: experiments/detection/one_photograph.py.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture

CELLS: Final = 128  # a side, of the grey picture that windows are cut from
COARSE: Final = 32  # cells a side of which none may differ in pictures that are nearly equal
KEPT: Final = 16  # frequencies in each direction
SAMPLED: Final = 32  # values a side of a window, before the DCT
SIDES: Final = (0.96, 0.9)  # of windows, as shares of the picture's sides
ALIKE: Final = 0.85  # cosine of signatures from which on they are of one photograph
BRIGHTNESS: Final = 40.0  # grey levels, by which the means of copies differ at most
CONTRAST: Final = 1.5  # largest ratio of the standard deviations of copies
EQUAL: Final = 0.5  # grey levels, by which cells of nearly equal pictures differ at most
FLAT: Final = 0.05  # length of the vector of a picture in which there is nothing to compare [grey levels]
ROWS: Final = 256  # of the pictures that are compared with all at once


class Signature(NamedTuple):
    """What pictures are compared by.

    Attributes:
        views: Unit vectors of the whole picture and of its windows, float32 ``(19, 256)``; of a flat picture zeros.
        cells: Mean grey level of each cell, float32 ``(1024,)``.
        brightness: Mean grey level.
        contrast: Standard deviation over 128x128 cells [grey levels].
    """

    views: NDArray[np.float32]
    cells: NDArray[np.float32]
    brightness: float
    contrast: float


def signature(picture: Picture) -> Signature:
    """The signature of a picture, from its grey levels; a picture of 819x512 pixels takes some 15 ms.

    Args:
        picture: uint8 ``(h, w, c)`` of any size.
    """
    height, width, _ = picture.shape
    levels = picture.mean(axis=2, dtype=np.float32)
    grey = _averaging(height, CELLS) @ levels @ _averaging(width, CELLS).T
    views = np.stack([_view(grey, *window) for window in _windows()])
    averaging = _averaging(CELLS, COARSE)
    cells = (averaging @ grey @ averaging.T).ravel()
    return Signature(views.astype(np.float32), cells.astype(np.float32), float(grey.mean()), float(grey.std()))


def photographs_of(signatures: Sequence[Signature]) -> NDArray[np.intp]:
    """The photograph that each picture shows, as the number of the first picture that shows it.

    A picture that is like two others joins them, even if those two are not alike.

    Args:
        signatures: Of all pictures, ``n`` of them. The time grows with n squared: 3,000 take some 10 s on one core.

    Returns:
        ``(n,)``; pictures of one photograph have the same number.
    """
    first = np.arange(len(signatures))
    every = _Stacked(*(np.array(part) for part in zip(*signatures, strict=True)))
    for start in range(0, len(signatures), ROWS):
        rows = slice(start, start + ROWS)
        for row, other in zip(*np.nonzero(_alike(every, rows) | _equal(every, rows)), strict=True):
            low, high = sorted((first[start + row], first[other]))
            if low != high:
                first[first == high] = low
    return first


class _Stacked(NamedTuple):
    """Signatures of ``n`` pictures: ``(n, 19, 256)``, ``(n, 1024)``, ``(n,)`` and ``(n,)``."""

    views: NDArray[np.float32]
    cells: NDArray[np.float32]
    brightness: NDArray[np.float64]
    contrast: NDArray[np.float64]


def _alike(every: _Stacked, rows: slice) -> NDArray[np.bool_]:
    """Whether each picture of these rows, or a window of it, is like each of all pictures, ``(rows, n)``."""
    views, wholes = every.views[rows], every.views[:, 0]
    found = np.full((len(views), len(wholes)), -1, np.float32)
    mirror = np.tile(
        np.where(np.arange(KEPT) % 2, -1, 1).astype(np.float32), KEPT
    )  # odd frequencies change their signs
    for windows in views.swapaxes(0, 1):
        for seen in (windows, windows * mirror):
            np.maximum(found, seen @ wholes.T, out=found)
    similar = np.abs(every.brightness[rows, None] - every.brightness) < BRIGHTNESS
    ends = [end(every.contrast[rows, None], every.contrast) for end in (np.minimum, np.maximum)]
    alike: NDArray[np.bool_] = (found > ALIKE) & similar & (ends[1] < CONTRAST * ends[0])
    return alike


def _equal(every: _Stacked, rows: slice) -> NDArray[np.bool_]:
    """Whether no cell of each picture of these rows differs from that of each of all pictures, ``(rows, n)``."""
    equal = np.abs(every.brightness[rows, None] - every.brightness) <= EQUAL  # else some cell differs
    for row, cells in zip(equal, every.cells[rows], strict=True):
        near = np.flatnonzero(row)
        row[near] = (np.abs(every.cells[near] - cells) <= EQUAL).all(1)
    return equal


def _windows() -> list[tuple[float, float, float]]:
    """Upper end, left end and side of the whole picture and of windows at its corners, edges and middle, as shares."""
    places = [(side, down, right) for side in SIDES for down in (0, 0.5, 1) for right in (0, 0.5, 1)]
    return [(0, 0, 1), *((down * (1 - side), right * (1 - side), side) for side, down, right in places)]


def _view(grey: NDArray[np.float64], top: float, left: float, side: float) -> NDArray[np.float64]:
    """The unit vector of a window; zeros where it is flat."""
    frequencies = np.arange(KEPT)
    weights = np.hypot(frequencies[:, None], frequencies)
    vector: NDArray[np.float64] = (_waves(top, side) @ grey @ _waves(left, side).T * weights).ravel()
    length = np.linalg.norm(vector)
    return vector / length if length > FLAT else np.zeros_like(vector)


@lru_cache
def _waves(start: float, side: float) -> NDArray[np.float64]:
    """The matrix ``(KEPT, CELLS)`` from cells to the orthonormal DCT of the window's ``SAMPLED`` values."""
    waves = np.cos(np.pi / SAMPLED * np.outer(np.arange(KEPT), np.arange(SAMPLED) + 0.5)) * np.sqrt(2 / SAMPLED)
    waves[0] /= np.sqrt(2)
    cut: NDArray[np.float64] = waves @ _averaging(CELLS, SAMPLED, start, side)
    return cut


def _averaging(values: int, cells: int, start: float = 0, side: float = 1) -> NDArray[np.float64]:
    """The matrix ``(cells, values)`` of the means over cells of equal width, from the share ``start`` on."""
    ends = (start + side * np.linspace(0, 1, cells + 1)) * values
    places = np.arange(values)
    overlap = np.minimum(ends[1:, None], places + 1) - np.maximum(ends[:-1, None], places)
    averaging: NDArray[np.float64] = np.clip(overlap, 0, None) / (side * values / cells)
    return averaging
