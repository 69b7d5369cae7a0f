# SPDX-License-Identifier: Apache-2.0
"""The paper's Es and Ds as an open codec with a name: uint8 pictures, symbols and bytes around the networks."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from semstego.codecs.base import SIDE_SCALE, Encoding, Picture, Symbols, check_picture
from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.affine_map import LEAST_SIDE, AffineMap, Maps, is_affine
from semstego.codecs.convolutional.codec import ConvolutionalCodec
from semstego.codecs.convolutional.integer_least_squares import nearest_symbols
from semstego.codecs.convolutional.quantiser import LEVELS, to_pictures
from semstego.errors import DamagedStreamError, PictureError, WeightsError

MAX_PIXELS = 4_000_000  # some hundred bytes of memory a pixel


@dataclass(frozen=True, eq=False)
class ConvolutionalPoint:
    """Es, Ds and the quantiser, on uint8 pictures and symbols.

    Attributes:
        name: What streams call it.
        network: In evaluation mode; its scale is fixed, so that symbols say all that a receiver needs.
        fingerprint: First 8 bytes of SHA-256 over the weights.
        weights: The file that it was read from, which may hold the networks of the learned scheme too.
    """

    name: str
    network: ConvolutionalCodec
    fingerprint: bytes
    weights: Path | None = None

    @property
    def closed(self) -> bool:
        """False: not every reconstruction gives the very symbols back."""
        return False

    @property
    def dither(self) -> float:
        """0: it rounds plainly."""
        return 0.0

    @property
    def scale(self) -> Tensor:
        """The quantiser's, ``(1,)``."""
        scale: int | None = self.network.shape.scale
        assert scale is not None
        return torch.tensor([float(scale)])

    def encode(self, picture: Picture) -> Encoding:
        """Es; any symbol may change.

        Raises:
            PictureError: If the picture has other channels, or is too large.
        """
        features = self.features(picture)
        symbols = self.quantised(features, *picture.shape[:2])
        errors = self.before_rounding(features) - symbols.values
        side = np.rint(errors.clip(-0.5, 0.5) * SIDE_SCALE).astype(np.int16)  # what is clamped has no use for more
        return Encoding(symbols, side, np.zeros(symbols.values.shape[1:], np.bool_))

    def decode(self, symbols: Symbols) -> Picture:
        """Ds, to 8 bits."""
        with torch.inference_mode():
            picture: Picture = to_pictures(self.network.decoder(self.dequantised(symbols)))[0]
        return picture

    def recover(self, picture: Picture) -> Symbols:
        """The symbols of a reconstruction, of nearly all of them the very ones; where Ds is not affine, what Es gives.

        Raises:
            PictureError: If the picture has other channels, or is too large.
        """
        self.check(picture)
        with torch.inference_mode():
            start = self.before_rounding(self.network.encoder(to_tensor(picture)))
        if not is_affine(self.network) or min(start.shape[1:]) < LEAST_SIDE:
            return self.encode(picture).symbols
        seen = picture.transpose(2, 0, 1).astype(np.float64)
        values = nearest_symbols(seen, start, AffineMap(self.network, *start.shape[1:]))
        return Symbols(values, *picture.shape)

    def pack(self, symbols: Symbols) -> bytes:
        """The symbols of three maps, or of one, are a picture: they are packed as a PNG."""
        buffer = io.BytesIO()
        Image.fromarray(np.squeeze(symbols.values.transpose(1, 2, 0))).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    def unpack(self, coded: bytes, height: int, width: int, channels: int) -> Symbols:
        """The symbols of a picture of this size.

        Raises:
            DamagedStreamError: If these bytes hold none.
        """
        lost = 2 * (self.network.shape.kernel - 1)
        expected = (width - lost, height - lost)
        if height * width > MAX_PIXELS or min(expected) < 1 or channels != self.network.shape.channels:
            raise DamagedStreamError("the stream's picture has a size that this codec never makes")
        try:
            with Image.open(io.BytesIO(coded), formats=("PNG",)) as image:
                if image.size != expected or image.mode != ("RGB" if channels == 3 else "L"):
                    raise DamagedStreamError("the stream's symbols do not have the size of its picture")
                values = np.asarray(image)
        except DamagedStreamError:
            raise
        except Exception:  # Pillow's parsers raise anything at all on damaged files
            raise DamagedStreamError("the stream's symbols cannot be decoded") from None
        values = values.reshape(*values.shape[:2], -1).transpose(2, 0, 1)
        return Symbols(np.ascontiguousarray(values), height, width, channels)

    def check(self, picture: Picture) -> None:
        """Refuse what the networks are not for.

        Raises:
            PictureError: If the picture has other channels, or is too small or too large.
        """
        check_picture(picture)
        height, width, channels = picture.shape
        if channels != self.network.shape.channels:
            raise PictureError(f"the codec {self.name!r} takes pictures of {self.network.shape.channels} channels")
        if height * width > MAX_PIXELS:
            raise PictureError(f"the codec {self.name!r} takes pictures of up to {MAX_PIXELS // 1_000_000} megapixels")

    def features(self, picture: Picture) -> Tensor:
        """Float features ``(1, c, h', w')`` before the quantiser; errors as in :meth:`encode`."""
        self.check(picture)
        with torch.inference_mode():
            return self.network.features(to_tensor(picture))

    def before_rounding(self, features: Tensor) -> Maps:
        """Features ``(1, c, h', w')`` as symbols that are not yet rounded, float64 ``(c, h', w')``."""
        exact: Maps = ((features[0] / self.scale / 2 + 0.5) * LEVELS).double().numpy()
        return exact

    def quantised(self, features: Tensor, height: int, width: int) -> Symbols:
        """Features ``(1, c, h', w')`` to the symbols of a picture of this size."""
        values: NDArray[np.uint8] = self.network.quantiser.to_symbols(features, self.scale)[0].numpy()
        return Symbols(values, height, width, len(values))

    def dequantised(self, symbols: Symbols) -> Tensor:
        """What a receiver makes of symbols: features ``(1, c, h', w')``."""
        return self.network.quantiser.to_features(torch.from_numpy(symbols.values.copy())[None], self.scale)


def to_tensor(picture: Picture) -> Tensor:
    """A picture ``(h, w, c)`` as floats ``(1, c, h, w)`` in [0, 1]."""
    # Converted by NumPy, which copies: torch warns of arrays that cannot be written.
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))[None] / 255


def around(name: str, network: ConvolutionalCodec) -> ConvolutionalPoint:
    """A codec around a network that is in memory, such as one in training."""
    return ConvolutionalPoint(name, network, hashlib.sha256(shaped_weights.to_bytes(network)).digest()[:8])


def from_file(path: Path, name: str, prefixes: Mapping[str, str]) -> ConvolutionalPoint:
    """The codec in a weights file.

    Args:
        path: The file.
        name: What the codec is called.
        prefixes: By format of the file, what the names of the weights of Es and Ds begin with.

    Raises:
        WeightsError: If the file is damaged or holds something else, or its quantiser needs what a stream does not
            carry.
    """
    network = shaped_weights.part_of(path, ConvolutionalCodec, prefixes)
    if network.shape.scale is None or network.shape.channels not in (1, 3):
        raise WeightsError(f"{path}: only codecs of one or three channels and a fixed scale make streams")
    return ConvolutionalPoint(name, network, hashlib.sha256(path.read_bytes()).digest()[:8], path)
