# SPDX-License-Identifier: Apache-2.0
"""Mean average precision: by hand, against a slow implementation in fractions, and against two other packages.

The figures of other packages were made once, with the scene of this file; where pycocotools is installed, it is asked
again: ``pip install --no-deps --target FOLDER pycocotools==2.0.11`` and ``PYTHONPATH=FOLDER`` (``make slow``).
"""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.errors import ArgumentError
from semstego.tasks.detection.average_precision import Objects, average_precision, judge, mean_average_precision
from semstego.tasks.detection.suppression import Detections

RULES = ("11 points", "area", "101 points")
CLASSES = 4


def found(boxes, scores, classes=None):
    classes = [0] * len(boxes) if classes is None else classes
    return Detections(np.array(boxes, float).reshape(-1, 4), np.array(scores, float), np.array(classes, np.int64))


def there(boxes, classes=None, difficult=None):
    classes = [0] * len(boxes) if classes is None else classes
    marks = None if difficult is None else np.array(difficult, bool)
    return Objects(np.array(boxes, float).reshape(-1, 4), np.array(classes, np.int64), marks)


# --- a slow implementation, from the text


def share(one, other):
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(across, 0) * max(down, 0)
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return shared / union if union else 0.0


def verdict(box, picture_boxes, taken, matching):
    """What one detection is, "hit", "false" or None, and which object it takes. Objects: (box, difficult) by name."""
    shares = {name: share(box, one) for name, (one, _) in picture_boxes.items()}
    if matching == "voc":
        best = max(shares, key=shares.get, default=None)
        if best is None or shares[best] < 0.5:
            return "false", None
        if picture_boxes[best][1]:
            return None, None
        return ("false", None) if best in taken else ("hit", best)
    good = [n for n in shares if shares[n] >= 0.5 and n not in taken and not picture_boxes[n][1]]
    if good:
        return "hit", max(good, key=shares.get)
    marked = any(shares[n] >= 0.5 and picture_boxes[n][1] for n in shares)
    return (None if marked else "false"), None


def slow(detections, objects, kind, rule, matching):
    """Average precision of one class as a fraction, or None."""
    rows, places, count = [], [], 0
    for picture, (seen, real) in enumerate(zip(detections, objects, strict=True)):
        marks = real.difficult if real.difficult is not None else [False] * len(real.boxes)
        places.append(
            {
                n: (box, bool(mark))
                for n, (box, one, mark) in enumerate(zip(real.boxes, real.classes, marks, strict=True))
                if one == kind
            }
        )
        count += sum(not mark for _, mark in places[-1].values())
        rows += [
            (-score, picture, n, box)
            for n, (box, score, one) in enumerate(zip(seen.boxes, seen.scores, seen.classes, strict=True))
            if one == kind
        ]
    if not count:
        return None
    taken, curve, hits, all_of_them = [set() for _ in places], [], 0, 0
    for _, picture, _, box in sorted(rows, key=lambda row: row[:3]):
        said, which = verdict(box, places[picture], taken[picture], matching)
        if said is None:
            continue
        all_of_them += 1
        hits += said == "hit"
        taken[picture].add(which)
        curve.append((Fraction(hits, count), Fraction(hits, all_of_them)))

    def envelope(recall):
        return max((p for r, p in curve if r >= recall), default=Fraction(0))

    if rule == "area":
        recalls = sorted({Fraction(0), *(r for r, _ in curve)})
        return sum((b - a) * envelope(b) for a, b in pairwise(recalls))
    steps = {"11 points": 10, "101 points": 100}[rule]
    return sum(envelope(Fraction(k, steps)) for k in range(steps + 1)) / (steps + 1)


@st.composite
def scenes(draw):
    """Few boxes close to each other and few different scores: doubles, misses and equal scores are common."""
    place = st.tuples(*[st.integers(0, 4)] * 2, *[st.integers(1, 4)] * 2).map(
        lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
    )
    kinds = st.integers(0, 1)
    detections, objects = [], []
    for _ in range(draw(st.integers(1, 3))):
        real = draw(st.lists(st.tuples(place, kinds, st.sampled_from([False, False, True])), max_size=5))
        seen = draw(st.lists(st.tuples(place, kinds, st.integers(1, 5)), max_size=7))
        objects.append(there([b for b, _, _ in real], [k for _, k, _ in real], [d for _, _, d in real]))
        detections.append(found([b for b, _, _ in seen], [s for _, _, s in seen], [k for _, k, _ in seen]))
    return detections, objects


