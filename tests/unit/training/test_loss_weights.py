# SPDX-License-Identifier: Apache-2.0
"""FAMO and fixed weights in a training."""

import numpy as np
import pytest
import torch

from semstego.errors import ConfigError
from semstego.training import checkpoint, loop
from semstego.training.batches import Batches
from semstego.training.experiment import Moment
from tests.unit.training.runs import ADAM, CRITICS, STEPS, TINY, experiment_of, messages_of, parts, run

NAMES = {
    "paper8": {"reveal_1", "reveal_2", "features", "cosine", "reconstruction", "semantic", "critic_1", "critic_2"},
    "released9": {
        "cover", "semantic", "features", "cosine", "reconstruction", "stage_1", "stage_2", "critic_1", "critic_2"
    },
}  # fmt: skip
NAMES["ours"] = NAMES["paper8"] | {"cover"}


@pytest.mark.parametrize("losses", NAMES)
@pytest.mark.parametrize("weights", ["famo", "famo-lagged"])
def test_famo_weighs_all_losses_there_are(tiny, tmp_path, losses, weights):
    _, figures = run(tiny(critics=CRITICS, codec_learns=True, losses=losses, weights=weights, epochs=1), tmp_path)
    found = {name.removeprefix("weight_"): value for name, value in figures.items() if name.startswith("weight_")}
    assert set(found) == NAMES[losses]
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    assert min(found.values()) > 0
    assert all(np.isfinite(value) for value in figures.values())


def test_the_lagged_weights_are_others(tiny, tmp_path):
    for weights in ("famo", "famo-lagged"):
        run(tiny(weights=weights), tmp_path / weights)
    logits = {
        name: checkpoint.load(tmp_path / name / loop.CHECKPOINT, torch.device("cpu"))["experiment"]["weighing"]
        for name in ("famo", "famo-lagged")
    }
    assert logits["famo"]["steps"] == 2 * STEPS
    assert logits["famo-lagged"]["steps"] == 2 * STEPS - 1  # the first step has none before it to compare with
    assert not torch.equal(logits["famo"]["logits"], logits["famo-lagged"]["logits"])


def test_without_critics_or_a_codec_that_learns_their_losses_are_gone(tiny, tmp_path):
    _, figures = run(tiny(epochs=1), tmp_path)
    names = {name.removeprefix("weight_") for name in figures if name.startswith("weight_")}
    assert names == NAMES["paper8"] - {"critic_1", "critic_2"}


def test_fixed_weights_stay_and_leave_out_what_they_do_not_name(tiny, tmp_path):
    weights = {"reveal_1": 1.0, "features": 50.0}
    _, figures = run(tiny(weights=weights, epochs=1), tmp_path / "one")
    assert {name: value for name, value in figures.items() if name.startswith("weight_")} == {
        "weight_reveal_1": 1.0,
        "weight_features": 50.0,
    }

    def untouched(experiment, step):
        before = parts(experiment)["model"]
        figures = step()
        after = parts(experiment)["model"]
        assert all(torch.equal(before[n], after[n]) for n in before if n.startswith("revealer_2") and "weight" in n)
        assert any(not torch.equal(before[n], after[n]) for n in before if n.startswith("revealer_1"))
        return figures

    flat = {**ADAM, "schedule": "steps"}  # else the first step's learning rate is 0
    run(tiny(weights=weights, epochs=1, optimiser=flat), tmp_path / "two", watch=untouched)


@pytest.mark.parametrize("unknown", ["reveal_3", "cover", "critic_1", "stage_1"])
def test_weights_of_losses_that_are_not_there_are_refused(tiny, tmp_path, unknown):
    with pytest.raises(ConfigError, match=f"not there: {unknown}$"):
        run(tiny(weights={"reveal_1": 1, unknown: 2}), tmp_path)


def test_no_weights_at_all_are_refused(tiny):
    with pytest.raises(ValueError, match="without a weight there is no loss"):
        tiny(weights={})


@pytest.mark.parametrize(
    "precision",
    [
        "32-true",
        "bf16-mixed",
    ],
)
def test_famo_compares_like_with_like(tiny, precision):
    """A step at a learning rate of 0 makes no loss fall."""
    experiment = experiment_of(tiny(precision=precision, critics=CRITICS, architecture={**TINY, "bound": 1.3}))
    pictures, labels = Batches(experiment.plan.load("train"), 4, seed=1, device=torch.device("cpu")).at(0)
    before = parts(experiment)["model"]
    experiment.training_step(pictures, labels, Moment(0, 1))
    after = parts(experiment)["model"]
    assert all(torch.equal(before[name], after[name]) for name in before if "running" not in name and "num" not in name)
    assert experiment.weighing.first_moment.abs().max() < 1e-5


def test_famo_takes_its_losses_again_with_the_same_message(tiny, tmp_path):
    training, _ = messages_of(tiny(weights="famo"), tmp_path)
    assert len(training) == 2 * 2 * STEPS
    assert all(torch.equal(*training[k : k + 2]) for k in range(0, len(training), 2))
