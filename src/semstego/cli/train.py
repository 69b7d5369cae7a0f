# SPDX-License-Identifier: Apache-2.0
"""``semstego train``, ``train-codec``, ``train-costs`` and ``train-task``: a configuration becomes weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from semstego.cli.options import Accelerator, Config, Devices, Force, Nodes, Run, Weights

Machines = tuple[str, int, int]  # accelerator, devices, nodes


class Training(NamedTuple):
    """A kind of training.

    Attributes:
        plan: Class of its configuration.
        weights: Trains by such a plan; from plan, folder of the run, Fabric and progress to the bytes of the weights.
    """

    plan: type[Any]
    weights: Callable[[Any, Path, Any, Any], bytes]


def _learned() -> Training:
    from semstego.training import hiding, hiding_plan

    return Training(hiding_plan.LearnedPlan, _beside_a_task(hiding.train))


def _codec() -> Training:
    from semstego.training import codec

    return Training(codec.CodecPlan, _beside_a_task(codec.train))


def _costs() -> Training:
    from semstego.training import costs, costs_plan

    return Training(costs_plan.CostPlan, _beside_a_task(costs.train))


def _classification() -> Training:
    from semstego.tasks import classification
    from semstego.training import classifier

    return Training(classifier.ClassificationPlan, lambda *what: classification.to_bytes(*classifier.train(*what)))


def _detection() -> Training:
    from semstego.tasks.detection import task
    from semstego.training import detector

    return Training(detector.DetectionPlan, lambda *what: task.to_bytes(*detector.train(*what)))


def _beside_a_task(train: Callable[..., Any]) -> Callable[[Any, Path, Any, Any], bytes]:
    """A training that is also given the frozen task that its plan names, if any."""
    from semstego.codecs.convolutional import shaped_weights
    from semstego.tasks.base import frozen

    def weights(plan: Any, run: Path, runner: Any, progress: Any) -> bytes:
        task = frozen(plan.task) if plan.task else None
        if task is not None:
            task.to(runner.device)
        return shaped_weights.to_bytes(train(plan, task, run, runner, progress))

    return weights


def _train(
    parts: Callable[[], Training], config: Path, run: Path, output: str, machines: Machines, *, force: bool
) -> None:
    """Read the plan, train by it, write the weights."""
    from semstego.cli import outputs, terminal
    from semstego.io.files import make_folder

    with terminal.extra("train"):
        from semstego.training import loop
        from semstego.training.config import read_config

        training = parts()
    plan = read_config(config, training.plan)
    outputs.check([(output, outputs.WEIGHTS)], force=force)
    make_folder(run)
    accelerator, devices, nodes = machines
    runner = loop.fabric(plan, accelerator=accelerator, devices=devices, nodes=nodes)
    with terminal.bar() as progress:
        weights = training.weights(plan, run, runner, progress)
    if runner.is_global_zero:
        outputs.write({output: weights}, force=force)


def _command(name: str, words: str, parts: Callable[[], Training]) -> Callable[..., None]:
    """A command that trains."""

    def command(
        config: Config,
        run: Run,
        output: Weights,
        accelerator: Accelerator = "auto",
        devices: Devices = 1,
        nodes: Nodes = 1,
        force: Force = False,
    ) -> None:
        _train(parts, config, run, output, (accelerator, devices, nodes), force=force)

    command.__name__, command.__doc__ = name, words
    return command


train = _command("train", "Train the learned scheme, such as configs/hiding-64.yaml.", _learned)
train_codec = _command(
    "train_codec", "Train Es and Ds: semantic communication without a message, such as configs/codec-64.yaml.", _codec
)
train_costs = _command(
    "train_costs",
    "Train the costs of the adversarial scheme against detectors, such as configs/costs-64-imitated.yaml.",
    _costs,
)


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
    parts = _detection if task == "detection" else _classification
    _train(parts, config, run, output, (accelerator, devices, nodes), force=force)
