# SPDX-License-Identifier: Apache-2.0
"""Pairs that a comparison has made already: squares of its pictures, with and without a message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture
from semstego.errors import ArgumentError
from semstego.progress import Progress
from semstego.steganalysis import audit
from semstego.steganalysis.detectors.base import DETECTORS, Setting
from semstego.steganalysis.pairs import Pairs
from semstego.steganalysis.protocol import PARTS, AuditProtocol
from semstego.steganalysis.sources.base import Source
from semstego.steganalysis.summary import is_informative

SIDE = 128  # px
PLAN = ("train", "train", "validation", "test")  # of photographs, in turn
ALL = 1 << 30
PROTOCOL = AuditProtocol("squares of the compared pictures", (ALL,), ALL, ALL, (0,))
LEAST_PHOTOGRAPHS = 20


@dataclass(frozen=True)
class Studied(Source):
    """Cases are contenders of a comparison.

    Attributes:
        made: For each case, the pair of each photograph, uint8 ``(h, w, 3)``; None where nothing was hidden.
    """

    made: Mapping[str, Sequence[tuple[Picture, Picture] | None]]

    def __post_init__(self) -> None:
        """Check that there is enough.

        Raises:
            ArgumentError: If some part of a case has no pair.
        """
        for case, pairs in self.made.items():
            if len(pairs) < LEAST_PHOTOGRAPHS:
                raise ArgumentError(f"detectors need {LEAST_PHOTOGRAPHS} photographs, not {len(pairs)}")
            if any(self._squares(case, part) is None for part in PARTS):
                raise ArgumentError(f"{case}: detectors need pictures of {SIDE}x{SIDE} pixels with a message")

    @property
    def cases(self) -> Sequence[str]:
        """Names of the contenders."""
        return list(self.made)

    @property
    def notes(self) -> Sequence[str]:
        """What squares they are."""
        return [f"squares of {SIDE}x{SIDE} pixels of {PLAN.count('train')} in {len(PLAN)} photographs are learned from"]

    def pairs(self, case: str, part: str, seed: int, progress: Progress) -> Mapping[str, Pairs]:
        """See :class:`semstego.steganalysis.sources.base.Source`."""
        squares = self._squares(case, part)
        assert squares is not None
        return {"picture": squares}

    def _squares(self, case: str, part: str) -> Pairs | None:
        covers: list[NDArray[Any]] = []
        stegos: list[NDArray[Any]] = []
        photographs: list[int] = []
        for number, pair in enumerate(self.made[case]):
            if pair is None or PLAN[number % len(PLAN)] != part:
                continue
            rows, columns = (range(0, side - SIDE + 1, SIDE) for side in pair[0].shape[:2])
            for top, left in product(rows, columns):
                place = np.s_[top : top + SIDE, left : left + SIDE]
                covers.append(pair[0][place].transpose(2, 0, 1))
                stegos.append(pair[1][place].transpose(2, 0, 1))
                photographs.append(number)
        return Pairs(np.stack(covers), np.stack(stegos), np.array(photographs)) if covers else None


def detection(
    made: Mapping[str, Sequence[tuple[Picture, Picture] | None]],
    detectors: Sequence[str],
    workers: int,
    progress: Progress,
) -> tuple[dict[str, dict[str, dict[str, Any]]], dict[str, Any]]:
    """How well detectors tell each case's pictures from those without a message.

    Args:
        made: As of :class:`Studied`.
        detectors: Their names.
        workers: Processes.
        progress: Told what is done.

    Returns:
        For each case, by detector, the audit's cell, and whether it is ``informative``; and the whole report.
    """
    chosen = [DETECTORS.get(one) for one in detectors]
    report = audit.run(Studied(made), chosen, Setting(PROTOCOL, workers=workers), progress=progress)
    found: dict[str, dict[str, dict[str, Any]]] = {case: {} for case in made}
    for cell in report["cells"]:
        found[cell["case"]][cell["judge"]] = cell | {"informative": is_informative(cell)}
    return found, report
