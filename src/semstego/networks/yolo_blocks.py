# SPDX-License-Identifier: Apache-2.0
"""The blocks that YOLOv5 is made of: convolution, residual bottleneck, cross-stage block, pyramid pooling.

    cross-stage   ─┬─ 1x1 ─ bottleneck ... bottleneck ─┬─ 1x1 ─      CSPNet (Wang et al., 2020), the form "C3"
                   └─ 1x1 ─────────────────────────────┘
    pyramid pooling   ─ 1x1 ─┬─▸5─┬─▸5─┬─▸5─┬─ 1x1 ─                 SPP (He et al., 2014), the form "SPPF";
                             └────┴────┴────┘                          ▸5 is max pooling 5x5 of stride 1

Every input of a join is kept beside the others: joins are concatenations of channels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

POOLED = 5  # side of the windows of pyramid pooling; three in a row see 5, 9 and 13 cells


class Convolution(nn.Sequential):
    """Convolution without bias, batch normalisation, SiLU.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Side of the kernel.
        stride: Cells from one place of the kernel to the next.
        padding: Zeros around the maps; half of the kernel if it is not given.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int | None = None) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03),
            nn.SiLU(inplace=True),
        )


class Bottleneck(nn.Module):
    """1x1 and 3x3 of one width, and what went in is added where there is a shortcut.

    Args:
        width: Channels in and out.
        shortcut: Whether the input is added.
    """

    def __init__(self, width: int, *, shortcut: bool) -> None:
        super().__init__()
        self.inner = nn.Sequential(Convolution(width, width, 1), Convolution(width, width, 3))
        self.shortcut = shortcut

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``(b, width, h, w)`` to maps of the same shape."""
        changed: Tensor = self.inner(maps)
        return maps + changed if self.shortcut else changed


class CrossStage(nn.Module):
    """Bottlenecks on one half of the channels; the other half goes by.

    Args:
        inputs: Channels in.
        outputs: Channels out; each half has half as many.
        depth: Number of bottlenecks.
        shortcut: Whether bottlenecks add their input.
    """

    def __init__(self, inputs: int, outputs: int, depth: int, *, shortcut: bool = True) -> None:
        super().__init__()
        half = outputs // 2
        self.deep = nn.Sequential(
            Convolution(inputs, half, 1), *(Bottleneck(half, shortcut=shortcut) for _ in range(depth))
        )
        self.bypass = Convolution(inputs, half, 1)
        self.joined = Convolution(2 * half, outputs, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``(b, inputs, h, w)`` to ``(b, outputs, h, w)``."""
        joined: Tensor = self.joined(torch.cat([self.deep(maps), self.bypass(maps)], 1))
        return joined


class PyramidPooling(nn.Module):
    """Largest values over windows of 1, 5, 9 and 13 cells side by side.

    Args:
        width: Channels in and out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrowed = Convolution(width, width // 2, 1)
        self.joined = Convolution(width // 2 * 4, width, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``(b, width, h, w)`` to maps of the same shape."""
        pooled = [self.narrowed(maps)]
        for _ in range(3):
            pooled.append(functional.max_pool2d(pooled[-1], POOLED, 1, padding=POOLED // 2))
        joined: Tensor = self.joined(torch.cat(pooled, 1))
        return joined
