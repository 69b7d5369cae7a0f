# SPDX-License-Identifier: Apache-2.0
"""Paired gaps against SciPy, and their intervals against repeated draws."""

import numpy as np
import pytest
from scipy.stats import binomtest

from semstego.metrics.accuracy_gap import accuracy, paired_gap


@pytest.mark.parametrize("share", [0.05, 0.5, 0.93])
def test_wilson_interval_equals_scipys(rng, share):
    right = rng.random(400) < share
    found = accuracy(right)
    oracle = binomtest(int(right.sum()), 400).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((100 * oracle.low, 100 * oracle.high))


def test_mcnemar_equals_scipys_binomial_test(rng):
    first, second = rng.random(500) < 0.9, rng.random(500) < 0.85
    found = paired_gap(first, second)
    assert found.p_value == pytest.approx(binomtest(found.lost, found.lost + found.gained).pvalue)
    assert found.points == pytest.approx(100 * (first.mean() - second.mean()))


def test_the_interval_holds_the_true_gap_as_often_as_it_says(rng):
    held = 0
    for _ in range(1000):
        first = rng.random(300) < 0.9
        second = np.where(rng.random(300) < 0.1, rng.random(300) < 0.5, first)
        found = paired_gap(first, second)
        held += found.low <= 100 * (0.9 - (0.9 * 0.9 + 0.1 * 0.5)) <= found.high
    assert 925 <= held <= 985


def test_pictures_that_never_flip_leave_an_interval_around_zero():
    found = paired_gap(np.ones(100, bool), np.ones(100, bool))
    assert found.low < 0 < found.high
    assert found.p_value == 1


def test_swapping_the_forms_swaps_the_flips(rng):
    first, second = rng.random(200) < 0.8, rng.random(200) < 0.7
    one, other = paired_gap(first, second), paired_gap(second, first)
    assert (one.lost, one.gained, one.points) == (other.gained, other.lost, -other.points)


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="same pictures"):
        paired_gap(np.ones(3, bool), np.ones(4, bool))
