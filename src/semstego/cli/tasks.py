# SPDX-License-Identifier: Apache-2.0
"""``semstego train-task`` and ``semstego evaluate``: the receiver's task, and Table II."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from semstego.cli.training import Accelerator, Devices, Force, Nodes, Run


def train_task(
    task: Annotated[str, typer.Argument(metavar="TASK", help="classification")],
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML, such as configs/fashion-mnist.yaml.")],
    run: Run,
    output: Annotated[Path, typer.Option("--output", "-o", help="The weights to write, in half precision.")],
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    force: Force = False,
) -> None:
    """Train the network of a task."""
    if task != "classification":
        raise typer.BadParameter("the one task there is so far is classification")
    from semstego.cli import terminal
    from semstego.io.files import check_output, write_all
    from semstego.tasks.classification import to_bytes
    from semstego.training import loop
    from semstego.training.classifier import ClassificationPlan, train
    from semstego.training.config import read_config

    plan = read_config(config, ClassificationPlan)
    check_output(output, force=force)
    run.mkdir(parents=True, exist_ok=True)
    runner = loop.fabric(plan, accelerator=accelerator, devices=devices, nodes=nodes)
    with terminal.bar() as progress:
        network, classes = train(plan, run, runner, progress)
    if runner.is_global_zero:
        write_all({output: to_bytes(network, classes)}, force=force)


def evaluate(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the labelled set, or of photographs.")],
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Of the learned scheme: a shipped one, or a weights file.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="classification, or agreement (of ImageNet answers on photographs).")
    ] = None,
    name: Annotated[str, typer.Option("--set", help="fashion-mnist, cifar10, objects or crops.")] = "fashion-mnist",
    split: Annotated[str, typer.Option(help="Which of its pictures.")] = "test",
    weights: Annotated[
        str | None, typer.Option(help="Classifier: a shipped one, or a weights file; else the set's own.")
    ] = None,
    codec: Annotated[list[str], typer.Option(help="Operating point; give several for several.")] = ["cr085"],  # noqa: B006
    bpp: Annotated[list[float], typer.Option(min=0, help="Payload; 0 sends covers alone.")] = [1.0],  # noqa: B006
    pictures: Annotated[int, typer.Option(min=1, help="The first so many.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Fixes messages and keys.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="MODEL: hide so often, with this seed and the next ones.")] = 1,
    detail: Annotated[
        int | None, typer.Option(min=1, help="MODEL: reduce pictures to so many pixels, and enlarge them; CIFAR's: 32.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the figures as JSON.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Also draw labels and confidences, as PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    force: Force = False,
) -> None:
    """What codec and message do to the receiver's task; with a MODEL, what its hiding costs and how well it reads.

    Accuracy on clean pictures, on cover reconstructions and on stego reconstructions, with paired gaps. With a MODEL of
    the learned scheme: the columns of the paper's Table II; its ACC gap, if --weights names a classifier.
    """
    from semstego.io.files import check_output, write_all

    for path in filter(None, (output, sheet)):
        check_output(path, force=force)
    if model is None:
        if seeds != 1 or detail is not None:
            raise typer.BadParameter("--seeds and --detail go with a MODEL")
        report, lines, drawing = _of_task(task, data, name, split, weights, codec, bpp, pictures, seed, workers, sheet)
    else:
        if task == "agreement" or codec != ["cr085"] or workers != 1 or sheet:
            raise typer.BadParameter("--task agreement, --codec, --workers and --sheet go without a MODEL")
        chosen = range(seed, seed + seeds)
        report, lines = _of_model(model, data, name, split, weights, bpp, pictures, chosen, detail)
        drawing = {}
    contents = {output: (json.dumps(report, indent=1) + "\n").encode()} if output else {}
    write_all(contents | drawing, force=force)
    print(json.dumps(report) if as_json else lines)


def _of_task(
    task: str | None,
    data: Path,
    name: str,
    split: str,
    weights: str | None,
    codec: list[str],
    bpp: list[float],
    pictures: int,
    seed: int,
    workers: int,
    sheet: Path | None,
) -> tuple[dict[str, Any], str, dict[Path, bytes]]:
    """Closed codecs under the task: the report, its lines for people, and the sheet if there is to be one."""
    if task not in ("classification", "agreement"):
        raise typer.BadParameter("--task takes classification and agreement")
    from semstego.cli import terminal
    from semstego.datasets import sets
    from semstego.evaluation import task_gap as evaluation
    from semstego.plots.task_sheet import draw
    from semstego.tasks import agreement, classification

    if task == "agreement":
        judge = agreement.load()
        chosen, facts = agreement.label(judge, data).first(pictures), {"judge": "EfficientNet-Lite0"}
    else:
        judge = classification.load(weights or name)
        chosen, facts = sets.load(name, data, split).first(pictures), {"set": name, "split": split}
        facts["weights"] = weights or name
    cells = []
    with terminal.bar() as progress:
        for one in codec:
            for payload in bpp:
                found = evaluation.evaluate(judge, chosen, one, payload, seed=seed, workers=workers, progress=progress)
                cells.append(found)
    report = {"task": task, **facts, "seed": seed, "cells": [cell.figures for cell in cells]}
    drawing = {sheet: draw(judge, chosen, cells[0].received)} if sheet else {}
    return report, "\n".join(evaluation.in_words(cell.figures) for cell in cells), drawing


def _of_model(
    model: str,
    data: Path,
    name: str,
    split: str,
    weights: str | None,
    bpp: list[float],
    pictures: int,
    seeds: range,
    detail: int | None,
) -> tuple[dict[str, Any], str]:
    """A model of the learned scheme: the report, and Table II for people."""
    from semstego.cli import terminal
    from semstego.datasets import sets
    from semstego.datasets.built import crops
    from semstego.datasets.enlarge import softened
    from semstego.datasets.labelled import LabelledPictures
    from semstego.evaluation import table2 as hiding_evaluation
    from semstego.evaluation.carriers import Learned
    from semstego.schemes.learned import point as learned_point
    from semstego.tasks import classification

    carrier = Learned(learned_point.load(model).model)
    chosen = sets.load(name, data, split).first(pictures)
    if weights and len(chosen.classes) < 2:
        raise typer.BadParameter(f"--weights: the pictures of {name} have no classes to tell apart")
    judge = classification.load(weights) if weights else None
    if detail:
        chosen = LabelledPictures(softened(chosen.pictures, detail), chosen.labels, chosen.classes)
    origin = crops.photographs_of(data, split) if name == "crops" else None
    cells = []
    with terminal.bar() as progress:
        for payload in bpp:
            found = hiding_evaluation.evaluate(
                carrier, chosen, payload, seeds=seeds, task=judge, photographs=origin, progress=progress
            )
            cells.append(found)
    report = {"model": model, "set": name, "split": split, "detail": detail, "weights": weights, "cells": cells}
    means = "means over {hidings:,} hidings, {photographs:,} photographs; --json gives intervals".format(**cells[0])
    return report, f"{hiding_evaluation.table(cells)}\n{means}"
