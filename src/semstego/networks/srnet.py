# SPDX-License-Identifier: Apache-2.0
"""SRNet of Boroumand, Chen and Fridrich, "Deep residual network for steganalysis of digital images", TIFS 2019.

    picture ─ L1 L2 ─ L3 L4 L5 L6 L7 ─ L8 ─▾─ L9 ─▾─ L10 ─▾─ L11 ─▾─ L12 ─ mean ─ cover | stego       ▾ halves the side
       type   1  1     2  2  2  2  2    3      3      3       3       4

There is no pooling before L8, because a mean would remove the stego noise, and no fixed high-pass filter: the network
learns its own filters. Differs from the original in: the number of input channels is free, so that features and colour
pictures can be inputs, and so is the width, so that critics can be trained on a CPU. The paper's critics G1 and G2 are
SRNets too, but the authors' released code has another network under this name: its shortcut is a 3x3 convolution that
shares its batch normalisation with the main path, and its inputs are in [-1, 1].
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-3  # of batch normalisation in TensorFlow, in which the original was written


class Normalised(nn.Sequential):
    """Convolution and batch normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2),
            nn.BatchNorm2d(outputs, eps=EPSILON),
        )


class Plain(nn.Sequential):
    """Layer type 1: convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(Normalised(inputs, outputs), nn.ReLU(inplace=True))


class Pair(nn.Sequential):
    """The main path of types 2 to 4: two convolutions, of which the second is not rectified."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(Plain(inputs, outputs), Normalised(outputs, outputs))


class Residual(nn.Module):
    """Layer type 2: the input plus a pair of convolutions, not rectified after the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.main = Pair(width, width)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``(b, width, h, w)`` to the same shape."""
        main: Tensor = self.main(maps)
        return maps + main


class Pooled(nn.Module):
    """The mean over 3x3 at every second position, padded as TensorFlow's "SAME".

    Even sides are padded at the far end alone, 0 1 2 | 2 3 4 | ..; odd sides at both, - 0 1 | 1 2 3 | ..
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``(b, c, h, w)`` to ``(b, c, ceil(h / 2), ceil(w / 2))``; the mean leaves the padding out."""
        odd = tuple(side % 2 for side in maps.shape[-2:])
        # One row or column before the first if the side is odd; ``ceil_mode`` adds the one after the last.
        return functional.avg_pool2d(maps, 3, 2, padding=odd, ceil_mode=True, count_include_pad=False)


class Halving(nn.Module):
    """Layer type 3: an averaged pair of convolutions plus a 1x1 shortcut, each with its own normalisation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shortcut = Normalised(inputs, outputs, kernel=1, stride=2)
        self.main = nn.Sequential(Pair(inputs, outputs), Pooled())

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``(b, inputs, h, w)`` to ``(b, outputs, ceil(h / 2), ceil(w / 2))``."""
        halved: Tensor = self.shortcut(maps) + self.main(maps)
        return halved


class Averaged(nn.Sequential):
    """Layer type 4: a pair of convolutions and the mean over all positions."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(Pair(inputs, outputs), nn.AdaptiveAvgPool2d(1))


class SRNet(nn.Module):
    """Tells stego from cover.

    Args:
        channels: Channels of the input: 1 for grey pictures, 3 for colour, C' for features.
        width: Channels of L2 to L8; the other widths follow. 16 is the published network.
    """

    def __init__(self, channels: int, *, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(
            {
                "L1": Plain(channels, 4 * width),
                "L2": Plain(4 * width, width),
                **{f"L{number}": Residual(width) for number in range(3, 8)},
                "L8": Halving(width, width),
                "L9": Halving(width, 4 * width),
                "L10": Halving(4 * width, 8 * width),
                "L11": Halving(8 * width, 16 * width),
                "L12": Averaged(16 * width, 32 * width),
            }
        )
        self.classifier = nn.Linear(32 * width, 2, bias=False)
        self._start()

    def forward(self, received: Tensor) -> Tensor:
        """Logits ``(b, 2)`` of the labels cover (0) and stego (1).

        Args:
            received: Pictures or symbols as floats 0..255, ``(b, c, h, w)`` of any size.
        """
        # Channels first in memory: with them last, backward passes of narrow nets crash torch 2.13 on CPUs.
        maps = received.contiguous()
        for layer in self.layers.values():
            maps = layer(maps)
        logits: Tensor = self.classifier(torch.flatten(maps, 1))
        return logits

    def _start(self) -> None:
        """The published initialisation."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.constant_(module.bias, 0.2)  # type: ignore[arg-type]
        nn.init.normal_(self.classifier.weight, 0, 0.01)
