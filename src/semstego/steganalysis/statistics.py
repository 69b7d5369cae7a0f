# SPDX-License-Identifier: Apache-2.0
"""Statistics of a detector's scores, with intervals over photographs.

p_e              (P_FA + P_MD) / 2 at the threshold that validation pairs choose    what this project quotes
p_e_opt          its minimum over all thresholds on the test pairs                  what papers quote
p_e_opt_null     that minimum where labels are swapped at random: below 0.5, too
accuracy         share of right decisions at the threshold 0, a probability of 0.5
auc              the larger of AUC and 1 - AUC, and which; an AUC below 0.5 is chance or a wrong sign, not security
missed_at_5      share of stegos that are missed at 5 % false alarms
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.metrics import detection
from semstego.steganalysis.detectors.base import Scores

DRAWS = 300  # bootstrap draws of photographs, for an interval
PERMUTATIONS = 200  # of labels, for p_e_opt_null
FALSE_ALARMS = np.linspace(0, 1, 101)  # shares at which the ROC is reported
CAUGHT = 0.40  # a control is caught if the interval of its P_E ends below


def statistics_of(runs: Sequence[Scores], photographs: Sequence[NDArray[Any]], seed: int) -> dict[str, Any]:
    """Statistics of one detector on one case: means over the runs, and intervals over photographs.

    Args:
        runs: Scores, one for each run.
        photographs: The photograph of each test pair, for each of the runs, which may test different pairs. If the
            bootstrap draws a photograph, it draws it in all runs.
        seed: Of the bootstrap draws and of the permutations of labels.

    Returns:
        The statistics by name, all of which JSON can hold; those of the module's table are ``estimate``, ``low`` and
        ``high``, the ends of the 95 % interval.

    Raises:
        ValueError: If there are fewer than two photographs.
    """
    thresholds = [detection.best_threshold(run.validation_cover, run.validation_stego) for run in runs]
    wrong = [pair_errors(run, at) for run, at in zip(runs, thresholds, strict=True)]
    right = [1 - pair_errors(run, 0.0) for run in runs]
    weights = _weights(photographs, seed)
    curves = [_curves(run, *_as_labelled(weight)) for run, weight in zip(runs, weights, strict=True)]
    areas = [curve.areas() for curve in curves]
    upright = np.mean([area[0] for area in areas]) >= 0.5
    return {
        "p_e": _mean(wrong, weights),
        "p_e_of_seeds": [float(one.mean()) for one in wrong],
        "p_e_opt": _over([curve.least_errors() for curve in curves]),
        "p_e_opt_null": _null(runs[0], seed),
        "accuracy": _mean(right, weights),
        "auc": _over(areas if upright else [1 - area for area in areas]),
        "auc_turned": bool(not upright),
        "missed_at_5": _over([curve.missed_at(0.05) for curve in curves]),
        "roc": [
            round(float(value), 4) for value in np.mean([curve.detections(FALSE_ALARMS) for curve in curves], axis=0)
        ],
        "errors_of_pairs": np.concatenate(wrong).tolist(),  # of all runs
        "pairs": len(photographs[0]),
        "photographs": len(np.unique(photographs[0])),
    }


def pair_errors(run: Scores, threshold: float) -> NDArray[np.float64]:
    """Error of each test pair: 1/2 for a false alarm plus 1/2 for a missed stego."""
    errors: NDArray[np.float64] = ((run.cover > threshold).astype(np.float64) + (run.stego <= threshold)) / 2
    return errors


def is_caught(control: dict[str, Any]) -> bool:
    """Whether a detector detects a control: the whole interval of P_E is below 0.40, well below chance."""
    return bool(control["p_e"]["high"] < CAUGHT)


@dataclass(frozen=True, eq=False)
class _Curves:
    """ROC curves of one set of scores under many weights ``(rows, points)``: shares of false alarms and detections."""

    p_fa: NDArray[np.float64]
    p_d: NDArray[np.float64]

    def areas(self) -> NDArray[np.float64]:
        return np.asarray(np.trapezoid(self.p_d, self.p_fa))

    def least_errors(self) -> NDArray[np.float64]:
        found: NDArray[np.float64] = (self.p_fa + 1 - self.p_d).min(1) / 2
        return found

    def missed_at(self, p_fa: float) -> NDArray[np.float64]:
        rows = zip(self.p_fa, self.p_d, strict=True)
        return np.array([1 - float(detection.detections_at(p_fa, alarms, found)) for alarms, found in rows])

    def detections(self, p_fa: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shares of detections at shares of false alarms, of the first row."""
        return detection.detections_at(p_fa, self.p_fa[0], self.p_d[0])


