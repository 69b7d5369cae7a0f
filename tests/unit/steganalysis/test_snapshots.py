# SPDX-License-Identifier: Apache-2.0
"""Which weights of a training are kept: those that err least on the validation pairs, whatever the test pairs are."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from semstego.steganalysis.learning.network_detector import Architecture, NetworkDetector, PretrainedNetwork
from semstego.steganalysis.learning.network_training import NetworkSettings
from semstego.steganalysis.pairs import Pairs, Parts

EPOCHS = 12
SETTINGS = NetworkSettings(
    width=1, rate=0.5, epochs=EPOCHS, epochs_after_start=EPOCHS, patience=EPOCHS, batch_pairs=8, joint=False
)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


class Roughness(nn.Module):
    """Logistic regression on how much neighbours differ; it begins knowing nothing, and every epoch makes it surer."""

    def __init__(self, built, covers, settings):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
        built.append(self)

    def forward(self, maps):
        rough = maps.diff(dim=-1).abs().mean((1, 2, 3))[:, None] / 8 - 1
        return rough * self.weight + self.bias


def optimiser(network, rate):
    return torch.optim.SGD(network.parameters(), rate)


def detector(built):
    return NetworkDetector(Architecture("roughness", partial(Roughness, built), optimiser), SETTINGS, SETTINGS)


def pairs(count, seed, *, wrong=0.0):
    """Flat covers and rough stegos; a share of pairs, spread evenly, is the other way round."""
    rng = np.random.default_rng(seed)
    cover = np.broadcast_to(rng.integers(40, 200, (count, 1, 1, 1)), (count, 1, 8, 8)).astype(np.uint8)
    stego = (cover + rng.integers(-20, 21, cover.shape)).astype(np.uint8)
    turned = (np.arange(count) * wrong % 1 < wrong).reshape(-1, 1, 1, 1) & (wrong > 0)
    return Pairs(np.where(turned, stego, cover), np.where(turned, cover, stego), np.arange(count))


def error_of(weights, one):
    """Cross entropy of pairs under these weights, computed apart from the code that is tested."""
    network = Roughness([], None, SETTINGS)
    network.load_state_dict(weights)
    with torch.inference_mode():
        logits = torch.cat([network(torch.from_numpy(maps).float()) for maps in (one.cover, one.stego)])
    return float(functional.cross_entropy(logits, torch.arange(2).repeat_interleave(len(one))))


def copy(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def trained(parts):
    """The weights that are kept, and those before training and after each epoch."""
    built, seen = [], []
    one = detector(built)

    def progress(what, share):
        seen.append(copy(built[0]))

    kept = one.trained(parts, seed=0, progress=progress)
    start = {name: torch.zeros(2) for name in ("weight", "bias")}
    return kept, [start, *seen]


def epoch_of(kept, snapshots):
    """Which of the snapshots they are."""
    (found,) = [number for number, one in enumerate(snapshots) if all(torch.equal(one[k], kept[k]) for k in one)]
    return found


TESTS = {"alike": 0.0, "half wrong": 0.5, "all wrong": 1.0}  # what the test pairs would choose differs


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("wrong", [0.0, 0.15, 0.25, 1.0])
def test_the_weights_that_err_least_on_validation_pairs_are_kept(wrong, test):
    parts = Parts(pairs(64, 1), pairs(40, 2, wrong=wrong), pairs(40, 3, wrong=TESTS[test]))
    kept, snapshots = trained(parts)
    assert len(snapshots) == EPOCHS + 1
    errors = [error_of(one, parts.validation) for one in snapshots]
    assert epoch_of(kept, snapshots) == int(np.argmin(errors))


@pytest.mark.parametrize("test", TESTS)
def test_weights_to_start_from_are_compared_on_the_validation_pairs_too(test):
    """They call rough what is flat, which the validation pairs know to be wrong, and the first epoch mends."""
    parts = Parts(pairs(64, 1), pairs(40, 2), pairs(40, 3, wrong=TESTS[test]))
    wrong = {"weight": torch.tensor([8.0, -8.0]), "bias": torch.zeros(2)}
    assert error_of(wrong, parts.validation) > 1
    kept = replace(detector([]), start=wrong).trained(parts, seed=0, progress=lambda what, share: None)
    assert error_of(kept, parts.validation) < 0.5


def test_the_cases_above_differ_in_what_is_best():
    """The control: the last weights, the first, and some in between; and the test pairs would choose otherwise."""
    best = {}
    for wrong in (0.0, 0.15, 0.25, 1.0):
        kept, snapshots = trained(Parts(pairs(64, 1), pairs(40, 2, wrong=wrong), pairs(40, 3)))
        best[wrong] = epoch_of(kept, snapshots)
    assert best[0.0] == EPOCHS
    assert best[1.0] == 0
    assert 0 < best[0.25] < EPOCHS
    assert best[0.25] <= best[0.15] < EPOCHS
    for share in (0.0, 1.0):
        errors = [error_of(one, pairs(40, 3, wrong=share)) for one in snapshots]
        assert np.argmin(errors) == (0 if share else EPOCHS)


def test_scores_of_the_test_pairs_do_not_depend_on_the_other_test_pairs():
    """One pair more or less, or another label, moves no score."""
    one = detector([])
    train, validation, test = pairs(64, 1), pairs(40, 2, wrong=0.25), pairs(40, 3)
    whole = one.scores(Parts(train, validation, test), seed=0, progress=lambda what, share: None)
    turned = Pairs(test.stego, test.cover, test.photographs)
    other = one.scores(Parts(train, validation, turned), seed=0, progress=lambda what, share: None)
    few = one.scores(Parts(train, validation, test.first(7)), seed=0, progress=lambda what, share: None)
    assert np.array_equal(whole.cover, other.stego)
    assert np.array_equal(whole.stego, other.cover)
    assert np.allclose(whole.cover[:7], few.cover)
    for found in (other, few):
        assert np.array_equal(whole.validation_cover, found.validation_cover)
        assert np.array_equal(whole.validation_stego, found.validation_stego)


def test_pretraining_does_not_see_the_test_pairs_either():
    train, validation = pairs(64, 1), pairs(40, 2, wrong=0.25)
    scores = []
    for test in (pairs(40, 3), pairs(40, 3, wrong=1.0)):
        one = PretrainedNetwork(detector([]))
        scores.append(one.scores(Parts(train, validation, test), seed=0, progress=lambda what, share: None))
    assert np.array_equal(scores[0].cover, scores[1].stego)
    assert np.array_equal(scores[0].validation_cover, scores[1].validation_cover)
