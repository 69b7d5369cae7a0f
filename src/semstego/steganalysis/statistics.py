# SPDX-License-Identifier: Apache-2.0
"""From scores to figures, with intervals over photographs.

p_e              (P_FA + P_MD) / 2 at the threshold from validation                 what we quote
p_e_opt          its minimum over thresholds on the test pairs themselves           what papers quote
p_e_opt_null     what that minimum is where labels are swapped at random            50 % it is not
accuracy         at score 0, probability 0.5
auc              the larger of AUC and 1 - AUC, and which; below 0.5 is a wrong sign or chance, not security
missed_at_5      missed stegos at 5 % false alarms
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.metrics import detection
from semstego.steganalysis.detectors.base import Scores

DRAWS = 300  # of photographs, for an interval
PERMUTATIONS = 200  # of labels, for the null
CURVE = np.linspace(0, 1, 101)  # false alarms at which the ROC is noted
CAUGHT = 0.40  # a control is caught if the interval of its P_E ends below


def figures_of(runs: Sequence[Scores], photographs: Sequence[NDArray[Any]], seed: int) -> dict[str, Any]:
    """Figures of one judge on one case: means over the runs, and intervals over photographs.

    Args:
        runs: Scores of test pictures, one for each seed.
        photographs: The photograph of each test pair, for each of the runs, which may test different pairs; a
            photograph that an interval draws is drawn in all of them.
        seed: Of the draws of intervals and nulls.
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
        "roc": [round(float(value), 4) for value in np.mean([curve.detections(CURVE) for curve in curves], axis=0)],
        "errors_of_pairs": np.concatenate(wrong).tolist(),  # of all runs
        "pairs": len(photographs[0]),
        "photographs": len(np.unique(photographs[0])),
    }


def pair_errors(run: Scores, threshold: float) -> NDArray[np.float64]:
    """What is wrong on each test pair: half for a false alarm, half for a miss."""
    errors: NDArray[np.float64] = ((run.cover > threshold).astype(np.float64) + (run.stego <= threshold)) / 2
    return errors


def shown(control: dict[str, Any]) -> bool:
    """Whether a judge sees a control: its error is surely below chance, and well so."""
    return bool(control["p_e"]["high"] < CAUGHT)


@dataclass(frozen=True, eq=False)
class _Curves:
    """ROC curves of one set of scores under many weights, a row for each: shares of false alarms and detections."""

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
        """Of the first row."""
        return detection.detections_at(p_fa, self.p_fa[0], self.p_d[0])


def _curves(run: Scores, as_cover: NDArray[Any], as_stego: NDArray[Any]) -> _Curves:
    """Curves of the test scores, cover's before stego's, that count with these weights ``(rows, 2 pairs)``."""
    scores = np.concatenate([run.cover, run.stego])
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.diff(scores[order]) < 0, True)  # equal scores fall together
    rates = []
    for weights in (as_cover, as_stego):
        counts = np.cumsum(weights[:, order], axis=1, dtype=np.float64)
        with np.errstate(invalid="ignore"):  # a draw of photographs may hold none that this run tested
            shares = counts[:, ends] / counts[:, -1:]
        rates.append(np.pad(shares, ((0, 0), (1, 0))))
    return _Curves(*rates)


def _weights(photographs: Sequence[NDArray[Any]], seed: int) -> list[NDArray[np.int64]]:
    """How often each pair of each run counts ``(1 + DRAWS, pairs)``: once, then as its photograph is drawn.

    Raises:
        ValueError: If there are fewer than two photographs: one says nothing of the next.
    """
    labels, of_pair = np.unique(np.concatenate(photographs), return_inverse=True)
    if len(labels) < 2:
        raise ValueError("an interval over photographs needs at least two of them")
    drawn = np.random.default_rng(seed).multinomial(len(labels), np.full(len(labels), 1 / len(labels)), DRAWS)
    counts = np.concatenate([np.ones((1, len(labels)), np.int64), drawn])
    return np.split(counts[:, of_pair], np.cumsum([len(one) for one in photographs])[:-1], axis=1)


def _as_labelled(weights: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cover's scores count as cover's, stego's as stego's."""
    nothing = np.zeros_like(weights)
    return np.concatenate([weights, nothing], 1), np.concatenate([nothing, weights], 1)


def _mean(values: Sequence[NDArray[np.float64]], weights: Sequence[NDArray[np.int64]]) -> dict[str, float]:
    """Mean of a value of each pair of each run, and its interval."""
    every = np.concatenate(weights, axis=1)
    return _interval(every @ np.concatenate(values) / every.sum(1))


def _over(found: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Mean of a figure over the runs that a draw has pairs of, and its interval."""
    return _interval(np.nanmean(found, axis=0))


def _interval(found: NDArray[np.float64]) -> dict[str, float]:
    """The figure of all pairs comes first, then those of the draws."""
    low, high = np.quantile(found[1:], (0.025, 0.975))
    return {"estimate": float(found[0]), "low": float(low), "high": float(high)}


def _null(run: Scores, seed: int) -> dict[str, float]:
    """The minimum of P_E over test thresholds where labels mean nothing: its mean and its lowest twentieth."""
    turn = np.random.default_rng(seed).random((PERMUTATIONS, len(run.cover))) < 0.5
    as_cover, as_stego = np.concatenate([~turn, turn], 1), np.concatenate([turn, ~turn], 1)
    found = _curves(run, as_cover, as_stego).least_errors()
    return {"mean": float(found.mean()), "twentieth": float(np.quantile(found, 0.05))}
