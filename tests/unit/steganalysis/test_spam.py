# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from semstego.steganalysis.features.spam import SPAM_SIZE, spam686, spam_per_channel

STRAIGHT = [(0, 1), (0, -1), (1, 0), (-1, 0)]
DIAGONAL = [(1, 1), (-1, -1), (-1, 1), (1, -1)]


def slow_shares(plane, step, conditional):
    """The definition, one walk of four pixels at a time."""
    counts = np.zeros((7, 7, 7))
    height, width = plane.shape
    for y in range(height):
        for x in range(width):
            walk = [(y + t * step[0], x + t * step[1]) for t in range(4)]
            if all(0 <= row < height and 0 <= column < width for row, column in walk):
                values = [int(plane[place]) for place in walk]
                pattern = tuple(np.clip(values[t] - values[t + 1], -3, 3) + 3 for t in range(3))
                counts[pattern] += 1
    whole = counts.sum(axis=2, keepdims=True) if conditional else counts.sum()
    return np.divide(counts, whole, out=np.zeros_like(counts), where=whole > 0).ravel()


def slow_spam(plane, conditional):
    halves = [np.mean([slow_shares(plane, s, conditional) for s in steps], axis=0) for steps in (STRAIGHT, DIAGONAL)]
    return np.concatenate(halves)


def textured(rng, shape):
    return (128 + np.cumsum(np.cumsum(rng.normal(0, 0.4, shape), -1), -2)).astype(np.int64).astype(np.uint8)


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("shape", [(4, 4), (9, 14), (23, 8)])
def test_features_equal_the_slow_definition(shape, conditional):
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, shape, dtype=np.uint8)  # differences that would wrap in uint8
    planes = np.stack([textured(rng, shape), noise, np.full(shape, 9, np.uint8)])
    features = spam686(planes, conditional=conditional)
    assert features.shape == (3, SPAM_SIZE) == (3, 686)
    assert features.dtype == np.float32
    for plane, got in zip(planes, features, strict=True):
        np.testing.assert_allclose(got, slow_spam(plane, conditional), atol=1e-6)


def test_joint_shares_of_a_half_sum_to_one_and_a_flat_plane_has_one_pattern():
    features = spam686(np.zeros((1, 16, 16), np.uint8))[0]
    assert features[171] == features[343 + 171] == 1  # 171 is (0, 0, 0)
    assert features.sum() == 2


def test_turning_and_mirroring_a_plane_changes_nothing():
    plane = textured(np.random.default_rng(6), (20, 20))
    turned = np.stack([plane, np.rot90(plane), plane[::-1], plane[:, ::-1], plane.T])
    features = spam686(turned)
    np.testing.assert_allclose(features, np.broadcast_to(features[0], features.shape), atol=1e-6)


def test_channels_are_concatenated_picture_by_picture():
    rng = np.random.default_rng(7)
    pictures = rng.integers(0, 256, (2, 3, 12, 10), dtype=np.uint8)
    features = spam_per_channel(pictures)
    assert features.shape == (2, 3 * SPAM_SIZE)
    np.testing.assert_array_equal(features[1, SPAM_SIZE : 2 * SPAM_SIZE], spam686(pictures[1, 1:2])[0])
    strided = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(spam_per_channel(strided), features)


@pytest.mark.parametrize("bad", [np.zeros((2, 8, 8)), np.zeros((8, 8), np.uint8), np.zeros((2, 3, 8), np.uint8)])
def test_other_arrays_are_refused(bad):
    with pytest.raises(ValueError, match="n h w"):
        spam686(bad)
