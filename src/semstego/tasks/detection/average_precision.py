# SPDX-License-Identifier: Apache-2.0
"""Mean average precision: how well boxes and classes are found, over all thresholds of the score.

Of each class, detections are judged in the order of falling scores over all pictures. One is a hit if its IoU with an
object of its class in its picture reaches the threshold, 0.5, and nothing found that object before; all others are
false alarms. Objects that are marked as difficult are neither hits nor misses: what finds one of them is left out.

    matching "voc"    a detection stands for the object that it overlaps most, and is a false alarm if that is taken
             "coco"   it takes the next best object that is free and reaches the threshold; difficult ones come last

Precision p = hits / detections and recall r = hits / objects after each detection make the curve; its envelope is the
highest precision at this recall or a higher one.

    rule "11 points"   mean of the envelope at recalls 0, 0.1, ..., 1          VOC2007 (Everingham et al., IJCV 2010)
         "area"        the area under the envelope                             VOC2010 and later
         "101 points"  mean of the envelope at recalls 0, 0.01, ..., 1         COCO; YOLOv5 goes straight between points

Recalls are compared as fractions of whole numbers, so 3 of 10 reaches 0.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semstego.datasets.box_checks import checked_boxes, checked_classes, checked_numbers
from semstego.errors import ArgumentError
from semstego.tasks.detection.boxes import overlaps
from semstego.tasks.detection.suppression import Detections

Rule = Literal["11 points", "area", "101 points"]
Matching = Literal["voc", "coco"]
STEPS: Final[dict[str, int]] = {"11 points": 10, "area": 0, "101 points": 100}
MATCHINGS: Final = ("voc", "coco")
THRESHOLD: Final = 0.5


@dataclass(frozen=True)
class Objects:
    """What there is in one picture.

    Attributes:
        boxes: Left, top, right, bottom [pixels], float ``(n, 4)``.
        classes: int64 ``(n,)``.
        difficult: bool ``(n,)``; None if none is.
    """

    boxes: ArrayLike
    classes: ArrayLike
    difficult: ArrayLike | None = None


@dataclass(frozen=True)
class Judged:
    """Detections of all pictures but those that found difficult objects, picture by picture.

    Attributes:
        pictures: int64 ``(m,)``.
        classes: int64 ``(m,)``.
        scores: float64 ``(m,)``.
        hits: bool ``(m,)``.
        objects: Objects that are not difficult, of each picture and class, int64 ``(pictures, classes)``.
    """

    pictures: NDArray[np.int64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]
    objects: NDArray[np.int64]

    def average_precisions(self, rule: Rule = "area") -> NDArray[np.float64]:
        """Average precision of each class, float64 ``(classes,)`` in [0, 1]; NaN for classes without an object."""
        if rule not in STEPS:
            raise ArgumentError(f"there is no rule {rule!r:.40}; there are {', '.join(STEPS)}")
        found = np.full(self.objects.shape[1], np.nan)
        order = np.argsort(-self.scores, kind="stable")
        for number, objects in enumerate(self.objects.sum(0)):
            if objects:
                found[number] = average_precision(self.hits[order[self.classes[order] == number]], int(objects), rule)
        return found


def mean_average_precision(
    detections: Sequence[Detections],
    objects: Sequence[Objects],
    classes: int,
    *,
    rule: Rule = "area",
    matching: Matching = "voc",
    threshold: float = THRESHOLD,
) -> float:
    """Mean over the classes that have objects, in [0, 1]; NaN if none has.

    Args:
        detections: What was found in each picture.
        objects: What there is, picture by picture.
        classes: Number of classes.
        rule: How a curve becomes a number.
        matching: Which object a detection stands for.
        threshold: IoU from which on an object is found.

    Raises:
        ArgumentError: If arrays do not belong together, or hold what they must not.
    """
    found = judge(detections, objects, classes, matching=matching, threshold=threshold).average_precisions(rule)
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def judge(
    detections: Sequence[Detections],
    objects: Sequence[Objects],
    classes: int,
    *,
    matching: Matching = "voc",
    threshold: float = THRESHOLD,
) -> Judged:
    """Which detections are hits; arguments and errors as of :func:`mean_average_precision`."""
    if len(detections) != len(objects):
        raise ArgumentError(
            f"detections of {len(detections)} pictures and objects of {len(objects)} cannot be compared"
        )
    if matching not in MATCHINGS:
        raise ArgumentError(f"there is no matching {matching!r:.40}; there are {', '.join(MATCHINGS)}")
    if not 0 < threshold <= 1 or classes < 1:
        raise ArgumentError(f"a threshold in (0, 1] and one class or more are needed, not {threshold} and {classes}")
    rows, counts = [], np.zeros((len(objects), classes), np.int64)
    for picture, (found, there) in enumerate(zip(detections, objects, strict=True)):
        boxes, kinds, difficult = _checked_objects(there, classes, picture)
        rows.append(_judged(_checked_detections(found, classes, picture), boxes, kinds, difficult, matching, threshold))
        counts[picture] = np.bincount(kinds[~difficult], minlength=classes)
    pictures = np.repeat(np.arange(len(rows)), [len(row[0]) for row in rows])
    empty = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool))
    kinds, scores, hits = (np.concatenate(parts) for parts in zip(empty, *rows, strict=True))
    return Judged(pictures, kinds, scores, hits, counts)


def average_precision(hits: NDArray[np.bool_], objects: int, rule: Rule = "area") -> float:
    """Of one class.

    Args:
        hits: Whether each detection is one, in the order of falling scores, ``(n,)``.
        objects: How many there are, 1 or more.
        rule: How the curve becomes a number.
    """
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    if not STEPS[rule]:
        return float(envelope[hits].sum() / objects)  # each hit is a step of 1 / objects in recall
    places = np.searchsorted(found * STEPS[rule], np.arange(STEPS[rule] + 1) * objects)
    return float(np.append(envelope, 0.0)[places].mean())


def _judged(
    found: Detections,
    boxes: NDArray[np.float64],
    kinds: NDArray[np.int64],
    difficult: NDArray[np.bool_],
    matching: str,
    threshold: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Class, score, and whether it is a hit, of what counts in one picture, in the order of falling scores."""
    order = np.argsort(-found.scores, kind="stable")
    hits, counts = np.zeros(len(order), bool), np.ones(len(order), bool)
    for kind in np.intersect1d(found.classes, kinds):
        rows, there = order[found.classes[order] == kind], np.flatnonzero(kinds == kind)
        shares = overlaps(found.boxes[rows], boxes[there])
        free = np.ones(len(there), bool)
        for row, overlap in zip(rows, shares, strict=True):
            best = _voc(overlap) if matching == "voc" else _coco(overlap, free, difficult[there], threshold)
            if overlap[best] < threshold:
                continue
            if difficult[there[best]]:
                counts[row] = False
            elif free[best]:
                hits[row], free[best] = True, False
    order = order[counts[order]]
    return found.classes[order], found.scores[order].astype(np.float64), hits[order]


