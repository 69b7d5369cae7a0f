# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy.stats import binomtest

from semstego.metrics.message import bit_error_rate, bits_per_symbol, payload_bpp, wilson_interval


def test_bit_error_rate_is_the_share_of_wrong_bits():
    payload = np.array([[0, 1, 1, 0], [1, 1, 0, 0]], np.uint8)
    one_wrong = payload.copy()
    one_wrong[1, 3] = 1
    assert bit_error_rate(payload, payload) == 0
    assert bit_error_rate(payload, one_wrong) == 1 / 8
    assert bit_error_rate(payload, 1 - payload) == 1
    assert bit_error_rate(payload.astype(bool), one_wrong) == 1 / 8


def test_packed_bytes_and_other_shapes_are_refused():
    with pytest.raises(ValueError, match="unpacked"):
        bit_error_rate(np.array([0, 255], np.uint8), np.array([0, 1], np.uint8))
    with pytest.raises(ValueError, match="shapes"):
        bit_error_rate(np.zeros(8, np.uint8), np.zeros((2, 8), np.uint8))
    with pytest.raises(ValueError, match="shapes"):
        bit_error_rate(np.zeros(0, np.uint8), np.zeros(0, np.uint8))


def test_one_bpp_on_64_by_64_is_4096_bits_whatever_the_colours():
    assert payload_bpp(4096, 64, 64) == 1
    assert payload_bpp(100, 10, 40) == 0.25
    assert bits_per_symbol(4096, 10240) == 0.4


@pytest.mark.parametrize(("bits", "height", "width"), [(-1, 8, 8), (8, 0, 8)])
def test_impossible_rates_are_refused(bits, height, width):
    with pytest.raises(ValueError, match="no rate"):
        payload_bpp(bits, height, width)
    with pytest.raises(ValueError, match="no rate"):
        bits_per_symbol(bits, height * width)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"), [(0, 20, 0, 0.1611), (20, 20, 0.8389, 1), (8, 10, 0.4902, 0.9433)]
)
def test_wilsons_interval_is_the_published_one(hits, trials, low, high):
    """Newcombe, Statistics in Medicine 17 (1998), and by hand."""
    assert wilson_interval(hits, trials) == pytest.approx((low, high), abs=1e-4)


def test_wilsons_interval_is_scipys():
    for trials in (1, 7, 68, 1000):
        for hits in {0, 1, trials // 3, trials}:
            expected = binomtest(hits, trials).proportion_ci(0.9, method="wilson")
            assert wilson_interval(hits, trials, 0.9) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("hits", "trials"), [(1, 0), (0, 0), (3, 2), (-1, 4)])
def test_no_share_has_no_interval(hits, trials):
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(hits, trials)
