# SPDX-License-Identifier: Apache-2.0
"""Non-maximum suppression: by hand, against a slow implementation, and what holds of any result."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.errors import ArgumentError
from semstego.tasks.detection.boxes import overlaps
from semstego.tasks.detection.suppression import EVALUATION, Limits, suppress


def share(one, other):
    """IoU in Python's floats."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(across, 0) * max(down, 0)
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return shared / union if union else 0.0


def slow(boxes, scores, limits):
    """Class by class with lists: take the best, drop what overlaps it, until nothing is left; then the best of all."""
    rows = [
        (-scores[row][kind], row, kind) for row in range(len(boxes)) for kind in range(len(scores[row]))
        if scores[row][kind] > limits.score
    ]  # fmt: skip
    rows = sorted(rows)[: limits.candidates]
    stay = []
    for kind in {row[2] for row in rows}:
        left = [row for row in rows if row[2] == kind]
        while left:
            best, *left = left
            stay.append(best)
            left = [row for row in left if share(boxes[best[1]], boxes[row[1]]) <= limits.overlap]
    return [(row, kind) for _, row, kind in sorted(stay)[: limits.kept]]


@st.composite
def scenes(draw):
    """Boxes of whole numbers, close to each other, and scores of tenths, so that many are equal."""
    count, classes = draw(st.integers(0, 12)), draw(st.integers(1, 3))
    number = st.integers(0, 8)
    corners = draw(st.lists(st.tuples(number, number, number, number), min_size=count, max_size=count))
    boxes = [[x, y, x + w, y + h] for x, y, w, h in corners]
    scores = draw(
        st.lists(st.lists(st.integers(0, 10), min_size=classes, max_size=classes), min_size=count, max_size=count)
    )
    return np.array(boxes, np.float32).reshape(count, 4), np.array(scores, np.float32).reshape(count, classes) / 10


LIMITS = st.builds(
    Limits,
    score=st.sampled_from([0.001, 0.25, 0.5]),
    overlap=st.sampled_from([0.0, 0.3, 0.5, 0.6, 1.0]),
    candidates=st.sampled_from([1, 5, 100]),
    kept=st.sampled_from([0, 1, 4, 100]),
)


@settings(deadline=None, max_examples=300)
@given(scenes(), LIMITS)
def test_what_stays_is_what_a_slow_implementation_keeps(scene, limits):
    boxes, scores = scene
    found = suppress(boxes, scores, limits)
    expected = slow(boxes.tolist(), scores.tolist(), limits)
    assert found.boxes.tolist() == [boxes[row].tolist() for row, _ in expected]
    assert found.classes.tolist() == [kind for _, kind in expected]
    assert found.scores.tolist() == [scores[row, kind] for row, kind in expected]


@settings(deadline=None)
@given(scenes())
def test_what_stays_overlaps_little_and_what_goes_overlaps_something_better(scene):
    boxes, scores = scene
    found = suppress(boxes, scores)
    assert (np.diff(found.scores) <= 0).all()
    shares = overlaps(found.boxes, found.boxes) * (found.classes[:, None] == found.classes)
    np.fill_diagonal(shares, 0)
    assert (shares <= EVALUATION.overlap).all()
    for row, kind in zip(*np.nonzero(scores > EVALUATION.score), strict=True):
        same = found.classes == kind
        better = same & (found.scores >= scores[row, kind])
        stays = (same & (found.boxes == boxes[row]).all(1) & (found.scores == scores[row, kind])).any()
        assert stays or (overlaps(boxes[row][None], found.boxes[better]) > EVALUATION.overlap).any()


@settings(deadline=None)
@given(scenes())
def test_once_more_changes_nothing(scene):
    boxes, scores = scene
    first = suppress(boxes, scores)
    again = np.zeros((len(first.boxes), scores.shape[1]), np.float32)
    again[np.arange(len(again)), first.classes] = first.scores
    second = suppress(first.boxes, again)
    assert second.boxes.tolist() == first.boxes.tolist()
    assert second.classes.tolist() == first.classes.tolist()


SAME = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 5], [20, 0, 30, 10]], np.float32)


def test_one_class_by_hand():
    found = suppress(SAME, np.array([[0.5], [0.9], [0.4], [0.3]], np.float32))
    # 90/100 goes; 50/90 = 0.56 does not exceed 0.6
    assert found.boxes.tolist() == SAME[[1, 2, 3]].tolist()


def test_boxes_of_different_classes_do_not_suppress_each_other_and_one_box_may_have_several():
    found = suppress(SAME[:2], np.array([[0.9, 0.2], [0.8, 0.3]], np.float32))
    assert list(zip(found.scores.tolist(), found.classes.tolist(), strict=True)) == [
        (pytest.approx(0.9), 0),
        (pytest.approx(0.3), 1),
    ]


def test_an_overlap_of_just_the_limit_suppresses_nothing():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5]], np.float32)
    scores = np.array([[0.9], [0.8]], np.float32)
    assert len(suppress(boxes, scores, Limits(overlap=0.5)).boxes) == 2
    assert len(suppress(boxes, scores, Limits(overlap=0.4999)).boxes) == 1


def test_a_suppressed_box_suppresses_nothing():
    boxes = np.array([[0, 0, 10, 10], [0, 3, 10, 13], [0, 6, 10, 16]], np.float32)  # 7/13, 7/13, 4/16
    found = suppress(boxes, np.array([[0.9], [0.8], [0.7]], np.float32), Limits(overlap=0.5))
    assert found.boxes.tolist() == boxes[[0, 2]].tolist()


def test_the_published_limits():
    assert Limits(score=0.001, overlap=0.6, candidates=30_000, kept=300) == EVALUATION
    boxes = np.array([[20.0 * n, 0, 20 * n + 10, 10] for n in range(400)])
    scores = np.linspace(0.0, 0.9, 400)[:, None]
    found = suppress(boxes, scores)
    assert found.boxes.tolist() == boxes[:99:-1].tolist()
    assert len(suppress(boxes, np.full((400, 1), 0.001)).boxes) == 0


def test_the_worst_picture_takes_little_time(rng):
    """As many candidates as there may be, which overlap so little that 300 stay, in 20 classes."""
    corners = rng.uniform(0, 250, (4032, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(1, 6, (4032, 2))], 1).astype(np.float32)
    scores = rng.uniform(0, 1, (4032, 20)).astype(np.float32)
    suppress(boxes[:2], scores[:2])
    start = time.process_time()
    assert len(suppress(boxes, scores).boxes) == 300
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("boxes", "scores"),
    [
        (np.zeros((2, 5)), np.zeros((2, 3))),
        (np.zeros((2, 4)), np.zeros((3, 3))),
        (np.zeros((2, 4)), np.zeros(2)),
        (np.full((1, 4), np.nan), np.zeros((1, 1))),
        (np.zeros((1, 4)), np.full((1, 1), np.inf)),
    ],
)
def test_what_does_not_belong_together_is_refused(boxes, scores):
    with pytest.raises(ArgumentError):
        suppress(boxes, scores)
