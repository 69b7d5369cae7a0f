# SPDX-License-Identifier: Apache-2.0
"""IoU and CIoU by hand, against a slow computation from the formula, and their gradients by central differences."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semstego.tasks.detection.boxes import ciou, iou, overlaps

WIDE = st.tuples(*[st.integers(-50, 50)] * 2, *[st.integers(1, 60)] * 2).map(
    lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]]
)


def tensor(*boxes):
    return torch.tensor(boxes, dtype=torch.float64)


def slow_ciou(one, other, alpha=None):
    """From the text: IoU - d^2/c^2 - alpha v, in Python's floats; ``alpha`` may be held fixed."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = one, other
    shared = max(min(x1, u1) - max(x0, u0), 0) * max(min(y1, v1) - max(y0, v0), 0)
    overlap = shared / ((x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - shared)
    distance = ((x0 + x1) / 2 - (u0 + u1) / 2) ** 2 + ((y0 + y1) / 2 - (v0 + v1) / 2) ** 2
    diagonal = (max(x1, u1) - min(x0, u0)) ** 2 + (max(y1, v1) - min(y0, v0)) ** 2
    v = 4 / math.pi**2 * (math.atan2(u1 - u0, v1 - v0) - math.atan2(x1 - x0, y1 - y0)) ** 2
    if alpha is None:
        alpha = v / (1 - overlap + v) if v else 0.0
    return overlap - distance / diagonal - alpha * v, alpha


def covered(one, other):
    """IoU of boxes of whole numbers by counting pixels."""
    maps = np.zeros((2, 200, 200), bool)
    for pixels, (left, top, right, bottom) in zip(maps, (one, other), strict=True):
        pixels[top + 60 : bottom + 60, left + 60 : right + 60] = True
    return (maps[0] & maps[1]).sum() / (maps[0] | maps[1]).sum()


@given(WIDE, WIDE)
def test_iou_is_the_share_of_pixels_that_both_cover(one, other):
    expected = covered(one, other)
    assert iou(tensor(one), tensor(other)).item() == pytest.approx(expected, abs=1e-12)
    assert overlaps(np.array([one, other]), np.array([other]))[:, 0].tolist() == pytest.approx([expected, 1], abs=1e-12)


def test_iou_of_all_with_all_is_that_of_pairs(rng):
    corners = rng.uniform(0, 50, (9, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0, 40, (9, 2))], 1)
    pairs = iou(torch.from_numpy(boxes)[:5, None], torch.from_numpy(boxes)[None, 5:])
    assert overlaps(boxes[:5], boxes[5:]) == pytest.approx(pairs.numpy(), abs=1e-12)


def test_empty_boxes_overlap_nothing():
    empty = [5, 5, 5, 5]
    assert iou(tensor(empty), tensor(empty)).item() == 0
    assert overlaps(np.array([empty]), np.array([empty, [0, 0, 9, 9]])).tolist() == [[0, 0]]


CASES = [
    # equal boxes: 1
    ([0, 0, 10, 20], [0, 0, 10, 20], 1.0),
    # half of each, same shape: 50/150 - 25/(225 + 100)
    ([0, 0, 10, 10], [5, 0, 15, 10], 1 / 3 - 25 / 325),
    # apart, same shape: 0 - 20^2/(30^2 + 10^2)
    ([0, 0, 10, 10], [20, 0, 30, 10], -0.4),
    # same middle, 1:1 in 2:1: IoU 1/2, v = 4/pi^2 (atan 2 - pi/4)^2, alpha = v / (1/2 + v)
    (
        [0, 0, 10, 10],
        [-5, 0, 15, 10],
        0.5 - (v := 4 / math.pi**2 * (math.atan(2) - math.pi / 4) ** 2) ** 2 / (0.5 + v),
    ),
]


@pytest.mark.parametrize(("one", "other", "expected"), CASES)
def test_ciou_by_hand(one, other, expected):
    assert ciou(tensor(one), tensor(other)).item() == pytest.approx(expected, abs=1e-12)
    assert ciou(tensor(other), tensor(one)).item() == pytest.approx(expected, abs=1e-12)


@given(WIDE, WIDE)
def test_ciou_is_that_of_the_formula_and_changes_neither_with_size_nor_with_place(one, other):
    found = ciou(tensor(one), tensor(other)).item()
    assert found == pytest.approx(slow_ciou(one, other)[0], abs=1e-9)
    assert ciou(tensor(one) * 7 + 3, tensor(other) * 7 + 3).item() == pytest.approx(found, abs=1e-9)
    assert -1.5 < found <= iou(tensor(one), tensor(other)).item() + 1e-12


@given(WIDE, WIDE)
def test_the_gradient_is_that_of_the_formula_with_alpha_held_fixed(one, other):
    """Central differences of the slow formula, at boxes whose sides do not coincide, where it has corners."""
    one = [one[0] + 0.21, one[1] + 0.37, one[2] + 0.29, one[3] + 0.43]
    point = tensor(one).requires_grad_()
    ciou(point, tensor(other)).sum().backward()
    alpha = slow_ciou(one, other)[1]
    for place in range(4):
        up, down = list(one), list(one)
        up[place] += 1e-5
        down[place] -= 1e-5
        slope = (slow_ciou(up, other, alpha)[0] - slow_ciou(down, other, alpha)[0]) / 2e-5
        assert point.grad[0, place].item() == pytest.approx(slope, abs=1e-7)


def test_alpha_has_no_gradient_of_its_own():
    """The last case by hand, and how much alpha's own gradient would add."""
    one, other = [0.0, 0.0, 10.0, 10.0], [-5.0, 0.0, 15.0, 10.0]
    point = tensor(one).requires_grad_()
    ciou(point, tensor(other)).sum().backward()
    angle = math.atan(2) - math.pi / 4
    v = 4 / math.pi**2 * angle**2
    alpha = v / (0.5 + v)
    # one side out by d: shared area grows by 10 d of a union of 200; the angle of 10 x 10 turns by d 10 / 200
    d_iou, d_v = 10 / 200, -8 / math.pi**2 * angle * 10 / 200
    assert point.grad[0, 2].item() == pytest.approx(d_iou - alpha * d_v, abs=1e-12)
    leak = (d_v * (0.5 + v) - v * (d_v - d_iou)) / (0.5 + v) ** 2 * v
    assert abs(leak) > 1e-4


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_degenerate_boxes_have_finite_values_and_gradients(kind):
    boxes = torch.tensor([[3, 3, 3, 3], [0, 0, 10, 0], [0, 0, 0, 10], [0, 0, 1e-6, 1e4], [1, 2, 3, 4]], dtype=kind)
    others = boxes.repeat_interleave(5, 0)
    point = boxes.repeat(5, 1).requires_grad_()
    found = ciou(point, others)
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert torch.isfinite(point.grad).all()


def test_equal_boxes_in_single_precision_have_one_and_no_gradient_that_explodes(rng):
    boxes = torch.from_numpy(np.concatenate([c := rng.uniform(0, 600, (999, 2)), c + rng.uniform(1, 600, (999, 2))], 1))
    point = boxes.float().requires_grad_()
    found = ciou(point, boxes.float())
    found.sum().backward()
    assert (found - 1).abs().max() < 1e-6
    assert point.grad.abs().max() < 2
