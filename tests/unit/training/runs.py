# SPDX-License-Identifier: Apache-2.0
"""Short trainings, and what tests look at in them."""

import csv
from pathlib import Path

import torch

from semstego.training import loop
from semstego.training.batches import Batches
from semstego.training.hiding import LearnedTraining

CONFIGS = Path(__file__).parents[3] / "configs"
ADAM = {"name": "adam", "learning_rate": 0.003, "schedule": "one-cycle", "warm_up": 0.05}
TINY = {"hidden": 4, "growth": 4, "blocks": 2}
CRITICS = {"width": 1, "optimiser": {**ADAM, "learning_rate": 0.01}}
FAST = {"width": 1, "optimiser": {"name": "adam", "learning_rate": 0.01, "schedule": "steps"}}
FULL = {"critics": CRITICS, "codec_learns": True, "weights": "famo"}
STEPS = 2  # of a pass through eight pictures, in batches of four


def experiment_of(plan, kind=LearnedTraining):
    """An experiment whose training has not begun."""
    runner = loop.fabric(plan, accelerator="cpu")
    held_out = Batches(plan.load("validation"), 1, seed=0, device=runner.device)
    return kind(runner, plan, None, held_out)


def run(plan, place, *, kind=LearnedTraining, stop_at=None, watch=None):
    """Train in a folder, perhaps until the process is killed; ``watch(experiment, step)`` takes the steps."""
    place.mkdir(exist_ok=True)
    experiment = experiment_of(plan, kind)
    batches = Batches(plan.load("train"), plan.batch, seed=plan.seed, device=experiment.runner.device)
    inner, done = experiment.training_step, iter(range(10**6))

    def step(*arguments):
        if next(done) == stop_at:
            raise KeyboardInterrupt
        return watch(experiment, lambda: inner(*arguments)) if watch else inner(*arguments)

    experiment.training_step = step
    figures = loop.fit(experiment.runner, experiment, batches, plan, place, lambda line, share: None)
    return experiment, figures


def logged(place):
    """The rows of ``log.csv`` but for the speed."""
    with (place / "log.csv").open(newline="") as file:
        return [row for row in csv.reader(file) if row[1] != "pictures_per_s"]


def course(place, name):
    """The values of one figure, one after the other."""
    return [float(value) for _, found, value in logged(place) if found == name]


def parts(experiment):
    """Copies of everything that the networks hold, by name."""
    return {
        name: {key: value.clone() for key, value in network.state_dict().items()}
        for name, network in experiment.networks.items()
    }


def changed(before, after):
    """Names of the networks of which anything has changed, running statistics too."""
    return {
        name for name in before if any(not torch.equal(before[name][key], after[name][key]) for key in before[name])
    }


def changes_of_each_step(plan, place):
    """Names of the networks that each step of a training changes."""
    found = []

    def watch(experiment, step):
        before = parts(experiment)
        figures = step()
        found.append(changed(before, parts(experiment)))
        return figures

    run(plan, place, watch=watch)
    return found


def same_end(one, other):
    """Whether the last checkpoints of two runs are the same files, and their logs the same but for the speed."""
    last = [(place / loop.CHECKPOINT).read_bytes() for place in (one, other)]
    return last[0] == last[1] and logged(one) == logged(other)


def messages_of(plan, place):
    """The messages of all steps of a training, and those of its validations."""
    taken = {True: [], False: []}

    def watch(experiment, step):
        if not taken[True]:
            experiment.bare.register_forward_pre_hook(lambda module, inputs: taken[module.training].append(inputs[1]))
        return step()

    run(plan, place, watch=watch)
    return taken[True], taken[False]
