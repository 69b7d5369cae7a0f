# SPDX-License-Identifier: Apache-2.0
"""Controls carry what they say: entropies against SciPy, rates against the binomial, values within their range."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import brentq
from scipy.stats import binom, entropy

from semstego.steganalysis.controls import CONTROLS, hill, lsb_matching


def bits(chance):
    """Of a change by +1 or -1, by SciPy."""
    return entropy(np.stack([chance / 2, chance / 2, 1 - chance]), base=2)


def legitimate(maps, changed):
    """Changed by one at most, whatever the type wraps round to."""
    return changed.dtype == np.uint8 and (np.abs(changed.astype(int) - maps) <= 1).all()


MAPS = arrays(np.uint8, st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(16, 18), st.integers(16, 18)))


@settings(deadline=None, max_examples=30)
@given(MAPS, st.sampled_from(sorted(CONTROLS)), st.floats(0.05, 1), st.integers(0, 99))
def test_controls_change_by_one_and_stay_in_range(maps, name, rate, seed):
    maps[0, 0, 0, :2] = 0, 255
    kept = maps.copy()
    changed = CONTROLS[name](maps, rate, np.random.default_rng(seed))
    assert legitimate(maps, changed)
    np.testing.assert_array_equal(maps, kept)
    np.testing.assert_array_equal(changed, CONTROLS[name](maps, rate, np.random.default_rng(seed)))


def test_a_control_that_wraps_round_would_be_seen():
    maps = np.full((1, 1, 16, 16), 255, np.uint8)
    assert not legitimate(maps, maps + np.uint8(1))


@pytest.mark.parametrize("rate", [0.1, 0.4, 1.0])
def test_lsb_matching_changes_half_of_the_rate_as_often_up_as_down(rate, rng):
    maps = rng.integers(1, 255, (4, 3, 64, 64), dtype=np.uint8)
    change = lsb_matching(maps, rate, rng).astype(int) - maps
    ups, downs = np.count_nonzero(change == 1), np.count_nonzero(change == -1)
    low, high = binom.interval(1 - 1e-6, maps.size, rate / 4)
    assert low <= ups <= high
    assert low <= downs <= high


def test_hill_changes_fewer_values_and_those_in_texture(rng):
    maps = np.full((2, 1, 96, 96), 128, np.uint8)
    maps[:, :, :, 48:] += rng.integers(0, 40, (2, 1, 96, 48), dtype=np.uint8)
    where = hill(maps, 0.4, rng) != maps
    assert where[..., 64:].mean() > 100 * where[..., :32].mean()
    assert where.mean() < (lsb_matching(maps, 0.4, rng) != maps).mean()


def test_a_flat_channel_does_not_take_the_message_from_a_lively_one(rng):
    """Costs that differ a thousandfold and more still meet the rate."""
    maps = np.full((1, 2, 64, 64), 7, np.uint8)
    maps[:, 1] = rng.integers(0, 256, (64, 64))
    where = hill(maps, 0.4, rng) != maps
    # A uniform channel carries 0.8 bits a value at a chance of 0.178: 0.8 = h(p) + p.
    uniform = brentq(lambda chance: bits(np.array([chance]))[0] - 0.8, 1e-9, 0.6)
    assert where[:, 1].mean() == pytest.approx(uniform, abs=0.03)
    assert where[:, 0].mean() < 0.01
