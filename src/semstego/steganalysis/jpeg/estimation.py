# SPDX-License-Identifier: Apache-2.0
"""From a reconstruction to the JPEG that its original was decoded from: which format, and which levels.

    luma, each shift and quality ──likelihood of whole levels in noise──▶ shift, quality
    each subsampling ──surprise at the symbols if levels are rounded──▶ format
    levels, rounded ──change those that were nearly rounded the other way, while the symbols become likelier──▶ levels

The symbols that the codec gives for the decoded picture are what plain rounding would have sent, or the base symbols of
a dithered codec. Wherever the levels are right, the estimate of the original is right to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import CHANCE_SCALE, Codec, Encoding, Picture, Symbols, within
from semstego.io.jpeg_history import BLOCK
from semstego.steganalysis.jpeg.decoder import FULL, GREY, HALF, JpegFormat, Levels, block_dct, luma

SPREADS = (0.25, 0.5, 1.0, 2.0)  # of the noise of a reconstruction in some blocks, in units of its mean
NOISY = 0.1  # share of the coefficients that may have any noise
LEAST_SCALE = 0.3  # grey levels, of noise and of a frequency's coefficients
QUALITIES = tuple(range(50, 99))
CORNER = ((0, 0),)  # the blocks start where the picture does
TRIED = 16  # levels of each unit that may be rounded the other way
ROUNDS = 3
IMPOSSIBLE = 2.0**-10  # probability that a symbol is given if it has none, for the estimate may be a little wrong

Shift = tuple[int, int]  # row and column [pixels] of the first whole unit


@dataclass(frozen=True, eq=False)
class Surprise:
    """How received symbols compare with what was expected, for each that may carry, ``(k, rows, columns)``.

    Attributes:
        nats: Minus the logarithm of the probability of the symbol.
        impossible: Whether that probability is 0.
        moved: Whether the symbol is not the expected base value.
        chance: Probability that it is not.
    """

    nats: NDArray[np.float64]
    impossible: NDArray[np.bool_]
    moved: NDArray[np.bool_]
    chance: NDArray[np.float64]

    @classmethod
    def of(cls, received: Symbols, expected: Encoding) -> "Surprise":
        """Of symbols, where the original gives this encoding."""
        steps = received.carriers.astype(np.int16) - expected.symbols.carriers
        if expected.law is None:
            chance, side = np.zeros(steps.shape), np.zeros(steps.shape, np.int16)
        else:
            chances = within(received, expected.law.chances)
            chance, side = np.abs(chances) / CHANCE_SCALE, np.sign(chances)
        moved = steps != 0
        given = np.where(moved, np.where(steps == side, chance, 0.0), 1 - chance)
        return cls(-np.log(np.maximum(given, IMPOSSIBLE)), given == 0, moved, chance)


@dataclass(frozen=True, eq=False)
class Estimate:
    """The JPEG that a reconstruction is thought to stem from.

    Attributes:
        format: Its subsampling and quality.
        shift: Row and column of its first whole unit in the picture [pixels].
        original: The picture with that JPEG's pixels in place of its own, wherever there are whole units.
        received: The symbols of the reconstruction.
        surprise: Of these symbols, if that is the original.
    """

    format: JpegFormat
    shift: Shift
    original: Picture
    received: Symbols
    surprise: Surprise


def estimate(
    picture: Picture, codec: Codec, qualities: Sequence[int] = QUALITIES, shifts: Sequence[Shift] = CORNER
) -> Estimate:
    """The likeliest JPEG.

    Args:
        picture: Reconstruction, uint8 ``(h, w, c)``, of at least 16x16 pixels behind the furthest shift.
        codec: A closed one, whose symbols belong to blocks of pixels.
        qualities: That are searched.
        shifts: Of the 8x8 blocks, that are searched; in 4:2:0 the units of 16x16 start there or 8 pixels on, unless the
            corner is the only shift.
    """
    received = codec.recover(picture)
    formats = likely_formats(picture, codec, qualities, shifts)
    search = min(
        (_Search(picture, codec, received, *one) for one in formats), key=lambda one: one.mean_cost_of_rounded()
    )
    original = search.original(search.run())
    return Estimate(search.format, search.shift, original, received, search.surprise(original))


def likely_formats(
    picture: Picture, codec: Codec, qualities: Sequence[int] = QUALITIES, shifts: Sequence[Shift] = CORNER
) -> list[tuple[JpegFormat, Shift]]:
    """The likeliest shift and quality of the luma, in every subsampling; arguments as in :func:`estimate`."""
    plane, noise = luma(picture), _noise(picture, codec)
    scores = {
        (quality, shift): _likelihood(block_dct(plane[_area(plane.shape, shift, BLOCK)]), noise, quality)
        for shift in shifts
        for quality in qualities
    }
    quality, (row, column) = max(scores, key=lambda one: scores[one])
    if picture.shape[2] == 1:
        return [(JpegFormat(GREY, quality), (row, column))]
    far = (0,) if tuple(shifts) == CORNER else (0, BLOCK)
    halves = [(JpegFormat(HALF, quality), (row + down, column + right)) for down in far for right in far]
    return [(JpegFormat(FULL, quality), (row, column)), *halves]


def cells(symbols: Symbols, start: int, unit: int, axis: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Along one axis, the first block of symbols of each whole unit, and the one after its last.

    Args:
        symbols: Whose blocks are asked for; those that may carry count.
        start: Of the first unit [pixels].
        unit: Its side [pixels].
        axis: 0 for rows, 1 for columns.
    """
    assert symbols.block is not None
    length, blocks = (symbols.height, symbols.width)[axis], symbols.carrying[axis]
    tops = start + unit * np.arange((length - start) // unit)
    return np.minimum(tops // symbols.block, blocks), np.minimum(-(-(tops + unit) // symbols.block), blocks)


def sums(maps: NDArray[np.float64], symbols: Symbols, shift: Shift, unit: int) -> NDArray[np.float64]:
    """Sum over all maps ``(k, rows, columns)`` and over the blocks that touch each unit, ``(units, units)``."""
    total = np.pad(maps.sum(0).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    first, last = cells(symbols, shift[0], unit, 0)
    left, right = cells(symbols, shift[1], unit, 1)
    upper, lower = total[first], total[last]
    found: NDArray[np.float64] = lower[:, right] - lower[:, left] - upper[:, right] + upper[:, left]
    return found


class _Search:
    """Levels that make the received symbols likely: rounded first, then those that were close are tried the other way.

    A trial changes a level of every unit at once and is kept in the units whose symbols become likelier; where blocks
    of symbols lie across units, of every second unit in each direction.

    Attributes:
        format: Of the JPEG.
        shift: Of its first whole unit.
    """

    def __init__(self, picture: Picture, codec: Codec, received: Symbols, form: JpegFormat, shift: Shift) -> None:
        self._picture, self._codec, self._received = picture, codec, received
        self.format, self.shift = form, shift
        self._place = _area(picture.shape, shift, form.unit)
        self._real = form.levels(picture[self._place])

    def mean_cost_of_rounded(self) -> float:
        """What the levels cost that are nearest, per unit and pixel of it."""
        return float(self._costs(np.rint(self._real)).mean()) / self.format.unit**2

    def original(self, levels: Levels) -> Picture:
        """The received picture, with the decoded one where there are units."""
        original = self._picture.copy()
        original[self._place] = self.format.decoded(levels)
        return original

    def surprise(self, original: Picture) -> Surprise:
        """Of the received symbols, if this is the original."""
        return Surprise.of(self._received, self._codec.encode(original))

    def run(self) -> Levels:
        """The levels that were found."""
        levels = np.rint(self._real)
        costs = self._costs(levels)
        for _ in range(ROUNDS):
            before = costs
            off = self._real - levels
            order = np.argsort(-np.abs(off), axis=2)
            for place in range(TRIED):
                which = order[:, :, place : place + 1]
                step = np.sign(np.take_along_axis(off, which, 2))
                for phase in self._phases():
                    levels, costs = self._tried(levels, costs, which, step, phase)
            if (costs >= before).all():
                break
        return levels

    def _tried(
        self,
        levels: Levels,
        costs: NDArray[np.float64],
        which: NDArray[np.intp],
        step: NDArray[np.float64],
        phase: NDArray[np.bool_],
    ) -> tuple[Levels, NDArray[np.float64]]:
        trial = levels.copy()
        np.put_along_axis(trial, which, np.take_along_axis(levels, which, 2) + step * phase[:, :, np.newaxis], 2)
        better = (self._costs(trial) < costs) & phase
        if not better.any():
            return levels, costs
        levels = np.where(better[:, :, np.newaxis], trial, levels)
        return levels, self._costs(levels)

    def _costs(self, levels: Levels) -> NDArray[np.float64]:
        surprise = self.surprise(self.original(levels))
        return sums(surprise.nats, self._received, self.shift, self.format.unit)

    def _phases(self) -> list[NDArray[np.bool_]]:
        row, column = np.indices(self._real.shape[:2])
        block = self._received.block
        assert block is not None
        if all(length % block == 0 for length in (self.format.unit, *self.shift)):
            return [np.ones(row.shape, np.bool_)]
        return [(row % 2 == i) & (column % 2 == j) for i in (0, 1) for j in (0, 1)]


def _area(shape: tuple[int, ...], shift: Shift, unit: int) -> tuple[slice, slice]:
    """The whole units of a picture that has this shape."""
    rows, columns = (
        slice(start, start + (length - start) // unit * unit) for start, length in zip(shift, shape, strict=False)
    )
    return rows, columns


def _noise(picture: Picture, codec: Codec) -> NDArray[np.float64]:
    """Standard deviations of what the codec adds to the luma coefficients, ``(64,)`` [grey levels].

    The picture itself would be given back as it is; moved by a pixel, it is as good as any other.
    """
    moved = np.ascontiguousarray(picture[1:, 1:])
    error = luma(codec.decode(codec.encode(moved).symbols)) - luma(moved)
    coefficients = block_dct(error[_area(error.shape, (0, 0), BLOCK)])
    scales: NDArray[np.float64] = np.maximum(np.sqrt((coefficients**2).mean((0, 1))), LEAST_SCALE)
    return scales


def _likelihood(coefficients: NDArray[np.float64], noise: NDArray[np.float64], quality: int) -> float:
    """Logarithm of the probability of luma coefficients ``(rows, columns, 64)``.

    Those of a frequency follow Laplace's law until they are rounded; then normal noise is added, more of it in some
    blocks than in others. A few are taken to follow Laplace's law all the same. The mean of a block is left out.
    """
    steps, size, noise = JpegFormat(GREY, quality).steps[1:], np.abs(coefficients[..., 1:]), noise[1:]
    scale = np.maximum(size.mean((0, 1)), LEAST_SCALE)
    nearest = np.rint(size / steps)
    decay, outer, zero = np.exp(-steps / scale), np.sinh(steps / (2 * scale)), -np.expm1(-steps / (2 * scale))
    density = NOISY * np.exp(-size / scale) / (2 * scale)
    for level in (nearest - 1, nearest, nearest + 1):
        mass = np.where(level == 0, zero, decay ** np.abs(level) * outer) * (1 - NOISY) / len(SPREADS)
        for width in (spread * noise for spread in SPREADS):
            density += mass * np.exp(-(((size - level * steps) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    return float(np.log(density).sum())
