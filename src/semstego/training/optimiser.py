# SPDX-License-Identifier: Apache-2.0
"""Optimisers, and learning rates as functions of nothing but the time of the training."""

import math
from collections.abc import Iterable

from torch import nn
from torch.optim import SGD, Adam, Optimizer

from semstego.training.config import OptimiserSettings


def build(parameters: Iterable[nn.Parameter], settings: OptimiserSettings) -> Optimizer:
    """The optimiser of some parameters; of them, biases and normalisation have no weight decay.

    Args:
        parameters: To be trained.
        settings: Which optimiser, and its numbers.
    """
    listed = list(parameters)
    groups = [
        {"params": [p for p in listed if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in listed if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if settings.name == "sgd":
        return SGD(groups, settings.learning_rate, settings.momentum, nesterov=settings.momentum > 0, fused=True)
    return Adam(groups, settings.learning_rate, fused=True)


def set_learning_rate(optimiser: Optimizer, settings: OptimiserSettings, epoch: float, epochs: int) -> None:
    """Give the optimiser the learning rate of the present step; arguments as in :func:`learning_rate`."""
    rate = learning_rate(settings, epoch, epochs)
    for group in optimiser.param_groups:
        group["lr"] = rate


def learning_rate(settings: OptimiserSettings, epoch: float, epochs: int) -> float:
    """The learning rate at some time of a training.

    Args:
        settings: The schedule.
        epoch: Epochs that are done, with the part of the present one.
        epochs: Epochs of the whole training.
    """
    if settings.schedule == "steps":
        return max(settings.learning_rate * settings.factor ** (int(epoch) // settings.every), settings.floor)
    share = epoch / epochs
    if share < settings.warm_up:
        return settings.learning_rate * share / settings.warm_up
    falling = (share - settings.warm_up) / (1 - settings.warm_up)
    return settings.learning_rate * (1 + math.cos(math.pi * falling)) / 2
