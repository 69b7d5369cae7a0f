# SPDX-License-Identifier: Apache-2.0
"""The critics G1 and G2 of Algorithm 1: two SRNets that learn to tell stego from cover while the scheme is trained.

Their loss itself is in :mod:`semstego.losses.terms`.
"""

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from semstego.codecs.convolutional.quantiser import LEVELS
from semstego.losses.terms import critic_loss
from semstego.networks.srnet import SRNet
from semstego.schemes.learned.model import ModelOutput
from semstego.training import optimiser
from semstego.training.hiding_plan import CriticSettings

Pair = tuple[Tensor, Tensor]
NAMES = ("critic_1", "critic_2")


class Critics:
    """Both critics with their optimisers. G1 takes symbols, G2 takes reconstructions, both as floats 0..255.

    Args:
        runner: Fabric.
        settings: Size and optimiser of either.
        channels: Channels of symbols and pictures, C' = C.

    Attributes:
        bare: The networks by name, ``critic_1`` and ``critic_2``.
        networks: The same, set up by Fabric.
        optimisers: Their optimisers by name, set up by Fabric.
    """

    def __init__(self, runner: Fabric, settings: CriticSettings, channels: int) -> None:
        self.runner, self.settings = runner, settings
        self.bare = {name: SRNet(channels, width=settings.width) for name in NAMES}
        self.networks: dict[str, nn.Module] = {}
        self.optimisers: dict[str, Optimizer] = {}
        for name, critic in self.bare.items():
            chosen = optimiser.build(critic.parameters(), settings.optimiser)
            self.networks[name], self.optimisers[name] = runner.setup(critic, chosen)

    def logits(self, output: ModelOutput) -> dict[str, Pair]:
        """Logits of both critics for losses 7 and 8; gradients pass through the critics and do not change them.

        Args:
            output: What the model made of a batch.

        Returns:
            By name of the critic, logits ``(b, 2)`` of covers and of stegos.
        """
        found = {}
        for name, (cover, stego) in _inputs(output).items():
            critic = self.bare[name].eval().requires_grad_(False)
            found[name] = (critic(cover), critic(stego))
        return found

    def learn(self, output: ModelOutput, names: tuple[str, ...], epoch: float, epochs: int) -> dict[str, Tensor]:
        """One step of some critics.

        Args:
            output: What the model made of a batch; no gradient reaches the model.
            names: The critics that learn.
            epoch: Epochs that are done.
            epochs: Epochs of the whole training.

        Returns:
            The losses, eq. 14 [nat], by name: ``critic_1_loss``, ``critic_2_loss``.
        """
        losses, inputs = {}, _inputs(output)
        for name in names:
            cover, stego = (one.detach() for one in inputs[name])
            self.bare[name].train().requires_grad_(True)
            optimiser.set_learning_rate(self.optimisers[name], self.settings.optimiser, epoch, epochs)
            # Covers and stegos in one batch: apart, batch normalisation would give away which is which.
            logits = self.networks[name](torch.cat([cover, stego]))
            loss = critic_loss(*logits.chunk(2))
            self.optimisers[name].zero_grad()
            self.runner.backward(loss)
            self.optimisers[name].step()
            losses[f"{name}_loss"] = loss.detach()
        return losses


def _inputs(output: ModelOutput) -> Mapping[str, Pair]:
    """What each critic takes: symbols, and 8-bit pictures, of cover and stego."""
    symbols = ((output.cover_features + 1) / 2 * LEVELS, (output.stego_features + 1) / 2 * LEVELS)
    pictures = (output.cover_reconstruction * LEVELS, output.stego_reconstruction * LEVELS)
    return {"critic_1": symbols, "critic_2": pictures}
