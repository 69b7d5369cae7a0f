# SPDX-License-Identifier: Apache-2.0
"""Judged detections: mAP50 and its bootstrap, against the same figures of pictures that are really repeated."""

import numpy as np
import pytest

from semstego.tasks.detection import answers
from semstego.tasks.detection.answers import FoundObjects, _precisions
from semstego.tasks.detection.average_precision import Objects, judge, mean_average_precision
from semstego.tasks.detection.suppression import Detections

CLASSES = 3


def drawn(seed, count=12, right=0.7):
    """Random objects, and detections of which some are near to them."""
    rng = np.random.default_rng(seed)
    objects, detections = [], []
    for _ in range(count):
        number = rng.integers(0, 4)
        starts = rng.uniform(0, 50, (number, 2))
        boxes, kinds = np.hstack([starts, starts + rng.uniform(10, 40, (number, 2))]), rng.integers(0, CLASSES, number)
        objects.append(Objects(boxes, kinds, np.zeros(number, bool)))
        kept = rng.random(number) < right
        extra = rng.uniform(0, 40, (2, 2))
        found = np.vstack([boxes[kept] + rng.normal(0, 2, (kept.sum(), 4)), np.hstack([extra, extra + 20])])
        labels = np.concatenate([kinds[kept], rng.integers(0, CLASSES, 2)])
        detections.append(
            Detections(np.sort(found.reshape(-1, 2, 2), 1).reshape(-1, 4), rng.random(len(found)), labels)
        )
    return FoundObjects(tuple(detections), tuple(objects), CLASSES)


@pytest.mark.parametrize("seed", range(4))
def test_map_is_the_mean_average_precision(seed):
    found = drawn(seed)
    assert found.map50() == mean_average_precision(found.detections, found.objects, CLASSES)
    assert found.score()["percent"] == pytest.approx(100 * found.map50())


@pytest.mark.parametrize("seed", range(6))
def test_pictures_that_count_several_times_are_as_good_as_repeated_ones(seed):
    found, rng = drawn(seed), np.random.default_rng(seed)
    rows = rng.integers(0, 12, 12)
    repeated = FoundObjects(
        tuple(found.detections[row] for row in rows), tuple(found.objects[row] for row in rows), CLASSES
    )
    expected = judge(repeated.detections, repeated.objects, CLASSES).average_precisions()
    judged, times = judge(found.detections, found.objects, CLASSES), np.bincount(rows, minlength=12)[None]
    order = np.argsort(-judged.scores, kind="stable")
    for number in range(CLASSES):
        chosen = order[judged.classes[order] == number]
        (got,) = _precisions(times, judged.pictures[chosen], judged.hits[chosen], judged.objects[:, number])
        # Repeated pictures have equal scores: hits among them come one after the other, and not at once.
        assert got == pytest.approx(expected[number], abs=0.02, nan_ok=True)


def test_a_gap_is_paired(monkeypatch):
    monkeypatch.setattr(answers, "DRAWS", 200)
    good, bad = drawn(1, 60), drawn(1, 60, right=0.3)
    same = drawn(1, 60)
    assert good.gap(same) == {"pictures": 60, "points": 0, "low": 0, "high": 0, "lost": 0, "gained": 0}
    gap = good.gap(bad)
    assert gap["points"] == pytest.approx(100 * (good.map50() - bad.map50()))
    assert 0 < gap["low"] < gap["points"] < gap["high"]
    score = good.score()
    assert score["low"] < score["percent"] < score["high"]


def test_pictures_of_one_photograph_are_drawn_together():
    """Ten copies of every picture tell no more than one, if it is said that they are copies."""
    once = drawn(3, 30)
    copies = FoundObjects.joined([once] * 10)
    score, alone = copies.of_photographs(np.tile(np.arange(30), 10)).score(), once.score()
    for end in ("low", "high"):
        assert score[end] == pytest.approx(alone[end], abs=2)
    naive = copies.score()
    assert naive["high"] - naive["low"] < 0.6 * (score["high"] - score["low"])


def test_parts_joined_are_the_whole():
    found = drawn(2)
    parts = [
        FoundObjects(found.detections[rows], found.objects[rows], CLASSES) for rows in (slice(0, 5), slice(5, None))
    ]
    whole = FoundObjects.joined(parts)
    assert whole.map50() == found.map50()
    assert (whole.right == found.right).all()


def test_a_picture_is_right_if_all_is_found_and_nothing_else():
    box = np.array([[0.0, 0, 10, 10]])
    there = Objects(box, [1], [False])

    def right(boxes, scores, classes):
        found = Detections(np.array(boxes, float).reshape(-1, 4), np.array(scores), np.array(classes, np.int64))
        return FoundObjects((found,), (there,), CLASSES).right[0]

    assert right(box, [0.9], [1])
    assert right([*box, [20, 20, 30, 30]], [0.9, 0.2], [1, 1])  # the second is not certain
    assert not right([*box, [20, 20, 30, 30]], [0.9, 0.3], [1, 1])
    assert not right(box, [0.2], [1])
    assert not right(box, [0.9], [2])
    assert not right([], [], [])


def test_without_objects_there_is_no_map():
    empty = Objects(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0, bool))
    found = Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.int64))
    assert np.isnan(FoundObjects((found,), (empty,), CLASSES).map50())
    assert FoundObjects((found,), (empty,), CLASSES).right.all()
