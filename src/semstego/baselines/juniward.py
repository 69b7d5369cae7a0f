# SPDX-License-Identifier: Apache-2.0
"""J-UNIWARD: what a change of one JPEG coefficient costs.

Holub, Fridrich, Denemark, "Universal distortion function for steganography in an arbitrary domain", EURASIP JIS 2014.
A change of a coefficient moves 23x23 wavelet coefficients in each of three directional subbands; it costs the sum of
|move| / (|wavelet coefficient of the cover| + 2^-6).

That sum is a matrix product of blocks' surroundings with modes' absolute moves, which BLAS does: 23 ms of one core for
360x360 pixels and all modes. The windows lie where the changes are; the first implementation has them one pixel off
(arXiv 2305.19776).
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.baselines.jpeg import BASIS, BLOCK
from semstego.schemes.syndrome.wavelet import HIGH, LOW, REACH, filtered

SIGMA: Final = 2.0**-6
"""Added to every wavelet coefficient, so that a flat region is dear and not forbidden."""

SUBBANDS: Final = ((LOW, HIGH), (HIGH, LOW), (HIGH, HIGH))
SUPPORT: Final = BLOCK + REACH  # wavelet coefficients on a side that a block's change reaches
ROWS: Final = 16  # of blocks at a time, so that their surroundings take little memory


def cost(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cost of moving each coefficient by 1 (not by a quantisation step; it is proportional to the move).

    Args:
        blocks: Decoded pixels ``(rows, columns, 8, 8)`` [grey levels]; a constant added to all changes nothing.

    Returns:
        ``(rows, columns, 8, 8)``, above 0.
    """
    rows, columns = blocks.shape[:2]
    plane = blocks.swapaxes(1, 2).reshape(rows * BLOCK, columns * BLOCK)
    padded = np.pad(plane, REACH, "symmetric")
    rho = np.zeros((rows, columns, BLOCK * BLOCK))
    for (vertical, horizontal), moves in zip(SUBBANDS, _moves(), strict=True):
        weight = 1 / (np.abs(filtered(padded, vertical, horizontal)) + SIGMA)
        windows = np.lib.stride_tricks.sliding_window_view(weight, (SUPPORT, SUPPORT))[::BLOCK, ::BLOCK]
        for first in range(0, rows, ROWS):
            part = windows[first : first + ROWS]
            rho[first : first + ROWS] += part.reshape(len(part), columns, SUPPORT * SUPPORT) @ moves
    return rho.reshape(rows, columns, BLOCK, BLOCK)


@lru_cache
def _moves() -> tuple[NDArray[np.float64], ...]:
    """|Wavelet coefficients| of each mode's unit change, per subband (23 * 23, 64)."""
    patterns = np.einsum("uy,vx->uvyx", BASIS, BASIS).reshape(BLOCK * BLOCK, BLOCK, BLOCK)
    padded = np.pad(patterns, ((0, 0), (REACH, REACH), (REACH, REACH)))
    return tuple(
        np.stack([np.abs(filtered(one, vertical, horizontal)).ravel() for one in padded], axis=1)
        for vertical, horizontal in SUBBANDS
    )
