# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge

from semstego.metrics.detection import auc, bootstrap_interval, p_e_at
from semstego.steganalysis.detectors import linear as judge_module
from semstego.steganalysis.detectors.linear import RIDGES, LinearJudge, split_groups
from semstego.steganalysis.features.spam import spam686, spam_per_channel


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


def judged(cover, stego, groups, seed=0):
    rng = np.random.default_rng(seed)
    train, validate, test = split_groups(groups, (0.6, 0.2, 0.2), rng)
    judge = LinearJudge.fit(
        cover[train], stego[train], validation_cover=cover[validate], validation_stego=stego[validate]
    )
    scores = judge.score(cover[test]), judge.score(stego[test])

    def p_e(rows):
        return p_e_at(judge.threshold, scores[0][rows], scores[1][rows])

    return judge, bootstrap_interval(p_e, np.asarray(groups)[test], rng), test


@pytest.fixture(scope="module")
def planes():
    return textured_planes(np.random.default_rng(11), 400)


def test_planted_lsb_matching_is_detected(planes):
    stego = lsb_matching(planes, np.random.default_rng(12), 0.4)
    _, interval, _ = judged(spam686(planes), spam686(stego), np.arange(400) // 2)
    assert interval.estimate < 0.15
    assert interval.low <= interval.estimate <= interval.high < 0.25


def test_cover_against_cover_is_guessing(planes):
    other = textured_planes(np.random.default_rng(13), 400)
    judge, interval, test = judged(spam686(planes), spam686(other), np.arange(400) // 2)
    assert interval.low <= 0.5 <= interval.high
    assert 0.38 < auc(judge.score(spam686(planes[test])), judge.score(spam686(other[test]))) < 0.62


def test_the_same_features_give_the_same_judge(planes):
    stego = lsb_matching(planes[:90], np.random.default_rng(12), 1)
    features = spam_per_channel(planes[:90].reshape(30, 3, 64, 64)), spam_per_channel(stego.reshape(30, 3, 64, 64))
    first, second = (judged(*features, np.arange(30))[0] for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    assert (first.bias, first.threshold, first.ridge) == (second.bias, second.threshold, second.ridge)


@pytest.mark.parametrize("shape", [(40, 15), (15, 40), (20, 20)])
def test_dual_and_primal_give_one_direction_and_it_is_ridge_regression(shape):
    rng = np.random.default_rng(3)
    data, labels = rng.normal(size=shape), np.repeat([-1.0, 1.0], [shape[0] // 2, shape[0] - shape[0] // 2])
    primal = judge_module._ridge_directions(data, labels, RIDGES, dual=False)
    dual = judge_module._ridge_directions(data, labels, RIDGES, dual=True)
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
    judge = LinearJudge.fit(cover, stego, validation_cover=cover, validation_stego=stego, ridges=[1e-9])
    fisher = LinearDiscriminantAnalysis().fit(np.concatenate([cover, stego]), np.repeat([0, 1], 4000)).coef_[0]
    np.testing.assert_allclose(judge.weights / judge.weights[0], fisher / fisher[0], rtol=1e-4)
    assert judge.score(stego).mean() > 0 > judge.score(cover).mean()  # stego scores higher


def test_ridge_and_threshold_come_from_validation():
    rng = np.random.default_rng(5)
    (cover, stego), (val_cover, val_stego) = gaussian_pairs(rng, 50), gaussian_pairs(rng, 50)
    judge = LinearJudge.fit(cover, stego, validation_cover=val_cover, validation_stego=val_stego)
    shifted = LinearJudge.fit(cover, stego, validation_cover=val_cover + 3, validation_stego=val_stego + 3)
    assert judge.ridge in RIDGES
    gap = 3 * judge.weights.sum()
    assert shifted.threshold - judge.threshold == pytest.approx(gap)
    np.testing.assert_allclose(shifted.weights, judge.weights)


def test_of_equally_good_ridges_the_strongest_is_taken():
    cover = np.random.default_rng(6).normal(size=(30, 4))
    judge = LinearJudge.fit(cover, cover + 50, validation_cover=cover, validation_stego=cover + 50)
    assert judge.ridge == max(RIDGES)


def test_features_that_stand_still_in_training_have_no_say():
    rng = np.random.default_rng(7)
    cover, stego = gaussian_pairs(rng, 80)
    extended = [np.concatenate([f, np.full((80, 1), np.float32(0.1)), np.zeros((80, 1))], 1) for f in (cover, stego)]
    judge = LinearJudge.fit(*extended, validation_cover=extended[0], validation_stego=extended[1])
    assert (judge.weights[-2:] == 0).all()
    assert np.count_nonzero(judge.weights) == 6
    with pytest.raises(ValueError, match="no feature"):
        LinearJudge.fit(*(2 * [np.ones((4, 3))]), validation_cover=np.ones((1, 3)), validation_stego=np.ones((1, 3)))


def test_unpaired_training_sets_are_refused():
    with pytest.raises(ValueError, match="pairs"):
        LinearJudge.fit(
            np.zeros((3, 2)), np.zeros((4, 2)), validation_cover=np.zeros((1, 2)), validation_stego=np.zeros((1, 2))
        )


def test_no_photograph_is_in_two_parts():
    groups = np.array(list("abcdefghij") * 5)
    parts = split_groups(groups, (0.5, 0.2, 0.3), np.random.default_rng(9))
    names = [set(groups[part]) for part in parts]
    assert [len(part) for part in names] == [5, 2, 3]
    assert set.union(*names) == set("abcdefghij")
    assert sorted(np.concatenate(parts)) == list(range(50))
    with pytest.raises(ValueError, match="sum"):
        split_groups(groups, (0.5, 0.2), np.random.default_rng(9))
    with pytest.raises(ValueError, match="too few"):
        split_groups(["a", "b"], (0.9, 0.05, 0.05), np.random.default_rng(9))
