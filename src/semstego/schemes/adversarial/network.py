# SPDX-License-Identifier: Apache-2.0
"""E as a network of costs: what +1 and -1 cost on every symbol, learned from detectors.

    symbols ─ prediction ─ r, r / sigma, log sigma ─┐
    rounding errors ────────────────────────────────┴─ 3x3 ─ 3x3 ─ 3x3 ─ 1x1 ─ exp ─▸ costs of +1, of -1

The prediction and what is made of it are those of :mod:`semstego.networks.dense_labels`: the network sees the symbols
as the detectors that it was trained against. Written for this project; the idea of a network that learns costs from a
detector is that of ASDL-GAN (Tang et al., IEEE SPL 2017) and UT-GAN (Yang et al., IEEE TIFS 2020).
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from semstego.codecs.convolutional.shaped_weights import Shaped
from semstego.networks.dense_labels import CENTRE, convolutions, residual_filter, residual_inputs

MOST_LOGIT = 6.0
"""Costs lie within exp(-6) and exp(6): no symbol is free, and none is forbidden but by the codec."""
MAX_SIZES = {"maps": 64, "width": 256, "depth": 16}


@dataclass(frozen=True)
class CostShape:
    """Sizes of the network.

    Attributes:
        maps: Of symbols, k.
        width: Channels of each 3x3 convolution.
        depth: Number of 3x3 convolutions.
    """

    maps: int = 10
    width: int = 40
    depth: int = 3

    def __post_init__(self) -> None:
        """Refuse sizes that are out of range before anything is built; they may come from an untrusted file.

        Raises:
            ValueError: If one is.
        """
        for name, limit in MAX_SIZES.items():
            if type(size := getattr(self, name)) is not int or not 1 <= size <= limit:
                raise ValueError(f"{name} is from 1 to {limit}, and whole")


class CostMaps(Shaped):
    """Symbols and their rounding errors to costs of changes; a new network has one cost for all.

    Args:
        shape: Sizes.
    """

    FORMAT: ClassVar = "semstego adversarial costs 1"
    SHAPE: ClassVar = CostShape
    prediction: Tensor

    def __init__(self, shape: CostShape) -> None:
        super().__init__(shape)
        self.register_buffer("prediction", torch.zeros(shape.maps, 9 * shape.maps + 1))
        self.convolutions = convolutions(4 * shape.maps, shape.width, shape.depth)
        self.costs = nn.Conv2d(shape.width, 2 * shape.maps, 1)
        nn.init.zeros_(self.costs.weight)
        nn.init.zeros_(self.costs.bias)  # type: ignore[arg-type]

    def forward(self, symbols: Tensor, errors: Tensor) -> Tensor:
        """Costs of +1 and of -1.

        Args:
            symbols: Floats 0..255, ``(b, k, h, w)``.
            errors: Values before rounding less symbols, ``(b, k, h, w)`` in [-1/2, 1/2].

        Returns:
            Float ``(b, 2, k, h, w)``, in [exp(-6), exp(6)]; no unit, as only their ratios count.
        """
        kernel, constant = residual_filter(self.prediction)
        residuals = (
            functional.conv2d(functional.pad(symbols - CENTRE, (1, 1, 1, 1), mode="replicate"), kernel) - constant
        )
        logits = self.costs(self.convolutions(torch.cat([residual_inputs(residuals), 2 * errors], 1)))
        bounded = MOST_LOGIT * torch.tanh(logits.float() / MOST_LOGIT)
        costs: Tensor = bounded.exp().unflatten(1, (2, -1))  # type: ignore[no-untyped-call]
        return costs
