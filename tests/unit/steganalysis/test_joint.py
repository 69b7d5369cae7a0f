"""Joint residuals: an oracle of our own for patterns, least squares for the predictor, and what they are there for."""

from collections import Counter

import numpy as np
import pytest

from semstego.steganalysis.joint import STEPS, JointPredictor


def related(rng, count, channels=4, side=16):
    """Maps whose last one is the mean of two others, rounded, with the noise of the rounding alone."""
    maps = 128 + np.cumsum(rng.normal(0, 1.5, (count, channels, side, side)), axis=3)
    maps[:, -1] = (maps[:, 0] + maps[:, 1]) / 2
    return np.clip(np.rint(maps), 0, 255).astype(np.uint8)


def test_the_predictor_is_weighted_least_squares_without_the_value_itself(rng):
    maps = related(rng, 3, channels=2, side=7)
    weights = JointPredictor.fit(maps).weights
    rows, wanted, unrest = [], [], []
    for one in maps.astype(float) - 128:
        for y in range(1, 6):
            for x in range(1, 6):
                window = one[:, y - 1 : y + 2, x - 1 : x + 2]
                unrest.append(0.5 + window.std((1, 2)).mean())
                rows.append([*np.delete(window.ravel(), 4), 1])  # of map 0, without its middle
                wanted.append(window[0, 1, 1])
    share = 1 / np.array(unrest)
    found = np.linalg.lstsq(np.array(rows) * share[:, None], np.array(wanted) * share, rcond=None)[0]
    assert weights[0, 4] == 0
    assert weights[1, 13] == 0
    np.testing.assert_allclose(np.delete(weights[0], 4), found, atol=1e-3)


def test_what_other_maps_foretell_is_gone(rng):
    maps = related(rng, 40)
    predictor = JointPredictor.fit(maps)
    spread = predictor.residuals(maps).std((0, 2, 3))
    assert spread[-1] < 0.5 < maps[:, -1].std()  # rounding: 1 / sqrt(12), and that of its two sources
    constant = np.full((2, 4, 8, 8), 77, np.uint8)
    assert JointPredictor.fit(constant).residuals(constant).max() == pytest.approx(0, abs=0.1)


def test_shares_are_those_of_a_slow_count(rng):
    maps = related(rng, 1, channels=5, side=8)
    predictor = JointPredictor.fit(related(rng, 20, channels=5, side=8))
    features = predictor.features(maps)[0].astype(float) ** 2
    residuals = predictor.residuals(maps)[0]
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
    features = JointPredictor.fit(maps).features(maps)
    assert features.shape == (3, len(STEPS) * size)
    assert features.dtype == np.float32
    np.testing.assert_allclose((features**2).sum(1), len(STEPS) * (channels + max(1, channels - 3)), rtol=1e-4)


def test_a_change_that_no_map_tells_by_itself_moves_the_features(rng):
    """The map that two others foretell is noisy in itself: SPAM sees little of +-1 in it, this judge nearly all."""
    from semstego.steganalysis.spam import spam_per_channel

    cover = related(rng, 300)
    stego = cover.copy()
    stego[:, -1] += rng.integers(0, 2, stego[:, -1].shape, dtype=np.uint8)
    predictor = JointPredictor.fit(cover)

    def separation(extract):
        one, other = extract(cover), extract(stego)
        spread = np.maximum(one.std(0) + other.std(0), 1e-3)
        return np.abs((one.mean(0) - other.mean(0)) / spread).max()

    assert separation(predictor.features) > 4 * separation(spam_per_channel)
