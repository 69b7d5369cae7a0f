# SPDX-License-Identifier: Apache-2.0
"""GMAS: DMAS generalised, with two targets for each element, a ternary trellis code and asymmetric costs."""

from typing import Final

import numpy as np

from semstego.baselines.base import Elements
from semstego.baselines.dmas import Dmas
from semstego.baselines.elements import Rule, Values
from semstego.baselines.jpeg import Blocks, Jpeg, luminance_blocks, transform
from semstego.baselines.method import Moves

TOWARDS: Final = 0.7
"""What a change towards the smoothed cover costs of what it else would."""


class Gmas(Dmas):
    """Elements change by +1 or -1 to the middle of the neighbouring cell."""

    def moves(self, cover: Jpeg, coefficients: Blocks, elements: Elements) -> Moves:
        """Those of DMAS, at costs that are lower towards the smoothed cover."""
        both = super().moves(cover, coefficients, elements)
        return towards_smooth(both, cover, coefficients, self.rule())


def towards_smooth(moves: Moves, cover: Jpeg, coefficients: Blocks, rule: Rule) -> Moves:
    """The same moves, cheaper in the direction of the cover after a 3x3 mean."""
    smooth = rule.carriers(_smoothed(cover))
    carriers: Values = rule.carriers(coefficients)
    up_cost = np.where(carriers < smooth, TOWARDS, 1) * moves.up_cost
    down_cost = np.where(carriers > smooth, TOWARDS, 1) * moves.down_cost
    return Moves(moves.up, moves.down, up_cost, down_cost)


def _smoothed(cover: Jpeg) -> Blocks:
    """Coefficients of the 3x3 mean of the decoded luminance, mirrored at the borders."""
    blocks = luminance_blocks(cover.pixels)
    plane = blocks.swapaxes(1, 2).reshape(blocks.shape[0] * blocks.shape[2], -1)
    padded = np.pad(plane, 1, "symmetric")
    height, width = plane.shape
    mean = sum(padded[y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9
    return transform(np.reshape(mean, (blocks.shape[0], blocks.shape[2], blocks.shape[1], -1)).swapaxes(1, 2))


BASELINE = Gmas(
    name="GMAS",
    known="the authors' Matlab code (Robust_Steganography): 21 middle frequencies of the decoded pixels, lattice of "
    "the channel's table, moves to the middle of a neighbouring cell, asymmetric J-UNIWARD costs, a two-layer "
    "syndrome-trellis code of height 10, Reed-Solomon (31, 15), layer sizes handed to the receiver",
    reconstructed="J-UNIWARD's windows are not those, one pixel off, of its first implementation; coefficients are "
    "written instead of pixels; changes that could clip are the last choice (after MINICER, by the same authors); the "
    "sender simulates the channel and mends what would be misread",
    binary=False,
)
