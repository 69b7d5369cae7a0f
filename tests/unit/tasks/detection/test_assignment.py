# SPDX-License-Identifier: Apache-2.0
"""Assignment by hand, against a slow implementation written from the text of the rule, and what cells can reach."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.networks.yolo import ANCHORS
from semstego.tasks.detection.assignment import Targets, assign

STRIDES = (8, 16, 32)


def targets(boxes, classes=None, pictures=None):
    count = len(boxes)
    return Targets(
        torch.tensor(boxes, dtype=torch.float64).reshape(count, 4),
        torch.tensor(classes or [0] * count),
        torch.tensor(pictures or [0] * count, dtype=torch.int64),
    )


def as_set(matches):
    """(picture, target, anchor, row, column) of every match, none of them twice."""
    columns = (matches.pictures, matches.targets, matches.anchors, matches.rows, matches.columns)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    assert len(set(rows)) == len(rows)
    return set(rows)


def slow(boxes, pictures, anchors, stride, height, width, most):
    """Word by word: "a box matches an anchor if max(w/aw, aw/w, h/ah, ah/h) < most; besides its own cell it is given to
    up to two neighbours: left if frac(x) < 0.5 and x > 1, top likewise, right and bottom by the mirrored test", where
    a middle on a border goes to one side alone."""
    found = set()
    for number, (left, top, right, bottom) in enumerate(boxes):
        for anchor, (across, down) in enumerate(anchors):
            w, h = right - left, bottom - top
            if not (w > 0 and h > 0 and max(w / across, across / w, h / down, down / h) < most):
                continue
            x, y = (left + right) / 2 / stride, (top + bottom) / 2 / stride
            column, row = min(math.floor(x), width - 1), min(math.floor(y), height - 1)
            cells = [(row, column)]
            if x % 1 < 0.5 and x > 1:
                cells.append((row, column - 1))
            if y % 1 < 0.5 and y > 1:
                cells.append((row - 1, column))
            mirrored_x, mirrored_y = width - x, height - y
            if mirrored_x % 1 < 0.5 and mirrored_x > 1 and x % 1:
                cells.append((row, column + 1))
            if mirrored_y % 1 < 0.5 and mirrored_y > 1 and y % 1:
                cells.append((row + 1, column))
            found |= {(pictures[number], number, anchor, *cell) for cell in cells}
    return found


@st.composite
def scenes(draw):
    """Boxes in quarters of pixels, so that middles on borders and in the middle of cells are common."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    quarter = 32 * 4
    boxes = []
    for _ in range(draw(st.integers(0, 6))):
        x0, x1 = sorted(draw(st.tuples(*[st.integers(0, columns * quarter)] * 2)))
        y0, y1 = sorted(draw(st.tuples(*[st.integers(0, rows * quarter)] * 2)))
        boxes.append([x0 / 4, y0 / 4, x1 / 4, y1 / 4])
    level = draw(st.integers(0, 2))
    pictures = draw(st.lists(st.integers(0, 3), min_size=len(boxes), max_size=len(boxes)))
    return boxes, pictures, level, rows * 32 // STRIDES[level], columns * 32 // STRIDES[level]


@settings(deadline=None, max_examples=300)
@given(scenes(), st.sampled_from([4.0, 1.5, 3.37]))
def test_matches_are_those_of_the_rule_word_by_word(scene, most):
    boxes, pictures, level, height, width = scene
    found = assign(
        targets(boxes, pictures=pictures),
        torch.tensor(ANCHORS[level], dtype=torch.float64),
        stride=STRIDES[level],
        height=height,
        width=width,
        most_ratio=most,
    )
    assert as_set(found) == slow(boxes, pictures, ANCHORS[level], STRIDES[level], height, width, most)


@settings(deadline=None)
@given(scenes())
def test_every_cell_can_reach_the_middle_of_its_box(scene):
    boxes, pictures, level, height, width = scene
    there = targets(boxes, pictures=pictures)
    stride = STRIDES[level]
    found = assign(there, torch.tensor(ANCHORS[level]), stride=stride, height=height, width=width)
    middles = (there.boxes[:, :2] + there.boxes[:, 2:])[found.targets] / 2 / stride
    away = middles - torch.stack([found.columns, found.rows], 1)
    assert ((away >= -0.5) & (away <= 1.5)).all()
    assert ((found.rows >= 0) & (found.rows < height) & (found.columns >= 0) & (found.columns < width)).all()


# Stride 8, 4 x 4 cells, one anchor of 10 x 10: middle of a box of that size, and the cells (row, column) it is given.
BY_HAND = [
    ((10, 18), {(2, 1), (2, 0), (1, 1)}),  # at 1.25, 2.25: left and above
    ((14, 22), {(2, 1), (2, 2), (3, 1)}),  # at 1.75, 2.75: right and below
    ((12, 12), {(1, 1)}),  # in the very middle
    ((16, 12), {(1, 2), (1, 1)}),  # on the border of columns 1 and 2
    ((5, 6), {(0, 0), (0, 1), (1, 0)}),  # in the first cell
    ((8, 8), {(1, 1)}),  # at 1, 1, which is not above 1
    ((9, 27), {(3, 1), (3, 0), (2, 1)}),  # in the last row
    ((26, 27), {(3, 3), (3, 2), (2, 3)}),
]


@pytest.mark.parametrize(("middle", "cells"), BY_HAND)
def test_cells_by_hand(middle, cells):
    x, y = middle
    found = assign(targets([[x - 5, y - 5, x + 5, y + 5]]), torch.tensor([[10.0, 10.0]]), stride=8, height=4, width=4)
    assert {(row, column) for _, _, _, row, column in as_set(found)} == cells


@pytest.mark.parametrize(
    ("size", "anchors"),
    [((20, 20), {0, 1}), ((39.9, 10), {0}), ((40, 10), set()), ((10, 2.5), set()), ((10, 2.6), {0}), ((79, 79), {1})],
)
def test_a_box_is_for_anchors_whose_sides_differ_by_a_factor_below_four(size, anchors):
    w, h = size
    box = [12 - w / 2, 12 - h / 2, 12 + w / 2, 12 + h / 2]
    found = assign(targets([box]), torch.tensor([[10.0, 10.0], [20.0, 40.0]]), stride=8, height=3, width=3)
    assert set(found.anchors.tolist()) == anchors


def test_boxes_without_area_and_no_boxes_are_for_nobody():
    anchors = torch.tensor(ANCHORS[0])
    for boxes in ([[5, 5, 5, 5], [5, 5, 15, 5]], []):
        assert len(assign(targets(boxes), anchors, stride=8, height=4, width=4)) == 0
