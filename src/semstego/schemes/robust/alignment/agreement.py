# SPDX-License-Identifier: Apache-2.0
"""How well pilots agree, for so many guesses that exactness costs too much: few periods, and cosines by table.

Guesses are made with the pilots of some cells, and only the best are looked at with all of them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled
from semstego.message.cipher import Key
from semstego.schemes.robust import layout
from semstego.schemes.robust.layout import FORMATS, Grid
from semstego.schemes.robust.marking import LADDER

HOPEFUL_Z: Final = 4.5
"""What the best of some thousand guesses reaches where there is no message."""

_ANGLES: Final = 1024
_FORMATS: Final = len(FORMATS)
_COSINES: Final = np.cos(2 * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES)
_RATES: Final = 1 / LADDER[7:20]  # periods of 16 to 128: weaker lattices do not survive what has to be searched for


class Pilots:
    """The pilots of some cells.

    Attributes:
        slots: Theirs.
        signs: Of their cosines in each format, float64 ``(cells, pilots, formats)``.
    """

    def __init__(self, key: Key, grid: Grid) -> None:
        self.slots, bits = layout.pilots(key, grid)
        self.signs = np.ascontiguousarray(1 - 2 * np.moveaxis(bits, 0, -1).astype(np.float64))

    def z(self, band: NDArray[np.float64]) -> float:
        """Agreement of a band ``(cells, coefficients)`` in its standard deviations, of the best period and format."""
        flat = self.slots.dithers.ravel(), self.signs.reshape(-1, self.signs.shape[2])
        return best_z(self.slots.project(band).ravel(), *flat)


@compiled
def best_z(projections: NDArray[np.float64], dithers: NDArray[np.float64], signs: NDArray[np.float64]) -> float:
    """Agreement in standard deviations at the best period and format.

    Args:
        projections: Of the pilots, ``(n,)``.
        dithers: Theirs, ``(n,)``.
        signs: Theirs in each format, ``(n, formats)``.
    """
    best = -np.inf
    for rate in _RATES:
        sums = np.zeros(_FORMATS)
        for i in range(projections.size):
            cosine = _COSINES[int((projections[i] * rate - dithers[i]) * _ANGLES) & (_ANGLES - 1)]
            for k in range(_FORMATS):
                sums[k] += signs[i, k] * cosine
        best = max(best, sums.max())
    return float(best * np.sqrt(2 / max(projections.size, 1)))
