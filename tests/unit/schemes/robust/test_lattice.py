# SPDX-License-Identifier: Apache-2.0
"""The modulation and its soft decisions, on projections that are made here."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.schemes.robust import lattice


def modulated(bits, period, deviation, rng, spread=300.0):
    """Projections of hosts, moved all the way to their lattices and then disturbed; and their dithers."""
    hosts, dithers = rng.normal(0, spread, bits.shape), rng.random(bits.shape)
    moved = hosts + lattice.gaps(hosts, dithers + bits / 2, period)
    return moved + rng.normal(0, deviation * period, bits.shape), dithers


@settings(max_examples=40)
@given(st.floats(-1e4, 1e4), st.floats(0, 1.5), st.floats(5, 200))
def test_a_gap_leads_to_the_nearest_point_of_the_lattice(projection, offset, period):
    gap = float(lattice.gaps(np.array([projection]), np.array([offset]), period)[0])
    assert abs(gap) <= period / 2 * (1 + 1e-9)
    assert ((projection + gap) / period - offset) % 1 == pytest.approx(0, abs=1e-6) or (
        (projection + gap) / period - offset
    ) % 1 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("gain", [0.8, 0.93, 1.0, 1.1, 1.25])
@pytest.mark.parametrize("form", [0, 3, 5])
def test_pilots_tell_format_and_gain(form, gain):
    rng = np.random.default_rng((form, int(100 * gain)))
    bits = rng.integers(0, 2, (6, 60, 4), dtype=np.uint8)
    projections, dithers = modulated(bits[form], 48.0, 0.1, rng)
    found = lattice.fit(gain * projections, dithers, bits)
    assert found.form == form
    assert found.period == pytest.approx(48 * gain, rel=0.004)
    assert found.z > 12


def test_no_pilots_are_found_where_there_are_none():
    z = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bits = rng.integers(0, 2, (6, 60, 4), dtype=np.uint8)
        z.append(lattice.fit(rng.normal(0, 200, (60, 4)), rng.random((60, 4)), bits).z)
    assert 2.5 < np.median(z) < 4
    assert max(z) < 5.5


@pytest.mark.parametrize("deviation", [0.1, 0.17])
def test_odds_are_what_they_say(deviation):
    """Of slots that are believed with odds L, one in 1 + e^L is wrong."""
    rng = np.random.default_rng(7)
    bits, known = rng.integers(0, 2, (400, 26), dtype=np.uint8), np.zeros((400, 4), np.uint8)
    data, dithers = modulated(bits, 40.0, deviation, rng)
    pilots, places = modulated(known, 40.0, deviation, rng)
    logits = lattice.evidence(data - 40 * dithers, pilots - 40 * places, 40.0, 20)
    for low, high in ((0.5, 1.5), (1.5, 2.5), (2.5, 3.5)):
        here = (np.abs(logits) >= low) & (np.abs(logits) < high)
        wrong = ((logits > 0) != bits)[here].mean()
        believed = (1 / (1 + np.exp(np.abs(logits[here])))).mean()
        assert wrong == pytest.approx(believed, abs=0.045)


def test_a_place_that_is_wiped_out_does_not_spoil_the_rest():
    rng = np.random.default_rng(8)
    bits, known = rng.integers(0, 2, (400, 26), dtype=np.uint8), np.zeros((400, 4), np.uint8)
    data, dithers = modulated(bits, 40.0, 0.08, rng)
    pilots, places = modulated(known, 40.0, 0.08, rng)
    gone = np.arange(400) % 20 >= 10  # the right half of 20 x 20 cells
    data[gone], pilots[gone] = rng.normal(0, 300, data[gone].shape), rng.normal(0, 300, pilots[gone].shape)
    logits = lattice.evidence(data - 40 * dithers, pilots - 40 * places, 40.0, 20)
    left = np.arange(400) % 20 < 9
    assert lattice.information_bits(logits[left], bits[left]) > 0.9 * bits[left].size
    assert abs(lattice.information_bits(logits[gone], bits[gone])) < 0.15 * bits[gone].size


def test_information_is_one_bit_where_all_is_sure_and_negative_where_the_surest_is_wrong():
    bits = np.array([0, 1], np.uint8)
    assert lattice.information_bits(np.array([-60.0, 60.0]), bits) == pytest.approx(2)
    assert lattice.information_bits(np.zeros(2), bits) == 0
    assert lattice.information_bits(np.array([12.0, 12.0]), bits) < -10