def _voc(overlap: NDArray[np.float64]) -> int:
    """The object that overlaps most."""
    return int(np.argmax(overlap))


def _coco(overlap: NDArray[np.float64], free: NDArray[np.bool_], difficult: NDArray[np.bool_], threshold: float) -> int:
    """The free one that overlaps most and is not difficult; if it does not do so enough, a difficult one."""
    usual = np.where(free & ~difficult, overlap, -1.0)
    return int(np.argmax(usual if usual.max() >= threshold else np.where(difficult, overlap, -1.0)))


def _checked_objects(
    objects: Objects, classes: int, picture: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Boxes, classes and marks of one picture."""
    boxes = checked_boxes(objects.boxes, f"boxes of objects in picture {picture}")
    kinds = checked_classes(objects.classes, len(boxes), classes, f"classes of objects in picture {picture}")
    difficult = np.zeros(len(boxes), bool) if objects.difficult is None else np.asarray(objects.difficult)
    if not difficult.size:
        difficult = np.zeros(0, bool)
    if difficult.dtype != bool or difficult.shape != (len(boxes),):
        raise ArgumentError(f"marks of difficult objects in picture {picture} must be bool, one for each box")
    return boxes, kinds, difficult


def _checked_detections(found: Detections, classes: int, picture: int) -> Detections:
    """Detections of one picture in float64."""
    boxes = checked_boxes(found.boxes, f"boxes of detections in picture {picture}")
    kinds = checked_classes(found.classes, len(boxes), classes, f"classes of detections in picture {picture}")
    scores = checked_numbers(found.scores, f"scores in picture {picture}")
    if scores.shape != (len(boxes),):
        raise ArgumentError(f"scores in picture {picture} must have the shape ({len(boxes)},), not {scores.shape}")
    return Detections(boxes, scores, kinds)
