"""Joint residuals: an oracle of our own for patterns, least squares for the predictor, and what they are there for."""

from collections import Counter
from functools import partial

import numpy as np
import pytest

from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.steganalysis.features.joint import STEPS, joint_features


def test_shares_are_those_of_a_slow_count(related, rng):
    maps = related(rng, 1, channels=5, side=8)
    predictor = JointPredictor.fit(related(rng, 20, channels=5, side=8))
    features = joint_features(predictor, maps)[0].astype(float) ** 2
    residuals = predictor.residuals(maps[0])
    wanted = []
    for step in STEPS:
        levels = np.clip(np.rint(residuals / np.float32(step)), -2, 2).astype(int)
        for plane in levels:
            counted = Counter()
            for lines in (plane, plane.T):
                for line in lines:
                    for first in range(len(line) - 3):
                        pattern = tuple(line[first : first + 4])
                        negated = tuple(-value for value in pattern)
                        counted[min(pattern, pattern[::-1], negated, negated[::-1])] += 0.5 / (6 * 3)
            wanted += sorted(counted.values())
        for first in range(2):
            counted = Counter(zip(*(levels[first + k].ravel() for k in range(4)), strict=True))
            wanted += sorted(count / 36 for count in counted.values())
    # Patterns that occur, in the order of blocks: 169 of a map, then 625 of four maps at one place.
    blocks = np.split(features, np.cumsum(([169] * 5 + [625] * 2) * len(STEPS))[:-1])
    found = [value for block in blocks for value in sorted(block[block > 0])]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize(("channels", "size"), [(1, 169 + 5), (3, 3 * 169 + 125), (4, 4 * 169 + 625)])
def test_any_number_of_maps(rng, channels, size):
    maps = rng.integers(0, 256, (3, channels, 9, 12), dtype=np.uint8)
    features = joint_features(JointPredictor.fit(maps), maps)
    assert features.shape == (3, len(STEPS) * size)
    assert features.dtype == np.float32
    np.testing.assert_allclose((features**2).sum(1), len(STEPS) * (channels + max(1, channels - 3)), rtol=1e-4)


def test_a_change_that_no_map_tells_by_itself_moves_the_features(related, rng):
    """The map that two others predict is noisy by itself: SPAM detects few changes by 1 in it, joint nearly all."""
    from semstego.steganalysis.features.spam import spam_per_channel

    cover = related(rng, 300)
    stego = cover.copy()
    stego[:, -1] += rng.integers(0, 2, stego[:, -1].shape, dtype=np.uint8)
    predictor = JointPredictor.fit(cover)

    def separation(extract):
        one, other = extract(cover), extract(stego)
        spread = np.maximum(one.std(0) + other.std(0), 1e-3)
        return np.abs((one.mean(0) - other.mean(0)) / spread).max()

    assert separation(partial(joint_features, predictor)) > 4 * separation(spam_per_channel)
