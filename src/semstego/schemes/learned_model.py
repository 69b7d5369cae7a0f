# SPDX-License-Identifier: Apache-2.0
"""The paper's five networks and its quantiser in one module (Huo et al., TCSVT 2025, Fig. 2).

    cover ─Es─▸ features ─quantise─▸ cover features ──────────────────Ds─▸ cover reconstruction
                   └─E(message)─quantise─▸ stego features ─┬──────────Ds─▸ stego reconstruction ─D2─▸ logits 2
                                                           └─D1─▸ logits 1          (8 bits)

E is shown the features without their gradient, as in the authors' code: hiding never bends the codec.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from semstego.codec.convolutional import start_near_identity
from semstego.codec.convolutional_codec import STEP, CodecShape, ConvolutionalCodec
from semstego.codec.quantiser import picture_to_8_bit
from semstego.codec.shaped_weights import Shaped
from semstego.nets.densenet import HidingEncoder, RevealingDecoder


@dataclass(frozen=True)
class Architecture(CodecShape):
    """Sizes and options of all five networks; the defaults are the paper's and its released code's.

    Attributes:
        depth: Bits per pixel of the picture, D.
        growth: Channels of a dense layer.
        blocks: Dense layers of D1 and D2.
        meeting: Maps in which the message meets the features inside E; None for D, the released code's.
        high_pass: Show the decoders what they are given less its local mean, too.
    """

    depth: int = 1
    growth: int = 16
    blocks: int = 5
    meeting: int | None = None
    high_pass: bool = False

    @property
    def codec(self) -> CodecShape:
        """The part that Es, Ds and the quantiser are built from."""
        return CodecShape(**{field.name: getattr(self, field.name) for field in fields(CodecShape)})

    def _sizes(self) -> tuple[int, ...]:
        meeting = self.depth if self.meeting is None else self.meeting
        return (*super()._sizes(), self.depth, self.growth, self.blocks, meeting)


class Passage(NamedTuple):
    """What :meth:`LearnedModel.forward` gives; shapes as in :class:`semstego.losses.sets.Outcome`.

    Features are in units of the scale, [-1, 1]; logits are ``(b, d, h, w)``.
    """

    cover_features: Tensor
    stego_features: Tensor
    cover_reconstruction: Tensor
    stego_reconstruction: Tensor
    logits_1: Tensor
    logits_2: Tensor


class LearnedModel(Shaped):
    """Es, Ds, E, D1, D2 and the quantiser.

    Args:
        shape: Sizes and options.
    """

    FORMAT: ClassVar = "semstego learned scheme 1"
    SHAPE: ClassVar = Architecture

    def __init__(self, shape: Architecture) -> None:
        super().__init__(shape)
        self.codec = ConvolutionalCodec(shape.codec)
        self.hider = HidingEncoder(shape.channels, shape.depth, shape.kernel, shape.growth, shape.hidden, shape.meeting)
        self.revealer_1, self.revealer_2 = (
            RevealingDecoder(
                shape.channels,
                shape.depth,
                kernel,
                growth=shape.growth,
                blocks=shape.blocks,
                hidden=shape.hidden,
                high_pass=shape.high_pass,
            )
            for kernel in (shape.kernel, None)
        )

    def start_near_identity(self, generator: torch.Generator) -> None:
        """Let the codec begin as nearly the identity; see :func:`semstego.codec.convolutional.start_near_identity`."""
        start_near_identity(self.codec.encoder, self.codec.decoder, generator)

    def forward(self, covers: Tensor, message: Tensor, *, bound: float | None = None) -> Passage:
        """Send covers with a message, and read it at both stages; gradients pass straight through all rounding.

        Args:
            covers: Float pictures ``(b, c, h, w)`` in [0, 1].
            message: Bits ``(b, d, h, w)``, float 0 or 1.
            bound: No feature moves by more than this [quantisation steps]; None bounds nothing, like the paper.
        """
        codec, quantiser = self.codec, self.codec.quantiser
        features = codec.encoder(covers)
        scale = quantiser.scale(features)
        each = scale.view(-1, 1, 1, 1)
        stego = self.hider(features.detach() / each, message, bound=None if bound is None else bound * STEP) * each
        features, stego = (quantiser.straight_through(one, scale) for one in (features, stego))
        cover_seen, stego_seen = (picture_to_8_bit(codec.decoder(one)) for one in (features, stego))
        features, stego = features / each, stego / each
        return Passage(features, stego, cover_seen, stego_seen, self.revealer_1(stego), self.revealer_2(stego_seen))
