# SPDX-License-Identifier: Apache-2.0
"""The paper's semantic encoder Es and decoder Ds (Huo et al., TCSVT 2025, Section III-A and Fig. 3).

    picture ─ 3x3 ─ w x w ─ w x w ─ 3x3 ─▸ features ─ 3x3 ─ w x w ─ w x w ─ 3x3 ─▸ picture
     b c h w        valid   valid         b c h' w'         transposed              b c h w     h' = h - 2 (w - 1)

The 3x3 projections, c -> hidden -> c with padding 1, are those of the authors' released code; the paper mentions the
two w x w convolutions alone. The released code has no activation between the layers, and the paper mentions none, so Es
and Ds are affine maps: with c = 3 the features are a slightly smaller RGB picture. Differs from the paper in: the
compression ratio is the actual one (:func:`compression_ratio`), and training starts near the identity
(:func:`start_near_identity`).
"""

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from semstego.errors import ArgumentError

Activation = Literal["none", "relu", "leaky"]

NOISE = 0.02
"""Standard deviation that the noise of :func:`start_near_identity` adds, in each layer, to an input of unit power."""
UNUSED_NOISE = 0.7
"""The same for channels that carry nothing yet."""

_ACTIVATIONS = {"relu": nn.ReLU, "leaky": nn.LeakyReLU}


def kernel_size(side: int, ratio: float) -> int:
    """The paper's w = ceil(side / 2 * (1 - sqrt(ratio))), at least 1.

    The formula counts 2 w pixels as removed where two valid convolutions remove 2 (w - 1), so the actual ratio is
    larger than the one asked for: see :func:`compression_ratio`.

    Args:
        side: Height and width of the picture [pixels].
        ratio: The compression ratio asked for, CR_0, in (0, 1].

    Returns:
        Side of the kernel [pixels].
    """
    # Rounded first: a whole number must not become the next one by an error in the last digit of a float.
    return max(1, math.ceil(round(side / 2 * (1 - math.sqrt(ratio)), 9)))


def compression_ratio(height: int, width: int, kernel: int) -> float:
    """Feature values per colour value of the picture, the ACTUAL ratio.

    Args:
        height: Of the picture [pixels].
        width: Of the picture [pixels].
        kernel: Side of the kernel, w [pixels].

    Returns:
        h' w' / (h w), in (0, 1].

    Raises:
        ArgumentError: If the picture is too small for the kernel.
    """
    removed = 2 * (kernel - 1)
    if min(height, width) <= removed:
        raise ArgumentError(f"two {kernel}x{kernel} convolutions leave nothing of a picture of {width}x{height}")
    return (height - removed) * (width - removed) / (height * width)


class _Half(nn.Module):
    """The layers that Es and Ds share; they differ in the kind of convolution between the projections."""

    convolution: ClassVar[type[nn.Conv2d] | type[nn.ConvTranspose2d]]

    def __init__(
        self,
        channels: int = 3,
        kernel: int = 3,
        hidden: int = 32,
        *,
        projections: bool = True,
        activation: Activation = "none",
    ) -> None:
        super().__init__()
        inner = hidden if projections else channels
        layers: list[nn.Module] = [self.convolution(inner, hidden, kernel), self.convolution(hidden, inner, kernel)]
        if projections:
            layers = [nn.Conv2d(channels, hidden, 3, padding=1), *layers, nn.Conv2d(hidden, channels, 3, padding=1)]
        if activation != "none":
            layers = [module for layer in layers for module in (layer, _ACTIVATIONS[activation]())][:-1]
        self.layers = nn.Sequential(*layers)


class SemanticEncoder(_Half):
    """Es: a picture becomes features.

    Args:
        channels: Channels of the picture and of the features, C = C'.
        kernel: Side of the two kernels, w [pixels]; 3 is the paper's at 64x64 and CR_0 = 0.85.
        hidden: Channels between the convolutions.
        projections: Whether the released code's 3x3 convolutions come before and after.
        activation: The function between the layers; the released code has none.
    """

    convolution = nn.Conv2d

    def forward(self, picture: Tensor) -> Tensor:
        """Pictures ``(b, c, h, w)``, floats in [0, 1], to features ``(b, c, h', w')``, nominally in [-1, 1]."""
        features: Tensor = self.layers(picture * 2 - 1)
        return features


class SemanticDecoder(_Half):
    """Ds: features become a picture, by the layers of Es in reverse order; the arguments are the same."""

    convolution = nn.ConvTranspose2d

    def forward(self, features: Tensor) -> Tensor:
        """Features ``(b, c, h', w')`` to pictures ``(b, c, h, w)``, nominally in [0, 1].

        They are not clamped; :func:`semstego.codecs.convolutional.quantiser.picture_to_8_bit` does that.
        """
        picture: Tensor = self.layers(features) / 2 + 0.5
        return picture


def start_near_identity(encoder: SemanticEncoder, decoder: SemanticDecoder, generator: torch.Generator) -> None:
    """Set the weights so that the features are the interior of the picture, and Ds puts them back where they were.

    Noise of a few thousandths is added to every weight, so that no two channels get the same gradient. Channels that
    carry nothing yet get an ordinary random initialisation, which has little weight in the last layer; training forms
    the border of the picture from them. (If their weights were small in all layers, the gradients, which are products
    over the other layers, would be too small to learn from.) The border of w - 1 pixels starts as mid-grey, or darker
    where there is an activation: a convolution that copies the interior exactly treats all places alike, so the border
    has to be learned.

    Args:
        encoder: Es, changed in place.
        decoder: Ds, changed in place.
        generator: Source of the noise, on the device of the weights.
    """
    for network in (encoder, decoder):
        convolutions = [m for m in network.layers if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
        carried = min(convolutions[0].in_channels, convolutions[0].out_channels)
        # Lifted from [-1, 1] to [0, 2], the picture passes an activation untouched.
        lift = float(len(convolutions) < len(network.layers))
        with torch.no_grad():
            for convolution, tap in zip(convolutions, _taps(convolutions), strict=True):
                weight = convolution.weight
                fan_in = convolution.in_channels * weight[0, 0].numel()
                weight.normal_(0, NOISE / math.sqrt(fan_in), generator=generator)
                outputs = weight.transpose(0, 1) if isinstance(convolution, nn.ConvTranspose2d) else weight
                outputs[carried:].normal_(0, UNUSED_NOISE / math.sqrt(fan_in), generator=generator)
                for channel in range(carried):
                    weight[channel, channel, tap, tap] += 1
                _bias(convolution).zero_()
            _bias(convolutions[0])[:carried] += lift
            _bias(convolutions[-1])[:carried] -= lift


def _taps(convolutions: list[nn.Conv2d | nn.ConvTranspose2d]) -> list[int]:
    """Row and column of the 1 in each kernel: the two w x w kernels together shift by w - 1, also where w is even."""
    sides = [convolution.weight.shape[-1] for convolution in convolutions]
    taps = [side // 2 for side in sides]
    middle = len(taps) // 2
    taps[middle] = sides[middle] - 1 - taps[middle - 1]
    return taps


def _bias(convolution: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias
