# SPDX-License-Identifier: Apache-2.0
"""From scores to figures, with intervals over photographs.

p_e              (P_FA + P_MD) / 2 at the threshold from validation                 what we quote
p_e_opt          its minimum over thresholds on the test pairs themselves           what papers quote
p_e_opt_null     what that minimum is where labels are swapped at random            50 % it is not
accuracy         at score 0, probability 0.5
auc              the larger of AUC and 1 - AUC, and which; below 0.5 is a wrong sign or chance, not security
missed_at_5      missed stegos at 5 % false alarms
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.metrics import detection
from semstego.steganalysis.judges import Scores

DRAWS = 300  # of photographs, for an interval
PERMUTATIONS = 200  # of labels, for the null
CURVE = np.linspace(0, 1, 101)  # false alarms at which the ROC is noted
CAUGHT = 0.40  # a control is caught if the interval of its P_E ends below

Figure = Callable[[NDArray[np.float64], NDArray[np.float64]], float]


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
    area = float(np.mean([detection.auc(run.cover, run.stego) for run in runs]))
    upright = area >= 0.5
    return {
        "p_e": _mean(wrong, photographs, seed),
        "p_e_of_seeds": [float(one.mean()) for one in wrong],
        "p_e_opt": _over(runs, photographs, seed, detection.p_e),
        "p_e_opt_null": _null(runs[0], seed),
        "accuracy": _mean(right, photographs, seed),
        "auc": _over(runs, photographs, seed, lambda c, s: detection.auc(c, s) if upright else 1 - detection.auc(c, s)),
        "auc_turned": not upright,
        "missed_at_5": _over(runs, photographs, seed, detection.missed_detection_at),
        "roc": _roc(runs),
        "errors_of_pairs": np.concatenate(wrong).tolist(),  # of all runs
        "pairs": len(photographs[0]),
        "photographs": len(np.unique(photographs[0])),
    }


def pair_errors(run: Scores, threshold: float) -> NDArray[np.float64]:
    """What is wrong on each test pair: half for a false alarm, half for a miss."""
    errors: NDArray[np.float64] = ((run.cover > threshold).astype(np.float64) + (run.stego <= threshold)) / 2
    return errors


def shown(control: dict[str, Any]) -> bool:
    """Whether a judge caught a control: its error is surely below chance, and well so."""
    return bool(control["p_e"]["high"] < CAUGHT)


def _mean(values: Sequence[NDArray[np.float64]], photographs: Sequence[NDArray[Any]], seed: int) -> dict[str, float]:
    """Mean of a value of each pair of each run, and its interval."""
    every = np.concatenate(values)
    return _interval(lambda rows: float(every[rows].mean()), photographs, seed)


def _over(runs: Sequence[Scores], photographs: Sequence[NDArray[Any]], seed: int, figure: Figure) -> dict[str, float]:
    """Mean of a figure of the runs, and its interval."""
    ends = np.cumsum([len(run.cover) for run in runs])

    def mean(rows: NDArray[np.intp]) -> float:
        found = []
        for run, end in zip(runs, ends, strict=True):
            start = end - len(run.cover)
            own = rows[(rows >= start) & (rows < end)] - start
            if len(own):  # a draw of photographs may hold none that this run tested
                found.append(figure(run.cover[own], run.stego[own]))
        return float(np.mean(found))

    return _interval(mean, photographs, seed)


def _interval(statistic: detection.Statistic, photographs: Sequence[NDArray[Any]], seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    return detection.bootstrap_interval(statistic, np.concatenate(photographs), rng, n=DRAWS)._asdict()


def _null(run: Scores, seed: int) -> dict[str, float]:
    """The minimum of P_E over test thresholds where labels mean nothing: its mean and its lowest twentieth."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(PERMUTATIONS):
        turn = rng.random(len(run.cover)) < 0.5
        found.append(detection.p_e(np.where(turn, run.stego, run.cover), np.where(turn, run.cover, run.stego)))
    return {"mean": float(np.mean(found)), "twentieth": float(np.quantile(found, 0.05))}


def _roc(runs: Sequence[Scores]) -> list[float]:
    """Detections at the false alarms of ``CURVE``, mean over the runs."""
    curves = []
    for run in runs:
        curve = detection.roc(run.cover, run.stego)
        alarms, last = np.unique(curve.p_fa[::-1], return_index=True)
        curves.append(np.interp(CURVE, alarms, curve.p_d[::-1][last]))
    return [round(float(value), 4) for value in np.mean(curves, axis=0)]
