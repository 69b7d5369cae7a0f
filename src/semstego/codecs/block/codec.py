# SPDX-License-Identifier: Apache-2.0
"""The closed semantic codec: blocks, an orthonormal basis, integer arithmetic, and tables that code its symbols.

    picture --blocks--> x - 128 --analysis--> round --> + 128 --> symbols --synthesis--> round, clip --> picture
                                                 ^------------ close: repeat until nothing moves
                        rounding errors --> law: what the dither may make of the symbols

Encoding ends with closing, for covers and stegos alike, so ``encode(decode(s)) == s`` on every whole block of every
stream it emits. A block needs closing only where decoding clips at 0 or 255 (the theorems in :mod:`.basis`). Blocks
that are not wholly inside the picture do not close; they are coded for reconstruction only and carry nothing.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Encoding, Law, Picture, Symbols, check_picture, within
from semstego.codecs.block.basis import BlockBasis
from semstego.codecs.block.entropy.model import EntropyModel
from semstego.codecs.block.kernels import decode_rows, encode_rows
from semstego.codecs.block.law import chances_by_error, entropies, law_rows
from semstego.concurrency import in_threads, slices

LEAST_ROWS = 64  # of blocks, for a thread to be worth starting
KINDS = {3: "colour", 1: "grey"}  # by number of channels


@dataclass(frozen=True)
class BlockCodec:
    """One operating point: a basis and an entropy model for colour pictures, and both for grey ones.

    Attributes:
        name: ``cr085``, ``cr085-plain``, or what a user calls weights of their own.
        bases: Basis by number of channels, 3 and 1.
        entropy: Model of the symbols by number of channels.
        dither: Width D of the uniform dither [steps], 0 to 1; 0 rounds plainly.
    """

    name: str
    bases: dict[int, BlockBasis]
    entropy: dict[int, EntropyModel]
    dither: float = 0.0

    @property
    def closed(self) -> bool:
        """True: stage II is exact."""
        return True

    @cached_property
    def fingerprint(self) -> bytes:
        """First 8 bytes of SHA-256 over bases and tables: with others, the streams cannot be read."""
        digest = hashlib.sha256()
        for name, array in sorted(self.to_arrays().items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
        return digest.digest()[:8]

    def basis(self, channels: int) -> BlockBasis:
        """The basis for pictures of 1 or 3 channels."""
        return self.bases[channels]

    def encode(self, picture: Picture) -> Encoding:
        """Es: the closed symbols of a uint8 picture ``(h, w, c)``, rounding errors, headroom, footprint, and the law.

        Rounding errors are 0 where closing moved the block. Wet are blocks without headroom for two changes, and blocks
        that are not whole; a law has its own rule.

        Raises:
            PictureError: If the picture has other channels, or is too small or too large.
        """
        encoding = self._rounded(picture)
        return replace(encoding, law=self._law(encoding)) if self.dither else encoding

    def decode(self, symbols: Symbols) -> Picture:
        """Ds: the uint8 picture ``(h, w, c)`` that the receiver reconstructs."""
        basis = self.bases[symbols.channels]
        picture = np.empty((symbols.height, symbols.width, symbols.channels), np.uint8)
        values = np.ascontiguousarray(symbols.values)
        _over_rows(
            lambda first, last: decode_rows(values, basis.block, basis.synthesis, first, last, picture),
            values.shape[1],
        )
        return picture

    def recover(self, picture: Picture) -> Symbols:
        """The very symbols of a reconstruction; errors as in :meth:`encode`."""
        return self._rounded(picture).symbols

    def pack(self, symbols: Symbols) -> bytes:
        """Symbols, entropy-coded."""
        return self.entropy[symbols.channels].encode(symbols.values)

    def unpack(self, coded: bytes, height: int, width: int, channels: int) -> Symbols:
        """The symbols of a picture of this size.

        Raises:
            DamagedStreamError: If these bytes hold none.
        """
        values = self.entropy[channels].decode(coded, self.symbol_shape(height, width, channels))
        return Symbols(values, height, width, channels, self.bases[channels].block)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """All weights by name."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for channels, kind in KINDS.items():
            basis = self.bases[channels]
            arrays[f"{kind}.block"] = np.array([basis.block], np.int32)
            arrays[f"{kind}.analysis"] = basis.analysis.astype(np.int32, order="C")  # safetensors writes memory order
            arrays[f"{kind}.synthesis"] = basis.synthesis.astype(np.int32, order="C")
            for name, array in self.entropy[channels].to_arrays().items():
                arrays[f"{kind}.entropy.{name}"] = np.ascontiguousarray(array)
        return arrays

    def symbol_shape(self, height: int, width: int, channels: int) -> tuple[int, int, int]:
        """Shape ``(k, h', w')`` of the symbols of a picture."""
        basis = self.bases[channels]
        return basis.kept, -(-height // basis.block), -(-width // basis.block)

    def _rounded(self, picture: Picture) -> Encoding:
        """What :meth:`encode` gives, but for the law."""
        check_picture(picture)
        height, width, channels = picture.shape
        basis = self.bases[channels]
        shape = self.symbol_shape(height, width, channels)
        symbols, side = np.empty(shape, np.uint8), np.empty(shape, np.int16)
        wet = np.empty(shape[1:], np.bool_)
        picture, headroom = np.ascontiguousarray(picture).view(), basis.headroom()
        picture.flags.writeable = False  # whoever made it: a writable one is another type to Numba, and compiled for

        def rows(first: int, last: int) -> None:
            encode_rows(
                picture, basis.block, basis.analysis, basis.synthesis, headroom, first, last, symbols, side, wet
            )

        _over_rows(rows, shape[1])
        return Encoding(Symbols(symbols, height, width, channels, basis.block), side, wet, basis.footprint())

    def _law(self, encoding: Encoding) -> Law:
        symbols, side = encoding.symbols, encoding.side
        synthesis, tables = self.bases[symbols.channels].synthesis, (chances_by_error(self.dither), entropies())
        chances = np.zeros(symbols.values.shape, np.int16)
        carrying = within(symbols, chances)
        _over_rows(
            lambda first, last: law_rows(symbols.values, side, synthesis, *tables, first, last, carrying),
            carrying.shape[1],
        )
        return Law(chances)


def _over_rows(work: Callable[[int, int], None], rows: int) -> None:
    """Run ``work(first, last)`` over slices of the rows of blocks."""
    for _ in in_threads(lambda piece: work(*piece), slices(rows, LEAST_ROWS)):
        pass
