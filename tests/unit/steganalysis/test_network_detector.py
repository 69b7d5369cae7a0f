# SPDX-License-Identifier: Apache-2.0
"""Networks as detectors, on noise-free ramps of 8x8: what is added to them is all the noise there is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from semstego.metrics import detection
from semstego.steganalysis.detectors import srnet, xunet
from semstego.steganalysis.learning import network_detector, network_training
from semstego.steganalysis.learning.network_detector import NetworkDetector, PretrainedNetwork
from semstego.steganalysis.learning.network_training import batches, turned
from semstego.steganalysis.pairs import Pairs, Parts

SHIPPED = {"XuNet": xunet.DETECTOR, "SRNet": srnet.DETECTOR}
SMALL = {
    "XuNet": replace(xunet.SETTINGS, width=4, rate=1e-2, epochs=12, epochs_after_start=4, patience=12, batch_pairs=16),
    "SRNet": replace(srnet.SETTINGS, width=2, rate=1e-2, epochs=12, epochs_after_start=4, patience=12, batch_pairs=16),
}


def small(name, **changes):
    return replace(SHIPPED[name], settings=replace(SMALL[name], **changes))


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def silent(what, share):
    assert what in SMALL
    assert 0 < share <= 1


def ramps(count, seed, *, step=1, side=8):
    """Planes of any slope; half of the stego's values have a bit flipped, the lowest for a step of 1."""
    rng = np.random.default_rng(seed)
    rise, fall, foot = rng.integers(0, 8, (3, count, 2, 1, 1))
    rows, columns = np.indices((side, side))
    cover = (64 + foot + rise * rows + fall * columns).astype(np.uint8)
    stego = cover ^ (step * rng.integers(0, 2, cover.shape)).astype(np.uint8)
    return Pairs(cover, stego, np.arange(count))


def easy(*, step=1):
    return Parts(*(ramps(count, seed, step=step) for seed, count in enumerate((96, 48, 48))))


def p_e(scores):
    threshold = detection.best_threshold(scores.validation_cover, scores.validation_stego)
    return detection.p_e_at(threshold, scores.cover, scores.stego)


# --- what is learned


@pytest.mark.parametrize(("name", "step"), [("XuNet", 1), ("SRNet", 16)])
def test_an_easy_embedding_is_caught(name, step):
    """SRNet has to find its filter first, so it is given more to see."""
    scores = small(name).scores(easy(step=step), seed=0, progress=silent)
    assert p_e(scores) < 0.1
    assert [one.shape for one in scores] == [(48,)] * 4
    assert {one.dtype for one in scores} == {np.dtype(np.float64)}


def test_the_network_sees_residuals_by_the_predictor_of_the_training_covers():
    """Ramps are predicted exactly: of covers nothing is left but the rounding of weights, of stegos the change."""
    parts = easy()
    inputs = small("XuNet").inputs(parts)
    assert [one.cover.shape for one in inputs] == [(len(one), 2, 6, 6) for one in parts]
    for one in inputs:
        assert np.abs(one.cover).mean() < 0.2 < np.abs(one.stego).mean()
    noise = np.random.default_rng(0).integers(0, 256, parts.train.cover.shape, np.uint8)
    far = parts.train.with_stego(noise)
    assert np.abs(small("XuNet").inputs(Parts(far, far, far)).test.stego).max() == network_detector.LARGEST


def test_nothing_is_learned_from_swapped_labels():
    rng = np.random.default_rng(3)
    parts = Parts(*(one.swapped(rng) for one in easy()))
    scores = small("XuNet").scores(parts, seed=0, progress=silent)
    assert 0.35 < p_e(scores) < 0.65
    assert 0.35 < detection.auc(scores.cover, scores.stego) < 0.65


def test_pairs_without_a_difference_are_refused():
    parts = Parts(*(one.with_stego(one.cover) for one in easy()))
    with pytest.raises(ValueError, match="nothing to learn"):
        small("XuNet").scores(parts, seed=0, progress=silent)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(("channels", "height", "width"), [(1, 8, 12), (10, 9, 8)])
