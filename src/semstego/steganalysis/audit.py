# SPDX-License-Identifier: Apache-2.0
"""An audit: every detector on every view of every case, beside controls that show what the detector can detect.

source ─▸ case, part, seed ─▸ views ─▸ detectors ─▸ scores ─▸ statistics
controls of each view     LSB matching and HILL at 0.4 bits a value    must be detected, else a cell is "not shown"
                          labels swapped at random                     must give P_E = 0.5, else the same
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.errors import ArgumentError
from semstego.progress import Progress, no_progress
from semstego.steganalysis.cache import code_digest
from semstego.steganalysis.controls import CONTROLS, RATE
from semstego.steganalysis.detectors.base import Detector, Scores, Setting
from semstego.steganalysis.features.extraction import Extractor
from semstego.steganalysis.learning.feature_detector import FeatureDetector
from semstego.steganalysis.pairs import Parts
from semstego.steganalysis.protocol import PARTS, AuditProtocol
from semstego.steganalysis.sources.base import Source
from semstego.steganalysis.statistics import is_caught, statistics_of

SWAPPED = "cover against cover"


def _unchanged(numbers: NDArray[Any]) -> NDArray[Any]:
    return numbers


NUMBERS = FeatureDetector(Extractor("numbers", _unchanged, kept=False))  # for views that are not maps


def run(
    source: Source,
    detectors: Sequence[Detector],
    setting: Setting,
    *,
    curve: bool = False,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Audit every case of a source.

    Args:
        source: Of the pairs.
        detectors: For views that are maps; the other views have one of their own, called "numbers".
        setting: The protocol, the cache and the number of processes.
        curve: Also measure with fewer training pairs, for a learning curve.
        progress: Called with what is done and the share of it that is done.

    Returns:
        A report that can be written as JSON: ``notes`` of the source; ``cells``, one for each case, view and detector;
        and ``controls``, one for each detector and view with the same covers, named by the first case that had them.

    Raises:
        ArgumentError: If two detectors have the same name.
    """
    detectors, numbers = _prepared(detectors, setting), NUMBERS.prepared(setting)
    protocol = setting.protocol
    cells, controls = [], {}
    for case in source.cases:
        seeds = [{part: source.pairs(case, part, seed, progress) for part in PARTS} for seed in protocol.seeds]
        for view in seeds[0]["train"]:
            runs = [_first(Parts(*(parts[part][view] for part in PARTS)), protocol) for parts in seeds]
            for detector in detectors if runs[0].train.are_maps else (numbers,):
                # The key says "judge", as detectors were called, for published results and users' scripts read it.
                what = {"case": case, "view": view, "judge": detector.name}
                # A view of the same name has other covers in a case with another codec: it needs its own controls.
                covers = view, detector.name, runs[0].train.covers_digest()
                if covers not in controls:
                    controls[covers] = what | _controls(runs[0], detector, setting, progress)
                cell: dict[str, Any] = what | _measured(runs, detector, protocol, progress)
                cell |= {"shown": bool(controls[covers]["caught"]), "fooled": controls[covers]["fooled"]}
                if curve:
                    cell["curve"] = _learning_curve(runs, detector, protocol, progress, cell["p_e"])
                cells.append(cell)
    return {
        "protocol": asdict(protocol),
        "notes": list(source.notes),
        "cells": cells,
        "controls": list(controls.values()),
    }


def _prepared(detectors: Sequence[Detector], setting: Setting) -> list[Detector]:
    names = [detector.name for detector in detectors]
    if len({*names, NUMBERS.name}) <= len(names):
        raise ArgumentError(f"detectors need names of their own, which are not {NUMBERS.name!r}: {', '.join(names)}")
    return [detector.prepared(setting) for detector in detectors]


def _first(parts: Parts, protocol: AuditProtocol) -> Parts:
    """As many pairs of each part as the protocol wants, or all that there are."""
    return Parts(*(pairs.first(most) for pairs, most in zip(parts, protocol.wanted.values(), strict=True)))


def _measured(
    runs: Sequence[Parts], detector: Detector, protocol: AuditProtocol, progress: Progress, train: int | None = None
) -> dict[str, Any]:
    """Statistics of a detector over some runs; it learns from the first ``train`` pairs, or from all of them."""
    scores: list[Scores] = []
    for parts, seed in zip(runs, protocol.seeds, strict=False):
        fewer = parts if train is None else parts._replace(train=parts.train.first(train))
        if np.array_equal(fewer.train.cover, fewer.train.stego):
            scores.append(_equal_scores(fewer))  # there is nothing to learn, and detectors may refuse such pairs
        else:
            scores.append(detector.scores(fewer, seed=seed, progress=progress))
    statistics = statistics_of(scores, [parts.test.photographs for parts in runs[: len(scores)]], seed=0)
    return {"training_pairs": len(fewer.train)} | statistics


def _equal_scores(parts: Parts) -> Scores:
    """The score 0 for every picture."""
    return Scores(*(np.zeros(len(one)) for one in parts[1:] for _ in range(2)))


def _learning_curve(
    runs: Sequence[Parts], detector: Detector, protocol: AuditProtocol, progress: Progress, last: dict[str, Any]
) -> list[dict[str, Any]]:
    """P_E for each number of training pairs; for all of them it is given."""
    most = len(runs[0].train)
    fewer = [pairs for pairs in protocol.train if pairs < most]
    points = [{"pairs": pairs} | _measured(runs, detector, protocol, progress, pairs)["p_e"] for pairs in fewer]
    return [*points, {"pairs": most} | last]


def _controls(parts: Parts, detector: Detector, setting: Setting, progress: Progress) -> dict[str, Any]:
    """Controls of one view and detector, in the first run alone.

    ``fooled`` is true if the detector finds differences where the labels carry no information. ``caught`` is true if it
    detects all control embeddings and is not fooled, and None if the view is no maps and so has no control embeddings.
    """
    protocol = setting.protocol
    seed = protocol.seeds[0]
    rng = np.random.default_rng((len(SWAPPED), seed))
    swapped = Parts(*(pairs.swapped(rng) for pairs in parts))
    found = {SWAPPED: _measured([swapped], detector, protocol, progress)}
    fooled, caught = is_caught(found[SWAPPED]), None
    if parts.train.are_maps:
        for name in CONTROLS:
            found[f"{name} {RATE}"] = _measured([_embedded(name, parts, setting)], detector, protocol, progress)
        caught = all(is_caught(one) for name, one in found.items() if name != SWAPPED) and not fooled
    return {"of": found, "fooled": fooled, "caught": caught}


def _embedded(name: str, parts: Parts, setting: Setting) -> Parts:
    """The same covers with the stegos of a control; they are the same for every detector."""
    seed = setting.protocol.seeds[0]
    rng = np.random.default_rng((len(name), seed))
    digest = code_digest(CONTROLS[name])
    stegos = setting.cache.get(
        digest and f"control {digest} {name} {RATE} {seed}",
        np.frombuffer(b"".join(pairs.covers_digest() for pairs in parts), np.uint8),
        lambda: np.concatenate([CONTROLS[name](pairs.cover, RATE, rng) for pairs in parts]),
    )
    split = np.split(stegos, np.cumsum([len(pairs) for pairs in parts])[:-1])
    return Parts(*(pairs.with_stego(one) for pairs, one in zip(parts, split, strict=True)))
