# SPDX-License-Identifier: Apache-2.0
"""What a detector is trained with: where boxes are, whether there is one, and of which class.

    box      mean of 1 - CIoU over the matches of a map
    object   binary cross-entropy over all cells and anchors; the target is the CIoU of what the cell finds now, at
             least 0 and without gradient, and 0 where nothing is to be found
    classes  binary cross-entropy over matches and classes; the target is 1 for the right class and 0 for others

Each is summed over the maps, those of ``object`` weighed by 4, 1 and 0.4 from fine to coarse. The gains are those
published for YOLOv5s, which are meant for 3 maps, 80 classes and 640 pixels, and rescaled for others. Differs from the
published loss in: where a cell and anchor are given several boxes, the target is the largest CIoU, and not one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from semstego.networks.yolo import BOX, SIDE, STRIDES, boxes_at
from semstego.tasks.detection.assignment import MOST_RATIO, Matches, Targets, assign
from semstego.tasks.detection.boxes import ciou

GAIN_CLASSES = 80  # for which the gain of the classes is meant
GAIN_MAPS = 3  # for which all gains are meant


@dataclass(frozen=True, kw_only=True)
class Gains:
    """How much each term counts, before it is rescaled.

    Attributes:
        box: Of places and sizes.
        objectness: Of whether there is an object.
        classes: Of classes.
        maps: Of the maps of strides 8, 16 and 32 in ``objectness``.
        most_ratio: A box is for an anchor if their sides differ by a factor below this.
    """

    box: float = 0.05
    objectness: float = 1.0
    classes: float = 0.5
    maps: tuple[float, float, float] = (4.0, 1.0, 0.4)
    most_ratio: float = MOST_RATIO


@dataclass(frozen=True)
class DetectionLoss:
    """The three terms, each times its rescaled gain, summed over the maps; scalars, at least 0.

    Attributes:
        box: No unit.
        objectness: In nat.
        classes: In nat.
    """

    box: Tensor
    objectness: Tensor
    classes: Tensor

    @property
    def mean(self) -> Tensor:
        """Their sum. What YOLOv5 minimises is this times the number of pictures in the batch."""
        return self.box + self.objectness + self.classes


PUBLISHED = Gains()


def detection_loss(
    maps: Sequence[Tensor], targets: Targets, anchors: Tensor, gains: Gains = PUBLISHED
) -> DetectionLoss:
    """The loss of a batch.

    Args:
        maps: Logits as :class:`semstego.networks.yolo.YOLO` gives them, ``(b, 3, h/s, w/s, 5 + classes)`` each.
        targets: What is to be found.
        anchors: Of the network [pixels], ``(3, 3, 2)``.
        gains: How much each term counts.
    """
    rows = [
        _map_loss(logits.float(), targets, level, stride, gains.most_ratio)
        for logits, level, stride in zip(maps, anchors, STRIDES, strict=True)
    ]
    box, objectness, classes = (torch.stack(terms) for terms in zip(*rows, strict=True))
    by_maps = GAIN_MAPS / len(maps)
    _, _, height, width, outputs = maps[0].shape
    by_area = height * width * STRIDES[0] ** 2 / SIDE**2  # 0.16 at 256 x 256
    return DetectionLoss(
        box.sum() * gains.box * by_maps,
        (objectness * objectness.new_tensor(gains.maps)).sum() * gains.objectness * by_maps * by_area,
        classes.sum() * gains.classes * by_maps * (outputs - BOX - 1) / GAIN_CLASSES,
    )


def _map_loss(
    logits: Tensor, targets: Targets, anchors: Tensor, stride: int, most_ratio: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The terms of one map, without gains; 0 for box and classes where nothing is matched."""
    _, _, height, width, _ = logits.shape
    matches = assign(targets, anchors, stride=stride, height=height, width=width, most_ratio=most_ratio)
    expected = logits.new_zeros(logits.shape[:4])
    box = classes = logits.new_zeros(())
    if len(matches):
        found = logits[matches.pictures, matches.anchors, matches.rows, matches.columns]
        cells = torch.stack([matches.columns, matches.rows], 1)
        boxes = boxes_at(found[:, :BOX], cells, anchors[matches.anchors], stride)
        overlap = ciou(boxes, targets.boxes[matches.targets].float())
        box = (1 - overlap).mean()
        expected = _best(expected, matches, overlap.detach())
        right = functional.one_hot(targets.classes[matches.targets], found.shape[1] - BOX - 1)
        classes = functional.binary_cross_entropy_with_logits(found[:, BOX + 1 :], right.float())
    return box, functional.binary_cross_entropy_with_logits(logits[..., BOX], expected), classes


def _best(expected: Tensor, matches: Matches, overlap: Tensor) -> Tensor:
    """Zeros ``(b, a, h, w)``, and the largest overlap of each cell and anchor that has matches, if it is above 0."""
    _, anchors, height, width = expected.shape
    places = ((matches.pictures * anchors + matches.anchors) * height + matches.rows) * width + matches.columns
    return expected.flatten().scatter_reduce(0, places, overlap, "amax").view(expected.shape)
