# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from semstego.metrics.image import feature_snr_db, psnr_db, ssim

RNG = np.random.default_rng


def noisy_pair(shape, strength, seed=0):
    rng = RNG(seed)
    a = np.clip(128 + 40 * np.cumsum(rng.normal(size=shape), axis=0), 0, 255).astype(np.uint8)
    b = np.clip(a + rng.integers(-strength, strength + 1, shape), 0, 255).astype(np.uint8)
    return a, b


def oracle_ssim(a, b, channel_axis):
    return structural_similarity(
        a, b, channel_axis=channel_axis, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )


@pytest.mark.parametrize("strength", [1, 8, 90])
@pytest.mark.parametrize(
    ("shape", "channel_axis"), [((40, 57), None), ((31, 64, 3), -1), ((12, 32, 32), 0), ((11, 11), None)]
)
def test_ssim_equals_scikit_image(shape, channel_axis, strength):
    a, b = noisy_pair(shape, strength)
    assert ssim(a, b, channel_axis=channel_axis) == pytest.approx(oracle_ssim(a, b, channel_axis), abs=1e-10)


def test_ssim_of_equal_pictures_is_one_and_of_flat_ones_is_the_luminance_term():
    flat = np.full((20, 20, 3), 100, np.uint8)
    assert ssim(flat, flat) == pytest.approx(1, abs=1e-12)
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 130 + c1) / (100**2 + 130**2 + c1)
    assert ssim(flat, flat + np.uint8(30)) == pytest.approx(expected, abs=1e-9)


def test_ssim_takes_channels_one_by_one_and_averages():
    a, b = noisy_pair((24, 24, 3), 20)
    b[..., 1:] = a[..., 1:]
    assert ssim(a, b) == pytest.approx((ssim(a[..., 0], b[..., 0]) + 2) / 3, abs=1e-12)


def test_ssim_of_strided_views_is_that_of_their_copies():
    a, b = noisy_pair((3, 40, 44), 9)
    left, right = a.transpose(1, 2, 0)[::2, ::-1], b.transpose(1, 2, 0)[::2, ::-1]
    assert ssim(left, right) == ssim(left.copy(), right.copy())


def test_maps_smaller_than_the_window_have_no_ssim():
    small = np.zeros((10, 40, 3), np.uint8)
    assert ssim(small, small) is None
    assert ssim(small, small, channel_axis=0) is None  # ten maps of 40 x 3
    assert ssim(np.zeros((64, 10), np.uint8), np.zeros((64, 10), np.uint8)) is None


@pytest.mark.parametrize("shape", [(16, 18, 3), (5, 7), (1300, 900)])
def test_psnr_equals_scikit_image(shape):
    a, b = noisy_pair(shape, 12)
    assert psnr_db(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255), abs=1e-9)


def test_psnr_known_values():
    a = np.zeros((8, 8), np.uint8)
    assert psnr_db(a, a) == math.inf
    assert psnr_db(a, a + np.uint8(1)) == pytest.approx(48.1308, abs=1e-4)
    assert psnr_db(a + np.uint8(1), a) == pytest.approx(48.1308, abs=1e-4)  # 0 - 1 must not wrap to 255
    assert psnr_db(a, a + np.uint8(255)) == pytest.approx(0)
    assert psnr_db(a, a + np.uint8(1), peak=1) == pytest.approx(0)
    one_of_64 = a.copy()
    one_of_64[3, 3] = 1
    assert psnr_db(a, one_of_64) == pytest.approx(48.1308 + 10 * math.log10(64), abs=1e-4)


@pytest.mark.parametrize("measure", [psnr_db, ssim, feature_snr_db])
def test_wrong_ranges_and_shapes_are_refused(measure):
    a = np.zeros((3, 16, 16), np.uint8)
    with pytest.raises(ValueError, match="uint8"):
        measure(a / 255, a / 255)
    with pytest.raises(ValueError, match="shapes"):
        measure(a, a[:1])
    with pytest.raises(ValueError, match="nothing"):
        measure(a[:0], a[:0])


def test_ssim_refuses_batches_and_unknown_channels():
    batch = np.zeros((2, 3, 16, 16), np.uint8)
    with pytest.raises(ValueError, match="axes"):
        ssim(batch, batch)
    with pytest.raises(ValueError, match="channel_axis"):
        ssim(batch[0], batch[0], channel_axis=None)


def test_feature_snr_equals_the_formula_on_dequantised_features():
    rng = RNG(3)
    cover = rng.integers(100, 160, (5, 9, 8), dtype=np.uint8)
    stego = (cover + rng.integers(-1, 2, cover.shape)).astype(np.uint8)
    steps = np.array([0.5, 1, 2, 4, 9.0])
    features, changed = ((symbols - 128.0) * steps[:, None, None] for symbols in (cover, stego))
    signal = features.var(axis=(1, 2)).sum()
    noise = ((features - changed) ** 2).mean(axis=(1, 2)).sum()
    assert feature_snr_db(cover, stego, steps) == pytest.approx(10 * np.log10(signal / noise), abs=1e-9)


def test_feature_snr_weighs_a_move_by_its_step_and_ignores_the_unit():
    rng = RNG(4)
    cover = rng.integers(0, 200, (2, 8, 8), dtype=np.uint8)
    in_small, in_large = cover.copy(), cover.copy()
    in_small[0, 0, 0] += 1
    in_large[1, 0, 0] += 1
    steps = np.array([1.0, 10.0])
    gap = feature_snr_db(cover, in_small, steps) - feature_snr_db(cover, in_large, steps)
    assert gap == pytest.approx(20)
    assert feature_snr_db(cover, in_small, 7 * steps) == pytest.approx(feature_snr_db(cover, in_small, steps))
    assert feature_snr_db(cover, in_small) == pytest.approx(feature_snr_db(cover, in_small, np.ones(2)))


def test_feature_snr_at_the_edges():
    flat = np.full((2, 4, 4), 128, np.uint8)
    moved = flat.copy()
    moved[0, 0, 0] += 1
    assert feature_snr_db(flat, flat) == math.inf
    assert feature_snr_db(flat, moved) == -math.inf
    with pytest.raises(ValueError, match="steps"):
        feature_snr_db(flat, moved, np.ones(3))
    with pytest.raises(ValueError, match="steps"):
        feature_snr_db(flat[0], moved[0], np.ones(4))
