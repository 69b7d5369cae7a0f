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
    count, channels = maps.shape[:2]
    flat = maps.reshape(count * channels, -1).astype(np.int64)
    offsets = np.arange(count * channels)[:, None] * LEVELS
    counts = np.bincount((flat + offsets).ravel(), minlength=count * channels * LEVELS)
    return (counts.reshape(count, channels * LEVELS) / flat.shape[1]).astype(np.float32)
