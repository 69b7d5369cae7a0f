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

DISTURBANCE = 4.0  # width of the uniform noise that stands for a message in training [quantisation steps]
MAX_SIZES = {"channels": 64, "kernel": 256, "hidden": 256}
MAX_KERNEL_WIDTH = 4096  # hidden * kernel: its square is the weights of a layer
MAX_HEADROOM = 64  # grey levels
STEP = 2 / LEVELS  # width of a quantisation step in features of [-1, 1]


@dataclass(frozen=True)
class CodecShape:
    """Sizes and options of Es, Ds and the quantiser.

    Of the defaults, ``channels`` and ``kernel`` are the paper's at 64x64 and CR_0 = 0.85; ``hidden``, ``projections``
    and ``activation`` are those of its authors' released code. ``quantiser`` and ``scale`` are ours: eq. 9 is
    ``quantiser=Variant.PAPER, scale=None``.

    Attributes:
        channels: Channels of pictures and features, C = C'.
        kernel: Side of the kernels, w [pixels].
        hidden: Channels between the convolutions.
        projections: Es and Ds have the released code's 3x3 convolutions at both ends.
        activation: The function between the layers.
        quantiser: Eq. 9 to the letter (``paper``), or with rounding and clamping (``ours``).
        scale: Features are quantised in [-scale, scale]. None takes the scale from each cover, as eq. 9a does; the
            receiver must then be told.
        headroom: Es treats pixels below this value as if they had it, and likewise at the white end [grey levels], so
            that the 8-bit reconstruction does not clip what a message changes there. 0 leaves pixels as they are.
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
        """Refuse sizes that are out of range before anything is built; they may come from an untrusted file.

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
            if type(size := getattr(self, name)) is not int or not 1 <= size <= limit:
                raise ValueError(f"{name} is from 1 to {limit}, and whole")


class CodecOutput(NamedTuple):
    """What :meth:`ConvolutionalCodec.forward` gives.

    Attributes:
        features: Of the pictures, before the quantiser, ``(b, c, h', w')``.
        reconstruction: What the receiver gets, ``(b, c, h, w)`` in [0, 1]: 8-bit pictures as floats; with dither, not
            rounded.
        decoded: Features that Ds decodes for the next item: those received; with dither, disturbed as by a message.
        reencoded: What Es makes of the reconstruction of ``decoded``. The nearer it is to ``decoded``, the more of a
            message in the features can be read from a reconstruction.
    """

    features: Tensor
    reconstruction: Tensor
    decoded: Tensor
    reencoded: Tensor


class ConvolutionalCodec(Shaped):
    """Es, Ds and the quantiser as one module that can be trained.

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

    def forward(self, pictures: Tensor, dither: torch.Generator | None = None) -> CodecOutput:
        """Encode and decode pictures, and encode the reconstruction again.

        Args:
            pictures: Float ``(b, c, h, w)`` in [0, 1].
            dither: Generator of uniform noise of a step's width, which in training takes the place of all rounding;
                features outside the quantiser's range are clamped and get no gradient. None rounds, with the
                straight-through gradient: it is wrong for clamped features, and at useful learning rates the training
                of a codec diverges by it.

        Returns:
            Features and reconstructions, before and after.
        """
        with in_full_precision(pictures):
            features = self.features(pictures)
            scale = self.quantiser.scale(features)
            if dither is None:
                received = self.quantiser.straight_through(features, scale)
                seen = picture_to_8_bit(self.decoder(received))
                return CodecOutput(features, seen, received, self.encoder(seen))
            limit = scale.view(-1, 1, 1, 1)
            noise = torch.rand(features.shape, generator=dither, device=features.device) - 0.5
            kept = features.clamp(-limit, limit)
            disturbed = (kept + DISTURBANCE * noise * STEP * limit).detach()
            seen = self.decoder(kept + noise * STEP * limit)
            return CodecOutput(features, seen, disturbed, self.encoder(self.decoder(disturbed)))

    def features(self, pictures: Tensor) -> Tensor:
        """Es (eq. 6a), behind the headroom.

        Args:
            pictures: Float ``(b, c, h, w)`` in [0, 1].

        Returns:
            Features ``(b, c, h', w')``, not yet quantised.
        """
        least = self.shape.headroom / LEVELS
        found: Tensor = self.encoder(pictures.clamp(least, 1 - least))
        return found


def in_full_precision(tensor: Tensor) -> AbstractContextManager[None]:
    """A context without autocast, for symbols and 8-bit pictures: bfloat16 cannot hold either."""
    return torch.autocast(tensor.device.type, enabled=False)
