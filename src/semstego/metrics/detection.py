# SPDX-License-Identifier: Apache-2.0
"""How well a detector tells stego from cover, and how sure we are of that figure.

[Pevny2010] T. Pevny, P. Bas, J. Fridrich, IEEE TIFS 5(2), 2010, for P_E. [Efron1993] B. Efron, R. Tibshirani, "An
introduction to the bootstrap", 1993, for percentile intervals.

Scores are real, higher means stego; an alarm is a score strictly above the threshold.

    p_fa   false alarms on cover        p_md   missed stego        p_d = 1 - p_md
    p_e    (p_fa + p_md) / 2, so 0 is a perfect detector and 0.5 is guessing

Crops of one photograph resemble each other, so an interval draws whole photographs (the ``groups``), never crops.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Interval",
    "Roc",
    "auc",
    "best_threshold",
    "bootstrap_interval",
    "detections_at",
    "missed_detection_at",
    "p_e",
    "p_e_at",
    "paired_bootstrap_interval",
    "roc",
]

Statistic = Callable[[NDArray[np.intp]], float]
"""A figure computed from some rows of the evaluation set; rows may repeat."""


class Roc(NamedTuple):
    """Receiver operating characteristic, from no alarm at all to nothing but alarms."""

    p_fa: NDArray[np.float64]
    """False alarms at each threshold, rising from 0 to 1."""
    p_d: NDArray[np.float64]
    """Detections at each threshold, rising from 0 to 1."""
    thresholds: NDArray[np.float64]
    """Falling from inf to -inf, half-way between neighbouring scores."""


class Interval(NamedTuple):
    """A figure and the interval it is known to."""

    estimate: float
    low: float
    high: float


def roc(cover_scores: ArrayLike, stego_scores: ArrayLike) -> Roc:
    """Every threshold that makes a difference, the two trivial ones included.

    Args:
        cover_scores: Scores of cover, real, at least one.
        stego_scores: Scores of stego, real, at least one; the numbers need not be equal.

    Returns:
        The curve; equal scores of cover and stego fall together.

    Raises:
        ValueError: If a side has no score or a score is not a finite number.
    """
    cover, stego = _sorted_scores(cover_scores), _sorted_scores(stego_scores)
    levels = np.unique(np.concatenate([cover, stego]))
    lower, upper = levels[:-1], levels[1:]
    middle = lower / 2 + upper / 2
    # Between two neighbouring floats there is no middle; it must not round up to the score it has to let through.
    middle = np.where(middle < upper, middle, lower)
    thresholds = np.concatenate([[math.inf], middle[::-1], [-math.inf]])
    p_fa = (cover.size - np.searchsorted(cover, thresholds, side="right")) / cover.size
    p_d = (stego.size - np.searchsorted(stego, thresholds, side="right")) / stego.size
    return Roc(p_fa, p_d, thresholds)


def p_e(cover_scores: ArrayLike, stego_scores: ArrayLike) -> float:
    """Least mean error over all thresholds, min (P_FA + P_MD) / 2, of [Pevny2010].

    The threshold is picked on the very scores that it is measured on, which flatters the detector on small sets; with a
    threshold from elsewhere use `p_e_at`.

    Args:
        cover_scores: Scores of cover.
        stego_scores: Scores of stego.

    Returns:
        The error in [0, 0.5]; 0.5, and not less, for a detector whose sign is wrong.
    """
    curve = roc(cover_scores, stego_scores)
    return float(np.min(curve.p_fa + 1 - curve.p_d) / 2)


def best_threshold(cover_scores: ArrayLike, stego_scores: ArrayLike) -> float:
    """A threshold that reaches `p_e`; of several the middle one, least fitted to chance.

    Args:
        cover_scores: Scores of cover, from validation photographs.
        stego_scores: Scores of stego, from the same photographs.

    Returns:
        The threshold; infinite where no threshold beats a constant answer.
    """
    curve = roc(cover_scores, stego_scores)
    errors = curve.p_fa + 1 - curve.p_d
    best = np.flatnonzero(errors <= errors.min() + 1e-12)
    return float(curve.thresholds[best[best.size // 2]])


def p_e_at(threshold: float, cover_scores: ArrayLike, stego_scores: ArrayLike) -> float:
    """Mean error (P_FA + P_MD) / 2 at a given threshold.

    Args:
        threshold: A score above it is an alarm.
        cover_scores: Scores of cover.
        stego_scores: Scores of stego.

    Returns:
        The error in [0, 1]; above 0.5 the threshold or the sign is wrong, which is not better security.
    """
    cover, stego = _sorted_scores(cover_scores), _sorted_scores(stego_scores)
    return float((np.mean(cover > threshold) + np.mean(stego <= threshold)) / 2)


def auc(cover_scores: ArrayLike, stego_scores: ArrayLike) -> float:
    """Area under the ROC: the probability that stego scores higher than cover, ties counting half.

    Args:
        cover_scores: Scores of cover.
        stego_scores: Scores of stego.

    Returns:
        The area in [0, 1]; 0.5 is guessing, below it the sign is wrong.
    """
    cover, stego = _sorted_scores(cover_scores), _sorted_scores(stego_scores)
    below = np.searchsorted(cover, stego, side="left").mean()
    not_above = np.searchsorted(cover, stego, side="right").mean()
    return float((below + not_above) / (2 * cover.size))


def missed_detection_at(cover_scores: ArrayLike, stego_scores: ArrayLike, *, p_fa: float = 0.05) -> float:
    """Missed detections at a given share of false alarms; the field's MD5 for 0.05.

    Args:
        cover_scores: Scores of cover.
        stego_scores: Scores of stego.
        p_fa: False alarms allowed, in [0, 1]; between two points of the ROC the line counts.

    Returns:
        P_MD in [0, 1].
    """
    curve = roc(cover_scores, stego_scores)
    return float(1 - detections_at(p_fa, curve.p_fa, curve.p_d))


def detections_at(
    wanted: float | NDArray[np.float64], p_fa: NDArray[np.float64], p_d: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Detections of a curve at given shares of false alarms; between two of its points the line counts.

    Args:
        wanted: Shares of false alarms.
        p_fa: False alarms of the curve, rising.
        p_d: Detections of the curve, rising.

    Returns:
        P_D, in the shape of ``wanted``.
    """
    # Where several thresholds share one P_FA the best of them, the last, is the one a warden takes.
    last = np.append(np.diff(p_fa) > 0, True)
    return np.asarray(np.interp(wanted, p_fa[last], p_d[last]))


