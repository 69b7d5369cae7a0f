# SPDX-License-Identifier: Apache-2.0
"""Costs: in the pixel domain they are the published ones, in a transform they follow from what a change does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import correlate, uniform_filter

from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.prediction import JointPredictor

PIXEL = np.ones((1, 1, 1, 1), np.float32)


def photograph_like(seed, height=60, width=75, channels=1):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    base = 128 + 60 * np.sin(x / 8 + y / 13)
    noise = rng.normal(0, 1, (height, width, channels)) * (2 + 10 * (x > width // 2))[:, :, None]
    return np.clip(base[:, :, None] + noise, 0, 255).astype(np.uint8)


def test_hill_in_the_pixel_domain_is_the_published_one():
    """Li et al. 2014 with scipy's filters: KB residual, 3x3 mean of its size, inverse, 15x15 mean."""
    picture = photograph_like(1)
    kernel = np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]])
    residual = np.abs(correlate(picture[:, :, 0].astype(float), kernel, mode="reflect"))
    energy = np.maximum(uniform_filter(residual, 3, mode="reflect"), costs.HILL_FLOOR)
    published = uniform_filter(1 / energy, 15, mode="reflect")
    ours = costs.hill(picture, PIXEL)[0]
    inner = (slice(9, -9), slice(9, -9))  # at the border the order of mirroring and filtering is a matter of taste
    np.testing.assert_allclose(ours[inner], published[inner], rtol=1e-4)


def test_suniward_in_the_pixel_domain_is_the_published_one():
    """Holub et al. 2014: rho = sum over subbands of (1 / (|W| + sigma)) correlated with |K|."""
    picture = photograph_like(2)
    low, high = costs.DB8_LOW.astype(float), costs.DB8_HIGH.astype(float)
    plane = np.pad(picture[:, :, 0].astype(float), 32, "symmetric")
    published = 0
    for vertical, horizontal in ((low, high), (high, low), (high, high)):
        kernel = np.outer(vertical, horizontal)
        windows = np.lib.stride_tricks.sliding_window_view(plane, (16, 16))
        weight = 1 / (np.abs(np.einsum("yxij,ij->yx", windows, kernel)) + 1)
        flipped = np.abs(kernel[::-1, ::-1])  # a change at a pixel reaches the windows that hold it
        reach = np.lib.stride_tricks.sliding_window_view(weight, (16, 16))
        published = published + np.einsum("yxij,ij->yx", reach, flipped)
    ours = costs.suniward(picture, PIXEL)[0]
    shift = 32 - 15
    expected = published[shift : shift + 60, shift : shift + 75]
    np.testing.assert_allclose(ours, expected, rtol=1e-3)


def test_db8_is_the_wavelet_with_eight_vanishing_moments():
    low, high = costs.DB8_LOW.astype(float), costs.DB8_HIGH.astype(float)
    assert abs(low.sum()) == pytest.approx(np.sqrt(2), abs=1e-6)
    for shift in range(2, 16, 2):
        assert abs(high[shift:] @ high[:-shift]) < 1e-6
        assert abs(np.roll(low, shift) @ high) < 1e-6
    taps = np.arange(16) / 16
    for moment in range(8):
        assert abs(high @ taps**moment) < 1e-5


