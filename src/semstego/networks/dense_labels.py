# SPDX-License-Identifier: Apache-2.0
"""A network that says of every value whether it was moved, and of the whole map whether it is stego.

    maps ─ prediction ─ r, r / sigma, log sigma ─ 3x3 ─ 3x3 ─ 3x3 ─┬─ 1x1 ─ moved by -1, 0, +1, for every value
                                                                   └─ means ─────────────────── cover | stego

The prediction of each value from those around it in all maps is linear, given, and not trained. r is what it leaves,
sigma how large r is around the value. One label of a pair says a bit; a label for each value says where the changes
are, from which a network learns from hundreds of pairs what takes it thousands otherwise. Written for this project.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

CENTRE = 128  # of maps
LARGEST, LARGEST_RATIO = 8.0, 6.0  # residuals beyond tell nothing of a move by 1 [values; sigmas]
STILLNESS = 0.1  # least sigma squared [values squared]; a still map has r = 0
MOVES = (-1, 0, 1)  # the labels


class DenseLabels(nn.Module):
    """Tells moved values from others, and stego from cover.

    Args:
        prediction: Weights of the prediction, float32 ``(c, 9 c + 1)``: for values less 128 in the order map, row,
            column of a 3x3 window, and a constant.
        width: Channels of each 3x3 convolution. The default makes 74,000 parameters for ten maps.
        depth: Number of 3x3 convolutions.
    """

    kernel: Tensor
    constant: Tensor

    def __init__(self, prediction: Tensor, *, width: int = 56, depth: int = 3) -> None:
        super().__init__()
        channels = len(prediction)
        kernel, constant = residual_filter(prediction)
        self.register_buffer("kernel", kernel)
        self.register_buffer("constant", constant.clone())
        self.convolutions = convolutions(3 * channels, width, depth)
        self.labels = nn.Conv2d(width, len(MOVES) * channels, 1)
        self.classifier = nn.Linear(width + (len(MOVES) - 1) * channels, 2)

    def residuals(self, maps: Tensor) -> Tensor:
        """Values less their prediction, where the window fits: ``(b, c, h, w)`` to ``(b, c, h - 2, w - 2)``."""
        return functional.conv2d(maps - CENTRE, self.kernel) - self.constant

    def labelled(self, residuals: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of every value and of the whole.

        Args:
            residuals: ``(b, c, h, w)``; negated ones are those of negated maps.

        Returns:
            Logits of ``MOVES`` for each value, ``(b, 3, c, h, w)``; logits of cover and stego, ``(b, 2)``.
        """
        features = self.convolutions(residual_inputs(residuals))
        moves = self.labels(features).unflatten(1, (len(MOVES), -1))
        shares = moves.softmax(1)[:, [0, 2]].mean((-2, -1)).flatten(1)  # of values moved down and up, in each map
        return moves, self.classifier(torch.cat([features.mean((-2, -1)), shares], 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Logits ``(b, 2)`` of the labels cover (0) and stego (1): means over the maps and the negated maps.

        Args:
            maps: Pictures or symbols as floats 0..255, ``(b, c, h, w)``, sides of 3 or more.
        """
        residuals = self.residuals(maps)
        logits: Tensor = (self.labelled(residuals)[1] + self.labelled(-residuals)[1]) / 2
        return logits


def loss(network: nn.Module, pairs: Tensor, generator: torch.Generator) -> Tensor:
    """Cross entropy of the labels of all values, plus that of the labels cover and stego [nat].

        cover, stego ─▸ values of the stego less those of the cover ─▸ label of each value: -1, 0, +1; 0 in the cover

    Half of the pairs, drawn for each batch, are negated, labels included.

    Args:
        network: :class:`DenseLabels`.
        pairs: Covers and stegos as floats, ``(b, 2, c, h, w)``.
        generator: Draws which pairs are negated.
    """
    assert isinstance(network, DenseLabels)
    drawn = torch.randint(2, (len(pairs), 1, 1, 1, 1), generator=generator, device=generator.device)
    signs = (2 * drawn - 1).to(pairs)
    moves = signs * (pairs - pairs[:, :1]).clamp(-1, 1)[..., 1:-1, 1:-1]  # 0 in covers; without the border
    maps = pairs.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    residuals = network.residuals(maps) * signs.repeat_interleave(2, 1).flatten(0, 1)
    of_values, of_maps = network.labelled(residuals)
    labels = moves.flatten(0, 1).long() + 1  # indices into MOVES
    which = torch.arange(2, device=pairs.device).repeat(len(pairs))
    return functional.cross_entropy(of_values, labels) + functional.cross_entropy(of_maps, which)


def residual_filter(prediction: Tensor) -> tuple[Tensor, Tensor]:
    """Kernel ``(c, c, 3, 3)`` and constant ``(c, 1, 1)`` of values less their prediction, ``(c, 9 c + 1)``."""
    channels = len(prediction)
    own = functional.pad(torch.eye(channels, device=prediction.device)[:, :, None, None], (1, 1, 1, 1))
    return own - prediction[:, :-1].reshape(channels, channels, 3, 3), prediction[:, -1, None, None]


def convolutions(channels: int, width: int, depth: int) -> nn.Sequential:
    """3x3 convolutions, each normalised and rectified: ``(b, channels, h, w)`` to ``(b, width, h, w)``."""
    return nn.Sequential(
        *(
            nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))
            for i, o in pairwise([channels, *[width] * depth])
        )
    )


def residual_inputs(residuals: Tensor) -> Tensor:
    """r, r / sigma and log sigma, ``(b, 3 c, h, w)``, where sigma^2 is the mean of r^2 of the eight neighbours."""
    squares = residuals**2
    around = functional.avg_pool2d(functional.pad(squares, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    variance = (9 * around - squares).clamp(min=0) / 8 + STILLNESS
    ratio = (residuals * variance.rsqrt()).clamp(-LARGEST_RATIO, LARGEST_RATIO)
    return torch.cat([residuals.clamp(-LARGEST, LARGEST) / 2, ratio, variance.log() / 2], 1)