def test_any_channels_and_sides_will_do(name, channels, height, width):
    rng = np.random.default_rng(0)
    cover = rng.integers(0, 256, (5, channels, height, width), np.uint8)
    pairs = Pairs(cover, cover ^ 1, np.arange(5))
    detector = small(name, epochs=1)
    assert np.isfinite(detector.scores(Parts(pairs, pairs, pairs), seed=0, progress=silent)).all()


# --- batches


def marked(count=10, height=4, width=4):
    """Pairs whose members are the same and tell which pair they belong to by their sum alone."""
    rng = np.random.default_rng(0)
    maps = torch.from_numpy(rng.permuted(np.arange(height * width)[None] + np.zeros((count, 1), int), axis=1))
    maps = maps.reshape(count, 1, 1, height, width) + 100 * torch.arange(count).reshape(-1, 1, 1, 1, 1)
    return maps.repeat(1, 2, 1, 1, 1)


def members_alike(pairs):
    """In every batch the two members of a pair are side by side and turned alike."""
    generator = torch.Generator().manual_seed(0)
    return all(torch.equal(batch[:, 0], batch[:, 1]) for batch in batches(pairs, 4, generator))


def test_both_members_of_a_pair_share_a_batch_and_a_turn():
    assert members_alike(marked())


def test_a_turn_of_one_member_alone_is_noticed(monkeypatch):
    def one_sided(pairs, codes):
        return torch.stack([pairs[:, 0], turned(pairs, codes)[:, 1]], 1)

    monkeypatch.setattr(network_training, "turned", one_sided)
    assert not members_alike(marked())


def test_every_pair_is_seen_once_an_epoch_and_no_batch_is_small():
    seen = list(batches(marked(11), 4, torch.Generator().manual_seed(0)))
    assert [len(batch) for batch in seen] == [6, 5]
    assert sorted((torch.cat(seen).amin((1, 2, 3, 4)) // 100).tolist()) == list(range(11))


def test_the_network_is_given_whole_pairs(monkeypatch):
    given = []

    class Recording(xunet.XuNet):
        def forward(self, received):
            if self.training:
                given.append(received.detach().clone())
            return super().forward(received)

    monkeypatch.setattr(xunet, "XuNet", Recording)
    parts = easy()
    small("XuNet", epochs=1, joint=False).scores(parts, seed=0, progress=silent)
    assert [len(batch) for batch in given] == [32] * 6
    for batch in given:
        cover, stego = batch[::2], batch[1::2]
        assert (cover - stego).abs().max() == 1
        # Ramps: second differences vanish along rows and columns, whichever way a map was turned.
        assert cover.diff(n=2, dim=-1).abs().max() == cover.diff(n=2, dim=-2).abs().max() == 0


@pytest.mark.parametrize(("height", "width", "kinds"), [(4, 4, 8), (4, 6, 4)])
def test_the_turns_are_all_that_keep_the_shape(height, width, kinds):
    one = torch.arange(height * width).reshape(1, 1, 1, height, width).repeat(8, 2, 1, 1, 1)
    found = turned(one[:kinds], torch.arange(kinds))[:, 0, 0]
    wanted = [part.rot90(quarter, (-2, -1)) for part in (one[0, 0], one[0, 0].flip(-1)) for quarter in range(4)]
    wanted = {tuple(part.flatten().tolist()) for part in wanted if part.shape[-2:] == (height, width)}
    assert {tuple(part.flatten().tolist()) for part in found} == wanted
    assert len(wanted) == kinds
    drawn = torch.cat(list(batches(one[:1].repeat(200, 1, 1, 1, 1), 50, torch.Generator().manual_seed(0))))
    assert {tuple(part.flatten().tolist()) for part in drawn[:, 0, 0]} == wanted


# --- seeds


def test_the_same_seed_gives_the_same_scores_and_leaves_the_global_generators_alone():
    detector = small("XuNet", epochs=2)
    before, numbers = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = detector.scores(easy(), seed=5, progress=silent)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numbers)  # noqa: NPY002
    torch.rand(3)
    again, other = (detector.scores(easy(), seed=seed, progress=silent) for seed in (5, 6))
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first.cover, other.cover)


