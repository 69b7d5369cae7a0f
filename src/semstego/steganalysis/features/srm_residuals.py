# SPDX-License-Identifier: Apache-2.0
"""Noise residuals of the spatial rich model: linear filters that remove what is smooth, quantised to five levels.

[Fridrich2012] J. Fridrich, J. Kodovsky, "Rich models for steganalysis of digital images", IEEE TIFS 7(3), 2012.

A residual is named by where it looks from its pixel, as on a number pad; 5 is the kernel without a direction:

    7 8 9    s1  8 first differences   d(x) = p(x + 1) - p(x)              s3x3  3x3 kernel (5), its halves (8 4 2 6)
    4 5 6    s2  4 second differences  p(x - 1) - 2 p(x) + p(x + 1)        s5x5  5x5 kernel (5), its halves (8 4 2 6)
    1 2 3    s3  8 third differences   p(x - 1) - 3 p(x) + 3 p(x + 1) - p(x + 2)

The quantisation step is the kernel's weight of its own pixel (1, 2, 3, 4, 12), the paper's q = 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = ["LEVELS", "SRM_FAMILIES", "Family", "quantised_residuals"]

LEVELS = 5  # residuals are clipped to -2..2 steps, and stored as 0..4

_KERNEL_3 = np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]])
_KERNEL_5 = np.array(
    [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]
)


@dataclass(kw_only=True, slots=True, frozen=True)
class Family:
    """Residuals with kernels of one size and one quantisation step."""

    names: str
    """A digit for each residual."""
    kernels: NDArray[np.int16]
    """``residuals side side``, correlated with the plane."""
    step: int
    """Quantisation step [grey levels]."""


def _differences(taps: list[int], straight: str, diagonal: str) -> Family:
    """The taps lie along each direction, the middle one on the residual's own pixel."""
    side = len(taps)
    right = np.zeros((side, side), np.int16)
    right[side // 2] = taps
    up_right = np.diag(np.array(taps, np.int16))[::-1]
    kernels = [np.rot90(right, turns) for turns in range(len(straight))]
    kernels += [np.rot90(up_right, turns) for turns in range(len(diagonal))]
    return Family(names=straight + diagonal, kernels=np.stack(kernels), step=abs(taps[side // 2]))


def _kernel_and_halves(kernel: NDArray[np.integer]) -> Family:
    """The kernel, and the parts of it that keep the middle row or column and what is on one side."""
    middle = len(kernel) // 2
    upper = kernel.copy()
    upper[middle + 1 :] = 0
    kernels = np.stack([kernel, *(np.rot90(upper, turns) for turns in range(4))])
    return Family(names="58426", kernels=kernels.astype(np.int16), step=abs(int(kernel[middle, middle])))


SRM_FAMILIES = {
    "s1": _differences([0, -1, 1], "6842", "9713"),
    "s2": _differences([1, -2, 1], "68", "97"),
    "s3": _differences([0, 1, -3, 3, -1], "6842", "9713"),
    "s3x3": _kernel_and_halves(_KERNEL_3),
    "s5x5": _kernel_and_halves(_KERNEL_5),
}


@compiled
def quantised_residuals(plane: NDArray[np.uint8], kernels: NDArray[np.int16], step: int) -> NDArray[np.uint8]:
    """Residuals of one plane and their negatives, where the kernels fit in.

    Args:
        plane: uint8 ``h w``, contiguous.
        kernels: int16 ``residuals side side``.
        step: Quantisation step [grey levels].

    Returns:
        uint8 ``2 residuals pixels``: the residuals, then their negatives; pixels row by row, h - side + 1 rows.
    """
    count, side, _ = kernels.shape
    stride, width = plane.shape[1], plane.shape[1] - side + 1
    height = plane.shape[0] - side + 1
    sums = np.empty(height * stride - side + 1, np.int16)  # at most 48 * 255 in size
    levels = np.empty((2, count, height * width), np.uint8)
    for k in range(count):
        _correlate(plane.ravel(), stride, kernels[k], sums)
        for y in range(height):
            row = slice(y * width, (y + 1) * width)
            _quantise(sums[y * stride : y * stride + width], step, levels[0, k, row], levels[1, k, row])
    return levels


@compiled
def _correlate(pixels: NDArray[np.uint8], stride: int, kernel: NDArray[np.int16], sums: NDArray[np.int16]) -> None:
    """Correlation at every pixel of the flat plane; values where the kernel wraps around a border are meaningless."""
    sums[:] = 0
    for y in range(kernel.shape[0]):
        for x in range(kernel.shape[1]):
            tap = kernel[y, x]
            if tap == 0:
                continue
            shifted = pixels[y * stride + x :]
            for p in range(sums.size):
                sums[p] += tap * shifted[p]


@compiled
def _quantise(sums: NDArray[np.int16], step: int, levels: NDArray[np.uint8], negated: NDArray[np.uint8]) -> None:
    """Round sums / step with halves away from zero, clip to -2..2, add 2; and the same of the negated sums."""
    for x in range(sums.size):
        double = 2 * sums[x]
        level = (double >= step) + (double >= 3 * step) + (double > -step) + (double > -3 * step)
        levels[x] = level
        negated[x] = LEVELS - 1 - level
