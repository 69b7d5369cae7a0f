# SPDX-License-Identifier: Apache-2.0
"""The discriminant is Fisher's and ridge regression's, and takes its ridge and threshold from validation."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge

from semstego.metrics.detection import auc, bootstrap_interval, p_e_at
from semstego.steganalysis.features.spam import spam686, spam_per_channel
from semstego.steganalysis.learning import fisher
from semstego.steganalysis.learning.fisher import RIDGES, FisherDiscriminant
from semstego.steganalysis.sources.folders import split_photographs


def textured_planes(rng, n, size=64):
    """Smooth random fields of several sharpnesses with a little sensor noise."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    spectra = np.fft.rfft2(rng.normal(size=(n, size, size)))
    spectra *= (frequency + 0.02) ** -rng.uniform(2.5, 3.5, (n, 1, 1))
    fields = np.fft.irfft2(spectra, s=(size, size))
    fields *= rng.uniform(15, 45, (n, 1, 1)) / fields.std(axis=(1, 2), keepdims=True)
    return np.clip(128 + fields + rng.normal(0, 0.6, fields.shape), 0, 255).round().astype(np.uint8)


def lsb_matching(planes, rng, bits_per_symbol):
    """A symbol that carries a bit moves by +-1 half of the time."""
    moves = (rng.random(planes.shape) < bits_per_symbol / 2) * rng.choice([-1, 1], planes.shape)
    moved = planes + moves
    return np.where((moved < 0) | (moved > 255), planes - moves, moved).astype(np.uint8)


def detected(cover, stego, groups, seed=0):
    rng = np.random.default_rng(seed)
    train, validate, test = split_photographs(groups, (0.6, 0.2, 0.2), rng)
    discriminant = FisherDiscriminant.fit(
        cover[train], stego[train], validation_cover=cover[validate], validation_stego=stego[validate]
    )
    scores = discriminant.score(cover[test]), discriminant.score(stego[test])

    def p_e(rows):
        return p_e_at(discriminant.threshold, scores[0][rows], scores[1][rows])

    return discriminant, bootstrap_interval(p_e, np.asarray(groups)[test], rng), test


@pytest.fixture(scope="module")
def planes():
    return textured_planes(np.random.default_rng(11), 400)


def test_planted_lsb_matching_is_detected(planes):
    stego = lsb_matching(planes, np.random.default_rng(12), 0.4)
    _, interval, _ = detected(spam686(planes), spam686(stego), np.arange(400) // 2)
    assert interval.estimate < 0.15
    assert interval.low <= interval.estimate <= interval.high < 0.25


def test_cover_against_cover_is_guessing(planes):
    other = textured_planes(np.random.default_rng(13), 400)
    discriminant, interval, test = detected(spam686(planes), spam686(other), np.arange(400) // 2)
    assert interval.low <= 0.5 <= interval.high
    assert 0.38 < auc(discriminant.score(spam686(planes[test])), discriminant.score(spam686(other[test]))) < 0.62


def test_the_same_features_give_the_same_discriminant(planes):
    stego = lsb_matching(planes[:90], np.random.default_rng(12), 1)
    features = spam_per_channel(planes[:90].reshape(30, 3, 64, 64)), spam_per_channel(stego.reshape(30, 3, 64, 64))
    first, second = (detected(*features, np.arange(30))[0] for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    assert (first.bias, first.threshold, first.ridge) == (second.bias, second.threshold, second.ridge)


@pytest.mark.parametrize("shape", [(40, 15), (15, 40), (20, 20)])
def test_dual_and_primal_give_one_direction_and_it_is_ridge_regression(shape):
    rng = np.random.default_rng(3)
    data, labels = rng.normal(size=shape), np.repeat([-1.0, 1.0], [shape[0] // 2, shape[0] - shape[0] // 2])
    primal = fisher._ridge_directions(data, labels, RIDGES, dual=False)
    dual = fisher._ridge_directions(data, labels, RIDGES, dual=True)
    np.testing.assert_allclose(primal, dual, atol=1e-8)
    strength = RIDGES[4] * np.trace(data.T @ data) / min(shape)
    oracle = Ridge(alpha=strength, fit_intercept=False).fit(data, labels)
    np.testing.assert_allclose(dual[:, 4], oracle.coef_, atol=1e-8)


def gaussian_pairs(rng, n, size=6):
    scales = 10.0 ** np.arange(-3, size - 3)
    mixing = rng.normal(size=(size, size)) * scales
    cover, stego = rng.normal(size=(2, n, size)) @ mixing
    return cover, stego + 0.8 * mixing[0]


def test_with_a_weak_ridge_the_direction_is_fishers():
    cover, stego = gaussian_pairs(np.random.default_rng(4), 4000)
    discriminant = FisherDiscriminant.fit(cover, stego, validation_cover=cover, validation_stego=stego, ridges=[1e-9])
    direction = LinearDiscriminantAnalysis().fit(np.concatenate([cover, stego]), np.repeat([0, 1], 4000)).coef_[0]
    np.testing.assert_allclose(discriminant.weights / discriminant.weights[0], direction / direction[0], rtol=1e-4)
    assert discriminant.score(stego).mean() > 0 > discriminant.score(cover).mean()  # stego scores higher


def test_ridge_and_threshold_come_from_validation():
    rng = np.random.default_rng(5)
    (cover, stego), (val_cover, val_stego) = gaussian_pairs(rng, 50), gaussian_pairs(rng, 50)
    discriminant = FisherDiscriminant.fit(cover, stego, validation_cover=val_cover, validation_stego=val_stego)
    shifted = FisherDiscriminant.fit(cover, stego, validation_cover=val_cover + 3, validation_stego=val_stego + 3)
    assert discriminant.ridge in RIDGES
    gap = 3 * discriminant.weights.sum()
    assert shifted.threshold - discriminant.threshold == pytest.approx(gap)
    np.testing.assert_allclose(shifted.weights, discriminant.weights)


def test_of_equally_good_ridges_the_strongest_is_taken():
    cover = np.random.default_rng(6).normal(size=(30, 4))
    discriminant = FisherDiscriminant.fit(cover, cover + 50, validation_cover=cover, validation_stego=cover + 50)
    assert discriminant.ridge == max(RIDGES)


def test_features_that_stand_still_in_training_have_no_say():
    rng = np.random.default_rng(7)
    cover, stego = gaussian_pairs(rng, 80)
    extended = [np.concatenate([f, np.full((80, 1), np.float32(0.1)), np.zeros((80, 1))], 1) for f in (cover, stego)]
    discriminant = FisherDiscriminant.fit(*extended, validation_cover=extended[0], validation_stego=extended[1])
    assert (discriminant.weights[-2:] == 0).all()
    assert np.count_nonzero(discriminant.weights) == 6
    with pytest.raises(ValueError, match="no feature"):
        FisherDiscriminant.fit(
            *(2 * [np.ones((4, 3))]), validation_cover=np.ones((1, 3)), validation_stego=np.ones((1, 3))
        )


def test_unpaired_training_sets_are_refused():
    with pytest.raises(ValueError, match="pairs"):
        FisherDiscriminant.fit(
            np.zeros((3, 2)), np.zeros((4, 2)), validation_cover=np.zeros((1, 2)), validation_stego=np.zeros((1, 2))
        )
