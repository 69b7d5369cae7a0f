# SPDX-License-Identifier: Apache-2.0
"""A small residual network that undoes a JPEG channel: from what left it to what may have entered it.

decoded luminance ─ conv 3x3, 24 ─ ReLU ─ 4 x (conv 3x3, 24 ─ ReLU) ─ conv 3x3, 1 ─ (+) ─ estimate
        └──────────────────────────────────────────────────────────────────────────┘
"""

from typing import Final

from torch import Tensor, nn

WIDTH: Final = 24
DEPTH: Final = 4
SCALE: Final = 64.0  # grey levels


class PreimageNetwork(nn.Module):
    """Estimates the picture before the channel."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, WIDTH, 3, padding=1), nn.ReLU()]
        for _ in range(DEPTH):
            layers += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU()]
        self.residual = nn.Sequential(*layers, nn.Conv2d(WIDTH, 1, 3, padding=1))

    def forward(self, luminance: Tensor) -> Tensor:
        """Luminance less 128 ``(b, 1, h, w)`` [grey levels] to an estimate of the same."""
        scaled = luminance / SCALE
        estimate: Tensor = luminance + SCALE * self.residual(scaled) / 8
        return estimate
