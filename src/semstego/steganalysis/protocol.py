# SPDX-License-Identifier: Apache-2.0
"""An audit: every judge on every view of every case, beside the controls that say whether it can judge at all.

source ─▸ case, part, seed ─▸ views ─▸ judges ─▸ scores ─▸ figures
controls of each view   LSB matching and HILL at 0.4 bit a value    must be caught, or a cell says "not shown"
                        labels swapped at random                    must end at 0.5, or a cell says so, too
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np

from semstego.progress import Progress
from semstego.steganalysis.controls import CONTROLS, RATE
from semstego.steganalysis.detectors.base import Judge, NumbersJudge, Parts, Scores, no_opinion
from semstego.steganalysis.features.extraction import Cache, judging_digest
from semstego.steganalysis.pairs import Pairs
from semstego.steganalysis.statistics import figures_of, shown

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class AuditProtocol:
    """How many pairs of each part, and how often.

    Attributes:
        name: rigorous or paper.
        train: Numbers of training pairs, rising: a learning curve, whose end makes the table.
        validation: Pairs that choose thresholds, ridges and snapshots.
        test: Pairs that are judged.
        seeds: Runs, each with fresh keys and messages, and with draws of the judges own.
    """

    name: str
    train: tuple[int, ...]
    validation: int
    test: int
    seeds: tuple[int, ...]

    @property
    def wanted(self) -> dict[str, int]:
        """Pairs of each part."""
        return dict(zip(PARTS, (self.train[-1], self.validation, self.test), strict=True))


CURVE = (250, 500, 1000, 2000, 5000, 10_000)  # numbers of training pairs of a learning curve
RIGOROUS = AuditProtocol("rigorous", CURVE[:4], 500, 1000, (0, 1, 2))
PAPER = AuditProtocol("paper", (2000,), 400, 800, tuple(range(10)))
PROTOCOLS = {one.name: one for one in (RIGOROUS, PAPER)}


def shortened(protocol: AuditProtocol, pairs: int | None, seeds: int | None) -> AuditProtocol:
    """The same with other numbers of training pairs or of seeds; fewer validation and test pairs in proportion."""
    if pairs is not None:
        share = min(1.0, pairs / protocol.train[-1])
        fewer = tuple(count for count in CURVE if count < pairs) if len(protocol.train) > 1 else ()
        validation, test = (max(10, round(share * count)) for count in (protocol.validation, protocol.test))
        protocol = replace(protocol, train=(*fewer, pairs), validation=validation, test=test)
    return protocol if seeds is None else replace(protocol, seeds=tuple(range(seeds)))


class Source(Protocol):
    """Where the pairs come from."""

    @property
    def cases(self) -> Sequence[str]:
        """What is audited: schemes at payloads."""

    @property
    def notes(self) -> Sequence[str]:
        """What whoever reads the figures must know of the pictures, in sentences."""

    def pairs(self, case: str, part: str, seed: int, progress: Progress) -> Mapping[str, Pairs]:
        """By view, the pairs of a part, of photographs that are in no other part."""


def run(
    source: Source, judges: Sequence[Judge], protocol: AuditProtocol, cache: Cache, *, curve: bool, progress: Progress
) -> dict[str, Any]:
    """Audit every case.

    Args:
        source: Of the pairs.
        judges: Of maps; numbers have a judge of their own.
        protocol: Numbers of pairs and runs.
        cache: Where the controls' stegos are kept.
        curve: Also learn from fewer pairs.
        progress: Told what is done, and the share of it.

    Returns:
        What JSON takes: ``notes`` of the source; ``cells``, one for each case, view and judge; and ``controls``, one
        for each judge of a view of the same covers, with the first case that had them.
    """
    cells, controls = [], {}
    for case in source.cases:
        seen = [{part: source.pairs(case, part, seed, progress) for part in PARTS} for seed in protocol.seeds]
        for view in seen[0]["train"]:
            runs = [_cut(Parts(*(parts[part][view] for part in PARTS)), protocol) for parts in seen]
            for judge in judges if runs[0].train.are_maps else (NumbersJudge(),):
                what = {"case": case, "view": view, "judge": judge.name}
                # Cases on another codec have other covers under the same name, and need controls of their own.
                covers = view, judge.name, runs[0].train.covers_digest()
                if covers not in controls:
                    controls[covers] = what | _controls(runs[0], judge, protocol, cache, progress)
                cell: dict[str, Any] = what | _judged(runs, judge, protocol, progress)
                cell |= {"shown": bool(controls[covers]["caught"]), "fooled": controls[covers]["fooled"]}
                if curve:
                    cell["curve"] = _curve(runs, judge, protocol, progress, cell["p_e"])
                cells.append(cell)
    return {
        "protocol": asdict(protocol),
        "notes": list(source.notes),
        "cells": cells,
        "controls": list(controls.values()),
    }


def _cut(parts: Parts, protocol: AuditProtocol) -> Parts:
    """As many pairs as the protocol wants, if there are so many."""
    return Parts(*(pairs.first(most) for pairs, most in zip(parts, protocol.wanted.values(), strict=True)))


def _judged(
    runs: Sequence[Parts], judge: Judge, protocol: AuditProtocol, progress: Progress, train: int | None = None
) -> dict[str, Any]:
    """Figures of a judge over all runs; it learns from the first ``train`` pairs, or from all."""
    scores: list[Scores] = []
    for parts, seed in zip(runs, protocol.seeds, strict=False):
        fewer = parts if train is None else parts._replace(train=parts.train.first(train))
        still = np.array_equal(fewer.train.cover, fewer.train.stego)  # nothing to learn from, which no judge likes
        scores.append(no_opinion(fewer) if still else judge.scores(fewer, seed=seed, progress=progress))
    figures = figures_of(scores, [parts.test.photographs for parts in runs[: len(scores)]], seed=0)
    return {"training_pairs": len(fewer.train)} | figures


def _curve(
    runs: Sequence[Parts], judge: Judge, protocol: AuditProtocol, progress: Progress, last: dict[str, Any]
) -> list[dict[str, Any]]:
    """P_E by the number of training pairs; of all of them it is known."""
    most = len(runs[0].train)
    fewer = [pairs for pairs in protocol.train if pairs < most]
    points = [{"pairs": pairs} | _judged(runs, judge, protocol, progress, pairs)["p_e"] for pairs in fewer]
    return [*points, {"pairs": most} | last]


def _controls(parts: Parts, judge: Judge, protocol: AuditProtocol, cache: Cache, progress: Progress) -> dict[str, Any]:
    """Controls of one view and judge, in the first run alone; ``caught`` is None if none of them is to be caught.

    A judge that finds differences where labels mean nothing is ``fooled``, and has caught nothing.
    """
    seed, swapped = protocol.seeds[0], "cover against cover"
    rng = np.random.default_rng((len(swapped), seed))
    found = {swapped: _judged([Parts(*(pairs.swapped(rng) for pairs in parts))], judge, protocol, progress)}
    fooled, caught = shown(found[swapped]), None
    if parts.train.are_maps:
        for name in CONTROLS:
            found[f"{name} {RATE}"] = _judged([_embedded(name, parts, seed, cache)], judge, protocol, progress)
        caught = all(shown(figures) for name, figures in found.items() if name != swapped) and not fooled
    return {"of": found, "fooled": fooled, "caught": caught}


def _embedded(name: str, parts: Parts, seed: int, cache: Cache) -> Parts:
    """The same covers beside the stegos of a control; every judge meets the same ones."""
    rng = np.random.default_rng((len(name), seed))
    stegos = cache.get(
        f"control {judging_digest()} {name} {RATE} {seed}",
        np.frombuffer(b"".join(pairs.covers_digest() for pairs in parts), np.uint8),
        lambda: np.concatenate([CONTROLS[name](pairs.cover, RATE, rng) for pairs in parts]),
    )
    split = np.split(stegos, np.cumsum([len(pairs) for pairs in parts])[:-1])
    return Parts(*(pairs.with_stego(one) for pairs, one in zip(parts, split, strict=True)))
