# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from semstego.metrics.detection import (
    auc,
    best_threshold,
    bootstrap_interval,
    missed_detection_at,
    p_e,
    p_e_at,
    paired_bootstrap_interval,
    roc,
)

# Few distinct values, so that ties within and between the two sides are common.
scores = st.lists(st.integers(-4, 4).map(float) | st.floats(-1e6, 1e6), min_size=1, max_size=25)


def labelled(cover, stego):
    return np.repeat([0, 1], [len(cover), len(stego)]), np.concatenate([cover, stego])


@given(scores, scores)
def test_auc_equals_scikit_learn(cover, stego):
    assert auc(cover, stego) == pytest.approx(roc_auc_score(*labelled(cover, stego)), abs=1e-12)


@given(scores, scores)
def test_roc_passes_through_scikit_learns_points(cover, stego):
    curve = roc(cover, stego)
    false_alarms, detections, _ = roc_curve(*labelled(cover, stego), drop_intermediate=False)
    np.testing.assert_allclose(curve.p_fa, false_alarms, atol=1e-12)
    np.testing.assert_allclose(curve.p_d, detections, atol=1e-12)


@given(scores, scores)
def test_every_threshold_of_the_roc_has_the_rates_it_promises(cover, stego):
    for p_fa, p_d, threshold in zip(*roc(cover, stego), strict=True):
        assert np.mean(np.array(cover) > threshold) == pytest.approx(p_fa)
        assert np.mean(np.array(stego) > threshold) == pytest.approx(p_d)


@given(scores, scores)
def test_p_e_is_the_least_error_of_any_threshold_and_best_threshold_reaches_it(cover, stego):
    tried = [-math.inf, math.inf, *cover, *stego]
    obvious = min(p_e_at(threshold, cover, stego) for threshold in tried)
    assert p_e(cover, stego) == pytest.approx(obvious)
    assert p_e_at(best_threshold(cover, stego), cover, stego) == pytest.approx(obvious)
    assert 0 <= p_e(cover, stego) <= 0.5


def test_p_e_known_values():
    assert p_e([0, 1], [2, 3]) == 0  # the best threshold has P_FA 0; leaving that one out would give 0.25
    assert p_e([2, 3], [0, 1]) == 0.5  # a wrong sign is no detector, the trivial threshold stays
    assert p_e([1, 1], [1, 1]) == 0.5
    assert p_e([0, 0, 0, 5], [4, 4, 4, 4]) == pytest.approx(1 / 8)
    assert p_e([0], [1, 1, 1, -1]) == pytest.approx(1 / 8)  # equal priors, whatever the numbers of pictures


def test_p_e_at_counts_both_kinds_of_error_at_equal_priors():
    assert p_e_at(0.5, [0, 1, 1, 1], [0, 1]) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert p_e_at(1, [1], [1]) == 0.5  # a score on the threshold is no alarm
    assert p_e_at(0.5, [1, 1], [0, 0]) == 1


def test_best_threshold_lies_between_the_classes_and_is_infinite_without_a_detector():
    assert best_threshold([0, 1], [3, 4]) == 2
    assert math.isinf(best_threshold([1, 2], [-2, -1]))
    close = np.nextafter(1.0, 2)
    assert p_e_at(best_threshold([1.0], [close]), [1.0], [close]) == 0


def test_missed_detection_interpolates_and_takes_the_best_at_equal_alarms():
    cover, stego = np.arange(100.0), np.array([94.5, 95.5, 200, 300])
    assert missed_detection_at(cover, stego) == 0  # at 5 % the threshold may fall below 94.5
    assert missed_detection_at(cover, stego, p_fa=0.04) == 1 / 4
    assert missed_detection_at(cover, stego, p_fa=0.045) == pytest.approx(1 / 8)
    assert missed_detection_at([0, 1], [2, 3], p_fa=0) == 0
    assert missed_detection_at([0, 1], [-2, -3], p_fa=0.05) == pytest.approx(1)
    assert missed_detection_at([0, 1], [0, 1], p_fa=1) == 0


@pytest.mark.parametrize("bad", [[], [math.nan], [math.inf]])
def test_scores_must_be_finite_and_present(bad):
    for measure in (p_e, auc, roc):
        with pytest.raises(ValueError, match="finite"):
            measure(bad, [1.0])
        with pytest.raises(ValueError, match="finite"):
            measure([1.0], bad)


def test_bootstrap_draws_groups_and_not_rows():
    rng = np.random.default_rng(0)
    of_group = rng.normal(size=40)
    values = np.repeat(of_group, 25)  # 1,000 rows, but only 40 of them independent
    groups = np.repeat(np.arange(40), 25)
    interval = bootstrap_interval(lambda rows: values[rows].mean(), groups, rng)
    width = interval.high - interval.low
    assert interval.estimate == pytest.approx(values.mean())
    assert width == pytest.approx(2 * 1.96 * of_group.std() / math.sqrt(40), rel=0.2)
    by_rows = bootstrap_interval(lambda rows: values[rows].mean(), np.arange(1000), rng)
    assert by_rows.high - by_rows.low < width / 3


def test_bootstrap_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        values = rng.normal(size=60)
        drawn = bootstrap_interval(lambda rows, v=values: v[rows].mean(), np.arange(60), rng, n=200, level=0.8)
        hits += drawn.low <= 0 <= drawn.high
    assert 0.7 < hits / 200 < 0.88


def test_bootstrap_is_the_generators_and_groups_may_have_names_and_any_order():
    values = np.array([1.0, 5, 2, 9, 4])
    names = ["b", "a", "b", "c", "a"]
    drawn = [bootstrap_interval(lambda r: values[r].mean(), names, np.random.default_rng(7)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    seen = []
    bootstrap_interval(lambda rows: seen.append(sorted(rows)) or 0.0, names, np.random.default_rng(7), n=50)
    assert all(rows.count(0) == rows.count(2) and rows.count(1) == rows.count(4) for rows in seen)


def test_paired_interval_cancels_what_both_methods_share():
    rng = np.random.default_rng(2)
    hardness = rng.normal(size=80)
    one, other = hardness + 0.1, hardness + 0.02 * rng.normal(size=80)
    groups = np.arange(80)
    paired = paired_bootstrap_interval(lambda r: one[r].mean(), lambda r: other[r].mean(), groups, rng)
    assert paired.estimate == pytest.approx(0.1, abs=0.01)
    assert 0.09 < paired.low < paired.estimate < paired.high < 0.11


def test_one_photograph_has_no_interval():
    with pytest.raises(ValueError, match="two"):
        bootstrap_interval(lambda rows: 0.0, [3, 3, 3], np.random.default_rng(0))
