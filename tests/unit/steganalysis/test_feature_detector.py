# SPDX-License-Identifier: Apache-2.0
"""Judges score stego above cover, learn from training alone, and have no opinion where nothing moves."""

from dataclasses import replace

import numpy as np
import pytest

from semstego.metrics.detection import auc
from semstego.steganalysis.detectors.base import (
    BASE_LEARNERS,
    FeatureJudge,
    NumbersJudge,
    Parts,
    RememberedJudge,
    Scores,
    ensemble,
)
from semstego.steganalysis.features.extraction import Cache, Extractor
from semstego.steganalysis.pairs import Pairs


def quiet(what, share):
    pass


def parts(rng, counts=(60, 30, 40)):
    """Maps of noise; stegos are lighter, some of them a little only."""
    found = []
    for count in counts:
        cover = rng.integers(40, 200, (count, 1, 8, 8), dtype=np.uint8)
        lighter = rng.integers(0, 21, cover.shape, dtype=np.uint8)
        found.append(Pairs(cover, cover + lighter, np.arange(count)))
    return Parts(*found)


def means(maps):
    return maps.mean(3).reshape(len(maps), -1).astype(np.float32)


@pytest.mark.parametrize("together", [False, True])
def test_scores_of_features_rise_with_the_message_and_repeat(rng, together):
    judge = FeatureJudge(Extractor("means", means), Cache(None), ensemble=together)
    pairs = parts(rng)
    first, again = (judge.scores(pairs, seed=1, progress=quiet) for _ in range(2))
    assert [len(one) for one in first] == [30, 30, 40, 40]
    assert auc(first.cover, first.stego) > 0.8
    assert auc(first.validation_cover, first.validation_stego) > 0.8
    assert judge.name == "means"
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_test_pairs_teach_nothing(rng):
    judge = FeatureJudge(Extractor("means", means), Cache(None))
    pairs = parts(rng)
    backwards = pairs._replace(test=Pairs(pairs.test.stego, pairs.test.cover, pairs.test.photographs))
    one, other = (judge.scores(each, seed=0, progress=quiet) for each in (pairs, backwards))
    np.testing.assert_array_equal(one.cover, other.stego)
    np.testing.assert_array_equal(one.validation_cover, other.validation_cover)


def test_an_ensemble_votes_with_every_member_and_by_its_seed(rng):
    features = rng.normal(size=(2, 50, 30))
    features[1] += 0.3
    votes = {seed: ensemble((features[0], features[1]), seed)(features[1]) for seed in (1, 2)}
    assert (np.abs(votes[1]) <= 1).all()
    np.testing.assert_allclose(BASE_LEARNERS * votes[1] % 2, 1)  # an odd number of votes, none of them lost
    assert (votes[1] != votes[2]).any()


@pytest.mark.parametrize("size", [1e6, 0.0])
def test_numbers_that_hardly_move_are_no_opinion_and_no_error(size):
    """Files of uncompressed pictures are all of one size, but for a comment in the header."""
    still = np.full((20, 1), size)
    nearly = still.copy()
    nearly[3] += size * 1e-7
    same = Parts(*3 * (Pairs(still, nearly, np.arange(20)),))
    for one in NumbersJudge().scores(same, seed=0, progress=quiet):
        np.testing.assert_array_equal(one, np.zeros(20))


def test_numbers_that_move_are_judged(rng):
    def sizes(count):
        cover = rng.normal(1000, 100, (count, 1))
        return Pairs(cover, cover + 300, np.arange(count))

    found = NumbersJudge().scores(Parts(sizes(50), sizes(30), sizes(30)), seed=0, progress=quiet)
    assert auc(found.cover, found.stego) > 0.9


@pytest.mark.parametrize("kept", [True, False])
def test_features_are_kept_if_they_say_so(rng, tmp_path, kept):
    pairs = parts(rng)
    taken = []

    def counted(maps):
        taken.append(len(maps))
        return means(maps)

    judge = FeatureJudge(Extractor("means", counted, kept=kept), Cache(tmp_path))
    first = judge.scores(pairs, seed=1, progress=quiet)
    assert len(taken) == 6
    for one, other in zip(first, judge.scores(pairs, seed=1, progress=quiet), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(taken) == (6 if kept else 12)


def test_scores_are_remembered_for_the_same_judge_and_pairs_and_no_others(rng, tmp_path):
    pairs = parts(rng)
    asked = []

    class Asked(NumbersJudge):
        def scores(self, parts, *, seed, progress):
            asked.append(seed)
            return Scores(*(rng.normal(size=len(one)) for one in (parts[1], parts[1], parts[2], parts[2])))

    judge = RememberedJudge(Asked("numbers"), "numbers", Cache(tmp_path))
    assert judge.name == "numbers"
    first = judge.scores(pairs, seed=1, progress=quiet)
    for one, other in zip(first, judge.scores(pairs, seed=1, progress=quiet), strict=True):
        np.testing.assert_array_equal(one, other)
    assert asked == [1]
    lighter = pairs.test.stego.copy()
    lighter[0, 0, 0, 0] += 1
    others = (
        pairs._replace(test=pairs.test.with_stego(lighter)),
        pairs._replace(train=pairs.train.take(np.arange(59))),
        Parts(pairs.test, pairs.validation, pairs.train),
    )
    for place, changed in enumerate(others, start=2):
        judge.scores(changed, seed=1, progress=quiet)
        assert len(asked) == place
    judge.scores(pairs, seed=2, progress=quiet)
    replace(judge, settings="other numbers").scores(pairs, seed=1, progress=quiet)
    assert asked == [1, 1, 1, 1, 2, 1]
