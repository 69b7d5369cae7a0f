# SPDX-License-Identifier: Apache-2.0
"""Despiking, against SciPy's rank filters."""

import numpy as np
import pytest
from scipy.ndimage import rank_filter

from semstego.channel.links import BitErrors
from semstego.codecs import registry
from semstego.codecs.base import Symbols
from semstego.schemes.robust.despiking import despiked


@pytest.mark.parametrize("seed", range(4))
def test_symbols_far_from_the_median_around_them_become_it(seed):
    rng = np.random.default_rng(seed)
    values = np.clip(128 + 40 * np.sin(np.arange(60) / 9) + rng.normal(0, 2 + 3 * seed, (5, 40, 60)), 0, 255)
    values = np.where(rng.random(values.shape) < 0.05, rng.integers(0, 256, values.shape), values).astype(np.uint8)
    low, median, high = (np.stack([rank_filter(one, rank, size=3) for one in values]).astype(int) for rank in (2, 4, 6))
    expected = np.where(np.abs(values - median) > 8 + 2 * (high - low), median, values).astype(np.uint8)
    found = despiked(Symbols(values, 80, 120, 3, 2)).values
    np.testing.assert_array_equal(found[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1])
    for edge in (np.s_[:, 0], np.s_[:, -1], np.s_[:, :, 0], np.s_[:, :, -1]):
        np.testing.assert_array_equal(found[edge], values[edge])


def test_most_of_what_wrong_bits_did_to_a_photograph_is_undone(photographs):
    symbols = registry.load("cr085").encode(photographs["coffee"][:256, :256]).symbols
    wrong = BitErrors(0.001).symbols(symbols, np.random.default_rng(1))
    errors = [((one.values.astype(int) - symbols.values) ** 2).sum() for one in (wrong, despiked(wrong))]
    assert errors[1] < 0.3 * errors[0]
