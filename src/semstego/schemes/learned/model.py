# SPDX-License-Identifier: Apache-2.0
"""The paper's five networks and its quantiser in one module (Huo et al., TCSVT 2025, Fig. 2).

    cover ─Es─▸ features ─quantise─▸ cover features ──────────────────Ds─▸ cover reconstruction
                   └─E(message)─quantise─▸ stego features ─┬──────────Ds─▸ stego reconstruction ─D2─▸ logits 2
                                                           └─D1─▸ logits 1          (8 bits)

E receives the features without their gradient, as in the authors' released code. With slots, D2 finds the features of
the picture by Es, so that loss 2 (eq. 10b) trains Es too.
"""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from semstego.codecs.convolutional.codec import STEP, CodecShape, ConvolutionalCodec, in_full_precision
from semstego.codecs.convolutional.networks import start_near_identity
from semstego.codecs.convolutional.quantiser import LEVELS, picture_to_8_bit
from semstego.codecs.convolutional.shaped_weights import Shaped
from semstego.schemes.learned.networks import HidingEncoder, RevealingDecoder
from semstego.schemes.learned.slots import Positions, gathered, repeated, slot_bits, spread

Meeting = Literal["paths", "slots"]
OLDER_WORD = "seats"  # for slots, in files of weights and in older configurations
MAX_SIZES = {"depth": 16, "growth": 128, "blocks": 16}
MAX_COPIES = 1000
NOT_IN_WEIGHTS = ("bound", "copies", "headroom")  # options that may change between two trainings of the same weights


