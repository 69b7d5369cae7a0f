# SPDX-License-Identifier: Apache-2.0
"""What a detector found in pictures, judged: mAP50, with intervals by a bootstrap over pictures or photographs.

A gap is paired: every draw takes the same pictures, as often, of both forms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled
from semstego.errors import DataError
from semstego.tasks.detection.average_precision import Judged, Objects, judge
from semstego.tasks.detection.suppression import Detections

DRAWS = 1000
SEED = 20_260_101  # of the bootstrap: the same answers have the same interval
CERTAIN = 0.25
"""The score from which on a detection is something that the detector says of a picture."""


@dataclass(frozen=True)
class FoundObjects:
    """Detections in n pictures with the objects that there are.

    Attributes:
        detections: Of each picture.
        objects: Of each picture.
        classes: Number of classes.
        photographs: That each picture is made of, ``(n,)``, which the bootstrap draws; None draws pictures.
    """

    detections: tuple[Detections, ...]
    objects: tuple[Objects, ...]
    classes: int
    photographs: NDArray[np.integer] | None = None

    @property
    def measure(self) -> str:
        """``mAP50``."""
        return "mAP50"

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether every object is found with a score of 0.25 or more, and nothing else is."""
        found = self._judged
        certain = found.scores >= CERTAIN
        hits = np.bincount(found.pictures[certain & found.hits], minlength=len(self.objects))
        alarms = np.bincount(found.pictures[certain & ~found.hits], minlength=len(self.objects))
        right: NDArray[np.bool_] = (hits == found.objects.sum(1)) & (alarms == 0)
        return right

    def map50(self) -> float:
        """Mean average precision at IoU 0.5, by the area under the envelope, in [0, 1]; NaN without objects."""
        return float(np.nanmean(self._judged.average_precisions())) if self._judged.objects.any() else float("nan")

    def score(self) -> dict[str, Any]:
        """mAP50 in percent; the interval is the bootstrap's 2.5 and 97.5 % quantiles."""
        low, high = np.nanquantile(self._drawn, (0.025, 0.975))
        return {
            "pictures": len(self.objects),
            "percent": 100 * self.map50(),
            "low": 100 * float(low),
            "high": 100 * float(high),
        }

    def gap(self, other: Self) -> dict[str, Any]:
        """Eq. 19 for mAP50; the interval is that of differences on the same draws."""
        low, high = np.nanquantile(self._drawn - other._drawn, (0.025, 0.975))
        here, there = self.right, other.right
        return {
            "pictures": len(self.objects),
            "points": 100 * (self.map50() - other.map50()),
            "low": 100 * float(low),
            "high": 100 * float(high),
            "lost": int((here & ~there).sum()),
            "gained": int((~here & there).sum()),
        }

    def of_photographs(self, photographs: NDArray[np.integer]) -> Self:
        """The same, with intervals that draw photographs ``(n,)``: all pictures of one come, or none."""
        return replace(self, photographs=photographs)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All of them, in this order; which photographs they are of must be told anew."""
        return cls(
            tuple(found for part in parts for found in part.detections),
            tuple(there for part in parts for there in part.objects),
            parts[0].classes,
        )

    @cached_property
    def _judged(self) -> Judged:
        return judge(self.detections, self.objects, self.classes)

    @cached_property
    def _drawn(self) -> NDArray[np.float64]:
        """mAP50 of each draw of the bootstrap, ``(DRAWS,)``; the same draws for all answers on as many pictures.

        NaN where a draw has no object.

        Raises:
            DataError: If there is no object at all.
        """
        found, count = self._judged, len(self.objects)
        rng = np.random.default_rng(SEED)
        names, of_picture = np.unique(
            np.arange(count) if self.photographs is None else self.photographs, return_inverse=True
        )
        units = len(names)
        draws = np.stack([np.bincount(rng.integers(units, size=units), minlength=units) for _ in range(DRAWS)])
        times = draws[:, of_picture]
        order = np.argsort(-found.scores, kind="stable")
        precisions = []
        for number in np.flatnonzero(found.objects.sum(0)):
            rows = order[found.classes[order] == number]
            precisions.append(_precisions(times, found.pictures[rows], found.hits[rows], found.objects[:, number]))
        if not precisions:
            raise DataError("no picture has an object to be found, so there is no mAP")
        stacked = np.stack(precisions)  # NaN where a draw has no object of a class
        defined = ~np.isnan(stacked)
        with_objects = defined.any(0)
        means: NDArray[np.float64] = np.full(DRAWS, np.nan)
        means[with_objects] = np.nansum(stacked, 0)[with_objects] / defined.sum(0)[with_objects]
        return means


@compiled
def _precisions(
    times: NDArray[np.int64], pictures: NDArray[np.int64], hits: NDArray[np.bool_], objects: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Average precision of one class, by the area under the envelope, where pictures count several times or not at all.

    Args:
        times: How often each picture counts in each draw, ``(draws, n)``.
        pictures: Of each detection, in the order of falling scores, ``(m,)``.
        hits: Whether each is one, ``(m,)``.
        objects: Of each picture, ``(n,)``.

    Returns:
        ``(draws,)``; NaN where a draw has no object.
    """
    found = np.full(len(times), np.nan)
    precision = np.zeros(len(pictures))
    for draw in range(len(times)):
        weights = times[draw]
        total = (weights * objects).sum()
        if total == 0:
            continue
        right = seen = 0
        for place in range(len(pictures)):
            weight = weights[pictures[place]]
            seen += weight
            right += weight * hits[place]
            precision[place] = right / seen if seen else 0.0
        area = envelope = 0.0
        for place in range(len(pictures) - 1, -1, -1):
            envelope = max(envelope, precision[place])
            if hits[place]:
                area += envelope * weights[pictures[place]]
        found[draw] = area / total
    return found
