# SPDX-License-Identifier: Apache-2.0
"""A one-stage detector of the YOLOv5s class: layers, decoding and first biases as in version 6.2 of YOLOv5.

    picture ─ 1/2 ─ 1/4 ─ 1/8 ─────────── 1/16 ────────── 1/32        backbone: cross-stage blocks, pyramid pooling
                           │               │                │
                           17 ◂─ 14 ◂────  13 ◂─ 10 ◂───────┤         down: 1x1, doubled in size, joined, cross-stage
                           │     │               │          │
                           ├──▸ 18 ─ 20 ──────▸ 21 ─ 23     ┘         up: 3x3 of stride 2, joined, cross-stage
                           │          │               │
                          map        map             map              3 anchors x (4 of the box, object, classes)

Numbers are those of the published table of layers. YOLOv5 has no paper; its design is that of YOLOv3 (Redmon and
Farhadi, 2018) with cross-stage blocks (Wang et al., 2020) and a path up (PANet, Liu et al., 2018). Written from a
description of these layers alone. Differs in: the width is free, and so are the anchors.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from semstego.errors import ArgumentError
from semstego.networks.yolo_blocks import Convolution, CrossStage, PyramidPooling

STRIDES: Final = (8, 16, 32)
"""Pixels from cell to cell of each map."""

Sizes = Sequence[Sequence[Sequence[float]]]
"""Widths and heights of anchors [pixels]: for each map, and each of its anchors, a pair."""

SIDE: Final = 640
"""Of the pictures that :data:`ANCHORS` and the first biases are meant for [pixels]."""

ANCHORS: Final[Sizes] = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)
"""The published ones."""

BOX: Final = 4  # numbers of a box: across, down, width, height
STEM: Final = 32  # channels of the first convolution at width 1
MOST_WIDTH: Final = 4  # 2.5 is the widest published
MOST_CLASSES: Final = 1000


class Predictions(NamedTuple):
    """What all cells and anchors say, map by map; within a map anchor by anchor, row by row."""

    boxes: Tensor
    """Left, top, right, bottom [pixels], ``(b, n, 4)``; they may reach beyond the picture."""
    scores: Tensor
    """Probability that there is an object and that it is of this class, ``(b, n, classes)`` in [0, 1]."""


def anchors_at(side: int) -> Sizes:
    """The published anchors for pictures of another side [pixels]: in proportion, 0.4 times as large at 256."""
    return tuple(tuple(tuple(size * side / SIDE for size in anchor) for anchor in level) for level in ANCHORS)


class Backbone(nn.Module):
    """From pictures to maps of stride 8, 16 and 32: layers 0 to 9.

    Args:
        width: Channels of the first convolution; the maps have 4, 8 and 16 times as many.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.eighth = nn.Sequential(
            Convolution(3, width, 6, stride=2, padding=2),  # 0
            Convolution(width, 2 * width, 3, stride=2),  # 1
            CrossStage(2 * width, 2 * width, 1),  # 2
            Convolution(2 * width, 4 * width, 3, stride=2),  # 3
            CrossStage(4 * width, 4 * width, 2),  # 4
        )
        self.sixteenth = nn.Sequential(
            Convolution(4 * width, 8 * width, 3, stride=2),  # 5
            CrossStage(8 * width, 8 * width, 3),  # 6
        )
        self.thirty_second = nn.Sequential(
            Convolution(8 * width, 16 * width, 3, stride=2),  # 7
            CrossStage(16 * width, 16 * width, 1),  # 8
            PyramidPooling(16 * width),  # 9
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures ``(b, 3, h, w)`` to maps ``(b, 4 width, h/8, w/8)``, and so on."""
        eighth = self.eighth(pictures)
        sixteenth = self.sixteenth(eighth)
        return eighth, sixteenth, self.thirty_second(sixteenth)


class Neck(nn.Module):
    """Coarse maps tell fine ones what is there, and fine ones tell coarse ones where: layers 10 to 23.

    Args:
        width: As of the :class:`Backbone`.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.down_32 = Convolution(16 * width, 8 * width, 1)  # 10
        self.merged_16 = CrossStage(16 * width, 8 * width, 1, shortcut=False)  # 13
        self.down_16 = Convolution(8 * width, 4 * width, 1)  # 14
        self.final_8 = CrossStage(8 * width, 4 * width, 1, shortcut=False)  # 17
        self.up_8 = Convolution(4 * width, 4 * width, 3, stride=2)  # 18
        self.final_16 = CrossStage(8 * width, 8 * width, 1, shortcut=False)  # 20
        self.up_16 = Convolution(8 * width, 8 * width, 3, stride=2)  # 21
        self.final_32 = CrossStage(16 * width, 16 * width, 1, shortcut=False)  # 23

    def forward(self, eighth: Tensor, sixteenth: Tensor, thirty_second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of the backbone to maps of the same shapes."""
        down_32 = self.down_32(thirty_second)
        down_16 = self.down_16(self.merged_16(torch.cat([_doubled(down_32), sixteenth], 1)))
        final_8 = self.final_8(torch.cat([_doubled(down_16), eighth], 1))
        final_16 = self.final_16(torch.cat([self.up_8(final_8), down_16], 1))
        return final_8, final_16, self.final_32(torch.cat([self.up_16(final_16), down_32], 1))


class YOLO(nn.Module):
    """A detector of objects in RGB pictures.

    Args:
        classes: Number of classes.
        width: Channels of every layer, relative to YOLOv5s; 32 times it must be a whole number.
        anchors: Three for each of the three maps [pixels]. They are kept with the weights.

    Raises:
        ArgumentError: If one of these cannot be.
    """

    anchors: Tensor

    def __init__(self, classes: int, *, width: float = 1.0, anchors: Sizes = ANCHORS) -> None:
        super().__init__()
        if not 1 <= classes <= MOST_CLASSES:
            raise ArgumentError(f"a detector has 1 to {MOST_CLASSES} classes, not {classes}")
        if not (1 <= STEM * width <= STEM * MOST_WIDTH and float(STEM * width).is_integer()):
            most = STEM * MOST_WIDTH
            raise ArgumentError(f"{STEM} times the width must be a whole number, 1 to {most}, not {STEM * width:g}")
        channels = int(STEM * width)
        self.classes, self.width = classes, width
        self.register_buffer("anchors", _sizes(anchors))
        self.backbone, self.neck = Backbone(channels), Neck(channels)
        outputs = self.anchors.shape[1] * (BOX + 1 + classes)
        self.heads = nn.ModuleList([nn.Conv2d(factor * channels, outputs, 1) for factor in (4, 8, 16)])
        self._start()

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """What the network says of each cell and anchor, as logits.

        Args:
            pictures: Float RGB ``(b, 3, h, w)`` in [0, 1], both sides multiples of 32.

        Returns:
            For each stride s of 8, 16 and 32 ``(b, 3, h/s, w/s, 5 + classes)``: across, down, width, height, object,
            classes. :func:`boxes_at` says what the first four mean.

        Raises:
            ArgumentError: If a side is no multiple of 32.
        """
        if pictures.shape[-1] % STRIDES[-1] or pictures.shape[-2] % STRIDES[-1]:
            raise ArgumentError(f"both sides must be multiples of {STRIDES[-1]}, not {tuple(pictures.shape[-2:])}")
        maps = self.neck(*self.backbone(pictures))
        return [self._apart(head(one)) for head, one in zip(self.heads, maps, strict=True)]

    def decode(self, maps: Sequence[Tensor]) -> Predictions:
        """Boxes and scores of all cells and anchors; maps as :meth:`forward` gives them."""
        boxes, scores = [], []
        for logits, anchors, stride in zip(maps, self.anchors, STRIDES, strict=True):
            logits = logits.float()  # half precision is too coarse for places
            cells = _cells(logits.shape[2], logits.shape[3], logits.device)
            boxes.append(boxes_at(logits[..., :BOX], cells, anchors[:, None, None], stride).flatten(1, 3))
            scores.append((logits[..., BOX, None].sigmoid() * logits[..., BOX + 1 :].sigmoid()).flatten(1, 3))
        return Predictions(torch.cat(boxes, 1), torch.cat(scores, 1))

    def _apart(self, maps: Tensor) -> Tensor:
        """``(b, 3 (5 + classes), h, w)`` to ``(b, 3, h, w, 5 + classes)``."""
        batch, _, height, width = maps.shape
        return maps.view(batch, -1, BOX + 1 + self.classes, height, width).permute(0, 1, 3, 4, 2)

    def _start(self) -> None:
        """Biases that say at first: about 8 objects in a picture of 640 x 640, all classes alike."""
        for head, stride in zip(self.heads, STRIDES, strict=True):
            with torch.no_grad():
                bias = head.get_parameter("bias").view(-1, BOX + 1 + self.classes)
                bias[:, BOX] += math.log(8 / (SIDE / stride) ** 2)
                bias[:, BOX + 1 :] += math.log(0.6 / (self.classes - 0.999999))


def boxes_at(logits: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    """Boxes from what cells say of them.

    middle = (2 sigmoid(t) - 0.5 + cell) stride,  size = (2 sigmoid(t))^2 anchor: a middle up to half a cell outside of
    its cell, a size up to four times that of the anchor.

    Args:
        logits: Across, down, width, height, ``(..., 4)``.
        cells: Column and row, ``(..., 2)``.
        anchors: Width and height [pixels], ``(..., 2)``.
        stride: Pixels from cell to cell.

    Returns:
        Left, top, right, bottom [pixels], ``(..., 4)``.
    """
    shares = 2 * logits.sigmoid()
    middle = (shares[..., :2] - 0.5 + cells) * stride
    half = shares[..., 2:].square() * anchors / 2
    return torch.cat([middle - half, middle + half], -1)


def _cells(height: int, width: int, device: torch.device) -> Tensor:
    """Column and row of each cell, ``(height, width, 2)``."""
    rows, columns = torch.meshgrid(
        torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij"
    )
    return torch.stack([columns, rows], -1)


def _doubled(maps: Tensor) -> Tensor:
    """Each cell four times."""
    return functional.interpolate(maps, scale_factor=2.0, mode="nearest")


def _sizes(anchors: Sizes) -> Tensor:
    """Anchors as a tensor ``(3, 3, 2)``; raises ArgumentError for others than three positive sizes a map."""
    try:
        sizes = torch.tensor(anchors, dtype=torch.float32)
    except (TypeError, ValueError):
        sizes = torch.empty(0)
    if sizes.shape != (len(STRIDES), 3, 2) or not (sizes.isfinite() & (sizes > 0)).all():
        raise ArgumentError("anchors are three positive widths and heights for each of three maps")
    return sizes