def bootstrap_interval(
    statistic: Statistic, groups: ArrayLike, rng: np.random.Generator, *, n: int = 1000, level: float = 0.95
) -> Interval:
    """Percentile interval of a figure by drawing whole groups with replacement, [Efron1993].

    Args:
        statistic: Computes the figure from an array of rows, in which rows repeat.
        groups: For every row of the evaluation set the photograph it comes from.
        rng: Source of the draws.
        n: Number of draws.
        level: Probability that the interval is to cover.

    Returns:
        The figure on all rows, and the two ends.

    Raises:
        ValueError: If there are fewer than two groups: one photograph says nothing of the next.
    """
    labels, group_of_row = np.unique(np.asarray(groups), return_inverse=True)
    if labels.size < 2:
        raise ValueError("an interval over photographs needs at least two of them")
    order = np.argsort(group_of_row, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(group_of_row))[:-1])
    draws = []
    for _ in range(n):
        drawn = rng.integers(labels.size, size=labels.size)
        draws.append(statistic(np.concatenate([members[group] for group in drawn])))
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(np.arange(group_of_row.size))), float(low), float(high))


def paired_bootstrap_interval(
    first: Statistic,
    second: Statistic,
    groups: ArrayLike,
    rng: np.random.Generator,
    *,
    n: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Interval of the difference of two methods measured on the same pictures.

    Both figures are computed on the same drawn rows, so what makes a photograph hard for both cancels; two intervals
    of their own would overlap long after the difference is certain.

    Args:
        first: The figure of one method from an array of rows.
        second: The figure of the other method from the same rows.
        groups: For every row the photograph it comes from.
        rng: Source of the draws.
        n: Number of draws.
        level: Probability that the interval is to cover.

    Returns:
        First minus second, and the two ends; a difference is shown if both ends have one sign.
    """
    return bootstrap_interval(lambda rows: first(rows) - second(rows), groups, rng, n=n, level=level)


def _sorted_scores(scores: ArrayLike) -> NDArray[np.float64]:
    array = np.sort(np.asarray(scores, np.float64), axis=None)
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError("a detector must give every picture a finite score, and there must be a picture")
    return array
