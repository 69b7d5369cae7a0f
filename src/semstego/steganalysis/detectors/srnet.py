# SPDX-License-Identifier: Apache-2.0
"""SRNet (Boroumand, Chen, Fridrich, IEEE TIFS 2019), trained on pairs, on residuals of the joint prediction.

The optimiser is the published one. Differs from the publication in the schedule (one cycle of the learning rate, up to
2e-3, instead of 400,000 batches at 1e-3 and 100,000 at 1e-4) and in the width (8 instead of 16). By the paper's
protocol it has the published width and is trained on the maps.
"""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray
from torch import nn
from torch.optim import Adamax, Optimizer

from semstego.networks.srnet import SRNet
from semstego.steganalysis.learning.network_detector import Architecture, NetworkDetector
from semstego.steganalysis.learning.network_training import NetworkSettings

SETTINGS = NetworkSettings(width=8, rate=2e-3, epochs=8, epochs_after_start=4, patience=8)
PAPER = replace(SETTINGS, width=16, epochs=150, patience=150, joint=False)


def build(covers: NDArray[Any], settings: NetworkSettings) -> nn.Module:
    """The network for maps with as many channels as these."""
    return SRNet(covers.shape[1], width=settings.width)


def optimiser(network: nn.Module, rate: float) -> Optimizer:
    """Adamax, as published: the kernels of convolutions have weight decay, other parameters have none."""
    kernels = [one for one in network.parameters() if one.ndim == 4]
    others = [one for one in network.parameters() if one.ndim != 4]
    groups: list[dict[str, Any]] = [{"params": kernels, "weight_decay": 2e-4}, {"params": others}]
    return Adamax(groups, rate)


DETECTOR = NetworkDetector(Architecture("SRNet", build, optimiser), SETTINGS, PAPER)
