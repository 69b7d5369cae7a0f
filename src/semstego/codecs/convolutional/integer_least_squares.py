# SPDX-License-Identifier: Apache-2.0
"""Which symbols a reconstruction was made of: the whole numbers of which Ds makes the very picture that was seen.

Ds is affine, and rounding to 8 bits adds errors of 0.29 grey levels where a step of a symbol moves the picture by 2 to
3: an integer least-squares problem, which is easy but for patterns of symbols that Ds shrinks. Pixels at 0 or 255 may
be clipped, and are left out until the last search.

    symbols that Es finds ─▸ done if the picture is the one that was seen, as of codecs that are trained for it
      ─▸ least squares ─▸ symbols near a whole number are held, and the others solved for again, round by round
      ─▸ steps of single symbols (:mod:`.tabu_search`) ─▸ done as soon as the picture is the one that was seen

In the patterns that Ds shrinks most, least squares are worse than Es. So the symbols are drawn to those that Es gives,
by a weight that falls with the distance between the two (Tikhonov): it matters in no other pattern, and little where
the picture has much detail, of which Es misses most.
Holding what is nearly decided is decision feedback, as
receivers for several antennas do it.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.convolutional.affine_map import AffineMap, Maps
from semstego.codecs.convolutional.tabu_search import Intervals

FIRST_PULL: Final = 0.03  # weight of the symbols that Es gives: squares of [grey levels a step]
PULL: Final = 0.015  # the same times their mean squared distance from the first solution
PULLS: Final = (2e-4, 0.3)  # least and largest weight
HELD: Final = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)  # distances from a whole number at which a symbol is held, in turn
TOLERANCE: Final = 0.01  # largest change in the last step of a solution [symbols]
MOST_STEPS: Final = 300  # of conjugate gradients in one solution; 30 to 100 are the rule
FIRST_LOOKS: Final = (40, MOST_STEPS)  # steps of the first solution after which to look at the pixels
MOST_OUTSIDE: Final = 0.45  # of them out of their intervals; 0.03 to 0.36 after 40 steps of crops that Ds made, and of
# all others but smooth ones 0.56 and more
MOST_SEARCHED: Final = 0.1  # of the pixels at last; above 0.05 the search finds nothing


@dataclass(frozen=True)
class _Problem:
    """Minimise the weighted squared distance of the picture of symbols from the one seen, plus the pull to the start.

    Attributes:
        affine: Ds.
        seen: The picture, ``(c, h, w)`` [grey levels].
        weights: 0 where it may be clipped, else 1, ``(c, h, w)``.
        powers: Of the footprints under these weights, ``(c, h', w')``.
        start: What Es makes of the picture, real-valued symbols ``(c, h', w')``.
        pull: Weight of the squared distance from the start.
    """

    affine: AffineMap
    seen: Maps
    weights: Maps
    powers: Maps
    start: Maps
    pull: float = FIRST_PULL

    @classmethod
    def of(cls, seen: Maps, start: Maps, affine: AffineMap) -> "_Problem":
        weights = ((seen > 0) & (seen < 255)).astype(np.float64)
        return cls(affine, seen, weights, affine.power(weights), start)

    def informed_by(self, values: Maps) -> "_Problem":
        """The same with a pull by how far a first solution is from the start."""
        distance = max(float(np.mean((values - self.start) ** 2)), np.finfo(float).tiny)
        return replace(self, pull=float(np.clip(PULL / distance, *PULLS)))

    def error(self, symbols: Maps) -> Maps:
        """The picture seen minus that of the symbols, 0 where it may be clipped."""
        return self.weights * (self.seen - self.affine.picture(symbols))

    def solved(self, symbols: Maps, free: NDArray[np.bool_], steps: int = MOST_STEPS) -> Maps:
        """Real values for the free symbols while the others stay, by preconditioned conjugate gradients.

        Args:
            symbols: Where to start, ``(c, h', w')``.
            free: Which of them may move, of the same shape.
            steps: At most, of conjugate gradients.
        """
        scale = 1 / (self.powers + self.pull)  # the preconditioner: one over the diagonal of the normal equations
        residual = free * (self.affine.gather(self.error(symbols)) + self.pull * (self.start - symbols))
        direction = scale * residual
        power = (residual * direction).sum()
        for _ in range(steps):
            if not power:
                break
            change = self.affine.gather(self.weights * self.affine.spread(direction)) + self.pull * direction
            length = power / (direction * change).sum()
            symbols = symbols + length * direction
            if length * np.abs(direction).max() < TOLERANCE:
                break
            residual = residual - length * free * change
            scaled = scale * residual
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
    if intervals.outside(_whole(start)) == 0:
        return _whole(start).astype(np.uint8)
    every = np.ones(start.shape, np.bool_)
    values = start
    for steps in FIRST_LOOKS:
        values = problem.solved(values, every, steps)
        whole = _whole(values)
        if intervals.outside(whole) > MOST_OUTSIDE * seen.size:
            return whole.astype(np.uint8)
    problem = problem.informed_by(values)
    values = problem.solved(values, every)
    for distance in HELD:
        whole = _whole(values)
        if intervals.outside(whole) == 0:
            return whole.astype(np.uint8)
        held = np.abs(values - whole) < distance
        values = problem.solved(np.where(held, whole, values), ~held)
    whole = _whole(values)
    if intervals.outside(whole) <= MOST_SEARCHED * seen.size:
        whole = intervals.searched(whole)
    return whole.astype(np.uint8)


def _whole(values: Maps) -> Maps:
    """The nearest symbols, as floats."""
    return np.rint(values).clip(0, 255)
