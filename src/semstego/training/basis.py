# SPDX-License-Identifier: Apache-2.0
"""Training of the block codec's basis by eq. 3: for the task at the receiver as well as for the picture."""

from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from semstego.codecs.block.basis import BlockBasis
from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.tensors import as_float
from semstego.errors import ConfigError
from semstego.losses.semantic import PICTURE_WEIGHT, semantic_loss
from semstego.progress import Progress
from semstego.tasks.base import Task, frozen
from semstego.training import loop, optimiser
from semstego.training.batches import Batches
from semstego.training.block_transform import BlockTransform
from semstego.training.config import Plan, Share
from semstego.training.experiment import Experiment, Moment

VALIDATION_BATCH = 250


class TaskCodecPlan(Plan):
    """A training of one basis by eq. 3."""

    task: str
    """The frozen task of eq. 3, as :func:`semstego.tasks.base.frozen` takes it."""
    picture_weight: Share = PICTURE_WEIGHT
    """lambda of eq. 3; 1 leaves the task out."""


class TaskCodecTraining(Experiment):
    """Steps by eq. 3 with a frozen task; after each the basis is made orthonormal again.

    Args:
        runner: Fabric.
        plan: What to train.
        basis: The basis to begin with.
        task: The frozen task.
        validation: Pictures that are not trained on.
    """

    def __init__(self, runner: Fabric, plan: TaskCodecPlan, basis: BlockBasis, task: Task, validation: Batches) -> None:
        self.runner, self.plan, self.task, self.held_out = runner, plan, task, validation
        self.bare = BlockTransform(basis)
        chosen = optimiser.build(self.bare.parameters(), plan.optimiser)
        self.transform, self.optimiser = runner.setup(self.bare, chosen)
        self.networks, self.optimisers = {"transform": self.transform}, {"transform": self.optimiser}

    def training_step(self, pictures: Tensor, labels: Tensor, moment: Moment) -> dict[str, Tensor]:
        """One step; its figures are ``loss`` and ``squared_error``, of pictures in [0, 1]."""
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, moment.epoch, self.plan.epochs)
        seen = self.transform(pictures)
        loss = semantic_loss(seen, pictures, labels, self.task, picture_weight=self.plan.picture_weight)
        self.optimiser.zero_grad()
        self.runner.backward(loss)
        self.optimiser.step()
        with torch.no_grad():
            self.bare.free.copy_(self.bare.rows())  # orthonormal again, as the next gradient supposes
        return {"loss": loss.detach(), "squared_error": (seen.detach() - pictures).square().mean()}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Mean score of the task on reconstructions of the validation set, and their PSNR over all pixels [dB]."""
        scores, errors = [], []
        for start in range(0, len(self.held_out.labels), VALIDATION_BATCH):
            pictures = as_float(self.held_out.pictures[start : start + VALIDATION_BATCH])
            seen = self.transform(pictures)
            scores.append(self.task.task_score(seen, self.held_out.labels[start : start + VALIDATION_BATCH]))
            errors.append((seen - pictures).square().mean((1, 2, 3)))
        error = float(torch.cat(errors).mean())
        return {"validation_score": float(torch.cat(scores).mean()), "validation_psnr_db": -10 * float(np.log10(error))}


def fit_basis(
    plan: TaskCodecPlan, start: BlockBasis, folder: Path, runner: Fabric, progress: Progress
) -> tuple[BlockBasis, dict[str, float]]:
    """Train a basis for colour pictures by eq. 3, with the task and on the pictures that the plan names.

    Args:
        plan: What to train.
        start: The basis to begin with.
        folder: Of the run; one that holds a checkpoint goes on from there.
        runner: Fabric on one device.
        progress: Is told the figures, and the share of the training that is done.

    Returns:
        The basis, and the figures of the last validation.

    Raises:
        ConfigError: If the pictures cannot be cut into the basis's blocks.
        DataError: If the data set is not there.
        WeightsError: If the weights of the task are not there.
    """
    task = frozen(plan.task)
    task.to(runner.device)
    data, validation = plan.data.load("train"), plan.data.load("validation")
    return trained_basis(plan, start, task, data, validation, folder, runner, progress)


def trained_basis(
    plan: TaskCodecPlan,
    start: BlockBasis,
    task: Task,
    data: LabelledPictures,
    validation: LabelledPictures,
    folder: Path,
    runner: Fabric,
    progress: Progress,
) -> tuple[BlockBasis, dict[str, float]]:
    """As :func:`fit_basis`, with a task and pictures that are loaded already.

    Args:
        plan: What to train; its data and task are not loaded.
        start: The basis to begin with.
        task: The frozen task, on the runner's device.
        data: Pictures to train on.
        validation: Pictures to validate on.
        folder: Of the run; one that holds a checkpoint goes on from there.
        runner: Fabric on one device.
        progress: Is told the figures, and the share of the training that is done.

    Returns:
        The basis, and the figures of the last validation.

    Raises:
        ConfigError: If the pictures cannot be cut into the basis's blocks.
    """
    if any(side % start.block for side in data.pictures.shape[1:3]):
        raise ConfigError(f"these pictures cannot be cut into blocks of {start.block} pixels")
    held_out = Batches(validation, 1, seed=0, device=runner.device)
    experiment = TaskCodecTraining(runner, plan, start, task, held_out)
    figures = loop.fit(runner, experiment, loop.batches_of(runner, plan, data), plan, folder, progress)
    return experiment.bare.basis(), figures
