# SPDX-License-Identifier: Apache-2.0
"""Residuals of each map predicted from all maps, and how often they stand side by side.

    covers  ─▸ least squares: every value from the 3x3 values around it in all maps, itself left out
    any map ─▸ value less prediction ─▸ rounded to steps of 1/2, 1 and 2, cut at -2 and 2 ─▸ shares of patterns
               four in a row or a column, map by map     merged with the reversed and the negated one, as in SRM
               up to four maps at one place              as they are

SPAM and SRM filter each map by itself, as if it were a picture of its own. But the maps of a codec tell of one another,
above all at one place, and what the others foretell hides no change. Written for this project; the co-occurrences are
those of the spatial rich model (Fridrich, Kodovsky, IEEE TIFS 2012), the fitted predictor stands where it has filters.
Shares are square-rooted, after which a linear judge compares them as Hellinger's distance does (Boroumand, Fridrich,
IEEE ICASSP 2017, on normalising rich features).
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from semstego.steganalysis.srm_residuals import LEVELS
from semstego.steganalysis.srmq1 import merged_patterns

STEPS = (0.5, 1.0, 2.0)  # of quantised residuals [values]
SIDE = 3  # of the window that predicts
TOGETHER = 4  # residuals of a pattern
_CENTRE = 128  # of a codec's symbols; keeps sums of squares small
_RIDGE = 1e-3  # for maps that stand still
_BATCH = 50  # maps worked on at once
_MERGED = merged_patterns(with_sign=True)
_KINDS = int(_MERGED.max()) + 1

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class JointPredictor:
    """Predicts every value of every map from those around it.

    Attributes:
        weights: float32 ``(c, 9 c + 1)``, for values less 128 in the order map, row, column, and a constant.
    """

    weights: Array

    @classmethod
    def fit(cls, covers: NDArray[np.uint8]) -> "JointPredictor":
        """From covers ``(n, c, h, w)``; smooth surroundings weigh most, as in them a change is easiest to see."""
        channels = covers.shape[1]
        taps = SIDE * SIDE
        normal = np.zeros((taps * channels + 1,) * 2)
        for start in range(0, len(covers), _BATCH):
            around = _around(covers[start : start + _BATCH]).reshape(-1, taps * channels)
            unrest = around.reshape(-1, channels, taps).std(2).mean(1)
            around = np.pad(around, ((0, 0), (0, 1)), constant_values=1)
            normal += (around / (0.5 + unrest[:, None]) ** 2).T @ around
        weights = np.zeros((channels, len(normal)), np.float32)
        for channel in range(channels):
            own = taps * channel + taps // 2
            others = np.delete(np.arange(len(normal)), own)
            matrix = normal[np.ix_(others, others)] + _RIDGE * np.eye(len(others))
            weights[channel, others] = np.linalg.solve(matrix, normal[others, own])
        return cls(weights)

    def residuals(self, maps: NDArray[np.uint8]) -> Array:
        """Values less predictions, float32 ``(n, c, h - 2, w - 2)``."""
        around, (channels, height, width) = _around(maps), maps.shape[1:]
        predicted = around @ self.weights[:, :-1].T + self.weights[:, -1]
        own = maps[:, :, 1 : height - 1, 1 : width - 1].astype(np.float32) - _CENTRE
        found: Array = own - predicted.reshape(len(maps), height - 2, width - 2, channels).transpose(0, 3, 1, 2)
        return found

    def features(self, maps: NDArray[np.uint8]) -> Array:
        """Square roots of the shares of all patterns, float32 ``(n, p)``."""
        parts = [self._features(maps[start : start + _BATCH]) for start in range(0, len(maps), _BATCH)]
        return np.concatenate(parts)

    def _features(self, maps: NDArray[np.uint8]) -> Array:
        residuals, found = self.residuals(maps), []
        for step in STEPS:
            levels = (np.clip(np.rint(residuals / np.float32(step)), -2, 2) + 2).astype(np.int64)
            lines = [_shares(_MERGED[_codes(way, 3)], _KINDS) for way in (levels, levels.swapaxes(2, 3))]
            together = min(TOGETHER, maps.shape[1])
            places = _codes(levels, 1, together)
            found += [(lines[0] + lines[1]) / 2, _shares(places, LEVELS**together)]
        return np.sqrt(np.concatenate(found, 1)).astype(np.float32)


def _around(maps: NDArray[np.uint8]) -> Array:
    """Values less 128 of the window around every place that has one, float32 ``(n (h - 2) (w - 2), c 9)``."""
    windows = sliding_window_view(maps.astype(np.float32) - _CENTRE, (SIDE, SIDE), axis=(2, 3))
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, SIDE * SIDE * maps.shape[1])


def _codes(levels: NDArray[np.int64], axis: int, together: int = TOGETHER) -> NDArray[np.int64]:
    """Numbers of the patterns of levels 0..4 that follow one another along an axis."""
    windows = sliding_window_view(levels, together, axis=axis)
    codes: NDArray[np.int64] = windows @ LEVELS ** np.arange(together)[::-1]
    return codes


def _shares(codes: NDArray[np.int64], kinds: int) -> NDArray[np.float64]:
    """How often each code occurs in each map ``(n, c, ...)``, as shares ``(n, c kinds)``."""
    flat = codes.reshape(codes.shape[0] * codes.shape[1], -1)
    offsets = np.arange(len(flat))[:, None] * kinds
    counts = np.bincount((flat + offsets).ravel(), minlength=len(flat) * kinds)
    return counts.reshape(len(codes), -1) / flat.shape[1]
