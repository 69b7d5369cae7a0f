# SPDX-License-Identifier: Apache-2.0
"""G1 and G2: two SRNets that learn to tell stego from cover while the scheme learns to hide (Algorithm 1)."""

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from semstego.codecs.convolutional.quantiser import LEVELS
from semstego.losses.terms import critic_loss
from semstego.networks.srnet import SRNet
from semstego.schemes.learned.model import Passage
from semstego.training import optimiser
from semstego.training.hiding_plan import CriticSettings

Pair = tuple[Tensor, Tensor]
NAMES = ("critic_1", "critic_2")


class Critics:
    """Both of them with their optimisers; 1 sees symbols, 2 sees reconstructions, both as floats 0..255.

    Attributes:
        networks: By name, set up by Fabric.
        optimisers: By name, set up by Fabric.
    """

    def __init__(self, runner: Fabric, settings: CriticSettings, channels: int) -> None:
        self.runner, self.settings = runner, settings
        self.bare = {name: SRNet(channels, width=settings.width) for name in NAMES}
        self.networks: dict[str, nn.Module] = {}
        self.optimisers: dict[str, Optimizer] = {}
        for name, critic in self.bare.items():
            chosen = optimiser.build(critic.parameters(), settings.optimiser)
            self.networks[name], self.optimisers[name] = runner.setup(critic, chosen)

    def verdicts(self, passage: Passage) -> dict[str, Pair]:
        """Logits of both critics on cover and stego for losses 7 and 8: they judge and do not learn."""
        answers = {}
        for name, seen in _seen(passage).items():
            critic = self.bare[name].eval().requires_grad_(False)
            answers[name] = (critic(seen[0]), critic(seen[1]))
        return answers

    def learn(self, passage: Passage, names: tuple[str, ...], epoch: float, epochs: int) -> dict[str, Tensor]:
        """One step of some critics on a passage without gradient; returns their losses, eq. 14."""
        losses, views = {}, _seen(passage)
        for name in names:
            cover, stego = (one.detach() for one in views[name])
            self.bare[name].train().requires_grad_(True)
            optimiser.set_learning_rate(self.optimisers[name], self.settings.optimiser, epoch, epochs)
            # One batch of both: batch normalisation must not see which is which.
            logits = self.networks[name](torch.cat([cover, stego]))
            loss = critic_loss(*logits.chunk(2))
            self.optimisers[name].zero_grad()
            self.runner.backward(loss)
            self.optimisers[name].step()
            losses[f"{name}_loss"] = loss.detach()
        return losses


def _seen(passage: Passage) -> Mapping[str, Pair]:
    features = tuple((one + 1) / 2 * LEVELS for one in (passage.cover_features, passage.stego_features))
    pictures = tuple(one * LEVELS for one in (passage.cover_reconstruction, passage.stego_reconstruction))
    return {"critic_1": features, "critic_2": pictures}  # type: ignore[dict-item]
