# SPDX-License-Identifier: Apache-2.0
"""Training of the detector that is an AI task of the receiver, a network of the YOLOv5s class, from random weights.

Differs from the published recipe in: any optimiser and schedule of this package, no average of the weights over time,
colours changed as for classifiers and not in HSV, pictures that are no mosaics, for those are what is judged, and
difficult objects, which are found as others are and not left out.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from lightning_fabric import Fabric
from pydantic import Field, PositiveFloat, PositiveInt, model_validator
from torch import Tensor

from semstego.datasets.letterbox import LARGEST_SIDE
from semstego.datasets.scenes import Scenes
from semstego.errors import DataError
from semstego.networks.channels_last import channels_last
from semstego.networks.yolo import STRIDES, YOLO, anchors_at
from semstego.progress import Progress
from semstego.tasks.detection.assignment import targets_of
from semstego.tasks.detection.loss import Gains, detection_loss
from semstego.tasks.detection.task import Detection
from semstego.training import loop, optimiser
from semstego.training.augment import Augmentation, augment
from semstego.training.config import Plan, Share
from semstego.training.experiment import Experiment, Moment
from semstego.training.scene_batches import SceneBatches

LEAST_SIDE = 64  # pixels; batch normalisation needs more than one place
LARGEST_GRADIENT = 10.0  # norm of all gradients; longer ones are shortened


class DetectionPlan(Plan):
    """A training of the detector."""

    width: PositiveFloat = 1.0
    """Channels of every layer, relative to YOLOv5s; 0.5 is YOLOv5n. 32 times it must be whole."""
    sides: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (256,)
    """Side of the pictures in each epoch [pixels], multiples of 32 from 64 to 8192; the last one holds for all later
    epochs, and the anchors are made for it: it should be that of the pictures to come. Small ones at the start save
    time."""
    mosaic: Share = 1.0
    """Share of the pictures that are mosaics of four."""
    class_gain: Annotated[float, Field(ge=0, le=1000)] = 0.5
    """Weight of the loss of classes, as published for 80 of them; see :class:`semstego.tasks.detection.loss.Gains`."""
    augmentation: Augmentation = Augmentation()
    """Random changes of the training pictures: mirroring and colours, for boxes do not follow the others."""
    validation_pictures: PositiveInt = 500
    """At most so many pictures are validated on."""

    @model_validator(mode="after")
    def _can_be(self) -> "DetectionPlan":
        if any(side % STRIDES[-1] or not LEAST_SIDE <= side <= LARGEST_SIDE for side in self.sides):
            raise ValueError(f"sides are multiples of {STRIDES[-1]} pixels, {LEAST_SIDE} to {LARGEST_SIDE}")
        if self.augmentation.shift or self.augmentation.scale or self.augmentation.rotation:
            raise ValueError("boxes do not follow shift, scale and rotation: mosaics move and scale")
        return self


class DetectorTraining(Experiment):
    """Steps of the detector.

    Args:
        runner: Fabric.
        plan: What to train.
        validation: Scenes that are not trained on.
    """

    def __init__(self, runner: Fabric, plan: DetectionPlan, validation: Scenes) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.runner = plan, runner
        self.validation = validation.first(plan.validation_pictures)
        self.bare: YOLO = channels_last(
            YOLO(len(validation.classes), width=plan.width, anchors=anchors_at(plan.sides[-1]))
        )
        chosen = optimiser.build(self.bare.parameters(), plan.optimiser)
        self.network, self.optimiser = runner.setup(self.bare, chosen)
        self.networks, self.optimisers = {"yolo": self.network}, {"yolo": self.optimiser}
        self.gains = Gains(classes=plan.class_gain)
        self.generator = torch.Generator(runner.device)

    def training_step(self, pictures: Tensor, labels: Tensor, moment: Moment) -> dict[str, Tensor]:
        """One step; its figures are the three terms of the loss, with their gains.

        Args:
            pictures: Float RGB ``(b, 3, side, side)`` in [0, 1].
            labels: Objects ``(b, m, 6)``, see :class:`semstego.datasets.scenes.Scenes`.
            moment: How far the training is.
        """
        self.network.train()
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, moment.epoch, self.plan.epochs)
        self.generator.manual_seed(torch.initial_seed())  # which the loop has set for this step
        colours = self.plan.augmentation.model_copy(update={"flip": False})  # boxes were mirrored with their pictures
        maps = self.network(augment(pictures, colours, self.generator))
        anchors = self.bare.anchors * (pictures.shape[-1] / self.plan.sides[-1])
        loss = detection_loss(maps, targets_of(labels), anchors, self.gains)
        self.optimiser.zero_grad()
        self.runner.backward(loss.mean * len(pictures))
        self.runner.clip_gradients(self.network, self.optimiser, max_norm=LARGEST_GRADIENT)
        self.optimiser.step()
        return {name: getattr(loss, name).detach() for name in ("box", "objectness", "classes")}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """mAP50 on the validation set, by the area under the envelope."""
        self.network.eval()
        task = Detection(self.bare, self.validation.classes)
        answers = task.answered(self.validation.pictures, self.validation.labels)
        return {"validation_map50": float(np.nan_to_num(answers.map50()))}


def train(plan: DetectionPlan, folder: Path, runner: Fabric, progress: Progress) -> tuple[YOLO, tuple[str, ...]]:
    """Train a detector, or go on with the run in ``folder``.

    Args:
        plan: What to train.
        folder: Of the run; one that holds a checkpoint goes on from there.
        runner: Fabric.
        progress: Is told the figures, and the share of the training that is done.

    Returns:
        The network, and the names of the classes.

    Raises:
        ConfigError: If the folder holds a training by another plan, or there are too few pictures for one batch.
        DataError: If the data set is not there, or has no boxes.
    """
    data, validation = plan.data.load("train"), plan.data.load("validation")
    if not isinstance(data, Scenes) or not isinstance(validation, Scenes):
        raise DataError(f"the data set {plan.data.set} has no boxes, which a detector is trained with")
    if not len(validation):
        raise DataError(f"the data set {plan.data.set} has no validation pictures")
    experiment = DetectorTraining(runner, plan, validation)
    batches = SceneBatches(
        data, plan.batch, sides=plan.sides, mosaic=plan.mosaic, flip=plan.augmentation.flip, seed=plan.seed,
        device=runner.device, rank=runner.global_rank, processes=runner.world_size,
    )  # fmt: skip
    loop.fit(runner, experiment, batches, plan, folder, progress)
    return experiment.bare, data.classes
