# SPDX-License-Identifier: Apache-2.0
"""The learned scheme: a frame becomes E's message, and is read by D1 from the symbols, by D2 from the picture.

    frame ─ message_layout.py ─▸ message, D x H x W ─E─▸ stego symbols
    D1 or D2 ─▸ logits ─ message_layout.py ─▸ frame

E, D1 and D2 stand in the same weights as the codec's Es and Ds. Networks misread some bits, which is why a code
corrects them, and why the sender reads back both stages and refuses what does not come back. Torch is imported inside
the methods, so that whoever looks through all schemes does not load it.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from semstego.codecs.base import Codec, Symbols
from semstego.errors import ArgumentError, InfeasibleError, NothingFoundError, WeightsError
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import Frame, Reader
from semstego.progress import Progress
from semstego.schemes.base import Cover, Embedding, Received, Scheme

if TYPE_CHECKING:
    from torch import Tensor

    from semstego.codecs.convolutional.point import ConvolutionalPoint
    from semstego.schemes.learned.message_layout import MessageLayout
    from semstego.schemes.learned.model import LearnedModel


@dataclass(frozen=True)
class LearnedScheme(Scheme):
    """E, D1 and D2 of the model that the codec is part of.

    Attributes:
        model: The networks, in evaluation mode; None takes those in the codec's own weights file.
        corrected: Whether a code corrects what the networks misread. Without it, this is the scheme of the paper: it
            reads most bits right, and its sender refuses nearly every file; Table II measures it.
        keyed: Without a code: assign bits to positions by the key, or else in turn, as the released code does.
        name: What reports call it.
    """

    model: "LearnedModel | None" = None
    corrected: bool = True
    keyed: bool = True
    name: str = "learned"

    @property
    def default_codec(self) -> str:
        """The model for photographs."""
        return "learned-photo"

    @property
    def uncorrected(self) -> "LearnedScheme":
        """The networks alone, as the paper has them."""
        return replace(self, corrected=False)

    def capacity_bits(self, cover: Cover) -> int:
        """How many bits of a frame the code, or the message, has room for, without regard to errors."""
        height, width, _ = cover.picture.shape
        layout = self._layout(self._point(cover.codec), height, width, Key(bytes(32)))
        return layout.corrected_bits if self.corrected else layout.count

    def embed(self, cover: Cover, frame: Frame, key: Key, draws: Draws, progress: Progress) -> Embedding:
        """Hide a frame; nothing is drawn.

        Raises:
            ArgumentError: If the codec is no part of a model.
            InfeasibleError: If there are more bits than room.
            PictureError: If the picture is not for this model.
        """
        point = self._point(cover.codec)
        import torch

        height, width = cover.picture.shape[:2]
        layout, payload = self._layout(point, height, width, key), frame.payload(key)
        features = point.features(cover.picture)
        if self.corrected:
            message = layout.corrected(payload)
        else:
            try:
                message = layout.repeated(payload, self._model(point).places(len(payload), height, width))
            except ArgumentError:
                raise InfeasibleError from None
        with torch.inference_mode():
            stego = self._model(point).hidden(features, message, point.scale)
        return Embedding(point.quantised(stego, height, width))

    def reveal_features(self, symbols: Symbols, codec: Codec, key: Key) -> Reader:
        """Stage I, by D1.

        Raises:
            NothingFoundError: If the codec is no part of a model.
        """
        point = self._receiving(codec)
        import torch

        with torch.inference_mode():
            logits = self._model(point).revealed_1(point.dequantised(symbols) / point.scale)
        return self._reader(point, logits, symbols.height, symbols.width, key)

    def reveal_picture(self, received: Received, key: Key) -> Reader:
        """Stage II, by D2.

        Raises:
            NothingFoundError: If the codec is no part of a model.
            PictureError: If the picture is not for this model.
        """
        point = self._receiving(received.codec)
        import torch

        from semstego.codecs.convolutional.point import to_tensor

        point.check(received.picture)
        with torch.inference_mode():
            logits = self._model(point).revealed_2(to_tensor(received.picture))
        height, width, _ = received.picture.shape
        return self._reader(point, logits, height, width, key)

    def _reader(self, point: "ConvolutionalPoint", logits: "Tensor", height: int, width: int, key: Key) -> Reader:
        layout, model = self._layout(point, height, width, key), self._model(point)
        if self.corrected:
            return layout.corrected_reader(logits)

        def read(count: int) -> Bits:
            try:
                return layout.averaged(logits, model.places(count, height, width), count)
            except ArgumentError:
                raise NothingFoundError from None

        return read

    def _layout(self, point: "ConvolutionalPoint", height: int, width: int, key: Key) -> "MessageLayout":
        from semstego.schemes.learned.message_layout import MessageLayout

        shape = self._model(point).shape
        keyed = self.corrected or self.keyed
        return MessageLayout((shape.depth, height, width), shape.kernel, key if keyed else None)

    def _receiving(self, codec: Codec) -> "ConvolutionalPoint":
        """As :meth:`_point`; who reads meets codecs of all kinds, and finds nothing in those that are none of ours."""
        if codec.closed:
            raise NothingFoundError
        try:
            point = self._point(codec)
            self._model(point)  # weights of Es and Ds alone have none
        except (ArgumentError, WeightsError):
            raise NothingFoundError from None
        return point

    def _point(self, codec: Codec) -> "ConvolutionalPoint":
        if not codec.closed:
            from semstego.codecs.convolutional.point import ConvolutionalPoint

            if isinstance(codec, ConvolutionalPoint) and (self.model is not None or codec.weights is not None):
                return codec
        raise ArgumentError(f"the learned scheme hides in its own codecs, such as learned-photo, not in {codec.name!r}")

    def _model(self, point: "ConvolutionalPoint") -> "LearnedModel":
        if self.model is not None:
            return self.model
        assert point.weights is not None
        return _model_in(point.weights, point.fingerprint)


@lru_cache(maxsize=8)
def _model_in(weights: Path, fingerprint: bytes) -> "LearnedModel":
    """The model in a weights file; the fingerprint tells a file from another that took its place."""
    del fingerprint
    from semstego.codecs.convolutional import shaped_weights
    from semstego.schemes.learned.model import LearnedModel

    return shaped_weights.from_file(weights, LearnedModel)


SCHEME = LearnedScheme()
