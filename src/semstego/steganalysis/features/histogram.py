# SPDX-License-Identifier: Apache-2.0
"""First-order statistics: how often each value occurs in each channel."""

import numpy as np
from numpy.typing import NDArray

LEVELS = 256


def histogram_per_channel(maps: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Shares of the 256 values in every channel, one channel after another.

    Args:
        maps: uint8 ``(n, c, h, w)``.

    Returns:
        float32 ``(n, c * 256)``.
    """
    return shares(maps, LEVELS).astype(np.float32)


def shares(codes: NDArray[np.integer], kinds: int) -> NDArray[np.float64]:
    """How often each code occurs in each map.

    Args:
        codes: Integers from 0 to kinds - 1, ``(n, c, ...)``.
        kinds: Number of different codes.

    Returns:
        float64 ``(n, c * kinds)``; the shares of each map sum to one.
    """
    flat = codes.reshape(codes.shape[0] * codes.shape[1], -1).astype(np.int64)
    offsets = np.arange(len(flat))[:, None] * kinds
    counts = np.bincount((flat + offsets).ravel(), minlength=len(flat) * kinds)
    return counts.reshape(len(codes), -1) / flat.shape[1]
