# SPDX-License-Identifier: Apache-2.0
"""Configurations: YAML files that are read into typed settings; an error names all faults of a file."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from semstego.codecs.convolutional.codec import CodecShape
from semstego.datasets import sets
from semstego.datasets.enlarge import softened
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ConfigError
from semstego.inputs import read_once
from semstego.losses.semantic import PICTURE_WEIGHT

MAX_CONFIG_BYTES = 1 << 20
WORDS = {  # in place of pydantic's, by the type of the error
    "extra_forbidden": "there is no such key; docs/configuration.md lists them",
    "missing": "must be given",
    "model_type": "must be keys with their values",
}

NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseModel):
    """Base of all settings: they refuse unknown names and infinite numbers, and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OptimiserSettings(Settings):
    """An optimiser and the schedule of its learning rate."""

    name: Literal["sgd", "adam"]
    """The algorithm."""
    learning_rate: PositiveFloat
    """The largest learning rate of the training."""
    momentum: Share = 0.9
    """Nesterov's momentum; for sgd alone."""
    weight_decay: NotNegative = 0.0
    """Of matrices and kernels; biases and normalisation have none."""
    schedule: Literal["one-cycle", "steps"]
    """one-cycle: a linear rise from 0 during ``warm_up``, then a cosine down to 0. steps: times ``factor`` every
    ``every`` epochs, down to ``floor``."""
    warm_up: Share = 0.2
    """Share of the training; for one-cycle alone."""
    every: PositiveInt = 30
    """[epochs]; for steps alone."""
    factor: Share = 0.1
    """For steps alone."""
    floor: NotNegative = 0.0
    """The smallest learning rate; for steps alone."""


class Data(Settings):
    """A labelled data set."""

    set: str
    """Name of the set, such as ``crops`` or ``scenes``; ``semstego data`` builds and fetches them."""
    folder: Path
    """Where it is stored."""
    detail: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Reduce pictures to this side and enlarge them again [pixels]; 32 makes pictures of 64x64 as smooth as those of
    CIFAR-10 that are enlarged to 64x64. None leaves them as they are."""
    limit: PositiveInt | None = None
    """Take the first so many pictures of a split; None takes all."""

    def load(self, split: str) -> LabelledPictures:
        """Read one split, as :func:`semstego.datasets.sets.load` does.

        Args:
            split: ``train``, ``validation`` or ``test``.

        Raises:
            DataError: If it is not there.
        """
        found = sets.load(self.set, self.folder, split)
        found = found if self.limit is None else found.first(self.limit)
        if self.detail is None:
            return found
        return found.with_pictures(softened(found.pictures, self.detail))


class Plan(Settings):
    """The settings that every training has."""

    data: Data
    """The pictures."""
    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 0
    """Of everything that is random."""
    epochs: PositiveInt
    """Length of the training."""
    batch: PositiveInt
    """Pictures per step, over all processes."""
    precision: Literal["32-true", "bf16-mixed"] | None = None
    """Precision of the arithmetic, as Fabric names it. None: bf16-mixed on a GPU, 32-true elsewhere; processors with
    AVX512-BF16 are faster with bf16-mixed, too."""
    optimiser: OptimiserSettings
    """Of the networks that are trained; critics have one of their own."""


class TiledPlan(Plan):
    """The settings that every training of the paper's fully convolutional networks has."""

    architecture: CodecShape = CodecShape()
    """Sizes and options of the networks."""
    task: str | None = None
    """The frozen task in the loss, as :func:`semstego.tasks.base.frozen` takes it, such as ``objects``, a classifier
    that ships. None leaves the task out."""
    picture_weight: Share = PICTURE_WEIGHT
    """lambda of eqs. 3 and 13; without a task, only the error of the picture counts."""
    tile: PositiveInt | None = None
    """Train on tiles of this side, cut from the pictures [pixels]: the border, which the features do not cover, is the
    hardest part to learn, and tiles have more of it. None trains on whole pictures, as a task needs them."""

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
        """Read the pictures of a split; for networks of one channel they are grey.

        Args:
            split: ``train``, ``validation`` or ``test``.

        Raises:
            DataError: If it is not there.
        """
        found = self.data.load(split)
        return found.in_grey() if self.architecture.channels == 1 else found


class _Loader(yaml.SafeLoader):
    """YAML's safe types, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A dictionary; ``deep`` as in PyYAML.

        Raises:
            ValueError: If a key is given twice.
        """
        times = Counter(key.value for key, _ in node.value)
        if twice := [key for key, count in times.items() if count > 1]:
            raise ValueError(f"given twice: {', '.join(map(str, twice))}")
        return super().construct_mapping(node, deep)


PlanType = TypeVar("PlanType", bound=Plan)


def read_config(path: Path, kind: type[PlanType]) -> PlanType:
    """Read the plan in a YAML file.

    Args:
        path: Of the file.
        kind: The class of the plan.

    Raises:
        ConfigError: If the file cannot be read, or has faults; the text names every fault, one a line.
    """
    try:
        raw = yaml.load(read_once(path, MAX_CONFIG_BYTES, ConfigError).decode(), _Loader)
    except (yaml.YAMLError, RecursionError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ConfigError(f"{path}: no YAML: {' '.join(str(error).split())}") from None
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        faults = [_line(fault["loc"], WORDS.get(fault["type"], fault["msg"])) for fault in error.errors()]
        plural = "s" if len(faults) > 1 else ""
        raise ConfigError("\n".join([f"{path}: {len(faults)} fault{plural}", *faults])) from None


def _line(place: tuple[int | str, ...], fault: str) -> str:
    """A fault with its key; those of several keys together have no place."""
    return "  " + ": ".join([*([".".join(map(str, place))] if place else []), fault.removeprefix("Value error, ")])