# --- the best weights


def with_errors(monkeypatch, errors):
    """Validation errors as told, beginning with those before the first epoch; keeps a copy of the weights of each."""
    told, seen = iter(errors), []

    def error(network, pairs):
        seen.append(network_detector._copy(network))
        return next(told)

    monkeypatch.setattr(network_detector, "validation_error", error)
    return seen


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in second)


def test_the_best_weights_are_those_that_are_returned(monkeypatch):
    seen = with_errors(monkeypatch, [0.7, 0.6, 0.3, 0.5, 0.4])
    detector = small("XuNet", epochs=4)
    found = detector.trained(easy(), seed=0, progress=silent)
    assert [same(found, one) for one in seen] == [False, False, True, False, False]


def test_it_stops_when_nothing_better_comes(monkeypatch):
    seen = with_errors(monkeypatch, [0.7, 0.6, *[0.65] * 20])
    detector = small("XuNet", epochs=20, patience=3)
    assert same(detector.trained(easy(), seed=0, progress=silent), seen[1])
    assert len(seen) == 1 + 1 + 3


def test_the_test_pairs_have_no_say_in_the_training():
    detector, parts = small("XuNet", epochs=2), easy()
    first = detector.trained(parts, seed=0, progress=silent)
    assert same(first, detector.trained(parts._replace(test=parts.train), seed=0, progress=silent))


# --- pretraining


def test_pretraining_is_on_lsb_matching_of_the_same_covers_and_done_once(monkeypatch):
    trainings = []
    trained = NetworkDetector.trained

    def recorded(self, parts, **options):
        found = trained(self, parts, **options)
        trainings.append((self.start, found, parts))
        return found

    monkeypatch.setattr(NetworkDetector, "trained", recorded)
    detector = PretrainedNetwork(small("XuNet", epochs=2, epochs_after_start=1, joint=False))
    first, second = easy(step=4), easy(step=2)
    for parts in (first, second):
        detector.scores(parts, seed=0, progress=silent)
    starts = [start for start, _, _ in trainings]
    assert starts[0] is None
    assert starts[1] is starts[2] is trainings[0][1]  # covers are the same, so the pretraining is
    pretraining = trainings[0][2]
    moved = pretraining.train.stego.astype(int) - pretraining.train.cover
    assert set(np.unique(moved)) == {-1, 0, 1}
    assert np.mean(moved != 0) == pytest.approx(0.2, abs=0.02)
    assert pretraining.test is first.test  # pretraining needs none, and changes none
    other = Parts(*(ramps(len(one), 9 + seed) for seed, one in enumerate(first)))
    detector.scores(other, seed=0, progress=silent)
    assert trainings[3][0] is None
    replace(detector, _pretrained={}).scores(second, seed=7, progress=silent)
    assert same(trainings[5][1], trainings[0][1])  # whichever run and case came first
    detector.scores(first._replace(validation=first.test), seed=0, progress=silent)
    assert trainings[7][0] is None  # validation pairs choose the pretrained weights


def test_scores_are_the_same_for_a_map_and_its_mirror_image():
    detector = small("XuNet", epochs=1)
    parts = easy()
    weights = detector.trained(parts, seed=0, progress=silent)
    plain = detector.scored(parts, weights)
    mirrored = Parts(*(Pairs(one.cover[..., ::-1], one.stego[..., ::-1].mT, one.photographs) for one in parts))
    for one, other in zip(plain, detector.scored(mirrored, weights), strict=True):
        assert np.allclose(one, other, atol=1e-4)


def test_a_start_is_where_it_starts_and_a_shorter_training_follows(monkeypatch):
    detector = small("XuNet", epochs=3, epochs_after_start=2)
    weights = detector.trained(easy(), seed=0, progress=silent)
    seen = with_errors(monkeypatch, [0.1, 0.2, 0.3])
    later = replace(detector, start=weights).trained(easy(), seed=1, progress=silent)
    assert len(seen) == 1 + 2
    assert same(later, weights)  # none was better than what it started from
