# SPDX-License-Identifier: Apache-2.0
"""Detection, the frozen task, and the detectors of the YOLOv5s class that ship or were trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.letterbox import GREY
from semstego.datasets.scenes import NO_OBJECT, Scenes
from semstego.datasets.tensors import batch
from semstego.errors import ArgumentError, DataError, WeightsError
from semstego.networks.yolo import STRIDES, YOLO
from semstego.tasks import weights as weights_file
from semstego.tasks.base import Task
from semstego.tasks.detection.answers import CERTAIN, FoundObjects
from semstego.tasks.detection.assignment import targets_of
from semstego.tasks.detection.average_precision import Objects
from semstego.tasks.detection.drawing import with_boxes
from semstego.tasks.detection.loss import detection_loss
from semstego.tasks.detection.suppression import Detections, suppress

SHIPPED = ("scenes",)
FORMAT = "semstego yolo 1"
BATCH = 50


@dataclass(frozen=True)
class Detection(Task):
    """A frozen detector. Targets are objects ``(b, m, 6)`` as in :class:`semstego.datasets.scenes.Scenes`.

    Pictures keep their size; where a side is no multiple of 32, grey is added on the right or below.

    Attributes:
        network: In evaluation mode, without gradients on its weights. None until :meth:`prepared` finds it.
        classes: Names of the classes.
    """

    network: YOLO | None = None
    classes: tuple[str, ...] = ()

    def task_loss(self, picture: Tensor, target: Tensor) -> Tensor:
        """Box, object and class loss, the mean over pictures; see :mod:`semstego.tasks.detection.loss`."""
        network = self._network()
        return detection_loss(network(_padded(picture)), targets_of(target), network.anchors).mean

    def task_score(self, picture: Tensor, target: Tensor) -> Tensor:
        """1.0 where all objects are found with a score of 0.25 or more, and nothing else is, else 0.0; ``(b,)``."""
        with torch.no_grad():
            found = self._found(picture)
        right = FoundObjects(found, _objects(target.cpu().numpy()), len(self.classes)).right
        return torch.from_numpy(right).float()

    def answered(self, pictures: NDArray[np.uint8], targets: NDArray[np.float32]) -> FoundObjects:
        """What is found in pictures ``(n, h, w, c)``, and what there is, ``(n, m, 6)``."""
        return FoundObjects(self.detections(pictures), _objects(targets), len(self.classes))

    @torch.inference_mode()
    def detections(self, pictures: NDArray[np.uint8]) -> tuple[Detections, ...]:
        """What is found in each picture ``(n, h, w, c)``, with the published limits of evaluation."""
        starts = range(0, len(pictures), BATCH)
        return tuple(one for start in starts for one in self._found(batch(pictures[start : start + BATCH])))

    def check(self, data: LabelledPictures) -> None:
        """Refuse pictures without boxes, and other classes than the network knows."""
        if not isinstance(data, Scenes):
            raise DataError("detection needs pictures with boxes, such as those of --set scenes or voc2007")
        if self.network is not None and data.classes != self.classes:
            known, there = (", ".join(names)[:80] for names in (self.classes, data.classes))
            raise DataError(f"the detector knows other classes ({known}) than the set has ({there})")

    def prepared(self, weights: str | None, data_set: str) -> "Detection":
        """The detector in these weights, or the one that ships for the set; errors as in :func:`load`."""
        return load(weights or data_set)

    def to(self, device: torch.device) -> None:
        """Move the network."""
        if self.network is not None:
            self.network.to(device)

    def answers(self, pictures: NDArray[np.uint8]) -> list[str]:
        """Score and class of what is found in each picture ``(n, h, w, c)`` with a score of 0.25 or more."""
        return [", ".join(self.labels(found)) or "nothing" for found in self.detections(pictures)]

    def marked(self, pictures: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Pictures ``(n, h, w, c)`` with the boxes of what is found with a score of 0.25 or more."""
        both = zip(pictures, self.detections(pictures), strict=True)
        return [with_boxes(picture, found, self.classes, CERTAIN) for picture, found in both]

    def labels(self, found: Detections) -> list[str]:
        """Score and class of those detections whose score is 0.25 or more."""
        return [
            f"{score:.0%} {self.classes[label]}"
            for score, label in zip(found.scores, found.classes, strict=True)
            if score >= CERTAIN
        ]

    def _network(self) -> YOLO:
        if self.network is None:
            raise ArgumentError("this detector has no network: prepare it by naming its weights")
        return self.network

    def _found(self, pictures: Tensor) -> tuple[Detections, ...]:
        """What is found in float RGB pictures ``(b, 3, h, w)``."""
        network = self._network()
        pictures = pictures.to(network.anchors.device)
        decoded = network.decode(network(_padded(pictures)))
        both = zip(decoded.boxes.cpu().numpy(), decoded.scores.cpu().numpy(), strict=True)
        return tuple(suppress(boxes, scores) for boxes, scores in both)


def load(name: str | Path) -> Detection:
    """A shipped detector by name, or the one in a weights file.

    Raises:
        WeightsError: If there is none, or the file holds something else.
    """
    if name in SHIPPED:
        with resources.as_file(resources.files("semstego") / "weights" / f"detector-{name}.safetensors") as path:
            return _read(path)
    if not Path(name).is_file():
        known = ", ".join(SHIPPED)
        raise WeightsError(f"no detector {str(name)!r}: shipped are {known} (--set scenes), else give a weights file")
    return _read(Path(name))


def to_bytes(network: YOLO, classes: Sequence[str]) -> bytes:
    """A trained network as a safetensors file in half precision."""
    return weights_file.to_bytes(network, classes, {"format": FORMAT, "width": network.width})


def _read(path: Path) -> Detection:
    network, classes = weights_file.read(path, FORMAT, "detector", _built)
    if not (network.anchors > 0).all():
        raise WeightsError(f"{path}: no weights of a detector (an anchor has no size)")
    return Detection(network, classes)


def _built(classes: int, facts: Mapping[str, Any]) -> YOLO:
    return YOLO(classes, width=float(facts["width"]))


def _objects(targets: NDArray[np.float32]) -> tuple[Objects, ...]:
    """Rows ``(n, m, 6)`` as the objects of each picture."""
    there = (rows[rows[:, 0] != NO_OBJECT] for rows in targets)
    return tuple(Objects(rows[:, 1:5], rows[:, 0].astype(np.int64), rows[:, 5] > 0) for rows in there)


def _padded(pictures: Tensor) -> Tensor:
    """Pictures ``(b, 3, h, w)`` with grey on the right and below, so that both sides are multiples of 32."""
    height, width = pictures.shape[2:]
    missing = (-width % STRIDES[-1], -height % STRIDES[-1])
    return functional.pad(pictures, (0, missing[0], 0, missing[1]), value=GREY / 255) if any(missing) else pictures


TASK = Detection()
