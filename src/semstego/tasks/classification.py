# SPDX-License-Identifier: Apache-2.0
"""Classification, the frozen task, and the classifiers that GoogLeNet was trained to be."""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from semstego.datasets.tensors import batch
from semstego.errors import ArgumentError, WeightsError
from semstego.networks.channels_last import channels_last
from semstego.networks.googlenet import GoogLeNet
from semstego.networks.half import halved
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
    return halved(network, {"format": FORMAT, "classes": json.dumps(classes)}, without="heads.")


def _read(path: Path) -> Classification:
    try:
        with safetensors.safe_open(path, "pt") as file:
            facts = file.metadata() or {}
        if facts.get("format") != FORMAT:
            raise WeightsError(f"{path}: these are no weights of a classifier")
        classes = tuple(map(str, json.loads(facts["classes"])))
        network = channels_last(GoogLeNet(len(classes)))
        weights = load_file(path)  # half precision, but for counts
        network.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in weights.items()})
    except (OSError, safetensors.SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path}: no weights of a classifier ({' '.join(str(error).split())[:200]})") from None
    return Classification(network.eval().requires_grad_(False), classes)


TASK = Classification()
