# SPDX-License-Identifier: Apache-2.0
"""Costs and their critics: who may teach, what then changes, and a training that was cut."""

import numpy as np
import pytest
import torch

from semstego.errors import ConfigError
from semstego.training import loop
from semstego.training.batches import Batches
from semstego.training.costs import CRITICS, CostTraining, train
from semstego.training.costs_plan import CostPlan
from semstego.training.experiment import Moment
from semstego.training.simulated_embedding import costs_by_hand
from tests.unit.training.runs import ADAM, changed, logged, parts


@pytest.fixture
def plan_of(folders):
    def plan(**given):
        critics = {"width": 4, "least_auc": 0.0, "optimiser": ADAM} | given.pop("critics", {})
        start = {"seed": 1, "epochs": 2, "batch": 4, "width": 4, "depth": 1, "optimiser": ADAM, "critics": critics}
        return CostPlan.model_validate({"data": {"set": "crops", "folder": folders[8]}, **start, **given})

    return plan


def made(plan, task=None):
    runner = loop.fabric(plan, accelerator="cpu")
    training = Batches(plan.data.load("train"), plan.batch, seed=plan.seed, device=runner.device)
    held_out = Batches(plan.data.load("validation"), 1, seed=0, device=runner.device)
    return CostTraining(runner, plan, task, training, held_out), training


def fit(plan, place, stop_at=None):
    place.mkdir(exist_ok=True)
    experiment, batches = made(plan)
    inner, done = experiment.training_step, iter(range(10**6))

    def step(*arguments):
        if next(done) == stop_at:
            raise KeyboardInterrupt
        return inner(*arguments)

    experiment.training_step = step
    figures = loop.fit(experiment.runner, experiment, batches, plan, place, lambda line, share: None)
    return experiment, figures


def test_a_critic_that_does_not_detect_teaches_nothing(plan_of):
    experiment, batches = made(plan_of(critics={"least_auc": 1.0}))
    assert experiment.validate()["critic_1_teaches"] == 0
    before = parts(experiment)
    experiment.training_step(*batches.at(0), Moment(0, batches.per_epoch))
    assert changed(before, parts(experiment)) == set(CRITICS)


def test_a_critic_that_detects_teaches(plan_of):
    experiment, batches = made(plan_of())
    assert experiment.validate()["critic_1_teaches"] == 1
    before = parts(experiment)
    figures = experiment.training_step(*batches.at(1), Moment(1, batches.per_epoch))
    assert changed(before, parts(experiment)) == {"costs", *CRITICS}
    assert {"critic_1", "critic_2", "critic_1_loss", "changed"} <= set(figures)


def test_a_critic_that_is_not_asked_teaches_nothing(plan_of):
    experiment, batches = made(plan_of(weights={"critic_1": 0}))
    experiment.teaches["critic_1"] = True
    before = parts(experiment)
    experiment.training_step(*batches.at(0), Moment(0, batches.per_epoch))
    assert changed(before, parts(experiment)) == set(CRITICS)


def test_several_processes_are_refused(plan_of, monkeypatch):
    runner = loop.fabric(plan_of(), accelerator="cpu")
    monkeypatch.setattr(type(runner), "world_size", 2)
    with pytest.raises(ConfigError, match="one process"):
        train(plan_of(), None, None, runner, None)


def test_wet_symbols_do_not_count_in_the_imitation(plan_of):
    """Costs by hand, times any factor, are imitated perfectly."""
    experiment, batches = made(plan_of())
    covers = experiment.embedding.covers((batches.at(0)[0] * 255).round().byte())
    by_hand = torch.from_numpy(np.stack([costs_by_hand(one) for one in covers.originals]))
    dry = covers.dry.clone()
    dry[:, ::2] = False
    experiment.network.forward = lambda *maps: 3 * by_hand.clone().requires_grad_(True)
    experiment._improve = lambda loss, moment: None
    figures = experiment._imitation_step(covers._replace(dry=dry), Moment(0, batches.per_epoch))
    assert figures["imitation"] < 1e-10


def test_only_critics_with_a_weight_are_asked(plan_of):
    experiment, batches = made(plan_of(weights={"critic_1": 0, "critic_2": 1, "reconstruction": 5}))
    experiment.validate()
    figures = experiment.training_step(*batches.at(1), Moment(1, batches.per_epoch))
    assert {"critic_2", "reconstruction"} <= set(figures)
    assert "critic_1" not in figures


