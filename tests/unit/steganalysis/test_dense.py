# SPDX-License-Identifier: Apache-2.0
"""The detector with a label for every value: its loss, and what it learns of smooth noisy maps."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from semstego.metrics.detection import auc
from semstego.steganalysis.controls import lsb_matching
from semstego.steganalysis.detectors import dense
from semstego.steganalysis.pairs import Pairs, Parts

QUICK = replace(dense.SETTINGS, width=8, rate=1e-2, epochs=6, patience=6, batch_pairs=8)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def pairs(count, seed, rate=0.4):
    """Planes with a little noise, and the same with LSB matching."""
    rng = np.random.default_rng(seed)
    slopes = rng.integers(-3, 4, (2, count, 2, 1, 1))
    rows, columns = np.indices((10, 10)) - 5
    noise = rng.normal(0, 0.4, (count, 2, 10, 10))
    cover = np.rint(128 + slopes[0] * rows + slopes[1] * columns + noise).astype(np.uint8)
    return Pairs(cover, lsb_matching(cover, rate, rng), np.arange(count))


@pytest.fixture(scope="module")
def parts():
    return Parts(*(pairs(count, seed) for seed, count in enumerate((64, 32, 64))))


def scored(parts, detector=None):
    detector = detector or replace(dense.DETECTOR, settings=QUICK)
    return detector.scores(parts, seed=0, progress=lambda what, share: None)


def test_lsb_matching_is_found(parts):
    scores = scored(parts)
    assert auc(scores.cover, scores.stego) > 0.9


def test_nothing_is_found_where_labels_are_swapped(parts):
    rng = np.random.default_rng(4)
    scores = scored(Parts(*(one.swapped(rng) for one in parts)))
    assert 0.3 < auc(scores.cover, scores.stego) < 0.7


class Answering(dense.DenseLabels):
    """Says of every residual that its value was moved, as far as the residual alone tells; knows the maps' labels."""

    def __init__(self, *, turned=False):
        super().__init__(torch.zeros(2, 19), width=2)
        self.sign = -1 if turned else 1

    def labelled(self, residuals):
        odd = self.sign * residuals  # covers of the tests are 128 everywhere, so a residual is a move
        of_values = 20 * torch.stack([-odd, 0.5 - odd.abs(), odd], 1)
        stego = residuals.abs().amax((1, 2, 3)) > 0
        return of_values, 20 * torch.stack([~stego, stego], 1).float()


def batch_of_moves():
    """Flat covers and stegos moved by -1, 0 and +1, and by more at one place, as pictures of stage II are."""
    rng = np.random.default_rng(0)
    moves = rng.integers(-1, 2, (9, 2, 6, 6))
    moves[0, 0, 2, 2] = 5
    cover = np.full(moves.shape, 128)
    return torch.from_numpy(np.stack([cover, cover + moves], 1)).float()


def test_the_loss_is_0_for_who_knows_all_moves_of_maps_and_negated_maps():
    for seed in range(3):
        error = dense.loss(Answering(), batch_of_moves(), torch.Generator().manual_seed(seed))
        assert error < 0.02


def test_the_loss_is_large_for_who_takes_up_for_down():
    assert dense.loss(Answering(turned=True), batch_of_moves(), torch.Generator().manual_seed(0)) > 5


def test_half_of_the_pairs_are_negated(monkeypatch):
    seen = []
    network = Answering()
    monkeypatch.setattr(
        network, "labelled", lambda residuals: seen.append(residuals) or Answering().labelled(residuals)
    )
    batch = batch_of_moves()[:1].repeat(200, 1, 1, 1, 1)
    dense.loss(network, batch, torch.Generator().manual_seed(0))
    wanted = (batch[:, 1] - 128)[..., 1:-1, 1:-1]
    assert torch.equal(seen[0][::2], torch.zeros_like(wanted))
    signs = [torch.equal(one, wanted[0]) - torch.equal(one, -wanted[0]) for one in seen[0][1::2]]
    assert set(signs) == {-1, 1}
    assert abs(sum(signs)) < 60
