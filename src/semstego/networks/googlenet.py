# SPDX-License-Identifier: Apache-2.0
"""GoogLeNet (Inception v1) of Szegedy et al., CVPR 2015, with batch normalisation after every convolution.

    picture ─ stem ─ 3a 3b ─▾─ 4a 4b 4c 4d 4e ─▾─ 5a 5b ─ mean ─ dropout ─ classes        ▾ max pooling 3x3, stride 2
                               └ auxiliary   └ auxiliary       (both while training only)

At 64x64 the maps have sides 32, 16 (stem), 8 (3a, 3b), 4 (4a to 4e) and 2 (5a, 5b). Differs from the original in:
batch normalisation instead of local response normalisation, as is usual today, and auxiliary heads that pool to 4x4
whatever the size of the maps, which at 64x64 are 4x4 already.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

# 1x1 | 3x3 reduce, 3x3 | 5x5 reduce, 5x5 | projection after pooling: the columns of Table 1
BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOLED_BEFORE = ("3a", "4a", "5a")
AUXILIARY_AFTER = ("4a", "4d")


class Convolution(nn.Sequential):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
            nn.ReLU(inplace=True),
        )


class Inception(nn.Module):
    """Four branches side by side: 1x1, 3x3, 5x5, and 3x3 max pooling with a 1x1 projection."""

    def __init__(self, inputs: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        one, three_reduced, three, five_reduced, five, projected = widths
        self.one = Convolution(inputs, one, 1)
        self.three = nn.Sequential(Convolution(inputs, three_reduced, 1), Convolution(three_reduced, three, 3))
        self.five = nn.Sequential(Convolution(inputs, five_reduced, 1), Convolution(five_reduced, five, 5))
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), Convolution(inputs, projected, 1))
        self.outputs = one + three + five + projected

    def forward(self, maps: Tensor) -> Tensor:
        """Features ``(b, inputs, h, w)`` to ``(b, outputs, h, w)``."""
        return torch.cat([self.one(maps), self.three(maps), self.five(maps), self.pooled(maps)], 1)


class AuxiliaryHead(nn.Sequential):
    """A classifier on maps of the middle of the network, used in training alone."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__(
            nn.AdaptiveAvgPool2d(4),
            Convolution(inputs, 128, 1),
            nn.Flatten(),
            nn.Linear(128 * 4 * 4, 1024),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(1024, classes),
        )


class GoogLeNet(nn.Module):
    """A classifier of RGB pictures.

    Args:
        classes: Number of classes.
        auxiliary: Whether to build the two auxiliary heads, which are of use in training alone.
    """

    def __init__(self, classes: int, *, auxiliary: bool = False) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Convolution(3, 64, 7, stride=2),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Convolution(64, 64, 1),
            Convolution(64, 192, 3),
        )
        self.blocks = nn.ModuleDict()
        self.heads = nn.ModuleDict()
        width = 192
        for name, widths in BLOCKS.items():
            block = Inception(width, widths)
            self.blocks[name], width = block, block.outputs
            if auxiliary and name in AUXILIARY_AFTER:
                self.heads[name] = AuxiliaryHead(width, classes)
        self.dropout = nn.Dropout(0.4)
        self.classifier = nn.Linear(width, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits ``(b, classes)`` of float RGB pictures ``(b, 3, h, w)`` in [0, 1]."""
        return self.with_auxiliary(pictures)[0]

    def with_auxiliary(self, pictures: Tensor) -> list[Tensor]:
        """Logits ``(b, classes)`` of the network, then of its auxiliary heads; pictures as in :meth:`forward`."""
        maps, answers = self.stem(pictures * 2 - 1), []
        for name, block in self.blocks.items():
            if name in POOLED_BEFORE:
                maps = functional.max_pool2d(maps, 3, 2, ceil_mode=True)
            maps = block(maps)
            if name in self.heads:
                answers.append(self.heads[name](maps))
        return [self.classifier(self.dropout(maps.mean((2, 3)))), *answers]
