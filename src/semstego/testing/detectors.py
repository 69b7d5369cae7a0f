# SPDX-License-Identifier: Apache-2.0
"""What every detector must do, checked on synthetic maps: ``check_detector(MyDetector())``.

The covers are ramps without noise, of even values: LSB matching of every value leaves traces in the histogram and in
the differences of neighbours, so that hardly any detector can miss them.
"""

import numpy as np
from numpy.typing import NDArray

from semstego.metrics.detection import auc
from semstego.steganalysis.controls import lsb_matching
from semstego.steganalysis.detectors.base import DETECTORS, Detector, Scores, Setting
from semstego.steganalysis.pairs import Pairs, Parts
from semstego.steganalysis.protocol import RIGOROUS
from semstego.testing.parts import check_part

PAIRS = (80, 40, 100)  # of training, validation and test
CHANNELS, SIDE = 2, 24  # of the maps
DETECTED = 0.6  # AUC on LSB matching of every value, at least
GUESSING = (0.3, 0.7)  # AUC with swapped labels; four standard deviations of a guess on 100 pairs
SEED = 20261127


def check_detector(detector: Detector) -> None:
    """Check a detector, as an audit prepares it.

    It has a name; its scores are finite, one for each validation and test picture, and repeat with the seed; it does
    not change the pairs; it detects LSB matching of every value, and nothing if labels are swapped at random.

    Raises:
        AssertionError: With what is wrong.
    """
    check_part(DETECTORS, detector)
    assert isinstance(detector.name, str), f"the name is a {type(detector.name).__name__}, not a str"
    assert detector.name, "the name is empty"
    prepared = detector.prepared(Setting(RIGOROUS))
    assert prepared.name == detector.name, f"{detector.name} is called {prepared.name} once it is prepared"

    parts = synthetic_parts()
    scores = _checked_scores(prepared, parts, seed=1)
    for first, again in zip(scores, _checked_scores(prepared, parts, seed=1), strict=True):
        assert np.array_equal(first, again), "the same pairs and seed give other scores"
    for kind, cover, stego in (("validation", *scores[:2]), ("test", *scores[2:])):
        area = auc(cover, stego)
        assert area > DETECTED, f"LSB matching of every value is not detected: AUC of {kind} pairs is {area:.2f}"

    rng = np.random.default_rng(SEED)
    swapped = _checked_scores(prepared, Parts(*(pairs.swapped(rng) for pairs in parts)), seed=1)
    area = auc(swapped.cover, swapped.stego)
    low, high = GUESSING
    assert low < area < high, f"labels that are swapped at random are told apart: AUC is {area:.2f}, not about 0.5"


def synthetic_parts() -> Parts:
    """Ramps of random slopes, and the same with LSB matching of every value, in parts of ``PAIRS`` pairs."""
    rng = np.random.default_rng(SEED)
    return Parts(*(_pairs(count, rng) for count in PAIRS))


def _pairs(count: int, rng: np.random.Generator) -> Pairs:
    rise, fall, middle = rng.integers((-2, -2, 48), (3, 3, 81), (count, CHANNELS, 1, 1, 3)).transpose(4, 0, 1, 2, 3)
    rows, columns = np.indices((SIDE, SIDE)) - SIDE // 2
    cover: NDArray[np.uint8] = (2 * (middle + rise * rows + fall * columns)).astype(np.uint8)
    return Pairs(cover, lsb_matching(cover, 1.0, rng), np.arange(count))


def _checked_scores(detector: Detector, parts: Parts, seed: int) -> Scores:
    """Scores of the detector, whose form is checked."""
    before = [(pairs.cover.copy(), pairs.stego.copy()) for pairs in parts]
    scores = detector.scores(parts, seed=seed, progress=_checked_progress)
    for pairs, (cover, stego) in zip(parts, before, strict=True):
        unchanged = np.array_equal(pairs.cover, cover) and np.array_equal(pairs.stego, stego)
        assert unchanged, "the detector changes the pairs that it is given"
    wanted = [(len(pairs),) for pairs in parts[1:] for _ in range(2)]
    shapes = [np.shape(one) for one in scores]
    assert shapes == wanted, f"scores have the shapes {shapes}, not {wanted}"
    for one in scores:
        assert np.isfinite(np.asarray(one, np.float64)).all(), "a score is not a finite number"
    return Scores(*scores)


def _checked_progress(what: str, share: float) -> None:
    assert isinstance(what, str), "progress is not told what is done"
    assert 0 <= share <= 1, f"progress is told a share of {share}, not one from 0 to 1"
