# SPDX-License-Identifier: Apache-2.0
"""Elements of the relation between a coefficient and the same one of the neighbouring blocks.

Blocks are coloured like a chessboard. The carriers are middle frequencies of the black blocks; each is compared with
the mean of that frequency in the white blocks above, below, left and right, which never change.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.baselines.base import Elements
from semstego.baselines.elements import CHANNEL_QUALITY, MIDDLE, Rule, Values
from semstego.baselines.jpeg import Blocks, annex_k


@dataclass(frozen=True)
class Neighbours(Rule):
    """What the rules of relations share; each says what the differences show.

    Attributes:
        scale: Steps of the rule, as a multiple of those of the channel's table.
    """

    scale: float

    def carriers(self, coefficients: NDArray[Any]) -> NDArray[Any]:
        """The middle frequencies of the black blocks."""
        return coefficients[black(coefficients.shape)][:, MIDDLE].ravel()

    def put(self, coefficients: Blocks, values: Values) -> Blocks:
        """The carriers replaced."""
        changed = coefficients.copy()
        chosen = black(coefficients.shape)
        blocks = changed[chosen]
        blocks[:, MIDDLE] = values.reshape(len(blocks), -1)
        changed[chosen] = blocks
        return changed

    def differences(self, coefficients: Blocks) -> Values:
        """Each carrier less the mean of its white neighbours."""
        return self.carriers(coefficients - _mean_of_neighbours(coefficients))

    def steps(self, coefficients: Blocks) -> Values:
        """The step of each carrier."""
        return self.scale * self.carriers(np.broadcast_to(annex_k(CHANNEL_QUALITY), coefficients.shape))


class Differences(Neighbours):
    """Elements are k = round(difference / step)."""

    def read(self, coefficients: Blocks) -> Elements:
        """The nearest cell of each difference."""
        return np.rint(self.differences(coefficients) / self.steps(coefficients)).astype(np.int16)

    def away(self, coefficients: Blocks, wanted: Elements, margin: float) -> Values:
        """The way to the middle of the cell."""
        steps = self.steps(coefficients)
        way = wanted * steps - self.differences(coefficients)
        return np.where(np.abs(way) > steps / 2 - np.minimum(margin, steps / 10), way, 0)


class Comparisons(Neighbours):
    """Elements are 1 where the difference is at least a threshold of one step, else 0.

    In most blocks all differences are near 0, where a channel would turn a mere sign; hence the threshold. It is
    positive in every other carrier and negative in the rest, so that changes do not favour one direction, and an
    element that has its likely value is 0 under a positive threshold, 1 under a negative one.
    """

    def thresholds(self, coefficients: Blocks) -> Values:
        """That of each carrier."""
        steps = self.steps(coefficients)
        return np.where(np.arange(steps.size) % 2, -steps, steps)

    def read(self, coefficients: Blocks) -> Elements:
        """Which side of the threshold each difference is on."""
        return (self.differences(coefficients) >= self.thresholds(coefficients)).astype(np.int16)

    def away(self, coefficients: Blocks, wanted: Elements, margin: float) -> Values:
        """The way to ``depth`` beyond the threshold."""
        side = np.where(wanted == 1, 1.0, -1.0)
        beyond = side * (self.differences(coefficients) - self.thresholds(coefficients))
        return np.where(beyond < margin, side * (self.depth(coefficients) - beyond), 0)

    def depth(self, coefficients: Blocks) -> Values:
        """How far from the threshold a changed carrier goes: half a step of the channel."""
        return self.steps(coefficients) / (2 * self.scale)


def black(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which blocks carry, bool (rows, columns): those whose row and column add up to an even number."""
    even: NDArray[np.bool_] = np.add.outer(np.arange(shape[0]), np.arange(shape[1])) % 2 == 0
    return even


def _mean_of_neighbours(coefficients: Blocks) -> Blocks:
    """Mean over the neighbours above, below, left and right, as many as there are; 0 where there is none."""
    padded = np.pad(coefficients, ((1, 1), (1, 1), (0, 0), (0, 0)))
    there = np.pad(np.ones(coefficients.shape[:2]), 1)
    total, count = np.zeros(coefficients.shape), np.zeros(coefficients.shape[:2])
    for rows, columns in ((slice(None, -2), slice(1, -1)), (slice(2, None), slice(1, -1)),
                          (slice(1, -1), slice(None, -2)), (slice(1, -1), slice(2, None))):  # fmt: skip
        total += padded[rows, columns]
        count += there[rows, columns]
    mean: Blocks = total / np.maximum(count, 1)[:, :, None, None]
    return mean
