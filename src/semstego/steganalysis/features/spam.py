# SPDX-License-Identifier: Apache-2.0
"""SPAM-686, the subtractive pixel adjacency matrix, of pictures or of feature maps.

[Pevny2010] T. Pevny, P. Bas, J. Fridrich, "Steganalysis by subtractive pixel adjacency matrix", IEEE TIFS 5(2), 2010.

Along a direction, D_p = x_p - x_(p+1), truncated to -3..3; three neighbouring differences have 7^3 = 343 patterns.
A plane has eight directions, and a walk backwards is the forward walk negated and reversed:

    four walked         features 0..342    mean over right, left, down, up
    → ↓ ↘ ↗             features 343..685  mean over the four diagonal directions

A pattern (i, j, k), in the order of the walk, sits at 49 (i + 3) + 7 (j + 3) + (k + 3) of its half.

Differs from the paper in: the shares are those of the authors' public code, joint ones, Pr(i, j, k), where the paper
defines a Markov chain by Pr(k | i, j). ``conditional=True`` gives the paper's.
"""

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = ["SPAM_SIZE", "spam686", "spam_per_channel"]

_REACH = 3
_LEVELS = 2 * _REACH + 1
_PATTERNS = _LEVELS**3
_MIRROR = np.arange(_PATTERNS).reshape(3 * (_LEVELS,))[::-1, ::-1, ::-1].transpose(2, 1, 0).ravel().copy()
"""Where a pattern (i, j, k) lands when the walk is reversed: (-k, -j, -i)."""

SPAM_SIZE = 2 * _PATTERNS
"""Features of one plane: 686."""


def spam686(planes: NDArray[np.uint8], *, conditional: bool = False) -> NDArray[np.float32]:
    """SPAM features of a batch of planes.

    Args:
        planes: uint8 ``n h w``, both sides at least 4 px.
        conditional: True for Pr(k | i, j) as printed in [Pevny2010], False for Pr(i, j, k) as in the public code.

    Returns:
        float32 ``n 686``. Joint shares of either half sum to one.

    Raises:
        ValueError: If the planes are not a uint8 batch ``n h w`` with sides of 4 px or more.
    """
    if planes.ndim != 3 or planes.dtype != np.uint8 or min(planes.shape[1:]) <= _REACH:
        raise ValueError(f"SPAM wants uint8 n h w with sides over {_REACH} px, got {planes.dtype} {planes.shape}")
    features = np.zeros((len(planes), SPAM_SIZE), np.float32)
    _fill(np.ascontiguousarray(planes), conditional, features)
    return features


def spam_per_channel(pictures: NDArray[np.uint8], *, conditional: bool = False) -> NDArray[np.float32]:
    """SPAM features of every channel, one after another: each channel of a codec has its own statistics.

    Args:
        pictures: uint8 ``n c h w``, symbols or pictures with the channels first.
        conditional: See `spam686`.

    Returns:
        float32 ``n (c 686)``.
    """
    count, channels = pictures.shape[:2]
    planes = pictures.reshape(count * channels, *pictures.shape[2:])
    return spam686(planes, conditional=conditional).reshape(count, channels * SPAM_SIZE)


@compiled
def _fill(planes: NDArray[np.uint8], conditional: bool, features: NDArray[np.float32]) -> None:
    """Features of every plane; the walks go right, down, down-right and up-right."""
    for n in range(planes.shape[0]):
        for half in range(2):
            part = features[n, half * _PATTERNS : (half + 1) * _PATTERNS]
            for walk in range(2):
                down, right = (walk, 1 - walk) if half == 0 else (1 - 2 * walk, 1)
                _add_shares(_count_patterns(planes[n], down, right), conditional, part)


@compiled
def _truncate(difference: np.integer) -> int:
    return min(max(int(difference), -_REACH), _REACH)


@compiled
def _count_patterns(plane: NDArray[np.uint8], down: int, right: int) -> NDArray[np.int64]:
    """How often each pattern of three differences occurs on walks of step (down, right)."""
    height, width = plane.shape
    counts = np.zeros(_PATTERNS, np.int64)
    top, bottom = max(0, -_REACH * down), height - max(0, _REACH * down)
    for y in range(top, bottom):
        first, second = plane[y], plane[y + down]
        third, fourth = plane[y + 2 * down], plane[y + 3 * down]
        for x in range(width - _REACH * right):
            p, q = np.int32(first[x]), np.int32(second[x + right])
            r, s = np.int32(third[x + 2 * right]), np.int32(fourth[x + 3 * right])
            near, middle, far = _truncate(p - q), _truncate(q - r), _truncate(r - s)
            counts[(near * _LEVELS + middle) * _LEVELS + far + _PATTERNS // 2] += 1
    return counts


@compiled
def _add_shares(counts: NDArray[np.int64], conditional: bool, part: NDArray[np.float32]) -> None:
    """Add a quarter of the shares, and of those of the walk backwards, to one half of the features."""
    total = counts.sum()
    for mirrored in range(2):
        for start in range(0, _PATTERNS, _LEVELS):  # patterns of one (i, j) lie side by side
            given = 0
            for pattern in range(start, start + _LEVELS):
                given += counts[_MIRROR[pattern] if mirrored else pattern]
            if given == 0:
                continue  # a pair never seen has probabilities 0, not 0 / 0
            whole = given if conditional else total
            for pattern in range(start, start + _LEVELS):
                part[pattern] += 0.25 * counts[_MIRROR[pattern] if mirrored else pattern] / whole
