# SPDX-License-Identifier: Apache-2.0
"""DMAS: dither modulation in the middle frequencies, the cheapest parities by a binary trellis code."""

from semstego.baselines.base import Elements
from semstego.baselines.elements import MIDDLE, Lattice
from semstego.baselines.jpeg import Blocks, Jpeg
from semstego.baselines.method import Method, Moves, unit_costs


class Dmas(Method):
    """The bit of an element is its parity; a change goes to the nearer of the two neighbouring lattice points."""

    def rule(self) -> Lattice:
        """The channel's lattice in the middle frequencies."""
        return Lattice.of_channel(MIDDLE)

    def moves(self, cover: Jpeg, coefficients: Blocks, elements: Elements) -> Moves:
        """To the middles of the neighbouring cells, at J-UNIWARD's cost of so long a way."""
        rule = self.rule()
        carriers = rule.carriers(coefficients)
        steps = rule.steps(coefficients)
        rho = rule.carriers(unit_costs(cover))
        up, down = (elements + 1) * steps - carriers, (elements - 1) * steps - carriers
        return Moves(up, down, rho * abs(up), rho * abs(down))


BASELINE = Dmas(
    name="DMAS",
    known="Zhang et al. 2018: dither modulation with the channel's quantisation step, J-UNIWARD costs, a binary "
    "syndrome-trellis code of height 10 and Reed-Solomon (31, 15)",
    reconstructed="the paper could not be read: the choice of frequencies is that of its successor GMAS; coefficients "
    "are written instead of pixels; the sender simulates the channel and mends what would be misread",
    binary=True,
)
