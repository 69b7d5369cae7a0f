# SPDX-License-Identifier: Apache-2.0
"""The loop: it knows steps, checkpoints and logs, and nothing of losses or networks."""

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.precision import MixedPrecision
from torch import Tensor, nn
from torch.optim import Optimizer

from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ConfigError
from semstego.progress import Progress
from semstego.training import checkpoint
from semstego.training.batches import Batches
from semstego.training.config import Plan
from semstego.training.log import Log

CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_EVERY_S = 60.0
LOG_EVERY = 50  # steps


class Experiment(ABC):
    """What is trained, and how one step goes.

    Attributes:
        networks: By name; set up by Fabric.
        optimisers: By name; set up by Fabric.
        passes: How often an epoch goes through the pictures.
        shown: The figures that the progress line shows; empty for all.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]
    passes: int = 1
    shown: tuple[str, ...] = ()

    @abstractmethod
    def training_step(self, pictures: Tensor, labels: Tensor, epoch: float) -> dict[str, Tensor]:
        """Forward, backward and the optimisers' steps on one batch; returns named figures, none of them with a graph.

        Args:
            pictures: Float RGB ``(b, 3, h, w)`` in [0, 1].
            labels: int64 ``(b,)``.
            epoch: How far the training is, in fractions of epochs.
        """

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Figures on the validation set."""

    def examples(self) -> Tensor | None:
        """Pictures to look at after an epoch, uint8 ``(h, w, 3)``; None if there are none."""
        return None

    def state(self) -> dict[str, Any]:
        """Everything a resumed run needs."""
        return {
            kind: {name: part.state_dict() for name, part in parts.items()}
            for kind, parts in (("networks", self.networks), ("optimisers", self.optimisers))
        }

    def restore(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`state`."""
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
            _align(optimiser)


class MixedFromWholeInputs(MixedPrecision):
    """bfloat16 where autocast finds it fit; Fabric would give it the pictures, too, whose 8 bits it cannot hold."""

    def convert_input(self, data: Any) -> Any:
        """Leave the inputs as they are."""
        return data


def fabric(plan: Plan, *, accelerator: str = "auto", devices: int = 1, nodes: int = 1) -> Fabric:
    """Fabric on one device, or on several by DDP, in the plan's precision."""
    on_gpu = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    many = devices * nodes > 1
    mixed = (plan.precision or ("bf16-mixed" if on_gpu else "32-true")) == "bf16-mixed"
    made = Fabric(
        accelerator=accelerator,
        devices=devices,
        num_nodes=nodes,
        strategy="ddp" if many else "auto",
        plugins=[MixedFromWholeInputs("bf16-mixed", "cuda" if on_gpu else "cpu")] if mixed else None,
    )
    made.launch()
    return made


def shared(runner: Fabric, plan: Plan, data: LabelledPictures) -> Batches:
    """The plan's batches of these pictures, this process's share of each.

    Raises:
        ConfigError: As :class:`Batches`.
    """
    return Batches(
        data, plan.batch, seed=plan.seed, device=runner.device, rank=runner.global_rank, processes=runner.world_size
    )


def fit(
    runner: Fabric, experiment: Experiment, batches: Batches, plan: Plan, folder: Path, progress: Progress
) -> dict[str, float]:
    """Train to the end of the plan, from the folder's checkpoint if there is one.

    Returns:
        The figures of the last validation.
    """
    place, figures = folder / CHECKPOINT, {}
    start = 0
    if place.exists():
        state = checkpoint.load(place, runner.device)
        if state["plan"] != plan.model_dump_json():
            raise ConfigError(f"{folder} holds a training with another configuration; give a new folder")
        experiment.restore(state["experiment"])
        start, figures = state["step"], state["figures"]
    log = Log(folder, start) if runner.is_global_zero else None
    meter = Meter(batches.batch)
    per_epoch = experiment.passes * batches.per_epoch
    for step in range(start, plan.epochs * per_epoch):
        seed_step(plan.seed, runner.global_rank, step)
        terms = experiment.training_step(*batches.at(step), step / per_epoch)
        done, ends_epoch = step + 1, (step + 1) % per_epoch == 0
        meter.count()
        if done % LOG_EVERY == 0 or ends_epoch:
            shown = {name: float(value) for name, value in terms.items()} | {"pictures_per_s": meter.rate()}
            known = shown | figures
            line = {name: known[name] for name in experiment.shown or known if name in known}
            line["pictures_per_s"] = shown["pictures_per_s"]
            progress(_line(done / per_epoch, line), done / (plan.epochs * per_epoch))
            if log:
                log.write(step, shown)
        if ends_epoch:
            figures = experiment.validate()
            pictures = experiment.examples()
            if log:
                log.write(step, figures)
                log.show(done // per_epoch, pictures)
        if log and (ends_epoch or meter.since_checkpoint() > CHECKPOINT_EVERY_S):
            checkpoint.save(
                place,
                {"step": done, "figures": figures, "plan": plan.model_dump_json(), "experiment": experiment.state()},
            )
            meter.checkpointed()
    if log:
        log.close()
    runner.barrier()
    return figures


def seed_step(seed: int, rank: int, step: int) -> None:
    """Seed torch for one step of one process: dropout draws from torch's own generator and from no other."""
    torch.manual_seed(int(np.random.SeedSequence((seed, rank, step)).generate_state(1, np.uint64)[0] >> 1))


class Meter:
    """Pictures per second since the last look, and the time since the last checkpoint."""

    def __init__(self, batch: int) -> None:
        self._batch, self._steps = batch, 0
        self._looked = self._saved = time.monotonic()

    def count(self) -> None:
        """One more step."""
        self._steps += 1

    def rate(self) -> float:
        """Pictures per second since this was last asked."""
        now = time.monotonic()
        rate = self._steps * self._batch / max(now - self._looked, 1e-9)
        self._steps, self._looked = 0, now
        return rate

    def since_checkpoint(self) -> float:
        """Seconds."""
        return time.monotonic() - self._saved

    def checkpointed(self) -> None:
        """A checkpoint was written."""
        self._saved = time.monotonic()


def _align(optimiser: Optimizer) -> None:
    """Lay the optimiser's tensors out in memory like their parameters: fused steps walk through both side by side."""
    for parameter, kept in optimiser.state.items():
        for name, value in kept.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                kept[name] = torch.empty_like(parameter).copy_(value)


def _line(epoch: float, figures: dict[str, float]) -> str:
    return f"epoch {epoch:.2f}  " + "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
