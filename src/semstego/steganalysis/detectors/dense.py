# SPDX-License-Identifier: Apache-2.0
"""A network with one label for every value, trained on pairs: it learns where the changes are, from few pairs.

    cover, stego ─▸ values of the stego less those of the cover ─▸ label of each value: -1, 0, +1; 0 in the cover
    loss: cross entropy of the labels of all values, plus that of the labels cover and stego

Half of the pairs, drawn for each batch, are negated, labels included. Maps are not flipped: a flipped map is not what a
codec makes of a flipped picture.
"""

from dataclasses import replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW, Optimizer

from semstego.networks.channels_last import channels_last
from semstego.networks.dense_labels import DenseLabels
from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.steganalysis.learning.network_detector import Architecture, NetworkDetector
from semstego.steganalysis.learning.network_training import NetworkSettings, as_inputs, picture_labels

SETTINGS = NetworkSettings(56, rate=2e-3, epochs=12, epochs_after_start=12, patience=12, joint=False, turns=False)
PAPER = replace(SETTINGS, epochs=150, patience=150)


def build(covers: NDArray[Any], settings: NetworkSettings) -> nn.Module:
    """The network, with the prediction that is fitted to these covers."""
    prediction = torch.from_numpy(JointPredictor.fit(covers).weights)
    return channels_last(DenseLabels(prediction, width=settings.width))


def optimiser(network: nn.Module, rate: float) -> Optimizer:
    """AdamW with a small decay."""
    return AdamW(network.parameters(), rate, weight_decay=1e-4)


def loss(network: nn.Module, batch: Tensor, generator: torch.Generator) -> Tensor:
    """Cross entropy of the labels of all values, plus that of the labels cover and stego [nat].

    Args:
        network: :class:`DenseLabels`.
        batch: Pairs of maps, ``(b, 2, c, h, w)``.
        generator: Draws which pairs are negated.
    """
    assert isinstance(network, DenseLabels)
    signs = (2 * torch.randint(2, (len(batch), 1, 1, 1, 1), generator=generator) - 1).to(batch)
    moves = signs * (batch - batch[:, :1]).clamp(-1, 1)[..., 1:-1, 1:-1]  # 0 in covers; without the border
    residuals = network.residuals(as_inputs(batch)) * signs.repeat_interleave(2, 1).flatten(0, 1)
    of_values, of_maps = network.labelled(residuals)
    labels = moves.flatten(0, 1).long() + 1  # indices into MOVES
    return functional.cross_entropy(of_values, labels) + functional.cross_entropy(of_maps, picture_labels(batch))


DETECTOR = NetworkDetector(Architecture("dense", build, optimiser, loss), SETTINGS, PAPER)
