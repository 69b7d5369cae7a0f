# SPDX-License-Identifier: Apache-2.0
"""Symbols on a link: wrong bits, lost blocks, and the analogue links of semantic communication (AWGN, Rayleigh)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from semstego.channel.base import Channel
from semstego.codecs.base import Symbols
from semstego.errors import ArgumentError

BLOCK_SYMBOLS: Final = 1056  # 8,448 bits, the longest block of 5G's LDPC code


@dataclass(frozen=True)
class BitErrors(Channel):
    """A binary symmetric channel: every bit of every symbol is wrong with the same probability.

    Attributes:
        rate: That probability, 0 to 0.5.
    """

    rate: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for a rate that is none."""
        if not 0 <= self.rate <= 0.5:
            raise ArgumentError(f"the rate of bit errors is 0 to 0.5, not {self.rate!r}")

    def symbols(self, symbols: Symbols, rng: Generator) -> Symbols:
        """With wrong bits."""
        wrong = rng.random((*symbols.values.shape, 8)) < self.rate
        return symbols.with_values(symbols.values ^ np.packbits(wrong, axis=-1)[..., 0])


@dataclass(frozen=True)
class LostBlocks(Channel):
    """Blocks of 1,056 symbols in the order of the maps' rows get lost, which the receiver knows.

    It fills a gap from the rows above and below in the same column, in proportion to their distance; a column of which
    nothing arrived gets the mean of its map, and a map of which nothing arrived, 128.

    Attributes:
        rate: Probability of a loss, 0 to 1.
    """

    rate: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for a rate that is none."""
        if not 0 <= self.rate <= 1:
            raise ArgumentError(f"the rate of lost blocks is 0 to 1, not {self.rate!r}")

    def symbols(self, symbols: Symbols, rng: Generator) -> Symbols:
        """With filled gaps."""
        values = symbols.values
        lost = rng.random(-(-values.size // BLOCK_SYMBOLS)) < self.rate
        there = ~np.repeat(lost, BLOCK_SYMBOLS)[: values.size].reshape(values.shape)
        return symbols.with_values(np.stack([_filled(*one) for one in zip(values, there, strict=True)]))


@dataclass(frozen=True)
class Awgn(Channel):
    """White Gaussian noise on the symbols, which arrive rounded and clipped.

    Attributes:
        snr_db: Variance of all symbols over the variance of the noise [dB].
    """

    snr_db: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for a ratio that is none."""
        if not -60 <= self.snr_db <= 120:
            raise ArgumentError(f"a signal-to-noise ratio is -60 to 120 dB, not {self.snr_db!r}")

    def symbols(self, symbols: Symbols, rng: Generator) -> Symbols:
        """With noise."""
        return symbols.with_values(_rounded(symbols.values + self._noise(symbols, rng)))

    def _noise(self, symbols: Symbols, rng: Generator) -> NDArray[np.float64]:
        deviation: float = symbols.values.std(dtype=np.float64) * 10 ** (-self.snr_db / 20)
        noise: NDArray[np.float64] = deviation * rng.standard_normal(symbols.values.shape)
        return noise


@dataclass(frozen=True)
class Rayleigh(Awgn):
    """AWGN behind a fading that is drawn for each symbol, has a mean power of 1, and is known to the receiver.

    It divides by the fading, so that noise grows where little arrives.
    """

    def symbols(self, symbols: Symbols, rng: Generator) -> Symbols:
        """With noise."""
        parts = rng.standard_normal((2, *symbols.values.shape))
        fading = np.sqrt((parts**2).sum(axis=0) / 2)
        return symbols.with_values(_rounded(symbols.values + self._noise(symbols, rng) / fading))


def _rounded(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _filled(plane: NDArray[np.uint8], there: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A map ``(h', w')`` with its gaps filled."""
    found = plane.astype(np.float64)
    middle = found[there].mean() if there.any() else 128.0
    rows = np.arange(len(plane))
    for column in np.flatnonzero(~there.all(axis=0)):
        arrived = there[:, column]
        gap = rows[~arrived]
        found[gap, column] = np.interp(gap, rows[arrived], found[arrived, column]) if arrived.any() else middle
    return _rounded(found)
