# SPDX-License-Identifier: Apache-2.0
"""Co-occurrences of residuals, where each value is predicted from its neighbours in all maps.

    maps ─▸ joint prediction ─▸ residuals ─▸ rounded to steps of 1/2, 1 and 2, clipped to -2..2 ─▸ shares of patterns
               four in a row or a column of one map     merged with the reversed and the negated pattern, as in SRM
               up to four maps at one place             as they are

SPAM and SRM filter each map separately; here the prediction, which is fitted to covers, uses the other maps as well.
Written for this project; the co-occurrences are those of the spatial rich model (Fridrich, Kodovsky, IEEE TIFS 2012).
The square roots of the shares are taken, so that a linear classifier compares them by the Hellinger distance
(Boroumand, Fridrich, IEEE ICASSP 2017, on normalising rich features).
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.steganalysis.features.histogram import shares
from semstego.steganalysis.features.srm_residuals import LEVELS
from semstego.steganalysis.features.srmq1 import merged_patterns

STEPS = (0.5, 1.0, 2.0)  # of quantised residuals [symbol values or grey levels]
TOGETHER = 4  # residuals of a pattern
_BATCH = 50  # maps processed at once
_MERGED = merged_patterns(with_sign=True)
_KINDS = int(_MERGED.max()) + 1


def residuals_of(predictor: JointPredictor, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the prediction leaves of each value.

    Args:
        predictor: Fitted to covers.
        maps: uint8 ``(n, c, h, w)``, sides of 3 or more.

    Returns:
        Values minus predictions, float32 ``(n, c, h - 2, w - 2)``.
    """
    return np.stack([predictor.residuals(one) for one in maps])


def joint_features(predictor: JointPredictor, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Square roots of the shares of all patterns of residuals.

    Args:
        predictor: Fitted to covers.
        maps: uint8 ``(n, c, h, w)``, sides of 6 or more.

    Returns:
        float32 ``(n, p)``; p is 18,195 for ten maps.
    """
    starts = range(0, len(maps), _BATCH)
    return np.concatenate([_features(residuals_of(predictor, maps[start : start + _BATCH])) for start in starts])


def _features(residuals: NDArray[np.float32]) -> NDArray[np.float32]:
    found, together = [], min(TOGETHER, residuals.shape[1])
    for step in STEPS:
        levels = (np.clip(np.rint(residuals / np.float32(step)), -2, 2) + 2).astype(np.int64)
        lines = [shares(_MERGED[_codes(way, 3)], _KINDS) for way in (levels, levels.swapaxes(2, 3))]
        places = _codes(levels, 1, together)
        found += [(lines[0] + lines[1]) / 2, shares(places, LEVELS**together)]
    return np.sqrt(np.concatenate(found, 1)).astype(np.float32)


def _codes(levels: NDArray[np.int64], axis: int, together: int = TOGETHER) -> NDArray[np.int64]:
    """Numbers of the patterns of levels 0..4 that follow one another along an axis."""
    windows = sliding_window_view(levels, together, axis=axis)
    codes: NDArray[np.int64] = windows @ LEVELS ** np.arange(together)[::-1]
    return codes
