# SPDX-License-Identifier: Apache-2.0
"""Hiding encoder E and revealing decoders D1, D2 (Huo et al., TCSVT 2025, Fig. 3), of DenseNet structure.

    E    features ─ dense block ─────────▸ residual ─ + features ─▸ stego features
                      │ at every layer
         message ─ 3x3 ─ w x w ─ w x w ─ 3x3           (valid: the message shrinks as the picture did in Es)

    D1   features ─ 3x3 ─ w x w ─ w x w ─ 3x3 ─ dense block ─▸ logits      (transposed: back to the picture's size)
    D2   picture ────────────────────────────── dense block ─▸ logits

The paper gives no layer table; widths and order (convolution, LeakyReLU, batch normalisation) are those of the
authors' released code, which follows SteganoGAN. Differs from the paper in: the residual of E can be bounded, so that
a training can begin with large changes of the features and end within a few quantisation steps; and the decoders can
be given a high-pass residual of their input.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class DenseLayer(nn.Sequential):
    """Convolution 3x3, LeakyReLU, batch normalisation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.LeakyReLU(inplace=True),
            nn.BatchNorm2d(outputs),
        )


class DenseBlock(nn.Module):
    """Layers of which each takes the outputs of all layers before it; the input itself is for the first layer alone.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the last convolution, which is neither rectified nor normalised.
        growth: Channels of every other layer.
        layers: Number of those.
        beside: Channels of further maps, which all layers but the first take too.
    """

    def __init__(self, inputs: int, outputs: int, *, growth: int, layers: int, beside: int = 0) -> None:
        super().__init__()
        self.first = DenseLayer(inputs, growth)
        self.middle = nn.ModuleList(DenseLayer(n * growth + beside, growth) for n in range(1, layers))
        self.last = nn.Conv2d(layers * growth + beside, outputs, 3, padding=1)

    def forward(self, maps: Tensor, beside: Sequence[Tensor] = ()) -> Tensor:
        """The output of the last convolution.

        Args:
            maps: The input, ``(b, inputs, h, w)``.
            beside: The further maps, ``(b, c, h, w)`` each, ``beside`` channels together.

        Returns:
            Maps ``(b, outputs, h, w)``.
        """
        seen = [*beside, self.first(maps)]
        for layer in self.middle:
            seen.append(layer(torch.cat(seen, 1)))
        answer: Tensor = self.last(torch.cat(seen, 1))
        return answer


class HidingEncoder(nn.Module):
    """E: features and a message become stego features, Eq. 6b.

    Args:
        channels: Channels of the features, C'.
        depth: Bits per pixel of the picture, D.
        kernel: Side of the kernels of Es, w [pixels]; None for a message that has the features' size already.
        growth: Channels of a dense layer.
        hidden: Channels of the message's path.
    """

    def __init__(self, channels: int, depth: int, kernel: int | None, growth: int = 16, hidden: int = 32) -> None:
        super().__init__()
        self.message_path: nn.Sequential | None = None
        if kernel is not None:
            self.message_path = nn.Sequential(
                nn.Conv2d(depth, hidden, 3, padding=1),
                nn.Conv2d(hidden, hidden, kernel),
                nn.Conv2d(hidden, hidden, kernel),
                nn.Conv2d(hidden, depth, 3, padding=1),
            )
        self.dense = DenseBlock(channels, channels, growth=growth, layers=3, beside=depth)

    def forward(self, features: Tensor, message: Tensor, *, bound: float | Tensor | None = None) -> Tensor:
        """Hide a message.

        Args:
            features: Cover features ``(b, c, h', w')``, nominally in [-1, 1].
            message: Bits ``(b, d, h, w)``, float 0 or 1; without a kernel signs ``(b, d, h', w')``, -1 or 1,
                and 0 in unused slots.
            bound: No feature moves by more than this [units of the features]; a tensor must broadcast to the
                features. None leaves the residual as it is, like the paper.

        Returns:
            Stego features ``(b, c, h', w')``.
        """
        beside = message if self.message_path is None else self.message_path(message * 2 - 1)
        residual = self.dense(features, [beside])
        return features + (residual if bound is None else bound * torch.tanh(residual))


class RevealingDecoder(nn.Module):
    """D1 (Eq. 7) if there is a kernel, D2 (Eq. 8) if there is none.

    Args:
        channels: Channels of the features or of the picture.
        depth: Bits per pixel of the picture, D.
        kernel: Side of the kernels of Ds, w [pixels], for features; None for pictures.
        growth: Channels of a dense layer.
        blocks: Number of dense layers before the last convolution.
        hidden: Channels between the convolutions that bring features to the picture's size.
        high_pass: Take the input a second time, less its 3x3 mean, which has most of the message and little content.
    """

    def __init__(
        self,
        channels: int,
        depth: int,
        kernel: int | None = None,
        growth: int = 16,
        blocks: int = 5,
        hidden: int = 32,
        high_pass: bool = False,
    ) -> None:
        super().__init__()
        self.high_pass = high_pass
        inputs = 2 * channels if high_pass else channels
        self.up: nn.Sequential | None = None
        if kernel is not None:
            self.up = nn.Sequential(
                nn.Conv2d(inputs, hidden, 3, padding=1),
                nn.ConvTranspose2d(hidden, hidden, kernel),
                nn.ConvTranspose2d(hidden, hidden, kernel),
                nn.Conv2d(hidden, channels, 3, padding=1),
            )
            inputs = channels
        self.dense = DenseBlock(inputs, depth, growth=growth, layers=blocks)

    def forward(self, received: Tensor) -> Tensor:
        """Reveal a message.

        Args:
            received: Features ``(b, c, h', w')``, or an 8-bit picture as floats ``(b, c, h, w)``, both in [-1, 1].

        Returns:
            Logits ``(b, d, h, w)``, positive for a 1.
        """
        maps = received
        if self.high_pass:
            maps = torch.cat([maps, high_pass_residual(maps)], 1)
        logits: Tensor = self.dense(maps if self.up is None else self.up(maps))
        return logits


def high_pass_residual(maps: Tensor) -> Tensor:
    """Maps ``(b, c, h, w)`` less their 3x3 mean, mirrored at the border; same shape."""
    return maps - functional.avg_pool2d(functional.pad(maps, (1, 1, 1, 1), mode="reflect"), 3, stride=1)
