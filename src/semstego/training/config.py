# SPDX-License-Identifier: Apache-2.0
"""Configurations: YAML files read into typed settings, every fault named at once."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from semstego.codecs.convolutional.codec import CodecShape
from semstego.datasets import sets
from semstego.datasets.enlarge import softened
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ConfigError
from semstego.losses.semantic import PICTURE_WEIGHT

MAX_CONFIG_BYTES = 1 << 20

NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseModel):
    """Base of all settings: nothing unknown, nothing changed later, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OptimiserSettings(Settings):
    """An optimiser and the course of its learning rate."""

    name: Literal["sgd", "adam"]
    learning_rate: PositiveFloat
    """The highest one."""
    momentum: Share = 0.9
    """Nesterov's, for sgd."""
    weight_decay: NotNegative = 0.0
    """On matrices and kernels, not on biases and normalisation."""
    schedule: Literal["one-cycle", "steps"]
    """one-cycle: up for ``warm_up``, then down to zero by a cosine. steps: times ``factor`` every ``every`` epochs."""
    warm_up: Share = 0.2
    every: PositiveInt = 30
    """[epochs]"""
    factor: Share = 0.1
    floor: NotNegative = 0.0
    """Steps go no lower."""


class Data(Settings):
    """A labelled set and where it lies."""

    set: str
    folder: Path
    detail: PositiveInt | None = None
    """Reduce pictures to this side and enlarge them again [pixels]; 32 makes them CIFAR's kind."""

    limit: PositiveInt | None = None
    """Take the first so many pictures of a split."""

    def load(self, split: str) -> LabelledPictures:
        """One split, as :func:`semstego.datasets.sets.load` gives it.

        Raises:
            DataError: If it is not there.
        """
        found = sets.load(self.set, self.folder, split)
        found = found if self.limit is None else found.first(self.limit)
        if self.detail is None:
            return found
        return LabelledPictures(softened(found.pictures, self.detail), found.labels, found.classes)


class Plan(Settings):
    """What every training has."""

    data: Data
    seed: Annotated[int, Field(ge=0)] = 0
    epochs: PositiveInt
    batch: PositiveInt
    """Pictures per step, over all processes."""
    precision: Literal["32-true", "bf16-mixed"] | None = None
    """Of the arithmetic, in Fabric's words. None: bf16-mixed on a GPU, 32-true elsewhere; processors with AVX512-BF16
    gain from bf16-mixed, too."""
    optimiser: OptimiserSettings


class TiledPlan(Plan):
    """What the trainings of fully convolutional networks have."""

    architecture: CodecShape = CodecShape()
    task: str | None = None
    """The frozen classifier in the loss: a shipped one, or a weights file; None leaves the task out."""
    picture_weight: Share = PICTURE_WEIGHT
    """lambda of eqs. 3 and 13, beside a task."""
    tile: PositiveInt | None = None
    """Train on tiles of this side [pixels] cut from the pictures: what is hard to learn is the border, which features
    do not cover, and small pictures have more of it. None takes pictures whole, and a task must."""

    @model_validator(mode="after")
    def _task_sees_pictures(self) -> "TiledPlan":
        if self.tile is not None and self.task is not None:
            raise ValueError("a task needs whole pictures: give tile or task, not both")
        return self

    @model_validator(mode="after")
    def _channels_are_colours(self) -> "TiledPlan":
        if self.architecture.channels not in (1, 3):
            raise ValueError("pictures have 1 or 3 channels")
        if self.architecture.channels == 1 and self.task is not None:
            raise ValueError("a task needs pictures of 3 channels")
        return self

    def load(self, split: str) -> LabelledPictures:
        """Pictures of a split, grey ones for networks of one channel.

        Raises:
            DataError: If it is not there.
        """
        found = self.data.load(split)
        return found.in_grey() if self.architecture.channels == 1 else found


PlanType = TypeVar("PlanType", bound=Plan)


def read_config(path: Path, kind: type[PlanType]) -> PlanType:
    """The plan in a YAML file.

    Raises:
        ConfigError: If it cannot be read; names every fault, one a line.
    """
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: larger than any configuration")
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path}: no YAML: {' '.join(str(error).split())}") from None
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        faults = [f"  {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors()]
        plural = "s" if len(faults) > 1 else ""
        raise ConfigError("\n".join([f"{path}: {len(faults)} fault{plural}", *faults])) from None
