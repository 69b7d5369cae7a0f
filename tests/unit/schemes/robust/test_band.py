# SPDX-License-Identifier: Apache-2.0
"""The band of low frequencies, against SciPy's DCT."""

import numpy as np
import pytest
from scipy.fft import dctn

from semstego.schemes.robust import band
from semstego.schemes.robust.layout import BLOCK, CELL

ORDERS = (4, 5, 8)


@pytest.fixture(scope="module")
def luma():
    return np.random.default_rng(1).uniform(0, 255, (3 * CELL + 17, 2 * CELL + 40))


@pytest.mark.parametrize("order", ORDERS)
def test_the_band_is_that_of_scipys_dct(luma, order):
    found = band.band_of(luma, order).reshape(3, 2, 2, 2, -1)
    for (row, column, i, j), _ in np.ndenumerate(found[..., 0]):
        top, left = CELL * row + BLOCK * i, CELL * column + BLOCK * j
        expected = dctn(luma[top : top + BLOCK, left : left + BLOCK], norm="ortho")[: order + 1, : order + 1]
        np.testing.assert_allclose(found[row, column, i, j], expected.ravel()[1:], atol=1e-7)


@pytest.mark.parametrize("order", ORDERS)
def test_the_luma_of_a_band_has_that_band_and_nothing_else(order):
    values = np.random.default_rng(2).normal(0, 30, (6, 4 * ((order + 1) ** 2 - 1)))
    change = band.change_of(values, order, 3, 2)
    assert change.shape == (3 * CELL, 2 * CELL)
    np.testing.assert_allclose(band.band_of(change, order), values, atol=1e-7)
    np.testing.assert_allclose((change**2).sum(), (values**2).sum(), rtol=1e-7)  # it is orthonormal


def test_the_luma_is_that_of_jpeg():
    picture = np.random.default_rng(3).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_allclose(band.luma_of(picture), picture @ np.array([0.299, 0.587, 0.114]))
    np.testing.assert_array_equal(band.luma_of(picture[:, :, :1]), picture[:, :, 0])


def test_detail_weighs_more_than_smoothness_and_a_lonely_edge_counts_as_what_is_around_it():
    rng = np.random.default_rng(4)
    smooth = np.tile(np.linspace(0, 255, 4 * CELL), (4 * CELL, 1))
    rough = smooth + rng.normal(0, 12, smooth.shape)
    even, noisy = (band.texture_weights(luma, 4, 4) for luma in (smooth, rough))
    assert noisy.min() > 2 * even.max()
    lonely = smooth.copy()
    lonely[70:74, 70:74] = 255  # in one block
    weights = band.texture_weights(lonely, 4, 4)
    assert even.max() < weights.max() < 0.7 * np.sqrt(np.sqrt(400))
