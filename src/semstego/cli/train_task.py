# SPDX-License-Identifier: Apache-2.0
"""``semstego train-task``: the network of the receiver's task."""

from pathlib import Path
from typing import Annotated

import typer

from semstego.cli.options import Accelerator, Devices, Force, Nodes, Run


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
