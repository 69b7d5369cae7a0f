# SPDX-License-Identifier: Apache-2.0
"""What the loop trains (:class:`Experiment`: networks, optimisers, one step), and when (:class:`Moment`)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


@dataclass(frozen=True)
class Moment:
    """How far a training is when a step begins. All of it follows from whole numbers, so nothing is lost in rounding.

    Attributes:
        step: Number of the step, counted from 0 at the start of the training.
        per_epoch: Steps of an epoch, all passes together; a multiple of ``passes``.
        passes: How often an epoch goes through the pictures.
    """

    step: int
    per_epoch: int
    passes: int = 1

    def __post_init__(self) -> None:
        """Refuse numbers that do not belong together.

        Raises:
            ValueError: If an epoch cannot be divided into its passes, or the step is negative.
        """
        if self.step < 0 or self.passes < 1 or self.per_epoch < 1 or self.per_epoch % self.passes:
            raise ValueError(f"step {self.step} of epochs of {self.per_epoch} steps in {self.passes} passes")

    @property
    def epoch(self) -> float:
        """Epochs that are done, with the part of the present one."""
        return self.step / self.per_epoch

    @property
    def whole_epochs(self) -> int:
        """Epochs that are done to the end."""
        return self.step // self.per_epoch

    @property
    def pass_index(self) -> int:
        """The present pass within its epoch, from 0 to ``passes - 1``."""
        return self.step % self.per_epoch // (self.per_epoch // self.passes)

    @property
    def next(self) -> "Moment":
        """The moment after this step."""
        return Moment(self.step + 1, self.per_epoch, self.passes)

    @property
    def ends_epoch(self) -> bool:
        """Whether this step is the last of its epoch."""
        return (self.step + 1) % self.per_epoch == 0


class Experiment(ABC):
    """What is trained, and how one step goes.

    Attributes:
        networks: The networks by name, set up by Fabric; checkpoints hold their state.
        optimisers: The optimisers by name, set up by Fabric; checkpoints hold their state.
        passes: How often an epoch goes through the pictures.
        shown: Names of the figures that the progress line shows; if empty, it shows all.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]
    passes: int = 1
    shown: tuple[str, ...] = ()

    @abstractmethod
    def training_step(self, pictures: Tensor, labels: Tensor, moment: Moment) -> dict[str, Tensor]:
        """Forward pass, backward pass and the optimisers' steps on one batch.

        Args:
            pictures: Float RGB ``(b, 3, h, w)`` in [0, 1].
            labels: int64 ``(b,)``.
            moment: How far the training is.

        Returns:
            Figures by name: scalars without a graph of gradients.
        """

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Figures by name on the validation set."""

    def examples(self) -> Tensor | None:
        """Pictures to look at after an epoch, uint8 ``(h, w, 3)``; None if there are none."""
        return None

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs, as nested dictionaries and lists of tensors and numbers."""
        return {
            kind: {name: part.state_dict() for name, part in parts.items()}
            for kind, parts in (("networks", self.networks), ("optimisers", self.optimisers))
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a state that :meth:`state` gave."""
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
            _match_memory_order(optimiser)


def _match_memory_order(optimiser: Optimizer) -> None:
    """Lay the optimiser's tensors out in memory like their parameters: fused steps walk through both side by side."""
    for parameter, kept in optimiser.state.items():
        for name, value in kept.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                kept[name] = torch.empty_like(parameter).copy_(value)
