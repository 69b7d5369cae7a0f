# SPDX-License-Identifier: Apache-2.0
"""What makes a codec semantic: its basis, moved until the task at the receiver is served as well as the eye (eq. 3)."""

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
from semstego.tasks import classification
from semstego.tasks.base import Task
from semstego.training import loop, optimiser
from semstego.training.batches import Batches
from semstego.training.block_transform import BlockTransform
from semstego.training.config import Plan, Share

VALIDATION_BATCH = 250


class TaskCodecPlan(Plan):
    """Fit of one basis under eq. 3."""

    task: str
    """The classifier: a shipped one, or a weights file."""
    picture_weight: Share = PICTURE_WEIGHT
    """lambda of eq. 3; 1 leaves the task out."""


class TaskCodecTraining(loop.Experiment):
    """Equation 3 with a frozen task, over the orthonormal bases."""

    def __init__(self, runner: Fabric, plan: TaskCodecPlan, basis: BlockBasis, task: Task, validation: Batches) -> None:
        self.runner, self.plan, self.task, self.held_out = runner, plan, task, validation
        self.bare = BlockTransform(basis)
        chosen = optimiser.build(self.bare.parameters(), plan.optimiser)
        self.transform, self.optimiser = runner.setup(self.bare, chosen)
        self.networks, self.optimisers = {"transform": self.transform}, {"transform": self.optimiser}

    def training_step(self, pictures: Tensor, labels: Tensor, epoch: float) -> dict[str, Tensor]:
        """One step; figures loss and squared error."""
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, epoch, self.plan.epochs)
        seen = self.transform(pictures)
        loss = semantic_loss(seen, pictures, labels, self.task, picture_weight=self.plan.picture_weight)
        self.optimiser.zero_grad()
        self.runner.backward(loss)
        self.optimiser.step()
        with torch.no_grad():
            self.bare.free.copy_(self.bare.rows())  # back onto the manifold, where the next gradient is taken
        return {"loss": loss.detach(), "squared_error": (seen.detach() - pictures).square().mean()}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Score of the task on reconstructions of the validation set, and their PSNR over all pixels [dB]."""
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
    """Move a basis for colour pictures under eq. 3, for the classifier and on the pictures that the plan names.

    Args:
        plan: What to fit for.
        start: The basis to begin with.
        folder: Of the run; one that is there already goes on.
        runner: Fabric on one device.
        progress: Told how far it is.

    Returns:
        The basis, and the figures of the last validation.

    Raises:
        ConfigError: If the pictures cannot be cut into the basis's blocks.
        DataError: If the data set is not there.
        WeightsError: If the classifier is not there.
    """
    task = classification.load(plan.task)
    task.network.to(runner.device)
    data, validation = plan.data.load("train"), plan.data.load("validation")
    return moved(plan, start, task, data, validation, folder, runner, progress)


def moved(
    plan: TaskCodecPlan,
    start: BlockBasis,
    task: Task,
    data: LabelledPictures,
    validation: LabelledPictures,
    folder: Path,
    runner: Fabric,
    progress: Progress,
) -> tuple[BlockBasis, dict[str, float]]:
    """The same for a task and pictures that are here already."""
    if any(side % start.block for side in data.pictures.shape[1:3]):
        raise ConfigError(f"these pictures cannot be cut into blocks of {start.block} pixels")
    held_out = Batches(validation, 1, seed=0, device=runner.device)
    experiment = TaskCodecTraining(runner, plan, start, task, held_out)
    figures = loop.fit(runner, experiment, loop.shared(runner, plan, data), plan, folder, progress)
    return experiment.bare.basis(), figures