@settings(deadline=None, max_examples=200)
@given(scenes(), st.sampled_from(RULES), st.sampled_from(["voc", "coco"]))
def test_it_is_what_a_slow_implementation_finds(scene, rule, matching):
    got = judge(*scene, 2, matching=matching).average_precisions(rule)
    expected = [slow(*scene, kind, rule, matching) for kind in range(2)]
    assert got.tolist() == pytest.approx(
        [math.nan if e is None else float(e) for e in expected], abs=1e-12, nan_ok=True
    )


# --- other packages


def drawn(*, difficult):
    """Sixty pictures: objects, some in pairs; most of them found with errors, some twice, and false alarms.

    Overlaps are never equal, for packages differ in which of two equal ones they take.
    """
    rng = np.random.default_rng(20261127)
    detections, objects = [], []
    for _ in range(60):
        count = rng.integers(0, 6)
        corners = rng.uniform(0, 150, (count, 2))
        boxes = np.concatenate([corners, corners + rng.uniform(10, 100, (count, 2))], 1)
        kinds = rng.integers(0, CLASSES, count)
        twins = np.flatnonzero(rng.uniform(0, 1, count) < 0.5)
        moved = rng.normal(0, 5, (len(twins), 2))
        boxes = np.concatenate([boxes, boxes[twins] + np.hstack([moved, moved + rng.uniform(0, 8, moved.shape)])])
        kinds, count = np.concatenate([kinds, kinds[twins]]), count + len(twins)
        marks = rng.uniform(0, 1, count) < (0.3 if difficult else 0)
        rows = np.repeat(np.arange(count), rng.integers(0, 4, count))
        near = boxes[rows] + rng.normal(0, 6, (len(rows), 4))
        others = rng.uniform(0, 150, (2, 2))
        false = np.concatenate([others, others + rng.uniform(10, 100, (2, 2))], 1)
        said = np.concatenate([np.sort(near.reshape(-1, 2, 2), 1).reshape(-1, 4), false])
        scores = np.concatenate([rng.uniform(0.2, 1, len(rows)), rng.uniform(0, 0.7, 2)])
        classes = np.concatenate([kinds[rows], rng.integers(0, CLASSES, 2)])
        detections.append(found(said, scores, classes))
        objects.append(there(boxes, kinds, marks))
    return detections, objects


# mean-average-precision 2024.1.5.0 (MIT), float32; borders inclusive there, so it was given right - 1 and bottom - 1.
# Nothing is difficult, for it counts difficult objects in the recall.
OTHERS = {
    ("area", "voc"): [0.4036717, 0.570648, 0.4824277, 0.4634652],
    ("area", "coco"): [0.4799671, 0.6657023, 0.5206712, 0.5454501],
    ("11 points", "voc"): [0.4220266, 0.564923, 0.4714868, 0.4589023],
    ("11 points", "coco"): [0.4652708, 0.6467684, 0.5285597, 0.5496418],
    ("101 points", "voc"): [0.4060533, 0.5720091, 0.4864348, 0.4617051],
    ("101 points", "coco"): [0.4786528, 0.6626441, 0.5236551, 0.5450019],
}

# pycocotools 2.0.11 (BSD), IoU 0.5, 1000 detections; recalls k / 100 and k / 10; difficult objects as crowds whose
# overlap is IoU.
COCO = {
    "101 points": [0.4982166197670798, 0.6605276373386543, 0.5183444030219849, 0.6352769114926545],
    "11 points": [0.5069444675991531, 0.6510297288816786, 0.524498756787158, 0.637546476158261],
}


@pytest.mark.parametrize(("rule", "matching"), OTHERS)
def test_it_is_what_another_package_finds(rule, matching):
    got = judge(*drawn(difficult=False), CLASSES, matching=matching).average_precisions(rule)
    assert got.tolist() == pytest.approx(OTHERS[rule, matching], abs=1e-6)


@pytest.mark.parametrize("rule", COCO)
def test_it_is_what_pycocotools_found(rule):
    got = judge(*drawn(difficult=True), CLASSES, matching="coco").average_precisions(rule)
    assert got.tolist() == pytest.approx(COCO[rule], abs=1e-9)


