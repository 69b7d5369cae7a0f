# SPDX-License-Identifier: Apache-2.0
"""How much boxes overlap: intersection over union, of pairs and of all with all, and its form for training, CIoU.

Boxes are left, top, right, bottom in pixels, and their borders have no width of their own: a box over the pixels 0 to 9
reaches from 0 to 10. VOC's files name the first and the last pixel, counted from 1, and its own software adds 1 to each
difference; as boxes of ours these are (x_min - 1, y_min - 1, x_max, y_max), and have the same IoU.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TINY = 1e-7
"""Stands for 0 in divisors: areas, heights [pixels] and squared lengths below it."""


def overlaps(boxes: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """IoU of every box with every other.

    Args:
        boxes: Float ``(n, 4)``.
        others: Float ``(m, 4)``.

    Returns:
        Float64 ``(n, m)`` in [0, 1]; 0 where both boxes are empty.
    """
    first, second = boxes.astype(np.float64)[:, None], others.astype(np.float64)[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    shared = np.clip(sides, 0, None).prod(-1)
    union = (first[..., 2:] - first[..., :2]).prod(-1) + (second[..., 2:] - second[..., :2]).prod(-1) - shared
    found: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(union), where=union > 0)
    return found


def iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of pairs.

    Args:
        boxes: Float ``(..., 4)``.
        others: Float of the same shape.

    Returns:
        Float ``(...)`` in [0, 1]; differentiable where boxes meet.
    """
    sides = torch.minimum(boxes[..., 2:], others[..., 2:]) - torch.maximum(boxes[..., :2], others[..., :2])
    shared = sides.clamp(min=0).prod(-1)
    union = (boxes[..., 2:] - boxes[..., :2]).prod(-1) + (others[..., 2:] - others[..., :2]).prod(-1) - shared
    return shared / union.clamp(min=TINY)


def ciou(boxes: Tensor, others: Tensor) -> Tensor:
    """Complete IoU of pairs (Zheng et al., "Distance-IoU loss", AAAI 2020, eq. 8 to 11), which tells where to go.

        CIoU = IoU - d^2 / c^2 - alpha v,   v = 4 / pi^2 (atan(w' / h') - atan(w / h))^2,   alpha = v / (1 - IoU + v)

    d is the distance of the middles, and c the diagonal of the smallest box around both. No gradient goes through
    alpha, which only weighs the difference of shapes.

    Args:
        boxes: Float ``(..., 4)``.
        others: Float of the same shape.

    Returns:
        Float ``(...)``: 1 for equal boxes, above -1.5 for any.
    """
    overlap = iou(boxes, others)
    around = torch.maximum(boxes[..., 2:], others[..., 2:]) - torch.minimum(boxes[..., :2], others[..., :2])
    apart = (boxes[..., :2] + boxes[..., 2:] - others[..., :2] - others[..., 2:]) / 2
    distance = apart.square().sum(-1) / around.square().sum(-1).clamp(min=TINY)
    unlike = 4 / math.pi**2 * (_slant(others) - _slant(boxes)).square()
    with torch.no_grad():
        alpha = unlike / (1 - overlap + unlike).clamp(min=TINY)
    return overlap - distance - alpha * unlike


def _slant(boxes: Tensor) -> Tensor:
    """Angle of the diagonal from the upright [radian], 0 to pi / 2."""
    return torch.atan((boxes[..., 2] - boxes[..., 0]) / (boxes[..., 3] - boxes[..., 1]).clamp(min=TINY))
