# SPDX-License-Identifier: Apache-2.0
"""The loop of every training: it knows steps, checkpoints and logs, and nothing of losses or networks."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.precision import MixedPrecision
from pydantic import ValidationError

from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ConfigError, WeightsError
from semstego.progress import Progress
from semstego.tasks.base import Task
from semstego.training import checkpoint
from semstego.training.batches import Batches, Steps
from semstego.training.config import Plan
from semstego.training.experiment import Experiment, Moment
from semstego.training.log import Log

CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_EVERY_S = 60.0
LOG_EVERY = 50  # steps
LARGEST_WEIGHT = 1e15  # beyond which products of weights leave the finite numbers


class MixedPrecisionOnly(MixedPrecision):
    """bfloat16 where autocast chooses it. Fabric would convert the pictures too, whose 8 bits bfloat16 cannot hold."""

    def convert_input(self, data: Any) -> Any:
        """Leave the inputs of a network as they are."""
        return data


def fabric(plan: Plan, *, accelerator: str = "auto", devices: int = 1, nodes: int = 1) -> Fabric:
    """Fabric on one device, or on several by distributed data parallelism (DDP), in the plan's precision.

    Args:
        plan: Whose ``precision`` counts.
        accelerator: ``auto``, ``cpu`` or ``gpu``.
        devices: Devices of each node.
        nodes: Number of machines.

    Returns:
        Fabric, already launched.

    Raises:
        ConfigError: If there are fewer cores, or GPUs, than devices are asked for.
    """
    on_gpu = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    there = torch.cuda.device_count() if on_gpu else os.cpu_count() or 1
    if devices > there:  # the launcher would start so many processes all the same
        raise ConfigError(f"{devices} devices are asked for, and this machine has {there}")
    many = devices * nodes > 1
    mixed = (plan.precision or ("bf16-mixed" if on_gpu else "32-true")) == "bf16-mixed"
    made = Fabric(
        accelerator=accelerator,
        devices=devices,
        num_nodes=nodes,
        strategy="ddp" if many else "auto",
        plugins=[MixedPrecisionOnly("bf16-mixed", "cuda" if on_gpu else "cpu")] if mixed else None,
    )
    made.launch()
    return made


def batches_of(runner: Fabric, plan: Plan, data: LabelledPictures) -> Batches:
    """The plan's batches of these pictures, of each of them this process's share.

    Raises:
        ConfigError: If the pictures do not fill one batch, or the processes cannot share it evenly.
    """
    return Batches(
        data, plan.batch, seed=plan.seed, device=runner.device, rank=runner.global_rank, processes=runner.world_size
    )


def held_out_of(runner: Fabric, data: LabelledPictures, task: Task | None) -> Batches:
    """Validation pictures on the runner's device, which the frozen task, if there is one, must be for.

    Raises:
        DataError: If it is not for them.
    """
    if task is not None:
        task.check(data)
    return Batches(data, 1, seed=0, device=runner.device)


def fit(
    runner: Fabric, experiment: Experiment, batches: Steps, plan: Plan, folder: Path, progress: Progress
) -> dict[str, float]:
    """Train to the end of the plan, from the folder's checkpoint if there is one.

    Args:
        runner: Fabric on this process's device.
        experiment: What is trained.
        batches: The training pictures.
        plan: How many epochs, and the seed.
        folder: Of the run; gets the checkpoint, ``log.csv``, TensorBoard's files and example pictures.
        progress: Is told the figures, and the share of the training that is done.

    Returns:
        The figures of the last validation.

    Raises:
        ConfigError: If the folder holds a training by another plan.
        WeightsError: If its checkpoint cannot be read.
    """
    start, figures = _resumed(runner, experiment, plan, folder)
    log = Log(folder, start) if runner.is_global_zero else None
    meter = Meter(batches.batch)
    per_epoch = experiment.passes * batches.per_epoch
    for step in range(start, plan.epochs * per_epoch):
        moment = Moment(step, per_epoch, experiment.passes)
        seed_step(plan.seed, runner.global_rank, step)
        with _diverging(experiment):
            terms = experiment.training_step(*batches.at(step), moment)
        meter.count()
        if moment.next.step % LOG_EVERY == 0 or moment.ends_epoch:
            measured = {name: float(value) for name, value in terms.items()} | {"pictures_per_s": meter.rate()}
            progress(_line(moment.next.epoch, measured, figures, experiment.shown), moment.next.epoch / plan.epochs)
            if log:
                log.write(step, measured)
        if moment.ends_epoch:
            with _diverging(experiment):
                figures = experiment.validate()
            pictures = experiment.examples()
            if log:
                log.write(step, figures)
                log.show(moment.next.whole_epochs, pictures)
        if log and (moment.ends_epoch or meter.since_checkpoint() > CHECKPOINT_EVERY_S):
            _save(experiment, plan, folder, moment.next.step, figures)
            meter.checkpointed()
    if log:
        log.close()
    runner.barrier()
    return figures


def seed_step(seed: int, rank: int, step: int) -> None:
    """Seed torch's own generator, from which dropout draws, for one step of one process.

    Args:
        seed: Of the training.
        rank: Of the process.
        step: Number of the step.
    """
    torch.manual_seed(int(np.random.SeedSequence((seed, rank, step)).generate_state(1, np.uint64)[0] >> 1))


class Meter:
    """Measures how many pictures a second are trained on, and the time since the last checkpoint.

    Args:
        batch: Pictures per step.
    """

    def __init__(self, batch: int) -> None:
        self._batch, self._steps = batch, 0
        self._asked = self._saved = time.monotonic()

    def count(self) -> None:
        """One more step is done."""
        self._steps += 1

    def rate(self) -> float:
        """Pictures per second since this was last asked."""
        now = time.monotonic()
        rate = self._steps * self._batch / max(now - self._asked, 1e-9)
        self._steps, self._asked = 0, now
        return rate

    def since_checkpoint(self) -> float:
        """Time since the last checkpoint [s]."""
        return time.monotonic() - self._saved

    def checkpointed(self) -> None:
        """A checkpoint was written."""
        self._saved = time.monotonic()


def _resumed(runner: Fabric, experiment: Experiment, plan: Plan, folder: Path) -> tuple[int, dict[str, float]]:
    """The step to go on at, and the figures of the last validation; the experiment gets the checkpoint's state."""
    place = folder / CHECKPOINT
    if not place.exists():
        return 0, {}
    state = checkpoint.load(place, runner.device)
    try:
        if not _is_plan(plan, str(state["plan"])):
            raise ConfigError(f"{folder} holds a training with another configuration; give a new folder")
        experiment.restore(state["experiment"])
        figures = {str(name): float(value) for name, value in state["figures"].items()}
        if type(state["step"]) is not int or state["step"] < 0:
            raise ValueError("a step is a whole number from 0 up")
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RuntimeError) as error:
        raise WeightsError(f"{place}: no checkpoint of this training ({' '.join(str(error).split())[:200]})") from None
    return state["step"], figures


