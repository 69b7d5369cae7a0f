# SPDX-License-Identifier: Apache-2.0
"""``semstego train-task`` and ``semstego evaluate``: the receiver's task."""

import json
from pathlib import Path
from typing import Annotated

import typer


def train_task(
    task: Annotated[str, typer.Argument(metavar="TASK", help="classification")],
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML, such as configs/fashion-mnist.yaml.")],
    run: Annotated[Path, typer.Option(help="Folder of the run; a run that is there already goes on.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The weights to write, in half precision.")],
    accelerator: Annotated[str, typer.Option(help="auto, cpu or gpu.")] = "auto",
    devices: Annotated[int, typer.Option(min=1, help="Devices a node; more than one trains by DDP.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Nodes.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what exists.")] = False,
) -> None:
    """Train the network of a task."""
    if task != "classification":
        raise typer.BadParameter("the one task there is so far is classification")
    from semstego.cli import terminal
    from semstego.data.files import check_output, write_all
    from semstego.tasks.classification import to_bytes
    from semstego.tasks.train_classification import ClassificationPlan, train
    from semstego.training import fit
    from semstego.training.config import read_config

    plan = read_config(config, ClassificationPlan)
    check_output(output, force=force)
    run.mkdir(parents=True, exist_ok=True)
    runner = fit.fabric(plan, accelerator=accelerator, devices=devices, nodes=nodes)
    with terminal.bar() as progress:
        network, classes = train(plan, run, runner, progress)
    if runner.is_global_zero:
        write_all({output: to_bytes(network, classes)}, force=force)


def evaluate(
    task: Annotated[str, typer.Option(help="classification, or agreement (of ImageNet answers on photographs).")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the labelled set, or of photographs.")],
    name: Annotated[str, typer.Option("--set", help="fashion-mnist, cifar10 or objects.")] = "fashion-mnist",
    split: Annotated[str, typer.Option(help="Which of its pictures.")] = "test",
    weights: Annotated[
        str | None, typer.Option(help="Classifier: a shipped one, or a weights file; else the set's own.")
    ] = None,
    codec: Annotated[list[str], typer.Option(help="Operating point; give several for several.")] = ["cr085"],  # noqa: B006
    bpp: Annotated[list[float], typer.Option(min=0, help="Payload; 0 sends covers alone.")] = [1.0],  # noqa: B006
    pictures: Annotated[int, typer.Option(min=1, help="The first so many.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Fixes messages and keys.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the figures as JSON.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Also draw labels and confidences, as PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what exists.")] = False,
) -> None:
    """What codec and message do to the receiver's task.

    Accuracy on clean pictures, on cover reconstructions and on stego reconstructions, with paired gaps.
    """
    if task not in ("classification", "agreement"):
        raise typer.BadParameter("--task takes classification and agreement")
    from semstego.cli import terminal
    from semstego.data import sets
    from semstego.data.files import check_output, write_all
    from semstego.paper.task_sheet import draw
    from semstego.tasks import agreement, classification, evaluation

    for path in filter(None, (output, sheet)):
        check_output(path, force=force)
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
    contents = {}
    if output:
        contents[output] = (json.dumps(report, indent=1) + "\n").encode()
    if sheet:
        contents[sheet] = draw(judge, chosen, cells[0].received)
    write_all(contents, force=force)
    if as_json:
        print(json.dumps(report))
        return
    for cell in cells:
        print(evaluation.in_words(cell.figures))
