# SPDX-License-Identifier: Apache-2.0
"""The paper's five networks and its quantiser in one module (Huo et al., TCSVT 2025, Fig. 2).

    cover ─Es─▸ features ─quantise─▸ cover features ──────────────────Ds─▸ cover reconstruction
                   └─E(message)─quantise─▸ stego features ─┬──────────Ds─▸ stego reconstruction ─D2─▸ logits 2
                                                           └─D1─▸ logits 1          (8 bits)

E is shown the features without their gradient, as in the authors' code; with seats, D2 reads through Es and bends it.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from semstego.codecs.convolutional.codec import STEP, CodecShape, ConvolutionalCodec, in_full_precision
from semstego.codecs.convolutional.networks import start_near_identity
from semstego.codecs.convolutional.quantiser import LEVELS, picture_to_8_bit
from semstego.codecs.convolutional.shaped_weights import Shaped
from semstego.schemes.learned.networks import HidingEncoder, RevealingDecoder
from semstego.schemes.learned.slots import Positions, gathered, seats, spread, tiled

Meeting = Literal["paths", "seats"]
MAX_SIZES = {"depth": 16, "growth": 128, "blocks": 16}
MAX_COPIES = 1000
NOT_IN_WEIGHTS = ("bound", "copies", "headroom")  # options that may change between two trainings of the same weights


@dataclass(frozen=True)
class Architecture(CodecShape):
    """Sizes and options of all five networks; the defaults are the paper's and its released code's.

    Attributes:
        depth: Bits per pixel of the picture, D.
        growth: Channels of a dense layer.
        blocks: Dense layers of D1 and D2.
        meeting: How a message of h x w meets features of h' x w'. paths: through convolutions on either side, the
            released code's. seats: it is seated in two maps of their size (:func:`semstego.schemes.learned.slots.seats`),
            which E writes and D1 and D2 read on four carrier waves each (:func:`waves`); D2 reads the picture's
            features, found by Es.
        high_pass: Show the decoders what they are given less its local mean, too.
        bound: E moves no feature by more than this [quantisation steps], and with seats none where both are empty, so
            that a small payload costs little; None bounds nothing, like the paper.
        copies: Places of a bit, on average, where a payload leaves so much room, and the rest of the message is silent;
            None fills the message with copies, like the paper. It tells what a model was trained for.
    """

    depth: int = 1
    growth: int = 16
    blocks: int = 5
    meeting: Meeting = "paths"
    high_pass: bool = False
    bound: float | None = None
    copies: float | None = None

    @property
    def codec(self) -> CodecShape:
        """The part that Es, Ds and the quantiser are built from."""
        return CodecShape(**{field.name: getattr(self, field.name) for field in fields(CodecShape)})

    def __post_init__(self) -> None:
        """As :class:`CodecShape`, for all sizes and options.

        Raises:
            ValueError: If one is out of range.
        """
        super().__post_init__()
        self._check(MAX_SIZES)
        if self.meeting not in get_args(Meeting):
            raise ValueError(f"there is no meeting {self.meeting!r}")
        if self.bound is not None and not 0 < self.bound <= LEVELS:
            raise ValueError(f"a bound lies between 0 and {LEVELS} steps")
        if self.copies is not None and not 1 <= self.copies <= MAX_COPIES:
            raise ValueError(f"a bit has from 1 to {MAX_COPIES} copies")


WAVES = 4


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
        seated = shape.meeting == "seats"
        depth, kernel = (2 * WAVES * shape.depth, None) if seated else (shape.depth, shape.kernel)
        self.hider = HidingEncoder(shape.channels, depth, kernel, shape.growth, shape.hidden)
        self.revealer_1, self.revealer_2 = (
            RevealingDecoder(
                shape.channels,
                depth,
                each,
                growth=shape.growth,
                blocks=shape.blocks,
                hidden=shape.hidden,
                high_pass=shape.high_pass,
            )
            for each in (kernel, None)
        )

    def places(self, payload_bits: int, height: int, width: int) -> Positions:
        """Where the bits of a payload go in a message that is not yet dealt by a key, ``(d * h * w,)``.

        Raises:
            ArgumentError: If they do not fit.
        """
        carriers, copies = self.shape.depth * height * width, self.shape.copies
        return tiled(payload_bits, carriers, None if copies is None else min(carriers, round(copies * payload_bits)))

    def start_near_identity(self, generator: torch.Generator) -> None:
        """Let the codec begin as nearly the identity; see :func:`semstego.codecs.convolutional.networks.start_near_identity`."""
        start_near_identity(self.codec.encoder, self.codec.decoder, generator)

    def forward(self, covers: Tensor, message: Tensor, *, bound: float | None = None) -> Passage:
        """Send covers with a message, and read it at both stages; gradients pass straight through all rounding.

        Args:
            covers: Float pictures ``(b, c, h, w)`` in [0, 1].
            message: Bits ``(b, d, h, w)``, float 0 or 1, and 0.5 where nothing is carried.
            bound: In place of the shape's, while training begins with a wider one [quantisation steps].
        """
        codec, quantiser = self.codec, self.codec.quantiser
        with in_full_precision(covers):
            features = codec.features(covers)
            scale = quantiser.scale(features)
        stego = self.hidden(features.detach(), message, scale, bound)
        each = scale.view(-1, 1, 1, 1)
        with in_full_precision(covers):
            features, stego = (quantiser.straight_through(one, scale) for one in (features, stego.float()))
            cover_seen, stego_seen = (picture_to_8_bit(codec.decoder(one)) for one in (features, stego))
            features, stego = features / each, stego / each
        logits = self.revealed_1(stego).float(), self.revealed_2(stego_seen).float()
        return Passage(features, stego, cover_seen, stego_seen, *logits)

    def hidden(self, features: Tensor, message: Tensor, scale: Tensor, bound: float | None = None) -> Tensor:
        """Stego features, not yet quantised, of cover features ``(b, c, h', w')`` with the scale ``(b,)``."""
        each, most = scale.view(-1, 1, 1, 1), self.shape.bound if bound is None else bound
        reach: Tensor | float = 1.0
        if self.shape.meeting == "seats":
            signs = self._seated(message, features)
            message = torch.cat([signs * wave for wave in waves(features.shape[2], features.shape[3], signs)], 1)
            reach = (signs != 0).any(1, keepdim=True)
        stego: Tensor = self.hider(features / each, message, bound=None if most is None else most * STEP * reach)
        return stego * each

    def revealed_1(self, features: Tensor) -> Tensor:
        """D1: logits ``(b, d, h, w)`` of features ``(b, c, h', w')`` in units of the scale."""
        logits: Tensor = self.revealer_1(features)
        return self._unseated(logits) if self.shape.meeting == "seats" else logits

    def revealed_2(self, pictures: Tensor) -> Tensor:
        """D2: logits ``(b, d, h, w)`` of 8-bit pictures as floats ``(b, c, h, w)`` in [0, 1]."""
        if self.shape.meeting == "paths":
            direct: Tensor = self.revealer_2(pictures * 2 - 1)
            return direct
        with in_full_precision(pictures):
            features = self.codec.encoder(pictures)
        return self._unseated(self.revealer_2(features))

    def _seated(self, message: Tensor, features: Tensor) -> Tensor:
        """A message ``(b, d, h, w)`` in its seats, as signs ``(b, 2 d, h', w')``, 0 where nothing is carried."""
        count, depth, height, width = message.shape
        rows, columns = features.shape[2:]
        places = seats(height, width, self.shape.kernel)
        return spread(message.flatten(0, 1).flatten(1), places).view(count, 2 * depth, rows, columns) * 2 - 1

    def _unseated(self, logits: Tensor) -> Tensor:
        """Logits of the seats on every wave ``(b, 8 d, h', w')`` to those of the message ``(b, d, h, w)``."""
        count, _, rows, columns = logits.shape
        edge, depth = 2 * (self.shape.kernel - 1), self.shape.depth
        parts = logits.chunk(WAVES, 1)
        seated = torch.stack([part * wave for part, wave in zip(parts, waves(rows, columns, logits), strict=True)]).sum(
            0
        )
        places = seats(rows + edge, columns + edge, self.shape.kernel)
        found = gathered(seated.reshape(count * depth, -1), places, (rows + edge) * (columns + edge))
        return found.view(count, depth, rows + edge, columns + edge)


def waves(height: int, width: int, like: Tensor) -> Tensor:
    """Four waves ``(4, h, w)`` of values +1 and -1: constant, alternating by row, by column, and like a chessboard.

    A convolution treats all places alike, so what it makes of random bits has power at all frequencies, and the low
    ones are lost below the picture. Bits that ride on four waves lose another band on each, and none on all.
    """
    row, column = ((-1.0) ** torch.arange(side, device=like.device) for side in (height, width))
    ones = torch.ones(height, width, device=like.device)
    return torch.stack([ones, ones * row[:, None], ones * column, row[:, None] * column]).to(like.dtype)
