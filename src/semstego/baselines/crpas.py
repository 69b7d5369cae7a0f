# SPDX-License-Identifier: Apache-2.0
"""CRPAS-like: whether a coefficient exceeds its neighbours by a threshold."""

from typing import Final

import numpy as np

from semstego.baselines.base import Elements
from semstego.baselines.gmas import towards_smooth
from semstego.baselines.jpeg import Blocks, Jpeg
from semstego.baselines.method import Method, Moves, unit_costs
from semstego.baselines.neighbours import Comparisons

SCALE: Final = 0.5
"""Threshold over the channel's step: half way between a coefficient that is 0 and one that is 1 behind the channel."""


class Crpas(Method):
    """The bit of an element is the outcome of the comparison."""

    def rule(self) -> Comparisons:
        """Comparisons with the white neighbours."""
        return Comparisons(SCALE)

    def moves(self, cover: Jpeg, coefficients: Blocks, elements: Elements) -> Moves:
        """To the other side of the threshold, at asymmetric costs of so long a way; one direction for each element."""
        rule = self.rule()
        beyond = rule.thresholds(coefficients) - rule.differences(coefficients)
        up, down = beyond + rule.depth(coefficients), beyond - rule.depth(coefficients)
        rho = rule.carriers(unit_costs(cover))
        up_cost = np.where(elements == 0, rho * abs(up), np.inf)
        down_cost = np.where(elements == 1, rho * abs(down), np.inf)
        return towards_smooth(Moves(up, down, up_cost, down_cost), cover, coefficients, rule)


BASELINE = Crpas(
    name="CRPAS-like",
    known="Zhang et al., Information Sciences 2021, by public descriptions: relations between coefficients of "
    "neighbouring blocks, for the lossy channels of social networks, asymmetric costs, a syndrome-trellis code of "
    "height 10, Reed-Solomon (31, 15)",
    reconstructed="the paper could not be read, so all details are ours: chessboard of blocks, comparison with the "
    "neighbours' mean at thresholds of half the channel's step, asymmetric costs as in GMAS, the sender's mending",
    binary=True,
)