def by_pycocotools(detections, objects, steps):
    """Average precision of each class."""
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")

    class Usual(cocoeval.COCOeval):
        def computeIoU(self, picture, kind):  # noqa: N802 -- their name
            marks = [(one, one["iscrowd"]) for one in self._gts[picture, kind]]
            for one, _ in marks:
                one["iscrowd"] = 0
            shares = super().computeIoU(picture, kind)
            for one, mark in marks:
                one["iscrowd"] = mark
            return shares

    def entry(picture, number, box, kind):
        box = [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]
        kept = {"image_id": picture, "id": number, "bbox": box, "category_id": int(kind), "area": box[2] * box[3]}
        return kept | {"iscrowd": 0}

    real, seen = coco.COCO(), []
    annotations = []
    for picture, (said, one) in enumerate(zip(detections, objects, strict=True)):
        for box, kind, mark in zip(one.boxes, one.classes, one.difficult, strict=True):
            annotations.append(entry(picture, len(annotations) + 1, box, kind) | {"iscrowd": int(mark)})
        for box, kind, score in zip(said.boxes, said.classes, said.scores, strict=True):
            seen.append(entry(picture, len(seen) + 1, box, kind) | {"score": float(score)})
    pictures, kinds = [{"id": n} for n in range(len(objects))], [{"id": n} for n in range(CLASSES)]
    real.dataset = {"images": pictures, "categories": kinds, "annotations": annotations}
    real.createIndex()
    guessed = coco.COCO()
    guessed.dataset = {"images": pictures, "categories": kinds, "annotations": seen}
    guessed.createIndex()
    judged = Usual(real, guessed, "bbox")
    judged.params.iouThrs = np.array([0.5])
    judged.params.recThrs = np.arange(steps + 1) / steps
    judged.params.maxDets = [1000]
    judged.params.areaRng, judged.params.areaRngLbl = [[0, 1e10]], ["all"]
    judged.evaluate()
    judged.accumulate()
    return judged.eval["precision"][0, :, :, 0, 0].mean(0).tolist()


@pytest.mark.parametrize(("rule", "steps"), [("101 points", 100), ("11 points", 10)])
def test_it_is_what_pycocotools_finds_now(rule, steps):
    scene = drawn(difficult=True)
    got = judge(*scene, CLASSES, matching="coco").average_precisions(rule)
    assert got.tolist() == pytest.approx(by_pycocotools(*scene, steps), abs=1e-9)


# --- by hand

HITS = np.array([True, False, True, True, False])  # of 4 objects: recalls 1/4, 1/4, 2/4, 3/4, 3/4


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("area", (1 + 0.75 + 0.75) / 4),  # precisions 1, 1/2, 2/3, 3/4, 3/5; envelope 1 up to 1/4, 3/4 up to 3/4
        ("11 points", (3 * 1 + 5 * 0.75) / 11),  # 0, 0.1, 0.2; 0.3 to 0.7
        ("101 points", (26 * 1 + 50 * 0.75) / 101),  # 0 to 0.25; 0.26 to 0.75
    ],
)
def test_a_curve_by_hand(rule, expected):
    assert average_precision(HITS, 4, rule) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("count", [1, 3, 7, 10, 20, 35, 100])
def test_all_found_first_is_one_and_nothing_found_is_zero(rule, count):
    assert average_precision(np.ones(count, bool), count, rule) == pytest.approx(1)
    assert average_precision(np.zeros(count, bool), count, rule) == 0
    assert average_precision(np.zeros(0, bool), count, rule) == 0


