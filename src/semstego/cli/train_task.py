# SPDX-License-Identifier: Apache-2.0
"""``semstego train-task``: the network of the receiver's task."""

from typing import Annotated, Any, Literal

import typer

from semstego.cli.options import Accelerator, Config, Devices, Force, Nodes, Run, Weights


def train_task(
    task: Annotated[
        Literal["classification", "detection"], typer.Argument(metavar="TASK", help="classification or detection")
    ],
    config: Config,
    run: Run,
    output: Weights,
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    force: Force = False,
) -> None:
    """Train the network of a task, such as configs/fashion-mnist.yaml; its weights are in half precision."""
    from semstego.cli import outputs, terminal
    from semstego.io.files import make_folder

    with terminal.extra("train"):
        from semstego.training import loop
        from semstego.training.config import read_config

        train, kind, to_bytes = _detection() if task == "detection" else _classification()

    plan = read_config(config, kind)
    outputs.check([(output, outputs.WEIGHTS)], force=force)
    make_folder(run)
    runner = loop.fabric(plan, accelerator=accelerator, devices=devices, nodes=nodes)
    with terminal.bar() as progress:
        network, classes = train(plan, run, runner, progress)
    if runner.is_global_zero:
        outputs.write({output: to_bytes(network, classes)}, force=force)


def _classification() -> tuple[Any, Any, Any]:
    """What trains a classifier, the class of its plan, and what makes bytes of it."""
    from semstego.tasks.classification import to_bytes
    from semstego.training.classifier import ClassificationPlan, train

    return train, ClassificationPlan, to_bytes


def _detection() -> tuple[Any, Any, Any]:
    """The same for a detector."""
    from semstego.tasks.detection.task import to_bytes
    from semstego.training.detector import DetectionPlan, train

    return train, DetectionPlan, to_bytes
