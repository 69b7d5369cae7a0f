# SPDX-License-Identifier: Apache-2.0
"""What every semantic codec offers: a picture becomes symbols, symbols become a picture (Eqs. 1 and 2 of the paper)."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (h, w, c), c = 1 (grey) or 3 (RGB)
SymbolMap = NDArray[np.uint8]  # (k, h', w')


@dataclass(frozen=True)
class Symbols:
    """The quantised features of one picture.

    Attributes:
        values: uint8 ``(k, h', w')``.
        height: Height of the picture the features stand for [pixels].
        width: Its width [pixels].
        channels: 1 (grey) or 3 (RGB).
    """

    values: SymbolMap
    height: int
    width: int
    channels: int

    @property
    def pixels(self) -> int:
        """Number of pixels of the picture, the denominator of every bpp."""
        return self.height * self.width

    @property
    def compression_ratio(self) -> float:
        """Symbols per colour value of the picture, the ACTUAL ratio (Section II-A of the paper)."""
        return self.values.size / (self.pixels * self.channels)

    def with_values(self, values: SymbolMap) -> "Symbols":
        """The same picture's geometry around other symbols."""
        return Symbols(values, self.height, self.width, self.channels)


class SemanticCodec(Protocol):
    """Es and Ds of the paper's Fig. 1.

    ``closed`` promises ``encode(decode(s)) == s`` on the carriers of every stream that ``encode`` emits, which makes
    stage II exact.
    """

    name: str
    closed: bool

    def encode(self, picture: Picture) -> Symbols:
        """Es: uint8 picture ``(h, w, c)`` to symbols."""

    def decode(self, symbols: Symbols) -> Picture:
        """Ds: symbols to a uint8 picture ``(h, w, c)``."""
