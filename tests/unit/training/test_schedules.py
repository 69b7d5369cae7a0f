# SPDX-License-Identifier: Apache-2.0
"""In stages or by Algorithm 1: each pass changes its own networks, and no others."""

import numpy as np
import pytest
import torch

from semstego.schemes.learned.model import ModelOutput
from semstego.training import hiding as train_learned
from semstego.training import loop
from semstego.training.critics import Critics
from semstego.training.experiment import Moment
from tests.unit.training.runs import CRITICS, FAST, FULL, STEPS, changes_of_each_step, experiment_of, run


def test_in_the_papers_schedule_each_pass_moves_its_own_part_alone(tiny, tmp_path):
    plan = tiny(**FULL, schedule="paper", epochs=1)
    expected = [{"critic_1"}] * STEPS + [{"critic_2"}] * STEPS + [{"model"}] * STEPS
    assert changes_of_each_step(plan, tmp_path) == expected


def test_so_it_is_in_later_epochs(tiny, tmp_path):
    plan = tiny(**FULL, schedule="paper", epochs=2)
    expected = [{"critic_1"}] * STEPS + [{"critic_2"}] * STEPS + [{"model"}] * STEPS
    assert changes_of_each_step(plan, tmp_path) == 2 * expected


def test_the_passes_of_all_epochs_begin_and_end_where_they_should(tiny, monkeypatch):
    experiment, taken, batches = experiment_of(tiny(**FULL, schedule="paper", epochs=160)), [], 7
    monkeypatch.setattr(train_learned, "random_payload", lambda *inputs, longest: None)
    monkeypatch.setattr(experiment, "_critics_step", lambda pictures, payload, names, moment: taken.append(*names))
    monkeypatch.setattr(experiment, "_hiding_step", lambda *inputs: taken.append("model"))
    for step in range(160 * 3 * batches):
        experiment.training_step(torch.zeros(1, 3, 8, 8), torch.zeros(1), Moment(step, 3 * batches, 3))
    assert taken == 160 * (["critic_1"] * batches + ["critic_2"] * batches + ["model"] * batches)


def test_a_moment_follows_from_whole_numbers():
    """49 steps an epoch, of which no share is exact in binary digits."""
    found = [Moment(step, 147, 3) for step in range(3 * 147)]
    assert [one.pass_index for one in found] == 3 * (49 * [0] + 49 * [1] + 49 * [2])
    assert [one.whole_epochs for one in found] == 147 * [0] + 147 * [1] + 147 * [2]
    assert [one.step for one in found if one.ends_epoch] == [146, 293, 440]
    assert [one.epoch for one in found[::147]] == [0, 1, 2]
    assert Moment(146, 147, 3).next == Moment(147, 147, 3)
    late = Moment(10**15 * 147 + 98, 147, 3)  # where a float knows no fraction of an epoch any more
    assert (late.pass_index, late.whole_epochs) == (2, 10**15)


@pytest.mark.parametrize(("step", "per_epoch", "passes"), [(-1, 6, 3), (0, 7, 3), (0, 0, 1), (0, 6, 0)])
def test_a_moment_that_cannot_be_is_refused(step, per_epoch, passes):
    with pytest.raises(ValueError, match="passes"):
        Moment(step, per_epoch, passes)


def test_each_step_of_the_staged_schedule_moves_everything_that_learns(tiny, tmp_path):
    assert changes_of_each_step(tiny(**FULL), tmp_path) == [{"critic_1", "critic_2", "model"}] * 2 * STEPS


@pytest.mark.parametrize("schedule", ["staged", "paper"])
def test_who_does_not_learn_is_in_evaluation_mode(tiny, tmp_path, schedule):
    seen = []

    def watch(experiment, step):
        nets = {"E": experiment.bare.hider.dense, **experiment.critics.bare}
        handles = [
            net.register_forward_hook(
                lambda module, *_, name=name: seen.append((name, "learns" if module.training else "stands"))
            )
            for name, net in nets.items()
        ]
        figures = step()
        for handle in handles:
            handle.remove()
        return figures

    run(tiny(**FULL, schedule=schedule, epochs=1), tmp_path, watch=watch)
    critics = [("critic_1", "stands")] * 2 + [("critic_2", "stands")] * 2  # on cover and stego
    hiding = [("E", "learns"), *critics, ("E", "learns"), *critics]  # twice, before and after the step
    learning = {name: [("E", "stands"), (name, "learns")] for name in ("critic_1", "critic_2")}
    if schedule == "paper":
        expected = learning["critic_1"] * STEPS + learning["critic_2"] * STEPS + hiding * STEPS
    else:
        expected = [*hiding, ("E", "stands"), ("critic_1", "learns"), ("critic_2", "learns")] * STEPS
    assert seen == expected


@pytest.mark.parametrize("weights", ["famo", "famo-lagged"])
def test_batch_normalisation_counts_every_batch_once(tiny, tmp_path, weights):
    experiment, _ = run(tiny(**{**FULL, "weights": weights}, schedule="paper"), tmp_path)
    counts = {
        name: {int(value) for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
        for name, network in experiment.networks.items()
    }
    assert counts["model"] == {2 * STEPS}
    assert {len(found) for found in counts.values()} == {1}


@pytest.mark.parametrize(
    "schedule",
    ["staged", "paper"],
)
def test_during_the_warm_up_the_critics_learn_alone(tiny, tmp_path, schedule):
    plan = tiny(**{**FULL, "critics": {**CRITICS, "warm_up": 0.5}}, schedule=schedule)
    steps = changes_of_each_step(plan, tmp_path)
    first, second = steps[: len(steps) // 2], steps[len(steps) // 2 :]
    assert set().union(*first) == {"critic_1", "critic_2"}
    assert sum("model" in names for names in second) == STEPS


def test_critics_learn_which_is_the_stego_each_from_what_it_sees(tiny):
    """Symbols that are noisy in a stego, or pictures: one step after the other on an output made by hand."""
    torch.manual_seed(0)
    calm, noisy = torch.rand(8, 3, 16, 16) * 0.1, torch.rand(8, 3, 16, 16)
    for noisy_name, other_name, place in (("critic_1", "critic_2", 1), ("critic_2", "critic_1", 3)):
        shown = [calm, calm, calm, calm]
        shown[place] = noisy
        output = ModelOutput(*shown, calm, calm)
        critics = Critics(loop.fabric(tiny(), accelerator="cpu"), tiny(critics=FAST).critics, 3)
        for _ in range(15):
            losses = critics.learn(output, train_learned.NAMES, 0.0, 1)
        assert losses[f"{noisy_name}_loss"] < 0.2
        assert losses[f"{other_name}_loss"] == pytest.approx(np.log(2), abs=0.05)  # cover and stego are the same
        cover, stego = (one[:, 1] - one[:, 0] for one in critics.logits(output)[noisy_name])
        assert cover.mean() < stego.mean()
