# SPDX-License-Identifier: Apache-2.0
"""``semstego evaluate``: what codec and message do to the receiver's task, and the columns of Table II."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semstego.cli.options import CODECS, STANDARD, AsJson, Force, JsonOutput, Scheme

if TYPE_CHECKING:
    from semstego.system.stego_system import StegoSystem

Report = tuple[dict[str, Any], str, dict[str, bytes]]  # for JSON, for people, and files to write


def evaluate(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the labelled set, or of photographs.")],
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Table II of the learned scheme: a codec of its own.")
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="classification, detection, agreement (of ImageNet answers on photographs), or package:Object."
        ),
    ] = None,
    scheme: Scheme = "certified",
    name: Annotated[
        str,
        typer.Option(
            "--set",
            help="fashion-mnist, cifar10, objects, scenes (with boxes), voc2007, crops, package:Object.",
        ),
    ] = "fashion-mnist",
    split: Annotated[str, typer.Option(help="Which of its pictures.")] = "test",
    weights: Annotated[
        str | None, typer.Option(help="Classifier or detector: a shipped one, or a weights file; else the set's own.")
    ] = None,
    codec: Annotated[
        list[str] | None, typer.Option(help=f"{CODECS}; give several for several.", show_default="the scheme's own")
    ] = None,
    bpp: Annotated[list[float], typer.Option(min=0, help="Payload; 0 sends covers alone.")] = [1.0],  # noqa: B006
    pictures: Annotated[int, typer.Option(min=1, help="The first so many.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Fixes messages and keys.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Table II: hide so often, with this seed and the next ones.")] = 1,
    detail: Annotated[
        int | None,
        typer.Option(min=1, help="Table II: reduce pictures to so many pixels, and enlarge them; CIFAR's: 32."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    output: JsonOutput = None,
    sheet: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Also draw answers on the first pictures, as PNG."),
    ] = None,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """What codec and message do to the receiver's task; without a task, what hiding costs and how well it reads.

    With --task: accuracy, or mAP50, on clean pictures, on cover and on stego reconstructions, with paired gaps.
    With a MODEL of the learned scheme, or without --task: the columns of the paper's Table II; its ACC gap, if
    --weights names a classifier.
    """
    from semstego.cli import outputs, terminal
    from semstego.codecs import registry
    from semstego.system.stego_system import StegoSystem

    outputs.check([(output, outputs.JSON), (sheet, outputs.PNG)], force=force)
    chosen = terminal.scheme("learned" if model else scheme)
    points = [model] if model else codec or [chosen.default_codec]
    systems = [StegoSystem(terminal.named(registry.load, one, "--codec"), chosen) for one in points]
    if task is not None and model is None:
        if seeds != 1 or detail is not None:
            raise typer.BadParameter("--seeds and --detail go with Table II, without --task")
        found = _task_gap(systems, task, data, name, split, weights, bpp, pictures, seed, workers, sheet)
    else:
        if task is not None or workers != 1 or sheet:
            raise typer.BadParameter("--task, --workers and --sheet do not go with Table II, which a MODEL asks for")
        found = _table2(systems, data, name, split, weights, bpp, pictures, range(seed, seed + seeds), detail)
    report, lines, drawing = found
    contents = {output: (json.dumps(report, indent=1) + "\n").encode()} if output else {}
    outputs.write(contents | drawing, force=force)
    terminal.say(json.dumps(report) if as_json else lines, to_stderr=STANDARD in contents | drawing)


def _task_gap(
    systems: "list[StegoSystem]",
    task: str,
    data: Path,
    name: str,
    split: str,
    weights: str | None,
    bpp: list[float],
    pictures: int,
    seed: int,
    workers: int,
    sheet: str | None,
) -> Report:
    """Accuracies and gaps, one cell for each codec and payload."""
    from semstego.cli import terminal

    with terminal.extra("train"):
        from semstego.evaluation import task_gap
        from semstego.tasks import base as tasks
    if sheet:
        with terminal.extra("plots"):
            from semstego.plots.task_sheet import draw

    prepared = terminal.named(tasks.TASKS.get, task, "--task").prepared(weights, name)
    chosen = prepared.examples(data, name, split).first(pictures)
    with terminal.bar() as progress:
        cells = [
            task_gap.evaluate(prepared, chosen, system, payload, seed=seed, workers=workers, progress=progress)
            for system in systems
            for payload in bpp
        ]
    facts = {"task": task, "set": name, "split": split, "weights": weights or name, "seed": seed}
    drawing = {sheet: draw(prepared, chosen, cells[0].transmitted)} if sheet else {}
    lines = "\n".join(task_gap.in_words(cell.figures) for cell in cells)
    return facts | {"cells": [cell.figures for cell in cells]}, lines, drawing


def _table2(
    systems: "list[StegoSystem]",
    data: Path,
    name: str,
    split: str,
    weights: str | None,
    bpp: list[float],
    pictures: int,
    seeds: range,
    detail: int | None,
) -> Report:
    """Table II, one row for each codec and payload; schemes hide without error correction of their own."""
    from dataclasses import replace

    from semstego.cli import terminal

    with terminal.extra("train"):
        from semstego.datasets import sets
        from semstego.datasets.enlarge import softened
        from semstego.evaluation import table2
        from semstego.tasks import base as tasks

    chosen = sets.load(name, data, split).first(pictures)
    if weights and len(chosen.classes) < 2:
        raise typer.BadParameter(f"--weights: the pictures of {name} have no classes to tell apart")
    task = tasks.TASKS.get("classification").prepared(weights, name) if weights else None
    if detail:
        chosen = chosen.with_pictures(softened(chosen.pictures, detail))
    with terminal.bar() as progress:
        cells = [
            table2.evaluate(
                replace(system, scheme=system.scheme.uncorrected),
                chosen,
                payload,
                seeds=seeds,
                task=task,
                progress=progress,
            )
            for system in systems
            for payload in bpp
        ]
    report = {
        "model": systems[0].codec.name,
        "set": name,
        "split": split,
        "detail": detail,
        "weights": weights,
        "cells": cells,
    }
    means = "means over {hidings:,} hidings, {photographs:,} photographs; --json gives intervals".format(**cells[0])
    return report, f"{table2.table(cells)}\n{means}", {}
