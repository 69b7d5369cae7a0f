# SPDX-License-Identifier: Apache-2.0
"""Statistics of scores: thresholds are validation's, intervals are over photographs, nulls are not 0.5."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.metrics import detection
from semstego.steganalysis import statistics
from semstego.steganalysis.detectors.base import Scores
from semstego.steganalysis.statistics import FALSE_ALARMS, is_caught, pair_errors, statistics_of


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch):
    monkeypatch.setattr(statistics, "DRAWS", 60)
    monkeypatch.setattr(statistics, "PERMUTATIONS", 40)


def scores(seed, pairs=40, gap=1.0):
    rng = np.random.default_rng(seed)
    cover, stego = rng.normal(size=(2, 2, pairs))
    return Scores(cover[0], stego[0] + gap, cover[1], stego[1] + gap)


def of(*runs, photographs=None):
    return statistics_of(runs, photographs or [np.arange(len(run.cover)) for run in runs], seed=0)


def width(interval):
    return interval["high"] - interval["low"]


def test_p_e_takes_its_threshold_from_validation_and_p_e_opt_from_the_test():
    low, high = np.zeros(10), np.full(10, 10.0)
    found = of(Scores(low, high, high - 4, high - 2))  # validation says 5; 7 would part the test pairs
    assert found["p_e"]["estimate"] == 0.5
    assert found["p_e_opt"]["estimate"] == 0
    assert found["accuracy"]["estimate"] == 0.5  # all are above 0
    assert found["auc"]["estimate"] == 1


def test_statistics_are_means_over_the_runs():
    runs = [scores(seed) for seed in range(3)]
    found = of(*runs)
    single = [
        detection.p_e_at(detection.best_threshold(one.validation_cover, one.validation_stego), one.cover, one.stego)
        for one in runs
    ]
    np.testing.assert_allclose(found["p_e_of_seeds"], single)
    assert found["p_e"]["estimate"] == pytest.approx(np.mean(single))
    for name, statistic in (("auc", detection.auc), ("p_e_opt", detection.p_e)):
        mean = np.mean([statistic(one.cover, one.stego) for one in runs])
        assert found[name]["estimate"] == pytest.approx(mean)
    right = [((one.cover <= 0).mean() + (one.stego > 0).mean()) / 2 for one in runs]
    assert found["accuracy"]["estimate"] == pytest.approx(np.mean(right))
    json.dumps(found, allow_nan=False)


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(2, 12), st.integers(1, 4))
def test_weighted_curves_are_those_of_repeated_pairs(seed, pairs, levels):
    """As :mod:`semstego.metrics.detection`, which is compared with scikit-learn, on rows that repeat."""
    rng = np.random.default_rng(seed)
    cover, stego = rng.integers(0, levels, (2, pairs)).astype(float)  # equal scores abound
    weights = rng.integers(0, 3, (5, pairs))
    weights[:, 0] += 1
    run = Scores(cover, stego, cover, stego)
    curves = statistics._curves(run, *statistics._as_labelled(weights))
    repeated = [[np.repeat(side, row) for side in (cover, stego)] for row in weights]
    np.testing.assert_allclose(curves.areas(), [detection.auc(*sides) for sides in repeated])
    np.testing.assert_allclose(curves.least_errors(), [detection.p_e(*sides) for sides in repeated])
    missed = [detection.missed_detection_at(*sides) for sides in repeated]
    np.testing.assert_allclose(curves.missed_at(0.05), missed, atol=1e-12)


def test_errors_of_pairs_average_to_p_e():
    one = scores(1)
    assert pair_errors(one, 0.3).mean() == pytest.approx(detection.p_e_at(0.3, one.cover, one.stego))


def test_the_null_of_a_best_threshold_is_below_a_half_and_covers_what_guesses_reach():
    blind = [scores(seed, gap=0) for seed in range(25)]
    found = [of(one) for one in blind]
    assert all(one["p_e_opt_null"]["twentieth"] < one["p_e_opt_null"]["mean"] < 0.48 for one in found)
    below = [one["p_e_opt"]["estimate"] < one["p_e_opt_null"]["twentieth"] for one in found]
    assert sum(below) <= 5  # of 25, at 5 %: more than 5 happens once in three hundred times
    large = of(scores(99, pairs=2000, gap=0))["p_e_opt_null"]["mean"]
    assert np.mean([one["p_e_opt_null"]["mean"] for one in found]) < large < 0.5


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 999), st.floats(-2, 2))
def test_a_wrong_sign_is_turned_and_noted_and_never_taken_for_security(seed, gap):
    one = scores(seed, pairs=12, gap=gap)
    found, opposite = of(one), of(Scores(*(-side for side in one)))
    assert 0.5 <= found["auc"]["estimate"] <= 1
    assert found["auc"]["estimate"] == pytest.approx(opposite["auc"]["estimate"])
    assert found["auc_turned"] == (detection.auc(one.cover, one.stego) < 0.5)


def crops_of(photographs, crops, seed=3):
    """Scores that all crops of a photograph share."""
    one = scores(seed, pairs=photographs)
    return Scores(*(np.repeat(side, crops) for side in one)), np.repeat(np.arange(photographs), crops)


def test_intervals_draw_photographs_and_drawing_pairs_would_be_too_sure():
    run, photographs = crops_of(16, 12)
    honest, broken = of(run, photographs=[photographs]), of(run)
    for name in ("p_e", "auc", "accuracy", "missed_at_5"):
        assert honest[name]["estimate"] == broken[name]["estimate"]
        assert width(honest[name]) > 2 * width(broken[name])
    assert (honest["pairs"], honest["photographs"]) == (192, 16)


def test_another_run_on_the_same_photographs_makes_nobody_surer():
    run, photographs = crops_of(16, 2)
    one, three = of(run, photographs=[photographs]), of(run, run, run, photographs=3 * [photographs])
    for name in ("p_e", "p_e_opt", "auc", "accuracy", "missed_at_5"):
        assert three[name] == pytest.approx(one[name])
    as_if_new = of(run, run, run, photographs=[photographs + 100 * turn for turn in range(3)])
    assert width(as_if_new["p_e"]) < 0.8 * width(three["p_e"])


def test_runs_may_test_other_pairs_and_other_numbers_of_them():
    runs = [scores(1, pairs=5), scores(2, pairs=9)]
    found = of(*runs, photographs=[np.arange(5), np.arange(100, 109)])
    mean = np.mean([detection.auc(one.cover, one.stego) for one in runs])
    assert found["auc"]["estimate"] == pytest.approx(mean)
    assert np.isfinite([found["auc"]["low"], found["auc"]["high"]]).all()


def test_the_curve_tells_the_detections_at_each_share_of_alarms():
    one = scores(4, pairs=100)
    falling = np.sort(one.cover)[::-1]
    slow = [(one.stego > at).mean() for at in falling] + [1.0]
    found = of(one)
    np.testing.assert_allclose(found["roc"], slow, atol=1e-4)
    assert found["missed_at_5"]["estimate"] == pytest.approx(1 - found["roc"][5], abs=1e-3)
    assert FALSE_ALARMS[5] == pytest.approx(0.05)
    assert of(Scores(*2 * (-np.ones(4), np.ones(4))))["roc"] == [1.0] * 101
    np.testing.assert_allclose(of(Scores(*4 * (np.zeros(4),)))["roc"], FALSE_ALARMS, atol=1e-4)


@pytest.mark.parametrize(("low", "high", "caught"), [(0.1, 0.39, True), (0.1, 0.41, False), (0.45, 0.55, False)])
def test_a_control_is_caught_when_its_whole_interval_is_well_below_chance(low, high, caught):
    assert is_caught({"p_e": {"estimate": low, "low": low, "high": high}}) is caught
