# SPDX-License-Identifier: Apache-2.0
"""A linear prediction of each symbol from its neighbours in all maps, and the residuals that it leaves.

    maps ─▸ least squares: every value from the 3x3 values around it in all maps, itself left out ─▸ weights
    maps ─▸ value less prediction ─▸ residuals

A codec's maps depend on one another, above all at one place. What all of them predict is no place for a change: a
warden computes the same prediction. Weights are multiples of 1/1024 and sums are of whole numbers below 2^53 while
fitting, below 2^24 while predicting: nothing is rounded, and the order of additions does not matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

SIDE = 3  # of the window that predicts
TAPS = SIDE * SIDE
_CENTRE = 128  # of a codec's symbols
_RIDGE = 10.0  # weighted squares; binds where maps stand still, or where places are few
_CALM = 0.5  # deviation of the window [values] at which a place weighs a quarter of a still one
_WEIGHT = 256  # of a still place; whole numbers keep sums exact
_FRACTION = 1024  # weights are multiples of 1 / 1024
_MOST_PLACES = 1 << 16  # that are fitted to, spread evenly
_BATCH = 4096  # places worked on at once


@dataclass(frozen=True, eq=False)
class JointPredictor:
    """Predicts every value of every map from those around it in all maps.

    Attributes:
        weights: float32 ``(c, 9 c + 1)``, for values less 128 in the order map, row, column, and a constant.
    """

    weights: NDArray[np.float32]

    @classmethod
    def fit(cls, maps: NDArray[np.uint8]) -> "JointPredictor":
        """From maps ``(n, c, h, w)``; calm surroundings weigh most, as in them a change is easiest to see.

        Raises:
            ValueError: If the maps are smaller than the window.
        """
        windows = sliding_window_view(maps, (SIDE, SIDE), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
        count, channels = windows[..., 0, 0, 0].size, maps.shape[1]
        chosen = np.linspace(0, count - 1, min(count, _MOST_PLACES)).astype(np.int64)
        normal = np.zeros((TAPS * channels + 1,) * 2)
        for start in range(0, len(chosen), _BATCH):
            places = np.unravel_index(chosen[start : start + _BATCH], windows.shape[:3])
            around = windows[places].reshape(-1, TAPS * channels).astype(np.float64) - _CENTRE
            unrest = around.reshape(-1, channels, TAPS).std(2).mean(1)
            weight = np.ceil(_WEIGHT * (_CALM / (_CALM + unrest)) ** 2)
            around = np.pad(around, ((0, 0), (0, 1)), constant_values=1)
            normal += (around * weight[:, None]).T @ around
        # The inverse holds the regression of every value on all others, but for a factor.
        precision = np.linalg.inv(normal / _WEIGHT + _RIDGE * np.eye(len(normal)))
        own = TAPS * np.arange(channels) + TAPS // 2
        weights = -precision[own] / precision[own, own][:, None]
        weights[np.arange(channels), own] = 0
        return cls((np.rint(weights * _FRACTION) / _FRACTION).astype(np.float32))

    def residuals(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Values less predictions of maps ``(c, h, w)``, where the window fits: float32 ``(c, h - 2, w - 2)``."""
        values = maps.astype(np.float32) - _CENTRE
        channels, height, width = maps.shape
        rows, columns = height - SIDE + 1, width - SIDE + 1
        kernels = self.weights[:, :-1].reshape(channels, channels, SIDE, SIDE)
        found = values[:, 1 : 1 + rows, 1 : 1 + columns] - self.weights[:, -1, None, None]
        for y in range(SIDE):
            for x in range(SIDE):
                shifted = values[:, y : y + rows, x : x + columns].reshape(channels, -1)
                found -= (kernels[:, :, y, x] @ shifted).reshape(found.shape)
        return found
