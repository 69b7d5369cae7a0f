# SPDX-License-Identifier: Apache-2.0
"""The random payloads that pictures carry in training and in validation."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semstego.schemes.learned import slots
from semstego.schemes.learned.model import ModelOutput
from semstego.schemes.learned.slots import Positions
from semstego.training.hiding_plan import LearnedPlan


@dataclass(frozen=True)
class Payload:
    """The bits that one batch carries, and where they lie in its messages.

    Attributes:
        bits: What is to be revealed, float 0 or 1, ``(b, l)``.
        message: The messages that these bits fill, float ``(b, d, h, w)``: 0, 1, and 0.5 at unused positions.
        positions: The bit that each position of a message holds, ``(d * h * w,)``; alike for all pictures.
    """

    bits: Tensor
    message: Tensor
    positions: Positions

    @property
    def length(self) -> int:
        """Bits of each picture, l."""
        return self.bits.shape[1]

    def logits(self, output: ModelOutput) -> tuple[Tensor, Tensor]:
        """The logits of these bits at stages I and II, each ``(b, l)``: the mean over the copies of a bit.

        Args:
            output: What the model made of the messages.
        """
        first, second = (
            slots.gathered(one.flatten(1), self.positions, self.length) for one in (output.logits_1, output.logits_2)
        )
        return first, second


def random_payload(plan: LearnedPlan, pictures: Tensor, generator: torch.Generator, *, longest: bool) -> Payload:
    """Random bits for a batch, with the copies of a bit at random positions, as a key would assign them.

    Args:
        plan: How many bits a picture carries, and how many positions they fill.
        pictures: Float ``(b, c, h, w)``, whose size and device count.
        generator: Source of everything that is random here, on the CPU.
        longest: Take the largest payload of the plan's range, instead of one that is drawn from it.
    """
    (count, _, height, width), depth = pictures.shape, plan.architecture.depth
    all_positions = depth * height * width
    least, most = (max(1, round(bpp * height * width)) for bpp in plan.payloads_bpp)
    length = most if longest else int(torch.randint(least, most + 1, (), generator=generator))
    used = length if isinstance(plan.payload_bpp, tuple) else all_positions
    positions = slots.repeated(length, all_positions, used)
    if length < all_positions:
        order = torch.randperm(all_positions, generator=generator).numpy()
        order = slots.interior_first(order, depth, height, width, plan.architecture.kernel)
        positions = positions[np.argsort(order)]
    bits = torch.randint(2, (count, length), generator=generator).float().to(pictures.device)
    return Payload(bits, slots.spread(bits, positions).view(count, depth, height, width), positions)
