# SPDX-License-Identifier: Apache-2.0
"""The shipped detectors pass the check, and detectors that are broken in one way each do not."""

import numpy as np
import pytest
import torch

from semstego.metrics.detection import auc
from semstego.steganalysis.detectors.base import DETECTORS, Detector, Scores
from semstego.testing.detectors import check_detector


@pytest.mark.parametrize("name", ["histogram", "SPAM", "joint", "SRMQ1"])
def test_the_fast_shipped_detectors_pass(name):
    check_detector(DETECTORS.get(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dense", "XuNet", "SRNet"])
def test_the_shipped_networks_pass(name):
    torch.set_num_threads(1)
    check_detector(DETECTORS.get(name))


class OddValues(Detector):
    """The share of odd values, of which the covers of the check have none."""

    name = "odd values"

    def scores(self, parts, *, seed, progress):
        progress("counting", 1.0)
        return Scores(*(self.score(maps, seed) for one in parts[1:] for maps in (one.cover, one.stego)))

    def score(self, maps, seed):
        return (maps % 2).mean((1, 2, 3))


class TooFew(OddValues):
    def score(self, maps, seed):
        return super().score(maps, seed)[1:]


class NotFinite(OddValues):
    def score(self, maps, seed):
        with np.errstate(divide="ignore"):
            return np.log(super().score(maps, seed))


class WithoutSeed(OddValues):
    rng = np.random.default_rng(0)

    def score(self, maps, seed):
        return super().score(maps, seed) + 0.01 * self.rng.normal(size=len(maps))


class WrongSign(OddValues):
    def score(self, maps, seed):
        return -super().score(maps, seed)


class Guessing(OddValues):
    def score(self, maps, seed):
        return np.random.default_rng((seed, int(maps.sum()))).normal(size=len(maps))


class ByPosition(OddValues):
    """Takes the first of each pair for the cover, whatever it is."""

    def scores(self, parts, *, seed, progress):
        return Scores(*(sign * np.ones(len(one)) for one in parts[1:] for sign in (-1, 1)))


class Overwriting(OddValues):
    def score(self, maps, seed):
        maps %= 2
        return maps.mean((1, 2, 3))


class OddShare(OddValues):
    def scores(self, parts, *, seed, progress):
        progress("counting", 100.0)
        return super().scores(parts, seed=seed, progress=progress)


class Nameless(OddValues):
    name = None


class Renamed(OddValues):
    def prepared(self, setting):
        return OddValues()

    name = "renamed"


def test_a_detector_that_is_right_passes():
    check_detector(OddValues())


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (TooFew, "shapes"),
        (NotFinite, "finite"),
        (WithoutSeed, "same pairs and seed"),
        (WrongSign, "not detected"),
        (Guessing, "not detected"),
        (ByPosition, "swapped"),
        (Overwriting, "changes the pairs"),
        (OddShare, "share of 100"),
        (Nameless, "it has no 'name'"),
        (Renamed, "once it is prepared"),
    ],
)
def test_a_broken_detector_does_not_pass(broken, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_detector(broken())


def test_the_check_is_not_passed_by_the_sign_alone():
    """An AUC of 0.6 is more than a guess on 100 pairs gives."""
    rng = np.random.default_rng(0)
    areas = [auc(*rng.normal(size=(2, 100))) for _ in range(1000)]
    assert np.mean(np.array(areas) > 0.6) < 0.02
