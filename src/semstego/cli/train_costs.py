# SPDX-License-Identifier: Apache-2.0
"""``semstego train-costs``: the adversarial scheme's network of costs."""

from semstego.cli.options import Accelerator, Config, Devices, Force, Nodes, Run, Weights
from semstego.cli.train import train_by_plan


def train_costs(
    config: Config,
    run: Run,
    output: Weights,
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    force: Force = False,
) -> None:
    """Train the costs of the adversarial scheme against detectors, such as configs/costs-64-imitated.yaml."""
    from semstego.cli import terminal

    with terminal.extra("train"):
        from semstego.training import costs, costs_plan
    train_by_plan(costs_plan.CostPlan, costs.train, config, run, output, (accelerator, devices, nodes), force)
