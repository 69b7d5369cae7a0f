# SPDX-License-Identifier: Apache-2.0
"""Scores are read back for the same detector, pairs and seed, and for no others."""

from dataclasses import replace

import numpy as np

from semstego.progress import no_progress
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.detectors.base import Detector, Scores
from semstego.steganalysis.learning.remembered import Remembered
from semstego.steganalysis.pairs import Pairs, Parts


class Asked(Detector):
    """Counts how often it is asked."""

    name = "asked"

    def __init__(self):
        self.seeds = []

    def scores(self, parts, *, seed, progress):
        self.seeds.append(seed)
        rng = np.random.default_rng(len(self.seeds))
        return Scores(*(rng.normal(size=len(one)) for one in (parts[1], parts[1], parts[2], parts[2])))


def parts(rng, counts=(60, 30, 40)):
    pictures = (rng.integers(40, 200, (2, count, 1, 8, 8), dtype=np.uint8) for count in counts)
    return Parts(*(Pairs(*both, np.arange(len(both[0]))) for both in pictures))


def remembered(detector, pairs, seed):
    return detector.scores(pairs, seed=seed, progress=no_progress)


def test_scores_are_remembered_for_the_same_detector_and_pairs_and_no_others(rng, tmp_path):
    pairs, asked = parts(rng), Asked()
    detector = Remembered(asked, "asked", Cache(tmp_path))
    assert detector.name == "asked"
    first = remembered(detector, pairs, 1)
    assert [len(one) for one in first] == [30, 30, 40, 40]
    for one, other in zip(first, remembered(detector, pairs, 1), strict=True):
        np.testing.assert_array_equal(one, other)
    assert asked.seeds == [1]
    lighter = pairs.test.stego.copy()
    lighter[0, 0, 0, 0] += 1
    others = (
        pairs._replace(test=pairs.test.with_stego(lighter)),
        pairs._replace(train=pairs.train.take(np.arange(59))),
        Parts(pairs.test, pairs.validation, pairs.train),
    )
    for place, changed in enumerate(others, start=2):
        remembered(detector, changed, 1)
        assert len(asked.seeds) == place
    remembered(detector, pairs, 2)
    remembered(replace(detector, settings="other settings"), pairs, 1)
    remembered(replace(detector, code=(parts,)), pairs, 1)
    assert asked.seeds == [1, 1, 1, 1, 2, 1, 1]


def test_scores_of_code_that_is_not_known_are_made_again(rng, tmp_path):
    class Local(Asked):
        pass

    pairs = parts(rng)
    for detector in (
        Remembered(Local(), "local", Cache(tmp_path)),
        Remembered(Asked(), "asked", Cache(tmp_path), (len,)),
    ):
        for _ in range(2):
            remembered(detector, pairs, 1)
        assert detector.detector.seeds == [1, 1]
    assert not list(tmp_path.iterdir())
