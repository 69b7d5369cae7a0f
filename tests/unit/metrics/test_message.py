# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from semstego.metrics.message import bit_error_rate, bits_per_symbol, payload_bpp


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
