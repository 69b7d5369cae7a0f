# SPDX-License-Identifier: Apache-2.0
"""A trained model as a codec with a name: pictures, symbols and `.sem` streams around its networks."""

import hashlib
import io
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from semstego.codecs import stream as container
from semstego.codecs.base import Picture, Symbols
from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.quantiser import to_pictures
from semstego.codecs.stream import Stream
from semstego.errors import DamagedStreamError, PictureError, StreamError, WeightsError
from semstego.schemes.base import LEARNED
from semstego.schemes.learned.model import LearnedModel

MAX_PIXELS = 4_000_000  # some hundred bytes of memory a pixel


@dataclass(frozen=True)
class LearnedPoint:
    """Es and Ds of a model, on uint8 pictures and symbols; an open codec.

    Attributes:
        name: What streams call it.
        model: In evaluation mode; its scale is fixed, so that symbols say all that a receiver needs.
    """

    name: str
    model: LearnedModel
    closed: bool = False

    @cached_property
    def fingerprint(self) -> bytes:
        """First 8 bytes of SHA-256 over the weights."""
        return hashlib.sha256(shaped_weights.to_bytes(self.model)).digest()[:8]

    @cached_property
    def steps(self) -> NDArray[np.float64]:
        """Width of a symbol, by channel [features of [-1, 1] are 1]."""
        return np.full(self.model.shape.channels, 2 / 255 * self._scale)

    def check(self, picture: Picture) -> None:
        """Refuse what the networks are not for.

        Raises:
            PictureError: If the picture has other channels, or is too large.
        """
        height, width, channels = picture.shape
        if channels != self.model.shape.channels:
            raise PictureError(f"the model {self.name!r} takes pictures of {self.model.shape.channels} channels")
        if height * width > MAX_PIXELS:
            raise PictureError(f"the learned scheme takes pictures of up to {MAX_PIXELS // 1_000_000} megapixels")

    def features(self, picture: Picture) -> Tensor:
        """Float features ``(1, c, h', w')`` before the quantiser.

        Raises:
            PictureError: If the picture is not for this model.
        """
        self.check(picture)
        with torch.inference_mode():
            return self.model.codec.features(to_tensor(picture))

    def quantised(self, features: Tensor, height: int, width: int) -> Symbols:
        """Features to the symbols of a picture of this size."""
        values = self.model.codec.quantiser.to_symbols(features, self.scale)[0].numpy()
        return Symbols(values, height, width, len(values))

    def dequantised(self, symbols: Symbols) -> Tensor:
        """What a receiver makes of symbols: features ``(1, c, h', w')``."""
        return self.model.codec.quantiser.to_features(torch.from_numpy(symbols.values)[None], self.scale)

    def encode(self, picture: Picture) -> Symbols:
        """Es; errors as in :meth:`features`."""
        return self.quantised(self.features(picture), *picture.shape[:2])

    def decode(self, symbols: Symbols) -> Picture:
        """Ds, to 8 bits."""
        with torch.inference_mode():
            picture: Picture = to_pictures(self.model.codec.decoder(self.dequantised(symbols)))[0]
        return picture

    @property
    def codec(self) -> "LearnedPoint":
        """A model is its own codec."""
        return self

    @property
    def scale(self) -> Tensor:
        """The quantiser's, ``(1,)``."""
        return torch.tensor([float(self._scale)])

    @property
    def _scale(self) -> int:
        scale: int | None = self.model.shape.scale
        assert scale is not None
        return scale

    def pack(self, symbols: Symbols) -> bytes:
        """The `.sem` stream of symbols: they are a picture, and PNG packs those."""
        buffer = io.BytesIO()
        Image.fromarray(np.squeeze(symbols.values.transpose(1, 2, 0))).save(buffer, "PNG", optimize=True)
        return container.pack_symbols(symbols, buffer.getvalue(), self.name, self.fingerprint)

    def unpack(self, stream: Stream) -> Symbols:
        """The symbols of a stream.

        Raises:
            StreamError: If another model made the stream, or it is damaged.
        """
        if stream.fingerprint != self.fingerprint or stream.channels != self.model.shape.channels:
            raise StreamError(f"the stream was made with other weights than this {self.name!r}")
        lost = 2 * (self.model.shape.kernel - 1)
        expected = (stream.width - lost, stream.height - lost)
        if stream.height * stream.width > MAX_PIXELS or min(expected) < 1:
            raise DamagedStreamError("the stream's picture has a size that this model never makes")
        try:
            with Image.open(io.BytesIO(stream.coded), formats=("PNG",)) as image:
                if image.size != expected or image.mode != ("RGB" if stream.channels == 3 else "L"):
                    raise DamagedStreamError("the stream's symbols do not have the size of its picture")
                values = np.asarray(image)
        except DamagedStreamError:
            raise
        except Exception:  # Pillow's parsers raise anything at all on damaged files
            raise DamagedStreamError("the stream's symbols cannot be decoded") from None
        values = values.reshape(*values.shape[:2], -1).transpose(2, 0, 1)
        return Symbols(np.ascontiguousarray(values), stream.height, stream.width, stream.channels)


def to_tensor(picture: Picture) -> Tensor:
    """A picture ``(h, w, c)`` as floats ``(1, c, h, w)`` in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255


def load(name: str | Path) -> LearnedPoint:
    """A shipped model by name, or the one in a weights file.

    Raises:
        WeightsError: If there is none, it is damaged, or its quantiser needs what a stream does not carry.
    """
    if name in LEARNED:
        return _load_shipped(str(name))
    path = Path(name)
    if not path.is_file():
        raise WeightsError(f"no model {str(name)!r}: shipped are {', '.join(LEARNED)}, else give a weights file")
    if not container.NAME.fullmatch(os.fsencode(path.stem)):
        raise WeightsError(f"{path}: a model is named after its file, 1 to 16 printable ASCII characters")
    return _point(path.stem, path)


@lru_cache
def _load_shipped(name: str) -> LearnedPoint:
    with resources.as_file(resources.files("semstego") / "weights" / f"{name}.safetensors") as path:
        return _point(name, path)


def _point(name: str, path: Path) -> LearnedPoint:
    model = shaped_weights.from_file(path, LearnedModel)
    if model.shape.scale is None or model.shape.channels not in (1, 3):
        raise WeightsError(f"{path}: only models of one or three channels and a fixed scale make streams")
    return LearnedPoint(name, model)