@pytest.mark.parametrize("hits", range(1, 21))
def test_recalls_are_compared_as_fractions(hits):
    """Of 20 objects so many are found: twentieths are hundredths, and floats must not miss one."""
    assert average_precision(np.ones(hits, bool), 20, "101 points") == pytest.approx((5 * hits + 1) / 101)
    assert average_precision(np.ones(hits, bool), 20, "11 points") == pytest.approx((hits // 2 + 1) / 11)


BOX, FAR = [0, 0, 10, 10], [50, 50, 60, 60]


def test_the_second_detection_of_an_object_is_a_false_alarm():
    judged = judge([found([BOX, BOX], [0.5, 0.9])], [there([BOX])], 1)
    assert judged.scores.tolist() == [0.9, 0.5]
    assert judged.hits.tolist() == [True, False]


def test_an_overlap_of_just_a_half_is_enough():
    half = [0, 0, 10, 5]
    assert mean_average_precision([found([half], [1])], [there([BOX])], 1) == 1
    assert mean_average_precision([found([half], [1])], [there([BOX])], 1, threshold=0.51) == 0


def test_boxes_of_other_classes_and_other_pictures_are_not_found():
    assert mean_average_precision([found([BOX], [1], [1])], [there([BOX])], 2) == 0
    assert mean_average_precision([found([BOX], [1]), found([], [])], [there([]), there([BOX])], 1) == 0


def test_difficult_objects_are_neither_hits_nor_misses():
    real = there([BOX, FAR], difficult=[False, True])
    missed = judge([found([BOX], [0.5])], [real], 1)
    assert missed.objects.tolist() == [[1]]
    assert missed.average_precisions().tolist() == [1]
    for matching in ("voc", "coco"):
        hit = judge([found([FAR, FAR, BOX], [0.9, 0.8, 0.5])], [real], 1, matching=matching)
        assert hit.hits.tolist() == [True]
        assert hit.average_precisions().tolist() == [1]


def test_where_the_best_object_is_taken_the_matchings_differ():
    real = there([[0, 0, 10, 10], [0, 3, 10, 13]])
    seen = [found([[0, 0, 10, 10], [0, 1, 10, 11]], [0.9, 0.8])]  # the second: 9/11 with the first object, 8/12
    assert judge(seen, [real], 1, matching="voc").hits.tolist() == [True, False]
    assert judge(seen, [real], 1, matching="coco").hits.tolist() == [True, True]


def test_where_a_difficult_object_fits_best_the_matchings_differ():
    real = there([[0, 0, 10, 10], [0, 3, 10, 13]], difficult=[True, False])
    seen = [found([[0, 1, 10, 11]], [0.8])]
    assert judge(seen, [real], 1, matching="voc").hits.tolist() == []
    assert judge(seen, [real], 1, matching="coco").hits.tolist() == [True]


def test_classes_without_objects_are_left_out():
    seen, real = [found([BOX, FAR], [0.9, 0.8], [0, 1])], [there([BOX, FAR], [0, 1], [False, True])]
    got = judge(seen, real, 3).average_precisions()
    assert got[0] == 1
    assert np.isnan(got[1:]).all()
    assert mean_average_precision(seen, real, 3) == 1
    assert math.isnan(mean_average_precision([], [], 3))
    assert math.isnan(mean_average_precision([found([BOX], [1])], [there([])], 3))


def test_nobody_may_exchange_pictures_without_a_difference():
    seen, real = drawn(difficult=True)
    assert (
        mean_average_precision(seen[1:] + seen[:1], real, CLASSES) < 0.2 < mean_average_precision(seen, real, CLASSES)
    )


# --- what must not come in

GOOD = (found([BOX], [0.5]), there([BOX]))


@pytest.mark.parametrize(
    ("seen", "real", "sentence"),
    [
        ([GOOD[0]], [], "1 pictures and objects of 0"),
        ([found([[0, 0, math.nan, 1]], [0.5])], [GOOD[1]], "boxes of detections in picture 0 must be finite"),
        ([found([[5, 0, 0, 1]], [0.5])], [GOOD[1]], "left <= right"),
        ([found([[0, 0, 1e12, 1]], [0.5])], [GOOD[1]], "within 1e\\+09 pixels"),
        ([Detections(np.zeros((1, 3)), np.ones(1), np.zeros(1, int))], [GOOD[1]], r"shape \(n, 4\), not \(1, 3\)"),
        ([found([BOX], [math.inf])], [GOOD[1]], "scores in picture 0 must be finite"),
        ([found([BOX], [0.5, 0.6])], [GOOD[1]], "scores in picture 0 must have the shape"),
        ([found([BOX], [0.5], [1])], [GOOD[1]], "whole numbers from 0 to 0"),
        ([found([BOX], [0.5], [-1])], [GOOD[1]], "whole numbers from 0 to 0"),
        ([found([BOX], [0.5], [0, 0])], [GOOD[1]], "one for each box"),
        ([GOOD[0]], [Objects([["a", "b", "c", "d"]], [0])], "boxes of objects in picture 0 must be finite"),
        ([GOOD[0]], [Objects([[0, 1], [2]], [0])], "boxes of objects in picture 0 must be finite"),
        ([GOOD[0]], [Objects([BOX], [0.5])], "whole numbers"),
        ([GOOD[0]], [Objects([BOX], [None])], "must be finite numbers"),
        ([GOOD[0]], [Objects([BOX], [0], [1])], "must be bool"),
        ([GOOD[0]], [Objects([BOX], [0], [True, False])], "one for each box"),
    ],
)
def test_what_is_no_detection_and_no_object_is_refused_in_one_sentence(seen, real, sentence):
    with pytest.raises(ArgumentError, match=sentence) as error:
        mean_average_precision(seen, real, 1)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "odd", [{"rule": "12 points"}, {"matching": "any"}, {"threshold": 0}, {"threshold": math.nan}, {"classes": 0}]
)
def test_rules_that_there_are_not_are_refused(odd):
    arguments = {"classes": 1, **odd}
    with pytest.raises(ArgumentError):
        mean_average_precision([GOOD[0]], [GOOD[1]], **arguments)


def test_lists_and_single_precision_are_taken():
    seen = Detections(np.array([BOX], np.float32), np.array([1], np.float16), np.array([0], np.int32))
    assert mean_average_precision([seen], [Objects([BOX], [0], [False])], 1) == 1
    assert mean_average_precision([seen], [Objects([], [], [])], 1, rule="11 points") != 0
