# SPDX-License-Identifier: Apache-2.0
"""A network with one label for every value, trained on pairs: it learns where the changes are, from few pairs.

Maps are not flipped in training: a flipped map is not what a codec makes of a flipped picture.
"""

from dataclasses import replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim import AdamW, Optimizer

from semstego.networks.channels_last import channels_last
from semstego.networks.dense_labels import DenseLabels, loss
from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.steganalysis.learning.network_detector import Architecture, NetworkDetector
from semstego.steganalysis.learning.network_training import NetworkSettings

SETTINGS = NetworkSettings(56, rate=2e-3, epochs=12, epochs_after_start=12, patience=12, joint=False, turns=False)
PAPER = replace(SETTINGS, epochs=150, patience=150)


def build(covers: NDArray[Any], settings: NetworkSettings) -> nn.Module:
    """The network, with the prediction that is fitted to these covers."""
    prediction = torch.from_numpy(JointPredictor.fit(covers).weights)
    return channels_last(DenseLabels(prediction, width=settings.width))


def optimiser(network: nn.Module, rate: float) -> Optimizer:
    """AdamW with a small decay."""
    return AdamW(network.parameters(), rate, weight_decay=1e-4)


DETECTOR = NetworkDetector(Architecture("dense", build, optimiser, loss), SETTINGS, PAPER)
