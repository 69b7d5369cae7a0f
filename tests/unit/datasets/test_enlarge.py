# SPDX-License-Identifier: Apache-2.0
"""Pictures enlarged, and pictures made soft: what the sizes, means and frequencies must be."""

import numpy as np
import pytest
from PIL import Image

from semstego.datasets.enlarge import enlarge, softened


def bicubic(picture, side):
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))


def test_soft_pictures_are_the_mean_of_areas_enlarged_by_bicubic_interpolation():
    means = np.array([[[10, 200, 0], [30, 90, 255]], [[77, 50, 120], [240, 8, 60]]], np.uint8)  # (y, x, channel)
    swing = np.array([[6, -2, 5, -9], [0, 0, 0, 0], [-6, 2, -5, 9], [4, -4, 3, -3]])  # of mean 0
    hard = np.repeat(np.repeat(means, 4, 0), 4, 1).astype(int)
    hard[:, :, 1] += np.tile(swing, (2, 2)) * (hard[:, :, 1] > 8)  # what 2 x 2 pixels cannot show
    found = softened(hard[None].astype(np.uint8), 2)
    assert found.shape == (1, 8, 8, 3)
    assert found.dtype == np.uint8
    assert np.array_equal(found[0], bicubic(means, 8))
    assert not np.array_equal(found[0], bicubic(hard[::4, ::4].astype(np.uint8), 8))  # a sample is no mean


def test_grey_pictures_are_softened_like_the_channels_of_colour_ones(rng):
    colour = rng.integers(0, 256, (3, 16, 16, 3), np.uint8)
    apart = [softened(np.ascontiguousarray(colour[..., c : c + 1]), 4) for c in range(3)]
    assert apart[0].shape == (3, 16, 16, 1)
    assert np.array_equal(np.concatenate(apart, 3), softened(colour, 4))


def test_pictures_do_not_see_each_other(rng):
    pictures = rng.integers(0, 256, (4, 16, 16, 3), np.uint8)
    together = softened(pictures, 8)
    for place in range(4):
        assert np.array_equal(softened(pictures[place : place + 1], 8)[0], together[place])


def test_nothing_is_left_above_the_frequencies_of_the_small_picture(rng):
    noise = rng.integers(0, 256, (8, 64, 64, 3), np.uint8)

    def power(pictures):  # (below, above) half the band
        spectrum = np.abs(np.fft.fft(pictures.astype(float) - 127.5, axis=2)).mean((0, 1, 3))
        return spectrum[1:12].mean(), spectrum[24:33].mean()

    hard, soft = power(noise), power(softened(noise, 32))
    assert hard[1] == pytest.approx(hard[0], rel=0.1)
    assert soft[1] < 0.2 * soft[0]


def test_flat_pictures_and_full_detail_stay_as_they_are(rng):
    flat = np.broadcast_to(rng.integers(0, 256, (5, 1, 1, 3), np.uint8), (5, 32, 32, 3)).copy()
    assert np.array_equal(softened(flat, 8), flat)
    noise = rng.integers(0, 256, (2, 32, 32, 3), np.uint8)
    kept = noise.copy()
    assert np.array_equal(softened(noise, 32), noise)
    softened(noise, 8)
    assert np.array_equal(noise, kept)


@pytest.mark.parametrize("channels", [1, 3])
def test_enlarging_is_pillows_for_each_picture(rng, channels):
    small = rng.integers(0, 256, (3, 6, 9, channels), np.uint8)
    large = enlarge(small, 24)
    assert large.shape == (3, 24, 24, channels)
    for picture, result in zip(small, large, strict=True):
        assert np.array_equal(np.squeeze(result), bicubic(np.squeeze(picture), 24))
