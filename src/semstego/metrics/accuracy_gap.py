# SPDX-License-Identifier: Apache-2.0
"""Does the task suffer? Accuracies on the same pictures in two forms, compared picture by picture.

[Agresti2005] A. Agresti, Y. Min, "Simple improved confidence intervals for comparing matched proportions", Statistics
in Medicine 24, 2005. [McNemar1947] Q. McNemar, Psychometrika 12, 1947.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Gap:
    """How much accuracy is lost between two forms of the same pictures.

    Attributes:
        pictures: How many were compared.
        points: Accuracy on the first form minus that on the second, in percentage points: eq. 19 of the paper.
        low: Lower end of the 95 % interval [points].
        high: Upper end.
        lost: Pictures that are right in the first form and wrong in the second.
        gained: Pictures that are wrong in the first form and right in the second.
        p_value: Of the exact McNemar test, two-sided: how often chance flips as unevenly.
    """

    pictures: int
    points: float
    low: float
    high: float
    lost: int
    gained: int
    p_value: float


def paired_gap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Gap:
    """Gap between which pictures are right in the first form and which are right in the second, both ``(n,)``.

    The interval is Wald's after half a picture is added to each of the four cells [Agresti2005], so that it does not
    collapse where no picture flips.

    Raises:
        ValueError: If there are no pictures, or not equally many.
    """
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError("a paired comparison needs the same pictures, at least one, in both forms")
    n, lost, gained = len(first), int(np.sum(first & ~second)), int(np.sum(~first & second))
    difference = (lost - gained) / (n + 2)
    spread = Z * math.sqrt(((lost + gained + 1) / (n + 2) - difference**2) / (n + 2))
    return Gap(
        pictures=n,
        points=100 * (lost - gained) / n,
        low=100 * (difference - spread),
        high=100 * (difference + spread),
        lost=lost,
        gained=gained,
        p_value=_mcnemar(lost, gained),
    )


@dataclass(frozen=True)
class Accuracy:
    """Share of right answers [percent] with Wilson's 95 % interval."""

    pictures: int
    percent: float
    low: float
    high: float


def accuracy(right: NDArray[np.bool_]) -> Accuracy:
    """Accuracy from which pictures were right, ``(n,)``.

    Raises:
        ValueError: If there are none.
    """
    n = len(right)
    if not n:
        raise ValueError("there is no accuracy without pictures")
    share = float(np.mean(right))
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    spread = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return Accuracy(n, 100 * share, 100 * (centre - spread), 100 * (centre + spread))


def _mcnemar(lost: int, gained: int) -> float:
    """Two-sided probability of flips at least as uneven if each went either way with probability 1/2."""
    flips, fewer = lost + gained, min(lost, gained)
    tail = sum(math.comb(flips, k) for k in range(fewer + 1))
    return float(min(1.0, 2 * tail / 2**flips))
