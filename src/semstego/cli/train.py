# SPDX-License-Identifier: Apache-2.0
"""``semstego train``: the learned scheme; and what it shares with ``train-codec``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from semstego.cli.options import Accelerator, Config, Devices, Force, Nodes, Run, Weights


def train(
    config: Config,
    run: Run,
    output: Weights,
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    force: Force = False,
) -> None:
    """Train the learned scheme, such as configs/hiding-64.yaml."""
    from semstego.cli import terminal

    with terminal.extra("train"):
        from semstego.training import hiding, hiding_plan
    train_by_plan(hiding_plan.LearnedPlan, hiding.train, config, run, output, (accelerator, devices, nodes), force)


def train_by_plan(
    kind: type[Any],
    train: Callable[..., Any],
    config: Path,
    run: Path,
    output: str,
    machines: tuple[str, int, int],
    force: bool,
) -> None:
    """Read the plan, train by it, write the weights."""
    from semstego.cli import outputs, terminal
    from semstego.codecs.convolutional import shaped_weights
    from semstego.io.files import make_folder
    from semstego.tasks.base import frozen
    from semstego.training import loop
    from semstego.training.config import read_config

    plan = read_config(config, kind)
    outputs.check([(output, outputs.WEIGHTS)], force=force)
    make_folder(run)
    accelerator, devices, nodes = machines
    runner = loop.fabric(plan, accelerator=accelerator, devices=devices, nodes=nodes)
    task = frozen(plan.task) if plan.task else None
    if task is not None:
        task.to(runner.device)
    with terminal.bar() as progress:
        network = train(plan, task, run, runner, progress)
    if runner.is_global_zero:
        outputs.write({output: shaped_weights.to_bytes(network)}, force=force)
