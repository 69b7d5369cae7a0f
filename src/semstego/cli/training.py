# SPDX-License-Identifier: Apache-2.0
"""``semstego train-codec`` and ``semstego train``: the paper's system."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML; see configs/.")]
Run = Annotated[Path, typer.Option(help="Folder of the run; a run that is there already goes on.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The weights to write.")]
Accelerator = Annotated[str, typer.Option(help="auto, cpu or gpu.")]
Devices = Annotated[int, typer.Option(min=1, help="Devices a node; more than one trains by DDP.")]
Nodes = Annotated[int, typer.Option(min=1, help="Nodes.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what exists.")]


def train_codec(
    config: Config,
    run: Run,
    output: Output,
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    force: Force = False,
) -> None:
    """Train Es and Ds: semantic communication without a message, such as configs/codec-64.yaml."""
    from semstego.training import codec as train_codec

    _train(train_codec.CodecPlan, train_codec.train, config, run, output, (accelerator, devices, nodes), force)


def train(
    config: Config,
    run: Run,
    output: Output,
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    force: Force = False,
) -> None:
    """Train the learned scheme, such as configs/hiding-64.yaml."""
    from semstego.training import hiding as train_learned
    from semstego.training import hiding_plan as learned_plan

    _train(learned_plan.LearnedPlan, train_learned.train, config, run, output, (accelerator, devices, nodes), force)


def _train(
    kind: type[Any],
    train: Callable[..., Any],
    config: Path,
    run: Path,
    output: Path,
    machines: tuple[str, int, int],
    force: bool,
) -> None:
    """Read the plan, train by it, write the weights."""
    from semstego.cli import terminal
    from semstego.codecs.convolutional import shaped_weights
    from semstego.io.files import check_output, write_all
    from semstego.tasks import classification
    from semstego.training import loop
    from semstego.training.config import read_config

    plan = read_config(config, kind)
    check_output(output, force=force)
    run.mkdir(parents=True, exist_ok=True)
    accelerator, devices, nodes = machines
    runner = loop.fabric(plan, accelerator=accelerator, devices=devices, nodes=nodes)
    task = None
    if plan.task:
        task = classification.load(plan.task)
        task.network.to(runner.device)
    with terminal.bar() as progress:
        network = train(plan, task, run, runner, progress)
    if runner.is_global_zero:
        write_all({output: shaped_weights.to_bytes(network)}, force=force)
