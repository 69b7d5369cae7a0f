# SPDX-License-Identifier: Apache-2.0
"""The settings of a training of costs against detectors."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from semstego.schemes.adversarial.network import MAX_SIZES
from semstego.training.config import NotNegative, OptimiserSettings, Plan, Settings, Share

Payload = Annotated[float, Field(gt=0, le=24)]  # of RGB pictures [bits per pixel]


class CostCritics(Settings):
    """G1 on symbols and G2 on pictures, networks with a label for every value (:mod:`semstego.networks.dense_labels`).

    A critic must detect before it may teach.
    """

    width: Annotated[int, Field(ge=1, le=MAX_SIZES["width"])] = 24
    """Channels of each convolution."""
    least_auc: Share = 0.9
    """A critic teaches from the first validation on at which its AUC is this or more, as long as it is there."""
    fresh_every: NonNegativeInt = 0
    """Epochs of teaching after which new critics take the place of the old ones, and teach when they detect; 0 keeps
    them."""
    loss: Literal["paper", "confusion"] = "confusion"
    """Losses 7 and 8. paper: eqs. 15 and 16, 1 / (cross-entropy + epsilon). confusion: the bounded loss whose optimum
    is a critic at chance."""
    optimiser: OptimiserSettings
    """Of either critic."""


class LossWeights(Settings):
    """How much each loss of the costs counts."""

    critic_1: NotNegative = 1.0
    """Loss 7, by the critic of symbols."""
    critic_2: NotNegative = 1.0
    """Loss 8, by the critic of pictures."""
    reconstruction: NotNegative = 0.0
    """Loss 5, of pictures in [0, 1]."""
    semantic: NotNegative = 0.0
    """The task's part of loss 6."""


class CostPlan(Plan):
    """A training of costs."""

    codec: str = "cr085-plain"
    """The closed codec whose symbols carry, by name."""
    width: Annotated[int, Field(ge=1, le=MAX_SIZES["width"])] = 40
    """Channels of the network of costs."""
    depth: Annotated[int, Field(ge=1, le=MAX_SIZES["depth"])] = 3
    """Its number of 3x3 convolutions."""
    start: Path | None = None
    """Weights to begin with, from an earlier training of the same sizes."""
    imitation: Share = 0.0
    """Share of the training, at its start, in which the costs learn from those of the scheme ``syndrome``, and the
    critics from the costs."""
    payload_bpp: tuple[Payload, Payload] = (0.1, 1.0)
    """The least and the largest payload [bits per pixel]; every picture has another."""
    task: str | None = None
    """The frozen task of loss 6, as :func:`semstego.tasks.base.frozen` takes it."""
    weights: LossWeights = LossWeights()
    """Of the losses."""
    critics: CostCritics
    """G1 and G2."""
    validation_pictures: PositiveInt = 400
    """At most so many pictures are validated on."""

    @model_validator(mode="after")
    def _belong_together(self) -> "CostPlan":
        if self.payload_bpp[0] > self.payload_bpp[1]:
            raise ValueError("a range of payloads goes from the least to the most")
        if self.imitation < 1 and not any(self.weights.model_dump().values()):
            raise ValueError("without a weight there is no loss, but that of the imitation")
        if self.task is None and self.weights.semantic:
            raise ValueError("loss 6 needs a task")
        return self
