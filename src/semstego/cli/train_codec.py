# SPDX-License-Identifier: Apache-2.0
"""``semstego train-codec``: Es and Ds of the paper."""

from semstego.cli.options import Accelerator, Config, Devices, Force, Nodes, Run, Weights
from semstego.cli.train import train_by_plan


def train_codec(
    config: Config,
    run: Run,
    output: Weights,
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    force: Force = False,
) -> None:
    """Train Es and Ds: semantic communication without a message, such as configs/codec-64.yaml."""
    from semstego.cli import terminal

    with terminal.extra("train"):
        from semstego.training import codec
    train_by_plan(codec.CodecPlan, codec.train, config, run, output, (accelerator, devices, nodes), force)
