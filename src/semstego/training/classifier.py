# SPDX-License-Identifier: Apache-2.0
"""Training of GoogLeNet, the classifier that is the AI task (Szegedy et al., CVPR 2015)."""

from pathlib import Path
from typing import Annotated

import torch
from lightning_fabric import Fabric
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor
from torch.nn import functional

from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.tensors import as_float
from semstego.networks.channels_last import channels_last
from semstego.networks.googlenet import GoogLeNet
from semstego.progress import Progress
from semstego.training import loop, optimiser
from semstego.training.augment import Augmentation, augment
from semstego.training.batches import Batches
from semstego.training.config import NotNegative, Plan, Share
from semstego.training.experiment import Experiment, Moment

VALIDATION_BATCH = 250


class ClassificationPlan(Plan):
    """A training of GoogLeNet."""

    sides: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (64,)
    """Side of the pictures in each epoch [pixels]; the last one holds for all later epochs. Small pictures at the start
    save time."""
    auxiliary_weight: NotNegative = 0.3
    """Weight of each auxiliary head's loss: 0.3 in Szegedy et al., 0.1 in the released code of the paper's authors."""
    label_smoothing: Share = 0.0
    """Share of the target's probability that is spread evenly over all classes."""
    augmentation: Augmentation = Augmentation()
    """Random changes of the training pictures; the default changes nothing."""

    @model_validator(mode="after")
    def _sides_fit(self) -> "ClassificationPlan":
        if min(self.sides) < 32:
            raise ValueError("sides below 32 pixels leave GoogLeNet's last maps empty")
        return self


class ClassifierTraining(Experiment):
    """Steps of GoogLeNet with its auxiliary heads, by cross-entropy.

    Args:
        runner: Fabric.
        plan: What to train.
        validation: Pictures that are not trained on.
    """

    def __init__(self, runner: Fabric, plan: ClassificationPlan, validation: LabelledPictures) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.runner = plan, runner
        self.validation = Batches(validation, 1, seed=0, device=runner.device)
        self.bare: GoogLeNet = channels_last(GoogLeNet(len(validation.classes), auxiliary=True))
        chosen = optimiser.build(self.bare.parameters(), plan.optimiser)
        self.network, self.optimiser = runner.setup(self.bare, chosen)
        self.network.mark_forward_method("with_auxiliary")
        self.networks, self.optimisers = {"googlenet": self.network}, {"googlenet": self.optimiser}
        self.generator = torch.Generator(runner.device)

    def training_step(self, pictures: Tensor, labels: Tensor, moment: Moment) -> dict[str, Tensor]:
        """One step; its figures are ``loss``, without the heads [nat], and ``accuracy``, both on the batch."""
        self.network.train()
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, moment.epoch, self.plan.epochs)
        self.generator.manual_seed(torch.initial_seed())  # which the loop has set for this step
        pictures = augment(pictures, self.plan.augmentation, self.generator)
        side = self.plan.sides[min(moment.whole_epochs, len(self.plan.sides) - 1)]
        if side != pictures.shape[-1]:
            pictures = functional.interpolate(pictures, side, mode="bilinear", antialias=True)
        with self.runner.autocast():  # Fabric applies the precision to forward alone, not to a method beside it
            answers = self.network.with_auxiliary(pictures)
        logits, *auxiliary = (answer.float() for answer in answers)
        smoothing = self.plan.label_smoothing
        loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        total = loss + self.plan.auxiliary_weight * sum(
            functional.cross_entropy(answer, labels, label_smoothing=smoothing) for answer in auxiliary
        )
        self.optimiser.zero_grad()
        self.runner.backward(total)
        self.optimiser.step()
        return {"loss": loss.detach(), "accuracy": (logits.detach().argmax(1) == labels).float().mean()}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Accuracy and cross-entropy [nat] on the validation set, whose pictures are whole and not augmented."""
        self.network.eval()
        loss, right, count = 0.0, 0, len(self.validation.labels)
        for start in range(0, count, VALIDATION_BATCH):
            labels = self.validation.labels[start : start + VALIDATION_BATCH]
            logits = self.network(as_float(self.validation.pictures[start : start + VALIDATION_BATCH]))
            loss += float(functional.cross_entropy(logits, labels, reduction="sum"))
            right += int((logits.argmax(1) == labels).sum())
        return {"validation_accuracy": right / count, "validation_loss": loss / count}


def train(
    plan: ClassificationPlan, folder: Path, runner: Fabric, progress: Progress
) -> tuple[GoogLeNet, tuple[str, ...]]:
    """Train GoogLeNet, or go on with the run in ``folder``.

    Args:
        plan: What to train.
        folder: Of the run; one that holds a checkpoint goes on from there.
        runner: Fabric.
        progress: Is told the figures, and the share of the training that is done.

    Returns:
        The network with its auxiliary heads, and the names of the classes.

    Raises:
        ConfigError: If the folder holds a training by another plan, or there are too few pictures for one batch.
        DataError: If the data set is not there.
    """
    data, validation = plan.data.load("train"), plan.data.load("validation")
    experiment = ClassifierTraining(runner, plan, validation)
    loop.fit(runner, experiment, loop.batches_of(runner, plan, data), plan, folder, progress)
    return experiment.bare, data.classes