def _curves(run: Scores, as_cover: NDArray[Any], as_stego: NDArray[Any]) -> _Curves:
    """ROC curves of the test scores.

    Args:
        run: Scores.
        as_cover: Weight of each score as one of a cover, ``(rows, 2 pairs)``: scores of covers, then of stegos.
        as_stego: Weight of each score as one of a stego, in the same order.
    """
    scores = np.concatenate([run.cover, run.stego])
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.diff(scores[order]) < 0, True)  # equal scores have one threshold
    rates = []
    for weights in (as_cover, as_stego):
        counts = np.cumsum(weights[:, order], axis=1, dtype=np.float64)
        with np.errstate(invalid="ignore"):  # a draw may have no photograph of this run
            shares = counts[:, ends] / counts[:, -1:]
        rates.append(np.pad(shares, ((0, 0), (1, 0))))
    return _Curves(*rates)


def _weights(photographs: Sequence[NDArray[Any]], seed: int) -> list[NDArray[np.int64]]:
    """How often each pair of each run counts, ``(1 + DRAWS, pairs)``: once, then as its photograph is drawn."""
    labels, of_pair = np.unique(np.concatenate(photographs), return_inverse=True)
    if len(labels) < 2:
        raise ValueError("an interval over photographs needs at least two of them")
    drawn = np.random.default_rng(seed).multinomial(len(labels), np.full(len(labels), 1 / len(labels)), DRAWS)
    counts = np.concatenate([np.ones((1, len(labels)), np.int64), drawn])
    return np.split(counts[:, of_pair], np.cumsum([len(one) for one in photographs])[:-1], axis=1)


def _as_labelled(weights: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Weights of scores with their true labels: ``as_cover`` and ``as_stego`` of :func:`_curves`."""
    none = np.zeros_like(weights)
    return np.concatenate([weights, none], 1), np.concatenate([none, weights], 1)


def _mean(values: Sequence[NDArray[np.float64]], weights: Sequence[NDArray[np.int64]]) -> dict[str, float]:
    """Mean over all pairs of all runs, and its interval."""
    every = np.concatenate(weights, axis=1)
    return _interval(every @ np.concatenate(values) / every.sum(1))


def _over(found: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Mean over the runs, of those that have pairs in a draw, and its interval."""
    return _interval(np.nanmean(found, axis=0))


def _interval(found: NDArray[np.float64]) -> dict[str, float]:
    """Estimate and interval from the values of all pairs, which come first, and of the draws."""
    low, high = np.quantile(found[1:], (0.025, 0.975))
    return {"estimate": float(found[0]), "low": float(low), "high": float(high)}


def _null(run: Scores, seed: int) -> dict[str, float]:
    """The minimum of P_E over thresholds where labels are swapped at random: its mean and its 5 % quantile."""
    turn = np.random.default_rng(seed).random((PERMUTATIONS, len(run.cover))) < 0.5
    as_cover, as_stego = np.concatenate([~turn, turn], 1), np.concatenate([turn, ~turn], 1)
    found = _curves(run, as_cover, as_stego).least_errors()
    return {"mean": float(found.mean()), "twentieth": float(np.quantile(found, 0.05))}
