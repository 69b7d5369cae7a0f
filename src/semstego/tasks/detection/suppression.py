# SPDX-License-Identifier: Apache-2.0
"""Non-maximum suppression: of boxes of one class that overlap, the one with the highest score stays.

In the order of falling scores each box stays, unless it overlaps one of its class that stayed. A box has a score for
each class and may stay for several. With the published limits of evaluation: scores above 0.001, an IoU above 0.6
suppresses, 300 boxes a picture at most. Only the 30,000 highest scores are looked at, so no picture takes long.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled
from semstego.errors import ArgumentError


@dataclass(frozen=True)
class Detections:
    """What a detector finds in one picture.

    Attributes:
        boxes: Left, top, right, bottom [pixels], float ``(n, 4)``.
        scores: Float ``(n,)``, higher for what is more certain.
        classes: int64 ``(n,)``.
    """

    boxes: NDArray[np.floating]
    scores: NDArray[np.floating]
    classes: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is kept.

    Attributes:
        score: Only scores above this.
        overlap: IoU above which the box of the lower score goes, in [0, 1].
        candidates: So many of the highest scores are looked at.
        kept: So many boxes stay at most.
    """

    score: float = 0.001
    overlap: float = 0.6
    candidates: int = 30_000
    kept: int = 300


EVALUATION = Limits()


def suppress(boxes: NDArray[np.floating], scores: NDArray[np.floating], limits: Limits = EVALUATION) -> Detections:
    """The boxes of one picture that stay, in the order of falling scores; of equal scores the first box goes first.

    Args:
        boxes: Left, top, right, bottom [pixels], float ``(n, 4)``.
        scores: Of each box for each class, float ``(n, classes)``.
        limits: What is kept.

    Raises:
        ArgumentError: If boxes and scores do not belong together or are not finite.
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4 or scores.ndim != 2 or len(scores) != len(boxes):
        raise ArgumentError(f"boxes (n, 4) and scores (n, classes) are needed, not {boxes.shape} and {scores.shape}")
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise ArgumentError("boxes and scores must be finite numbers")
    rows, classes = np.nonzero(scores > limits.score)
    found = scores[rows, classes]
    order = np.argsort(-found, kind="stable")[: limits.candidates]
    rows, classes, found = rows[order], classes[order].astype(np.int64), found[order]
    stay = _stay(boxes[rows].astype(np.float64), classes, limits.overlap, limits.kept)
    return Detections(boxes[rows[stay]], found[stay], classes[stay])


@compiled
def _stay(boxes: NDArray[np.float64], classes: NDArray[np.int64], most: float, limit: int) -> NDArray[np.int64]:
    """Indices of those of boxes ``(n, 4)``, highest score first, that stay."""
    kept = np.empty(min(limit, len(boxes)), np.int64)
    count = 0
    for index in range(len(boxes)):
        if count == len(kept):
            break
        one = boxes[index]
        area = (one[2] - one[0]) * (one[3] - one[1])
        stays = True
        for place in range(count):
            if classes[kept[place]] != classes[index]:
                continue
            other = boxes[kept[place]]
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            if across > 0 and down > 0:
                shared = across * down
                if shared > most * (area + (other[2] - other[0]) * (other[3] - other[1]) - shared):
                    stays = False
                    break
        if stays:
            kept[count] = index
            count += 1
    return kept[:count]
