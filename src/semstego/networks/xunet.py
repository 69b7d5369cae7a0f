# SPDX-License-Identifier: Apache-2.0
"""XuNet of Xu, Wu and Shi, "Structural design of convolutional neural networks for steganalysis", SPL 2016.

    picture ─ KV ─ G1 ─▾─ G2 ─▾─ G3 ─▾─ G4 ─▾─ G5 ─ mean ─ cover | stego       ▾ halves the side
      kernel   5    5      5      1      1      1
               activation  |·| tanh, tanh, ReLU, ReLU, ReLU

A fixed high-pass filter removes the content of the picture. The statistics of what is left do not depend on its sign,
hence the absolute value. tanh bounds the values, and 1x1 kernels keep the deeper groups from modelling content again.
Differs from the original in: the number of input channels, each filtered by itself, is free, so that features and
colour pictures can be inputs, and so is the width. The authors of the paper that this package follows train a network
of this name without the filter, on inputs in [-1, 1].
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

KV = (
    (-1, 2, -2, 2, -1),
    (2, -6, 8, -6, 2),
    (-2, 8, -12, 8, -2),
    (2, -6, 8, -6, 2),
    (-1, 2, -2, 2, -1),
)
"""Twelve times the filter. Its response is 0 to everything that is at most linear along the rows or along the columns,
hence to planes, and to every polynomial of degree 3 or less."""


class HighPass(nn.Module):
    """The KV filter on each channel by itself; it is not trained.

    Args:
        channels: Of the input.
    """

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        kernel = torch.tensor(KV, dtype=torch.get_default_dtype())
        # A constant, so it is left out of weights on file.
        self.register_buffer("kernel", kernel.repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, received: Tensor) -> Tensor:
        """Maps ``(b, c, h, w)`` to residuals of the same shape and unit."""
        # Integers are summed exactly and divided afterwards, so flat content gives 0 and no rounding errors.
        return functional.conv2d(received, self.kernel, padding=2, groups=len(self.kernel)) / 12


class Magnitude(nn.Module):
    """The absolute value."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of any shape to the same shape."""
        return maps.abs()


class Group(nn.Sequential):
    """Convolution without bias, in G1 the absolute value, batch normalisation, activation, mean.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Side of the convolution's kernel, odd.
        activation: The function after the normalisation.
        magnitude: Whether to take absolute values before the normalisation.
        last: Whether to take the mean over all positions, rather than over 5x5 at every second one.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        activation: nn.Module,
        *,
        magnitude: bool = False,
        last: bool = False,
    ) -> None:
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        parts["convolution"] = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        if magnitude:
            parts["magnitude"] = Magnitude()
        parts["normalisation"] = nn.BatchNorm2d(outputs)
        parts["activation"] = activation
        # Zeros beyond the border count in the mean, as they do in Caffe, in which the original was written.
        parts["mean"] = nn.AdaptiveAvgPool2d(1) if last else nn.AvgPool2d(5, 2, padding=2)
        super().__init__(parts)


class XuNet(nn.Module):
    """Tells stego from cover.

    Args:
        channels: Channels of the input: 1 for grey pictures, 3 for colour, C' for features.
        width: Channels of G1; each further group has twice as many. 8 is the published network.
        high_pass: Whether the KV filter comes first; inputs that are residuals need none.
    """

    def __init__(self, channels: int, *, width: int = 8, high_pass: bool = True) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(
            {
                "KV": HighPass(channels) if high_pass else nn.Identity(),
                "G1": Group(channels, width, 5, nn.Tanh(), magnitude=True),
                "G2": Group(width, 2 * width, 5, nn.Tanh()),
                "G3": Group(2 * width, 4 * width, 1, nn.ReLU(inplace=True)),
                "G4": Group(4 * width, 8 * width, 1, nn.ReLU(inplace=True)),
                "G5": Group(8 * width, 16 * width, 1, nn.ReLU(inplace=True), last=True),
            }
        )
        self.classifier = nn.Linear(16 * width, 2)
        self._start()

    def forward(self, received: Tensor) -> Tensor:
        """Logits ``(b, 2)`` of the labels cover (0) and stego (1).

        Args:
            received: Pictures or symbols as floats 0..255, ``(b, c, h, w)`` of any size.
        """
        maps = received
        for layer in self.layers.values():
            maps = layer(maps)
        logits: Tensor = self.classifier(torch.flatten(maps, 1))
        return logits

    def _start(self) -> None:
        """The published initialisation."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, 0.01)
        nn.init.xavier_uniform_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)
