# SPDX-License-Identifier: Apache-2.0
"""Robust elements: integers that a JPEG channel leaves as they are, read from the coefficients of decoded pixels.

A rule tells which coefficients carry, which integer each shows, and how far a coefficient is from showing another one.
The integers are cells of a lattice whose step is that of the CHANNEL's quantisation table: the channel moves a
coefficient to a multiple of its step, and a coefficient in the middle of a cell stays in it.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from semstego.baselines.base import Elements
from semstego.baselines.jpeg import BASIS, BLOCK, Blocks, Jpeg, annex_k, inverse

_DIAGONAL = np.add.outer(np.arange(BLOCK), np.arange(BLOCK))
MIDDLE: Final[NDArray[np.bool_]] = (_DIAGONAL >= 5) & (_DIAGONAL <= 7)
"""The 21 middle frequencies of GMAS, bool (8, 8)."""

ALL_AC: Final[NDArray[np.bool_]] = _DIAGONAL > 0
"""Every frequency but the mean, bool (8, 8)."""

CHANNEL_QUALITY: Final = 50
"""Of the JPEG channel that the methods are made for, as in the paper's Table I."""

Values = NDArray[np.float64]  # (n,), one for each element


class Rule(Protocol):
    """Elements of pictures of any size; all arrays are in the order of blocks' rows, then of frequencies' rows."""

    def carriers(self, coefficients: NDArray[Any]) -> NDArray[Any]:
        """Those coefficients of blocks (rows, columns, 8, 8) that show an element each, (n,)."""

    def put(self, coefficients: Blocks, values: Values) -> Blocks:
        """A copy of the coefficients with other values of the carriers."""

    def read(self, coefficients: Blocks) -> Elements:
        """The elements."""

    def away(self, coefficients: Blocks, wanted: Elements, margin: float) -> Values:
        """What to add to each carrier for it to show the wanted element as surely as it can; 0 where it does.

        An element is sure if its carrier is ``margin`` [grey levels] inside the cell, or a tenth of the cell if that is
        less: the cover's own steps do not let every carrier come nearer to the middle.
        """


@dataclass(frozen=True, eq=False)
class Lattice(Rule):
    """Elements are k = round(carrier / step).

    Attributes:
        frequencies: Which of a block carry, bool (8, 8).
        table: The steps, (8, 8).
    """

    frequencies: NDArray[np.bool_]
    table: NDArray[np.float64]

    @classmethod
    def of_channel(cls, frequencies: NDArray[np.bool_]) -> "Lattice":
        """With the steps of the JPEG channel."""
        return cls(frequencies, annex_k(CHANNEL_QUALITY))

    def carriers(self, coefficients: NDArray[Any]) -> NDArray[Any]:
        """The chosen frequencies of all blocks."""
        return coefficients[:, :, self.frequencies].ravel()

    def put(self, coefficients: Blocks, values: Values) -> Blocks:
        """The chosen frequencies replaced."""
        changed = coefficients.copy()
        changed[:, :, self.frequencies] = values.reshape(*coefficients.shape[:2], -1)
        return changed

    def read(self, coefficients: Blocks) -> Elements:
        """The nearest cell of each."""
        return np.rint(self.carriers(coefficients) / self.steps(coefficients)).astype(np.int16)

    def away(self, coefficients: Blocks, wanted: Elements, margin: float) -> Values:
        """The way to the middle of the cell."""
        steps = self.steps(coefficients)
        way = wanted * steps - self.carriers(coefficients)
        return np.where(np.abs(way) > steps / 2 - np.minimum(margin, steps / 10), way, 0)

    def steps(self, coefficients: Blocks) -> Values:
        """The step of each carrier."""
        return self.carriers(np.broadcast_to(self.table, coefficients.shape))


def extremes(file: Jpeg) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and largest value of each block's pixels, (rows, columns) [grey levels]; beyond 0..255 where they clip.

    Of the luminance before rounding, which a block that clips does not show, and of the decoded colours.
    """
    exact = inverse(file.quantised * file.table) + 128
    rows, columns = exact.shape[:2]
    least, largest = exact.min(axis=(2, 3)), exact.max(axis=(2, 3))
    if file.pixels.shape[2] > 1:
        shown = file.pixels[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, -1)
        least, largest = np.minimum(least, shown.min(axis=(1, 3))), np.maximum(largest, shown.max(axis=(1, 3)))
    return least, largest


def reach(cover: Jpeg) -> Blocks:
    """How far each coefficient alone can move until a pixel clips, (rows, columns, 8, 8); 0 in blocks that clip."""
    least, largest = extremes(cover)
    room = np.maximum(np.minimum(least, 255 - largest), 0)
    peaks = np.abs(BASIS).max(axis=1)
    return room[:, :, None, None] / np.outer(peaks, peaks)