@dataclass(frozen=True)
class Architecture(CodecShape):
    """Sizes and options of all five networks.

    The paper gives no sizes of E, D1 and D2. The defaults here, ``depth`` to ``blocks``, are those of its authors'
    released code at up to 1 bpp, and so is ``paths``; ``high_pass``, ``bound`` and ``copies`` are ours, and the
    defaults turn them off. For the defaults of Es, Ds and the quantiser see
    :class:`semstego.codecs.convolutional.codec.CodecShape`.

    Attributes:
        depth: Bits per pixel of the picture, D.
        growth: Channels of a dense layer.
        blocks: Dense layers of D1 and D2.
        meeting: How a message of h x w and features of h' x w' come to one size. paths: by convolutions in E and D1, as
            in the released code. slots: the bits lie in two maps of the features' size
            (:func:`semstego.schemes.learned.slots.slot_bits`), each of which E writes and D1 and D2 read with four sign
            patterns (:func:`sign_patterns`); D2 reads the features that Es finds in the picture. "seats" is an older
            word for slots.
        high_pass: Give the decoders their input a second time, less its local mean.
        bound: E moves no feature by more than this [quantisation steps], and with slots it moves no feature where both
            slots are unused, so that a small payload changes few features. None sets no bound, as in the paper.
        copies: Positions of each bit, on average, where a payload leaves room for them; the rest of the message is
            unused. None repeats the payload until the message is full, as the released code does. The number says what
            a model was trained for.
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
        if self.meeting == OLDER_WORD:
            object.__setattr__(self, "meeting", "slots")
        self._check(MAX_SIZES)
        if self.meeting not in get_args(Meeting):
            raise ValueError(f"there is no meeting {self.meeting!r}")
        if self.bound is not None and not 0 < self.bound <= LEVELS:
            raise ValueError(f"a bound lies between 0 and {LEVELS} steps")
        if self.copies is not None and not 1 <= self.copies <= MAX_COPIES:
            raise ValueError(f"a bit has from 1 to {MAX_COPIES} copies")


PATTERNS = 4  # of signs


class ModelOutput(NamedTuple):
    """What :meth:`LearnedModel.forward` gives.

    Attributes:
        cover_features: Dequantised and divided by the scale, ``(b, c, h', w')`` in [-1, 1].
        stego_features: Likewise.
        cover_reconstruction: 8-bit pictures as floats, ``(b, c, h, w)`` in [0, 1].
        stego_reconstruction: Likewise.
        logits_1: Of the message at stage I, ``(b, d, h, w)``.
        logits_2: Of the message at stage II, likewise.
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
        slotted = shape.meeting == "slots"
        depth, kernel = (2 * PATTERNS * shape.depth, None) if slotted else (shape.depth, shape.kernel)
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
        """The bit at each position of a message, before a key puts the positions in another order.

        Args:
            payload_bits: Bits of the payload.
            height: Of the picture [pixels].
            width: Of the picture [pixels].

        Returns:
            ``(d * h * w,)``, as :func:`semstego.schemes.learned.slots.repeated`.

        Raises:
            ArgumentError: If the bits do not fit.
        """
        count, copies = self.shape.depth * height * width, self.shape.copies
        return repeated(payload_bits, count, None if copies is None else min(count, round(copies * payload_bits)))

    def start_near_identity(self, generator: torch.Generator) -> None:
        """Set the weights of Es and Ds so that they are nearly the identity.

        Args:
            generator: As in :func:`semstego.codecs.convolutional.networks.start_near_identity`.
        """
        start_near_identity(self.codec.encoder, self.codec.decoder, generator)

    def file_shape(self) -> dict[str, Any]:
        """The shape as files have it, with the older word for slots: the fingerprints of models are taken of files."""
        said = super().file_shape()
        return said | ({"meeting": OLDER_WORD} if self.shape.meeting == "slots" else {})

    def forward(self, covers: Tensor, message: Tensor, *, bound: float | None = None) -> ModelOutput:
        """Send covers with a message, and reveal it at both stages; gradients pass straight through all rounding.

        Args:
            covers: Float pictures ``(b, c, h, w)`` in [0, 1].
            message: Bits ``(b, d, h, w)``, float 0 or 1; 0.5 at unused positions.
            bound: In place of the shape's, for trainings that begin with a wider one [quantisation steps].

        Returns:
            Features, reconstructions and logits.
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
        return ModelOutput(features, stego, cover_seen, stego_seen, *logits)

    def hidden(self, features: Tensor, message: Tensor, scale: Tensor, bound: float | None = None) -> Tensor:
        """E (eq. 6b): features that carry a message.

        Args:
            features: Of covers, not quantised, ``(b, c, h', w')``.
            message: Bits ``(b, d, h, w)``, float 0 or 1; 0.5 at unused positions.
            scale: Of each picture, ``(b,)``; see :meth:`semstego.codecs.convolutional.quantiser.Quantiser.scale`.
            bound: As in :meth:`forward`.

        Returns:
            Stego features ``(b, c, h', w')``, not quantised, in the units of ``features``.
        """
        each, most = scale.view(-1, 1, 1, 1), self.shape.bound if bound is None else bound
        reach: Tensor | float = 1.0
        if self.shape.meeting == "slots":
            signs = self._in_slots(message, features)
            patterns = sign_patterns(features.shape[2], features.shape[3], signs)
            message = torch.cat([signs * pattern for pattern in patterns], 1)
            reach = (signs != 0).any(1, keepdim=True)
        stego: Tensor = self.hider(features / each, message, bound=None if most is None else most * STEP * reach)
        return stego * each

    def revealed_1(self, features: Tensor) -> Tensor:
        """D1 (eq. 7): logits ``(b, d, h, w)`` of dequantised features ``(b, c, h', w')``, divided by the scale."""
        logits: Tensor = self.revealer_1(features)
        return self._from_slots(logits) if self.shape.meeting == "slots" else logits

    def revealed_2(self, pictures: Tensor) -> Tensor:
        """D2 (eq. 8): logits ``(b, d, h, w)`` of 8-bit pictures as floats ``(b, c, h, w)`` in [0, 1]."""
        if self.shape.meeting == "paths":
            direct: Tensor = self.revealer_2(pictures * 2 - 1)
            return direct
        with in_full_precision(pictures):
            features = self.codec.encoder(pictures)
        return self._from_slots(self.revealer_2(features))

    def _in_slots(self, message: Tensor, features: Tensor) -> Tensor:
        """A message ``(b, d, h, w)`` in its slots, as signs ``(b, 2 d, h', w')``; 0 where a slot is unused."""
        count, depth, height, width = message.shape
        rows, columns = features.shape[2:]
        bits = slot_bits(height, width, self.shape.kernel)
        return spread(message.flatten(0, 1).flatten(1), bits).view(count, 2 * depth, rows, columns) * 2 - 1

    def _from_slots(self, logits: Tensor) -> Tensor:
        """Logits of the slots with every pattern ``(b, 8 d, h', w')`` to those of the message ``(b, d, h, w)``."""
        count, _, rows, columns = logits.shape
        edge, depth = 2 * (self.shape.kernel - 1), self.shape.depth
        patterns = sign_patterns(rows, columns, logits)
        parts = zip(logits.chunk(PATTERNS, 1), patterns, strict=True)
        slots = torch.stack([part * pattern for part, pattern in parts]).sum(0)
        bits = slot_bits(rows + edge, columns + edge, self.shape.kernel)
        found = gathered(slots.reshape(count * depth, -1), bits, (rows + edge) * (columns + edge))
        return found.view(count, depth, rows + edge, columns + edge)


def sign_patterns(height: int, width: int, like: Tensor) -> Tensor:
    """Four patterns of +1 and -1: constant, alternating from row to row, from column to column, and both.

    A convolution treats all places alike, so what it makes of random bits has power at all frequencies, and that part
    of it which shares its frequencies with the picture cannot be told from the picture. A sign pattern shifts the
    frequencies, so that bits written with four patterns lose another band with each, and no band with all of them.

    Args:
        height: Of the maps.
        width: Of the maps.
        like: A tensor whose device and type the patterns get.

    Returns:
        ``(4, height, width)``.
    """
    row, column = ((-1.0) ** torch.arange(side, device=like.device) for side in (height, width))
    ones = torch.ones(height, width, device=like.device)
    return torch.stack([ones, ones * row[:, None], ones * column, row[:, None] * column]).to(like.dtype)