@pytest.mark.parametrize("cost", [costs.hill, costs.suniward, costs.uniform])
@pytest.mark.parametrize(("block", "channels"), [(1, 1), (2, 3), (3, 1), (8, 3)])
def test_costs_are_positive_and_prefer_texture(cost, block, channels):
    picture = photograph_like(3, 64, 96, channels)
    size = block * block * channels
    shape = (min(size, 5), block, block, channels)
    footprint = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    rho = cost(picture, footprint)
    assert rho.shape == (len(footprint), 64 // block, 96 // block)
    assert rho.dtype == np.float32
    assert np.isfinite(rho).all()
    assert (rho > 0).all()
    if cost is not costs.uniform:
        half = rho.shape[2] // 2
        assert rho[:, :, half + 2 :].mean() < rho[:, :, : half - 2].mean()


def test_hill_adds_up_what_a_change_does_to_the_pixels():
    picture = photograph_like(4)
    pixel = costs.hill(picture, PIXEL)[0]
    footprint = np.array([[1, -2, 0, 0.5]], np.float32).reshape(1, 2, 2, 1)
    expected = pixel[0::2, 0:74:2] + 2 * pixel[0::2, 1:75:2] + 0.5 * pixel[1::2, 1:75:2]
    np.testing.assert_allclose(costs.hill(picture, footprint)[0], expected, rtol=1e-4)


def test_tiles_leave_no_seams(monkeypatch):
    picture = photograph_like(5, 300, 40)
    whole = costs.hill(picture, PIXEL)
    monkeypatch.setattr(costs, "TILE_ROWS", 17)
    np.testing.assert_allclose(costs.hill(picture, PIXEL), whole, rtol=1e-5)


@given(
    arrays(np.float32, 20, elements=st.floats(0.125, 1024, width=32)),
    arrays(np.float32, 20, elements=st.floats(-0.5, 0.5, width=32)),
)
def test_side_information_makes_the_nearer_value_cheaper_and_nothing_free(rho, error):
    plus, minus = costs.side_informed(rho, error)
    nearer, farther = np.where(error >= 0, plus, minus), np.where(error >= 0, minus, plus)
    assert (nearer <= rho * (1 + 1e-6)).all() or (error == 0).any()
    assert (nearer <= farther).all()
    assert (nearer >= costs.SIDE_FLOOR * rho * 0.999).all()
    unsure = error == 0
    assert (plus[unsure] == rho[unsure]).all()
    assert (minus[unsure] == rho[unsure]).all()


def test_wet_symbols_stay_wet():
    plus, minus = costs.side_informed(np.array([np.inf], np.float32), np.array([0.5], np.float32))
    assert np.isinf(plus[0])
    assert np.isinf(minus[0])


def test_equal_neighbours_void_side_information():
    side = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
    assert (costs.independent_side_information(side) == side).all()
    side[:, 1, 2] = side[:, 1, 1]
    void = costs.independent_side_information(side)
    assert (void[:, 1, 1:3] == 0).all()
    side[:, 1, 1:3] = void[:, 1, 1:3]
    assert (void == side).all()


@given(arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(4, 12), st.integers(4, 12))))
def test_the_joint_cost_is_the_mean_of_reciprocal_variances_of_residuals(symbols):
    residuals = JointPredictor.fit(symbols[None]).residuals(symbols).astype(np.float64)
    squares = np.pad(residuals**2, ((0, 0), (1, 1), (1, 1)), "edge")
    variance = uniform_filter(squares, (0, 3, 3), mode="nearest")
    expected = uniform_filter(1 / (variance + 0.1), (0, 3, 3), mode="nearest")
    np.testing.assert_allclose(costs.joint(symbols), expected, rtol=1e-4)


def test_what_another_map_foretells_is_dear_however_busy_it_is():
    rng = np.random.default_rng(1)
    symbols = rng.integers(100, 156, (3, 24, 24)).astype(np.uint8)
    symbols[2] = symbols[0]
    foretold, alone, twin = costs.joint(symbols)
    assert min(foretold.min(), twin.min()) > 20 * alone.max()


def test_strips_of_the_joint_cost_leave_no_seams(monkeypatch):
    symbols = np.random.default_rng(2).integers(0, 256, (4, 40, 9)).astype(np.uint8)
    whole = costs.joint(symbols)
    monkeypatch.setattr(costs, "TILE_ROWS", 3)
    np.testing.assert_array_equal(costs.joint(symbols), whole)


@pytest.mark.parametrize("shape", [(3, 1, 1), (10, 2, 40), (1, 40, 2)])
def test_pictures_too_small_to_foretell_anything_cost_the_same_everywhere(shape):
    assert (costs.joint(np.zeros(shape, np.uint8)) == 1).all()
