"""The joint predictor against least squares by another road, and its exact arithmetic."""

import numpy as np
import pytest

from semstego.schemes.syndrome import prediction
from semstego.schemes.syndrome.prediction import JointPredictor


def test_weights_are_those_of_weighted_least_squares_without_the_value_itself(related, rng):
    maps = related(rng, 3, channels=2, side=7)
    rows, wanted, weight = [], [], []
    for one in maps.astype(float) - 128:
        for y in range(1, 6):
            for x in range(1, 6):
                window = one[:, y - 1 : y + 2, x - 1 : x + 2]
                weight.append(np.ceil(256 * (0.5 / (0.5 + window.std((1, 2)).mean())) ** 2) / 256)
                rows.append([*np.delete(window.ravel(), 4), 1])  # of map 0, without its middle
                wanted.append(window[0, 1, 1])
    # A ridge is a row of its own for every weight.
    share = np.sqrt(weight)[:, None]
    matrix = np.concatenate([np.array(rows) * share, np.sqrt(10) * np.eye(18)])
    target = np.concatenate([np.array(wanted) * share[:, 0], np.zeros(18)])
    found = JointPredictor.fit(maps).weights
    assert found[0, 4] == found[1, 13] == 0
    np.testing.assert_allclose(np.delete(found[0], 4), np.linalg.lstsq(matrix, target, rcond=None)[0], atol=1e-3)


def test_residuals_are_values_less_weighted_sums(related, rng):
    maps = related(rng, 1, channels=3, side=9)[0]
    predictor = JointPredictor.fit(maps[None])
    found = predictor.residuals(maps)
    assert found.shape == (3, 7, 7)
    window = maps[:, 2:5, 4:7].ravel().astype(float) - 128
    for channel in range(3):
        wanted = maps[channel, 3, 5] - 128.0 - predictor.weights[channel] @ [*window, 1]
        assert found[channel, 2, 4] == wanted  # to the last digit: nothing is rounded


def test_what_other_maps_foretell_is_gone(related, rng):
    maps = related(rng, 40)
    predictor = JointPredictor.fit(maps)
    left = np.stack([predictor.residuals(one) for one in maps])[:, -1].std()
    assert left < 0.5 < maps[:, -1].std()  # rounding: 1 / sqrt(12), and that of its two sources


def test_order_and_batches_do_not_matter(related, rng, monkeypatch):
    maps = related(rng, 12)
    wanted = JointPredictor.fit(maps).weights
    monkeypatch.setattr(prediction, "_BATCH", 77)
    np.testing.assert_array_equal(JointPredictor.fit(maps[::-1]).weights, wanted)


@pytest.mark.parametrize("shape", [(1, 1, 3, 3), (1, 10, 4, 4), (2, 3, 3, 50)])
def test_few_places_and_still_maps_are_no_trouble(rng, shape):
    for maps in (np.full(shape, 77, np.uint8), rng.integers(0, 256, shape, dtype=np.uint8)):
        assert np.isfinite(JointPredictor.fit(maps).residuals(maps[0])).all()


def test_maps_smaller_than_the_window_are_refused():
    with pytest.raises(ValueError, match="window"):
        JointPredictor.fit(np.zeros((1, 2, 2, 5), np.uint8))
