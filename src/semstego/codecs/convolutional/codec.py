# SPDX-License-Identifier: Apache-2.0
"""Es, Ds and the quantiser in one module: the paper's plain semantic communication (Huo et al., TCSVT 2025, Fig. 1).

picture ─Es─▸ features ─quantise─▸ symbols ─dequantise─▸ features ─Ds─ 8 bits ─▸ picture
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, get_args

import torch
from torch import Tensor

from semstego.codecs.convolutional.networks import Activation, SemanticDecoder, SemanticEncoder
from semstego.codecs.convolutional.quantiser import LEVELS, Quantiser, Variant, picture_to_8_bit
from semstego.codecs.convolutional.shaped_weights import Shaped

DISTURBANCE = 4.0  # width of what a message may do to a feature [quantisation steps]
MAX_SIZES = {"channels": 64, "kernel": 256, "hidden": 256}
MAX_KERNEL_WIDTH = 4096  # hidden * kernel: its square is the weights of a layer
MAX_HEADROOM = 64  # grey levels
STEP = 2 / LEVELS  # width of a quantisation step in features of [-1, 1]


@dataclass(frozen=True)
class CodecShape:
    """Sizes and options; the defaults are the paper's and its released code's at 64x64.

    Attributes:
        channels: Of pictures and features, C = C'.
        kernel: Side of the kernels, w [pixels].
        hidden: Channels in between.
        projections: Es and Ds have the released code's 3x3 convolutions at both ends.
        activation: Between the layers.
        quantiser: Eq. 9 to the letter, or ours.
        scale: Features are quantised in [-scale, scale]; None finds each cover's, which must then be transmitted.
        headroom: Es takes black for so much and white for so much less [grey levels], or the receiver's picture would
            clip half of what a message does to them.
    """

    channels: int = 3
    kernel: int = 3
    hidden: int = 32
    projections: bool = True
    activation: Activation = "none"
    quantiser: Variant = Variant.OURS
    scale: int | None = 1
    headroom: int = 0

    def __post_init__(self) -> None:
        """Refuse what no machine should build: the sizes may come from somebody's file.

        Raises:
            ValueError: If one is out of range.
        """
        object.__setattr__(self, "quantiser", Variant(self.quantiser))
        self._check(MAX_SIZES)
        if self.hidden * self.kernel > MAX_KERNEL_WIDTH:
            raise ValueError(f"hidden * kernel is at most {MAX_KERNEL_WIDTH}")
        if not 0 <= self.headroom <= MAX_HEADROOM:
            raise ValueError(f"headroom is from 0 to {MAX_HEADROOM} grey levels")
        if self.activation not in get_args(Activation):
            raise ValueError(f"there is no activation {self.activation!r}")

    def _check(self, most: dict[str, int]) -> None:
        """Refuse sizes that are out of range."""
        for name, limit in most.items():
            if not 1 <= getattr(self, name) <= limit:
                raise ValueError(f"{name} is from 1 to {limit}")


class CodecPassage(NamedTuple):
    """What :meth:`ConvolutionalCodec.forward` gives.

    Attributes:
        features: Of the pictures, before the quantiser, ``(b, c, h', w')``.
        reconstruction: What the receiver sees, of 8 bits without dither, ``(b, c, h, w)``.
        sent: Features that are decoded and encoded again: those received; with dither, disturbed as by a message.
        echo: What Es makes of their reconstruction. A codec that gives ``sent`` back leaves a message where it is.
    """

    features: Tensor
    reconstruction: Tensor
    sent: Tensor
    echo: Tensor


class ConvolutionalCodec(Shaped):
    """The codec as a layer that learns.

    Args:
        shape: Sizes and options.
    """

    FORMAT: ClassVar = "semstego convolutional codec 1"
    SHAPE: ClassVar = CodecShape

    def __init__(self, shape: CodecShape) -> None:
        super().__init__(shape)
        options = {"projections": shape.projections, "activation": shape.activation}
        self.encoder = SemanticEncoder(shape.channels, shape.kernel, shape.hidden, **options)  # type: ignore[arg-type]
        self.decoder = SemanticDecoder(shape.channels, shape.kernel, shape.hidden, **options)  # type: ignore[arg-type]
        self.quantiser = Quantiser(shape.quantiser, shape.scale)

    def forward(self, pictures: Tensor, dither: torch.Generator | None = None) -> CodecPassage:
        """What Es makes of pictures, what the receiver sees, and what Es makes of that.

        Args:
            pictures: Float ``(b, c, h, w)`` in [0, 1].
            dither: In training, draws uniform noise of a step's width in place of all rounding. The straight-through
                gradient lies about clamped features, and at useful learning rates the codec blows up on its lies.
        """
        with in_full_precision(pictures):
            features = self.features(pictures)
            scale = self.quantiser.scale(features)
            if dither is None:
                received = self.quantiser.straight_through(features, scale)
                seen = picture_to_8_bit(self.decoder(received))
                return CodecPassage(features, seen, received, self.encoder(seen))
            limit = scale.view(-1, 1, 1, 1)
            noise = torch.rand(features.shape, generator=dither, device=features.device) - 0.5
            kept = features.clamp(-limit, limit)
            disturbed = (kept + DISTURBANCE * noise * STEP * limit).detach()
            seen = self.decoder(kept + noise * STEP * limit)
            return CodecPassage(features, seen, disturbed, self.encoder(self.decoder(disturbed)))

    def features(self, pictures: Tensor) -> Tensor:
        """What the sender's Es makes of pictures ``(b, c, h, w)`` in [0, 1]: ``(b, c, h', w')``, not yet quantised."""
        least = self.shape.headroom / LEVELS
        found: Tensor = self.encoder(pictures.clamp(least, 1 - least))
        return found


def in_full_precision(tensor: Tensor) -> AbstractContextManager[None]:
    """Where symbols and 8-bit pictures are made: bfloat16 holds neither."""
    return torch.autocast(tensor.device.type, enabled=False)