@contextmanager
def _diverging(experiment: Experiment) -> Iterator[None]:
    """Errors of a training whose numbers have left the finite ones, in a sentence."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        weights = (one for network in experiment.networks.values() for one in network.state_dict().values())
        if "non-finite" in str(error) or not all((one.abs() < LARGEST_WEIGHT).all() for one in weights):
            raise ConfigError(
                "the training has diverged: its weights or gradients are no finite numbers any more; a lower learning "
                "rate may help"
            ) from error
        raise


def _is_plan(plan: Plan, written: str) -> bool:
    """Whether a plan in JSON is this one, where an older word for the same setting makes no difference."""
    try:
        return type(plan).model_validate_json(written).model_dump_json() == plan.model_dump_json()
    except ValidationError:
        return False


def _save(experiment: Experiment, plan: Plan, folder: Path, step: int, figures: dict[str, float]) -> None:
    state = {"step": step, "figures": figures, "plan": plan.model_dump_json(), "experiment": experiment.state()}
    checkpoint.save(folder / CHECKPOINT, state)


def _line(epoch: float, measured: dict[str, float], validated: dict[str, float], shown: tuple[str, ...]) -> str:
    """The progress line: the figures that are to be shown, and the speed."""
    known = measured | validated
    line = {name: known[name] for name in shown or known if name in known}
    line["pictures_per_s"] = measured["pictures_per_s"]
    return f"epoch {epoch:.2f}  " + "  ".join(f"{name} {value:.4g}" for name, value in line.items())