def test_new_critics_have_seen_nothing_and_do_not_teach(plan_of):
    experiment, batches = made(plan_of(critics={"fresh_every": 1}))
    old = dict(experiment.critics)
    for step in range(batches.per_epoch):  # while they do not teach, their time does not count
        experiment.training_step(*batches.at(step), Moment(step, batches.per_epoch))
    experiment.validate()
    for step in range(batches.per_epoch):
        experiment.training_step(*batches.at(step), Moment(step, batches.per_epoch))
        assert experiment.critics == old
    experiment.training_step(*batches.at(0), Moment(0, batches.per_epoch))
    assert all(experiment.critics[name] is not old[name] for name in CRITICS)
    assert not any(experiment.teaches.values())


def test_stegos_are_what_the_codec_makes_of_moved_symbols(plan_of):
    experiment, batches = made(plan_of())
    pictures = (batches.at(0)[0] * 255).round().byte()
    covers = experiment.embedding.covers(pictures)
    bits = torch.full((4,), 300.0)
    with torch.no_grad():
        stegos = experiment._stegos(covers, bits, torch.Generator().manual_seed(1))
    for row, encoding in enumerate(covers.encodings):
        values = stegos.symbols[row].numpy().astype(np.uint8)
        assert np.abs(values.astype(int) - encoding.symbols.carriers).max() == 1
        expected = experiment.embedding.codec.decode(encoding.symbols.with_carriers(values))
        np.testing.assert_array_equal(stegos.pictures[row].permute(1, 2, 0).numpy(), expected)
    # The straight-through picture moves as the real one does, but for rounding.
    moved = (stegos.pictures - stegos.covers).abs()
    assert moved.max() < 6


def test_the_gradient_of_pictures_is_what_the_codec_does(plan_of):
    experiment, batches = made(plan_of())
    embedding = experiment.embedding
    covers = embedding.covers((batches.at(0)[0] * 255).round().byte())
    probe = torch.randn(embedding.moved(torch.zeros_like(covers.symbols), covers).pictures.shape)
    moves = torch.zeros_like(covers.symbols, requires_grad=True)
    (gradient,) = torch.autograd.grad((embedding.moved(moves, covers).pictures * probe).sum(), moves)
    foreseen, found = [], []
    for row, *place in covers.dry.nonzero()[::149].tolist():
        one = torch.zeros_like(moves).detach()
        one[row, *place] = 1
        change = embedding.moved(one, covers).pictures - embedding.moved(0 * one, covers).pictures
        foreseen.append(gradient[row, *place].item())
        found.append((change * probe).sum().item())
    assert np.corrcoef(foreseen, found)[0, 1] > 0.9  # but for the rounding to 8 bits


def test_a_training_that_was_cut_goes_on_as_if_it_had_not_been(plan_of, tmp_path):
    straight, _ = fit(plan_of(), tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        fit(plan_of(), tmp_path / "cut", stop_at=3)
    resumed, _ = fit(plan_of(), tmp_path / "cut")
    assert changed(parts(straight), parts(resumed)) == set()
    assert logged(tmp_path / "straight") == logged(tmp_path / "cut")


def test_plans_that_contradict_themselves_are_refused(plan_of):
    with pytest.raises(ValueError, match="least to the most"):
        plan_of(payload_bpp=(0.5, 0.1))
    with pytest.raises(ValueError, match="needs a task"):
        plan_of(weights={"semantic": 1})
    for changes in ({"width": 257}, {"depth": 17}, {"payload_bpp": (1, 1e300)}, {"seed": 1 << 64}):
        with pytest.raises(ValueError, match="validation error"):
            plan_of(**changes)
    for codec in ("learned-photo", "cr085"):
        with pytest.raises(ConfigError, match="closed codecs of blocks that round plainly"):
            made(plan_of(codec=codec))
    with pytest.raises(ConfigError, match=r"payload_bpp: pictures in cr085-plain hold at most 2\.5 bits per pixel"):
        made(plan_of(payload_bpp=(0.1, 2.6)))


def test_costs_imitate_those_of_the_syndrome_scheme(plan_of, tmp_path):
    given = {"imitation": 1.0, "epochs": 30, "width": 16, "optimiser": {**ADAM, "learning_rate": 0.01}}
    fit(plan_of(**given), tmp_path / "run")
    errors = [float(value) for _, name, value in logged(tmp_path / "run") if name == "imitation"]
    assert errors[-1] < 0.5 * errors[0]


def test_a_training_that_diverges_says_so(plan_of, tmp_path):
    rates = {**ADAM, "learning_rate": 1e30}
    with pytest.raises(ConfigError, match="diverged"):
        fit(plan_of(critics={"optimiser": rates}, optimiser=rates), tmp_path / "run")
