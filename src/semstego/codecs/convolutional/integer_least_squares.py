# SPDX-License-Identifier: Apache-2.0
"""Which symbols a reconstruction was made of: the whole numbers of which Ds makes the very picture that was seen.

Ds is affine, and rounding to 8 bits adds errors of 0.29 grey levels where a step of a symbol moves the picture by 2 to
3: an integer least-squares problem, which is easy but for patterns of symbols that Ds shrinks. Pixels at 0 or 255 may
be clipped, and are left out until the last search.

    least squares ─▸ symbols near a whole number are held, and the others solved for again, round by round
      ─▸ steps of single symbols (:mod:`.tabu_search`) ─▸ done as soon as the picture is the one that was seen

In the patterns that Ds shrinks most, least squares are worse than Es. So the symbols are drawn to those that Es gives,
with a weight that matters in no other pattern (Tikhonov). Holding what is nearly decided is decision feedback, as
receivers for several antennas do it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.convolutional.affine_map import AffineMap, Maps
from semstego.codecs.convolutional.tabu_search import Intervals

PULL: Final = 0.03  # weight of what Es makes of the picture: squares of [grey levels a step]
HELD: Final = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)  # distances from a whole number at which a symbol is held, in turn
TOLERANCE: Final = 0.01  # largest change in the last step of a solution [symbols]
MOST_STEPS: Final = 300  # of conjugate gradients in one solution; 30 to 100 are the rule
MOST_OUTSIDE: Final = 0.45  # of the pixels out of their intervals; 0.03 to 0.33 at first where Ds made the picture


@dataclass(frozen=True)
class _Problem:
    """Minimise the weighted squared distance of the picture of symbols from the one seen, plus the pull to the start.

    Attributes:
        affine: Ds.
        seen: The picture, ``(c, h, w)`` [grey levels].
        weights: 0 where it may be clipped, else 1, ``(c, h, w)``.
        start: What Es makes of it, real-valued symbols ``(c, h', w')``.
        scale: Of the preconditioner: one over the diagonal of the normal equations.
    """

    affine: AffineMap
    seen: Maps
    weights: Maps
    start: Maps
    scale: Maps

    @classmethod
    def of(cls, seen: Maps, start: Maps, affine: AffineMap) -> "_Problem":
        weights = ((seen > 0) & (seen < 255)).astype(np.float64)
        return cls(affine, seen, weights, start, 1 / (affine.power(weights) + PULL))

    def error(self, symbols: Maps) -> Maps:
        """The picture seen minus that of the symbols, 0 where it may be clipped."""
        return self.weights * (self.seen - self.affine.picture(symbols))

    def solved(self, symbols: Maps, free: NDArray[np.bool_]) -> Maps:
        """Real values for the free symbols while the others stay, by preconditioned conjugate gradients.

        Args:
            symbols: Where to start, ``(c, h', w')``.
            free: Which of them may move, of the same shape.
        """
        residual = free * (self.affine.gather(self.error(symbols)) + PULL * (self.start - symbols))
        direction = self.scale * residual
        power = (residual * direction).sum()
        for _ in range(MOST_STEPS):
            if not power:
                break
            change = free * (self.affine.gather(self.weights * self.affine.spread(direction)) + PULL * direction)
            length = power / (direction * change).sum()
            symbols = symbols + length * direction
            if length * np.abs(direction).max() < TOLERANCE:
                break
            residual = residual - length * change
            scaled = self.scale * residual
            power, before = (residual * scaled).sum(), power
            direction = scaled + power / before * direction
        return symbols


def nearest_symbols(seen: Maps, start: Maps, affine: AffineMap) -> NDArray[np.uint8]:
    """The symbols that a picture was made of, or where they are not found, some whose picture is near to it.

    Args:
        seen: The picture, ``(c, h, w)`` [grey levels].
        start: Real-valued symbols that Es makes of it, ``(c, h', w')``.
        affine: Ds.

    Returns:
        uint8 ``(c, h', w')``.
    """
    problem, intervals = _Problem.of(seen, start, affine), Intervals(seen, affine)
    values = problem.solved(start, np.ones(start.shape, np.bool_))
    for distance in HELD:
        whole = _whole(values)
        if not 0 < intervals.outside(whole) <= MOST_OUTSIDE * seen.size:
            return whole.astype(np.uint8)
        held = np.abs(values - whole) < distance
        values = problem.solved(np.where(held, whole, values), ~held)
    return intervals.searched(_whole(values)).astype(np.uint8)


def _whole(values: Maps) -> Maps:
    """The nearest symbols, as floats."""
    return np.rint(values).clip(0, 255)
