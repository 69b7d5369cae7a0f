# SPDX-License-Identifier: Apache-2.0
"""Classification, the frozen task, and the classifiers that GoogLeNet was trained to be."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.scenes import Scenes
from semstego.datasets.tensors import batch
from semstego.errors import ArgumentError, DataError, WeightsError
from semstego.networks.googlenet import GoogLeNet
from semstego.tasks import weights as weights_file
from semstego.tasks.base import Task

SHIPPED = ("fashion-mnist", "objects")
FORMAT = "semstego googlenet 1"
BATCH = 250


@dataclass(frozen=True)
class Classification(Task):
    """A frozen classifier.

    Attributes:
        network: Float RGB ``(b, 3, h, w)`` in [0, 1] to logits ``(b, classes)``; in evaluation mode, without gradients
            on its weights. None until :meth:`prepared` finds it.
        classes: Names of the classes.
    """

    network: nn.Module | None = None
    classes: tuple[str, ...] = ()

    def logits(self, picture: Tensor) -> Tensor:
        """What the network says of float RGB pictures ``(b, 3, h, w)`` in [0, 1]: ``(b, classes)``."""
        if self.network is None:
            raise ArgumentError("this classifier has no network: prepare it by naming its weights")
        found: Tensor = self.network(picture)
        return found

    def task_loss(self, picture: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy [nat]; pictures ``(b, 3, h, w)`` in [0, 1], target int64 ``(b,)``."""
        return functional.cross_entropy(self.logits(picture), target)

    def task_score(self, picture: Tensor, target: Tensor) -> Tensor:
        """1.0 where the largest logit is the right one, else 0.0; ``(b,)``."""
        return (self.logits(picture).argmax(1) == target).float()

    def check(self, data: LabelledPictures) -> None:
        """Refuse pictures with boxes, or with more classes than the network knows."""
        if isinstance(data, Scenes):
            raise DataError("pictures with boxes are for detection, and those with one class for classification")
        if self.network is not None and len(data.classes) > len(self.classes):
            raise DataError(f"the classifier knows {len(self.classes)} classes, and the set has {len(data.classes)}")

    def prepared(self, weights: str | None, data_set: str) -> "Classification":
        """The classifier in these weights, or the one that ships for the set; errors as in :func:`load`."""
        return load(weights or data_set)

    def to(self, device: torch.device) -> None:
        """Move the network."""
        if self.network is not None:
            self.network.to(device)

    @torch.inference_mode()
    def labels(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The class of each picture ``(n, h, w, c)`` and the probability it is given, both ``(n,)``."""
        found = [
            torch.softmax(self.logits(batch(pictures[start : start + BATCH])), 1).max(1)
            for start in range(0, len(pictures), BATCH)
        ]
        return torch.cat([one.indices for one in found]).numpy(), torch.cat([one.values for one in found]).numpy()

    def answers(self, pictures: NDArray[np.uint8]) -> list[str]:
        """Probability and name of the class of each picture ``(n, h, w, c)``."""
        labels, confidences = self.labels(pictures)
        return [f"{share:.1%} {self.classes[label]}" for label, share in zip(labels, confidences, strict=True)]


def load(name: str | Path) -> Classification:
    """A shipped classifier by name, or the one in a weights file.

    Raises:
        WeightsError: If there is none, or the file holds something else.
    """
    if name in SHIPPED:
        with resources.as_file(resources.files("semstego") / "weights" / f"{name}.safetensors") as path:
            return _read(path)
    if not Path(name).is_file():
        raise WeightsError(f"no classifier {str(name)!r}: shipped are {', '.join(SHIPPED)}, else give a weights file")
    return _read(Path(name))


def to_bytes(network: GoogLeNet, classes: tuple[str, ...]) -> bytes:
    """A trained network as a safetensors file in half precision; auxiliary heads, which only help training, stay."""
    return weights_file.to_bytes(network, classes, {"format": FORMAT}, without="heads.")


def _read(path: Path) -> Classification:
    network, classes = weights_file.read(path, FORMAT, "classifier", lambda count, facts: GoogLeNet(count))
    return Classification(network, classes)


TASK = Classification()
