# SPDX-License-Identifier: Apache-2.0
"""Detectors of features score stego above cover, learn from training alone, and give 0 where nothing differs."""

import numpy as np
import pytest

from semstego.metrics.detection import auc
from semstego.steganalysis.audit import NUMBERS
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.detectors.base import Setting
from semstego.steganalysis.features.extraction import Extractor
from semstego.steganalysis.learning.classifiers import BASE_LEARNERS, ensemble, fisher
from semstego.steganalysis.learning.feature_detector import FeatureDetector
from semstego.steganalysis.pairs import Pairs, Parts
from semstego.steganalysis.protocol import RIGOROUS


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


@pytest.mark.parametrize("classifier", [fisher, ensemble])
def test_scores_of_features_rise_with_the_message_and_repeat(rng, classifier):
    detector = FeatureDetector(Extractor("means", means), classifier)
    pairs = parts(rng)
    first, again = (detector.scores(pairs, seed=1, progress=quiet) for _ in range(2))
    assert [len(one) for one in first] == [30, 30, 40, 40]
    assert auc(first.cover, first.stego) > 0.8
    assert auc(first.validation_cover, first.validation_stego) > 0.8
    assert detector.name == "means"
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_test_pairs_teach_nothing(rng):
    detector = FeatureDetector(Extractor("means", means))
    pairs = parts(rng)
    backwards = pairs._replace(test=Pairs(pairs.test.stego, pairs.test.cover, pairs.test.photographs))
    one, other = (detector.scores(each, seed=0, progress=quiet) for each in (pairs, backwards))
    np.testing.assert_array_equal(one.cover, other.stego)
    np.testing.assert_array_equal(one.validation_cover, other.validation_cover)


def test_an_ensemble_votes_with_every_member_and_by_its_seed(rng):
    features = rng.normal(size=(2, 50, 30))
    features[1] += 0.3
    votes = {
        seed: ensemble((features[0], features[1]), (features[0], features[1]), seed)(features[1]) for seed in (1, 2)
    }
    assert (np.abs(votes[1]) <= 1).all()
    np.testing.assert_allclose(BASE_LEARNERS * votes[1] % 2, 1)  # an odd number of votes, none of them lost
    assert (votes[1] != votes[2]).any()


@pytest.mark.parametrize("size", [1e6, 0.0])
def test_numbers_that_hardly_differ_have_equal_scores_and_are_no_error(size):
    """Files of uncompressed pictures are all of one size, but for a comment in the header."""
    still = np.full((20, 1), size)
    nearly = still.copy()
    nearly[3] += size * 1e-7
    same = Parts(*3 * (Pairs(still, nearly, np.arange(20)),))
    for one in NUMBERS.scores(same, seed=0, progress=quiet):
        np.testing.assert_array_equal(one, np.zeros(20))


def test_numbers_that_differ_are_told_apart(rng):
    def sizes(count):
        cover = rng.normal(1000, 100, (count, 1))
        return Pairs(cover, cover + 300, np.arange(count))

    found = NUMBERS.scores(Parts(sizes(50), sizes(30), sizes(30)), seed=0, progress=quiet)
    assert auc(found.cover, found.stego) > 0.9


TAKEN = []


def counted(maps):
    TAKEN.append(len(maps))
    return means(maps)


@pytest.mark.parametrize("kept", [True, False])
def test_features_are_kept_if_they_say_so(rng, tmp_path, kept):
    pairs = parts(rng)
    TAKEN.clear()
    detector = FeatureDetector(Extractor("means", counted, kept=kept), cache=Cache(tmp_path))
    first = detector.scores(pairs, seed=1, progress=quiet)
    assert len(TAKEN) == 6
    for one, other in zip(first, detector.scores(pairs, seed=1, progress=quiet), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(TAKEN) == (6 if kept else 12)


def test_an_audit_keeps_the_scores_too(rng, tmp_path):
    pairs = parts(rng)
    TAKEN.clear()
    for _ in range(2):
        detector = FeatureDetector(Extractor("means", counted, kept=False)).prepared(Setting(RIGOROUS, Cache(tmp_path)))
        assert detector.name == "means"
        detector.scores(pairs, seed=1, progress=quiet)
    assert len(TAKEN) == 6


def test_scores_of_a_function_without_a_file_are_not_kept(rng, tmp_path):
    detector = FeatureDetector(Extractor("means", lambda maps: means(maps))).prepared(
        Setting(RIGOROUS, Cache(tmp_path))
    )
    detector.scores(parts(rng), seed=1, progress=quiet)
    assert not list(tmp_path.iterdir())
