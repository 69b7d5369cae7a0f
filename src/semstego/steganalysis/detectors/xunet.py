# SPDX-License-Identifier: Apache-2.0
"""XuNet (Xu, Wu, Shi, IEEE SPL 2016), trained on pairs, on residuals of the joint prediction instead of its own filter.

The optimiser is the published one. Differs from the publication in the schedule (one cycle of the learning rate, up to
2e-3, instead of 120,000 batches at a rate that falls by a tenth every 5,000), in batches of 16 pairs instead of 32, and
in that the classifier has no weight decay. By the paper's protocol it is trained on the maps, with its own filter.
"""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray
from torch import nn
from torch.optim import SGD, Optimizer

from semstego.networks.channels_last import channels_last
from semstego.networks.xunet import XuNet
from semstego.steganalysis.learning.network_detector import Architecture, NetworkDetector
from semstego.steganalysis.learning.network_training import NetworkSettings

SETTINGS = NetworkSettings(width=8, rate=2e-3, epochs=30, epochs_after_start=12, patience=20)
PAPER = replace(SETTINGS, epochs=150, patience=150, joint=False)


def build(covers: NDArray[Any], settings: NetworkSettings) -> nn.Module:
    """The network for maps with as many channels as these; its own filter is left out where it is given residuals."""
    return channels_last(XuNet(covers.shape[1], width=settings.width, high_pass=not settings.joint))


def optimiser(network: nn.Module, rate: float) -> Optimizer:
    """SGD with momentum, as published."""
    return SGD(network.parameters(), rate, momentum=0.9)


DETECTOR = NetworkDetector(Architecture("XuNet", build, optimiser), SETTINGS, PAPER)
