# SPDX-License-Identifier: Apache-2.0
"""What every semantic codec offers: a picture becomes symbols, symbols a picture and bytes (Eqs. 1 and 2 of the paper).

    picture ──encode──▶ Encoding: symbols, and what only the sender knows
                           symbols ──decode──▶ picture ──recover──▶ the same symbols, if the codec is closed
                           symbols ──pack────▶ bytes   ──unpack───▶ symbols

Whatever has these methods is a codec, whether it derives from :class:`Codec` or not.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from semstego.errors import ArgumentError, PictureError

Picture = NDArray[np.uint8]  # (h, w, c), c = 1 (grey) or 3 (RGB)
SymbolMap = NDArray[np.uint8]  # (k, h', w')
Kind = TypeVar("Kind", bound=np.generic)
MAX_PIXELS: Final = 50_000_000  # height * width of a picture
MIN_SIDE: Final = 32  # pixels; less has no room for a header
MAX_SIDE: Final = 2**20  # pixels
SIDE_SCALE: Final = 1 << 14  # rounding errors are stored as int16 in units of 2^-14 of a step
CHANCE_SCALE: Final = 1 << 14  # and so are the probabilities of a law
DITHER_SCALE: Final = 128  # the width of a dither is a multiple of 1/128 of a step
PLAIN: Final = "-plain"  # behind the name of an operating point: its twin that rounds without dither


@dataclass(frozen=True)
class Symbols:
    """The quantised features of one picture.

    Attributes:
        values: uint8 ``(k, h', w')``.
        height: Height of the picture that the features stand for [pixels].
        width: Its width [pixels].
        channels: 1 (grey) or 3 (RGB).
        block: Side of the block of pixels that belongs to a symbol of each map; only symbols of blocks that lie wholly
            inside the picture may carry a message. None: symbols have no blocks, and all may carry.
    """

    values: SymbolMap
    height: int
    width: int
    channels: int
    block: int | None = None

    @property
    def pixels(self) -> int:
        """Number of pixels of the picture, the denominator of every bpp."""
        return self.height * self.width

    @property
    def compression_ratio(self) -> float:
        """Symbols per colour value of the picture, the ACTUAL ratio (Section II-A of the paper)."""
        return self.values.size / (self.pixels * self.channels)

    @property
    def carrying(self) -> tuple[int, int]:
        """Rows and columns of every map, from the upper left, whose symbols may carry a message."""
        if self.block is None:
            return int(self.values.shape[1]), int(self.values.shape[2])
        return self.height // self.block, self.width // self.block

    @property
    def carriers(self) -> SymbolMap:
        """The symbols that may carry a message, a view ``(k, rows, columns)``."""
        return within(self, self.values)

    def with_values(self, values: SymbolMap) -> "Symbols":
        """Other symbols for a picture of the same size."""
        return Symbols(values, self.height, self.width, self.channels, self.block)

    def with_carriers(self, carriers: SymbolMap) -> "Symbols":
        """The same symbols but for the carriers, uint8 ``(k, rows, columns)``."""
        values = self.values.copy()
        within(self, values)[:] = carriers
        return self.with_values(values)


def within(symbols: Symbols, maps: NDArray[Kind]) -> NDArray[Kind]:
    """The part of maps ``(..., h', w')`` that lies where symbols may carry, a view ``(..., rows, columns)``."""
    rows, columns = symbols.carrying
    return maps[..., :rows, :columns]


@dataclass(frozen=True, eq=False)
class Law:
    """By what law a codec rounds that rounds at random: a symbol takes its base value, or its neighbour's.

    Attributes:
        chances: int16 ``(k, h', w')``: with what probability a symbol takes its neighbour's value, in units of 2^-14;
            positive where that is the base value plus 1, negative where it is minus 1, 0 where the symbol must stay.
    """

    chances: NDArray[np.int16]

    def check(self, symbols: "Symbols") -> None:
        """Refuse what is no law of these base values.

        Raises:
            ArgumentError: It says what is wrong.
        """
        chances = self.chances
        if not isinstance(chances, np.ndarray) or chances.dtype != np.int16 or chances.shape != symbols.values.shape:
            raise ArgumentError(f"the chances of a law must be int16 of the shape {symbols.values.shape}")
        if chances.size and not -CHANCE_SCALE <= int(chances.min()) <= int(chances.max()) <= CHANCE_SCALE:
            raise ArgumentError(f"the chances of a law are at most 1, which is {CHANCE_SCALE}")
        values, signs = symbols.values, np.sign(chances)
        if (values[signs > 0] == 255).any() or (values[signs < 0] == 0).any():
            raise ArgumentError("a law must not lead out of the symbols, 0 to 255")


@dataclass(frozen=True)
class Encoding:
    """What the sender knows about a picture after encoding it.

    Attributes:
        symbols: The symbols, or their base values where there is a law.
        side: The rounding errors, int16 ``(k, h', w')``: value before rounding minus symbol, in 2^-14 steps; 0 where
            they are not known.
        wet: bool, ``(k, h', w')`` or ``(h', w')`` for all maps alike: symbols that must stay as they are; where there
            is a law, it tells which.
        footprint: What +1 on a symbol adds to the pixels of its block [grey levels], float32 ``(k, b, b, c)``; None
            where a symbol has no block of pixels to itself.
        law: By which the system draws the symbols that are sent; None sends ``symbols``.
    """

    symbols: Symbols
    side: NDArray[np.int16]
    wet: NDArray[np.bool_]
    footprint: NDArray[np.float32] | None = None
    law: Law | None = None

    @classmethod
    def of(cls, symbols: Symbols) -> "Encoding":
        """Of a codec that knows nothing but the symbols: any of them may change."""
        return cls(symbols, np.zeros(symbols.values.shape, np.int16), np.zeros(symbols.values.shape[1:], np.bool_))

    @property
    def wet_symbols(self) -> int:
        """Number of symbols that must stay as they are; by the law, if there is one."""
        if self.law is not None:
            return self.law.chances.size - int(np.count_nonzero(self.law.chances))
        return int(np.count_nonzero(self.wet)) * (self.symbols.values.size // self.wet.size)

    @property
    def wet_carriers(self) -> NDArray[np.bool_]:
        """Which of ``symbols.carriers`` must stay as they are, a view of the same shape."""
        return np.broadcast_to(within(self.symbols, self.wet), self.symbols.carriers.shape)

    @property
    def steps(self) -> NDArray[np.float64] | None:
        """Width of a symbol in each map ``(k,)`` [grey levels times the root of the block's values], if it is known."""
        if self.footprint is None:
            return None
        squares = self.footprint.reshape(len(self.footprint), -1).astype(np.float64) ** 2
        widths: NDArray[np.float64] = np.sqrt(squares.sum(axis=1))
        return widths


class Codec(Protocol):
    """Es and Ds of the paper's Fig. 1, with the bytes between them."""

    @property
    def name(self) -> str:
        """What streams call it: 1 to 16 printable ASCII characters without spaces."""

    @property
    def fingerprint(self) -> bytes:
        """Digest of the weights, 8 bytes: codecs that differ in it cannot read each other's streams."""

    @property
    def closed(self) -> bool:
        """Whether ``recover(decode(s)) == s`` on the carriers of all symbols that ``encode`` gives: exact stage II."""

    @property
    def dither(self) -> float:
        """Width of the uniform dither by which it rounds [steps], a multiple of 1/128 up to 1; 0 if it rounds plainly.

        If it is not 0, every encoding has a law.
        """
        return 0.0

    @abstractmethod
    def encode(self, picture: Picture) -> Encoding:
        """Es: symbols of a picture, and what only the sender knows.

        Raises:
            PictureError: If the picture is not for this codec.
        """

    @abstractmethod
    def decode(self, symbols: Symbols) -> Picture:
        """Ds: the picture that the receiver reconstructs."""

    @abstractmethod
    def recover(self, picture: Picture) -> Symbols:
        """The symbols that a reconstruction was made of, as well as they can be found; exact if the codec is closed.

        Raises:
            PictureError: If the picture is not for this codec.
        """

    @abstractmethod
    def pack(self, symbols: Symbols) -> bytes:
        """Symbols as bytes; the header of the stream is written by :mod:`semstego.codecs.stream`."""

    @abstractmethod
    def unpack(self, coded: bytes, height: int, width: int, channels: int) -> Symbols:
        """The symbols of a picture of this size.

        Raises:
            DamagedStreamError: If there are none in these bytes.
        """


def is_dither(width: float) -> bool:
    """Whether a dither may be so wide [steps]: a multiple of 1/128 from 0 to 1."""
    return 0 <= width <= 1 and float(width * DITHER_SCALE).is_integer()


def check_picture(picture: Picture) -> None:
    """Refuse what is no uint8 picture ``(h, w, 1 or 3)`` of 32 x 32 pixels to 50 megapixels.

    Raises:
        PictureError: It says what is wrong.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (1, 3):
        raise PictureError("a picture must be 8-bit, with one channel (grey) or three (RGB)")
    height, width, _ = picture.shape
    if min(height, width) < MIN_SIDE:
        raise PictureError(f"the picture has {width}x{height} pixels; both sides must be at least {MIN_SIDE}")
    if height * width > MAX_PIXELS:
        raise PictureError(f"the picture has {width}x{height} pixels; at most {MAX_PIXELS // 1_000_000} megapixels")
