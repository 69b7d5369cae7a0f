# SPDX-License-Identifier: Apache-2.0
"""Whole symbols of which Ds makes the very picture that was seen: a tabu search, from symbols that are nearly right.

A pixel of 8 bits says in which interval Ds put it: within half a grey level of its value, and without end beyond 0 or
255. The search steps one symbol by +1 or -1 at a time until all pixels lie in their intervals. It takes the pixel that
is farthest out, and of the steps that bring it nearer the one after which the squared distances of all pixels sum up to
least, even if that is more than before. A symbol that has stepped rests for a while, and so the search leaves local
minima (F. Glover, Tabu search, part I, ORSA Journal on Computing 1, 1989). Least squares would stop too early: wrong
symbols can have a smaller squared error than the right ones, but they leave some pixel out of its interval.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.convolutional.affine_map import AffineMap, Maps, place
from semstego.compiled import compiled

ROUNDING: Final = 0.5 + 1e-3  # half a grey level, and what Ds in float32 may differ by
RESTS: Final = (4, 6, 5, 8, 7, 10)  # steps for which a symbol rests, in one search after the other
PATIENCE: Final = 500  # steps without a lower sum after which a search ends
MOST_STEPS: Final = 3000  # of one search
LEAST_SHARE: Final = 0.05  # of a footprint at the pixel for the symbol to be considered [grey levels]


class Intervals:
    """Where Ds put the pixels of an 8-bit picture, and how far those of other symbols are from there.

    Attributes:
        affine: Ds.
        seen: The picture, ``(c, h, w)`` [grey levels].
        low: Lower ends of the intervals less the picture, with an edge of pixels that lie anywhere.
        high: Upper ends.
    """

    def __init__(self, seen: Maps, affine: AffineMap) -> None:
        self.affine, self.seen = affine, seen
        inside = affine.widened(np.ones(seen.shape)) > 0
        self.low = np.where(inside, affine.widened(np.where(seen > 0, -ROUNDING, -np.inf)), -np.inf)
        self.high = np.where(inside, affine.widened(np.where(seen < 255, ROUNDING, np.inf)), np.inf)

    def outside(self, symbols: Maps) -> int:
        """Number of the pixels that symbols put out of their intervals."""
        errors = self._errors(symbols)
        return int(((errors < self.low) | (errors > self.high)).sum())

    def searched(self, symbols: Maps) -> Maps:
        """The symbols of a tabu search from these, whole numbers ``(c, h', w')``: the best that it met."""
        for rest in RESTS:
            errors = self._errors(symbols)
            symbols, found = _search(symbols, errors, self.low, self.high, self.affine.footprints, rest)
            if found:
                break
        return symbols

    def _errors(self, symbols: Maps) -> Maps:
        """The picture of symbols minus the one seen, widened."""
        return self.affine.widened(self.affine.picture(symbols) - self.seen)


@compiled
def _distance(error: float, low: float, high: float) -> float:
    """How far an error is out of its interval."""
    return max(0.0, low - error, error - high)


@compiled
def _search(symbols: Maps, errors: Maps, low: Maps, high: Maps, footprints: Maps, rest: int) -> tuple[Maps, bool]:
    """One search; ``errors`` are used up. The best symbols, and whether all pixels lie in their intervals."""
    _, height, width = symbols.shape
    side = footprints.shape[-1]
    sums, farthest = np.zeros(errors.shape[:2]), np.zeros(errors.shape[:2])
    _measure(errors, low, high, 0, errors.shape[1], sums, farthest)
    current, rests_until = symbols.copy(), np.zeros(symbols.shape, np.int64)
    best, least, since = symbols, sums.sum(), 0
    for step in range(MOST_STEPS):
        if farthest.max() == 0:
            return current, True
        if since == PATIENCE:
            break
        place_out = _farthest_pixel(errors, low, high, farthest)
        source, y, x, sign = _best_step(place_out, current, errors, low, high, footprints, rests_until, step)
        if source < 0:
            break
        current[source, y, x] += sign
        rests_until[source, y, x] = step + 1 + rest
        _add(sign, footprints[place(y, height), place(x, width), source], errors, y, x)
        _measure(errors, low, high, y, y + side, sums, farthest)
        since += 1
        if sums.sum() < least:
            best, least, since = current.copy(), sums.sum(), 0
    return best, False


@compiled
def _add(sign: float, footprint: Maps, errors: Maps, y: int, x: int) -> None:
    """What a step of the symbol in row y and column x does to the errors."""
    for channel in range(len(footprint)):
        for i in range(footprint.shape[1]):
            for j in range(footprint.shape[2]):
                errors[channel, y + i, x + j] += sign * footprint[channel, i, j]


@compiled
def _measure(errors: Maps, low: Maps, high: Maps, top: int, bottom: int, sums: Maps, farthest: Maps) -> None:
    """Sum of the squared distances, and the largest distance, in rows of the picture from ``top`` to ``bottom``."""
    for channel in range(len(errors)):
        for y in range(top, bottom):
            total = most = 0.0
            for x in range(errors.shape[2]):
                distance = _distance(errors[channel, y, x], low[channel, y, x], high[channel, y, x])
                total += distance * distance
                most = max(most, distance)
            sums[channel, y], farthest[channel, y] = total, most


@compiled
def _farthest_pixel(errors: Maps, low: Maps, high: Maps, farthest: Maps) -> tuple[int, int, int]:
    """Channel, row and column of the pixel that is farthest out of its interval."""
    row = np.argmax(farthest)
    channel, y = row // farthest.shape[1], row % farthest.shape[1]
    for x in range(errors.shape[2]):
        if _distance(errors[channel, y, x], low[channel, y, x], high[channel, y, x]) == farthest[channel, y]:
            break
    return channel, y, x


@compiled
def _best_step(
    pixel: tuple[int, int, int],
    symbols: Maps,
    errors: Maps,
    low: Maps,
    high: Maps,
    footprints: Maps,
    rests_until: NDArray[np.int64],
    now: int,
) -> tuple[int, int, int, float]:
    """Of the steps that bring a pixel nearer to its interval the best: map, row, column and sign; map -1 if none is."""
    channels, height, width = symbols.shape
    side = footprints.shape[-1]
    target, i, j = pixel
    down = errors[pixel] > high[pixel]
    least, best = np.inf, (-1, 0, 0, 0.0)
    for source in range(channels):
        for y in range(max(0, i - side + 1), min(height, i + 1)):
            for x in range(max(0, j - side + 1), min(width, j + 1)):
                footprint = footprints[place(y, height), place(x, width), source]
                share = footprint[target, i - y, j - x]
                sign = -1.0 if (share > 0) == down else 1.0
                if abs(share) < LEAST_SHARE or rests_until[source, y, x] > now:
                    continue
                if not 0 <= symbols[source, y, x] + sign <= 255:
                    continue
                change = _change(y, x, sign, footprint, errors, low, high)
                if change < least:
                    least, best = change, (source, y, x, sign)
    return best


@compiled
def _change(y: int, x: int, sign: float, footprint: Maps, errors: Maps, low: Maps, high: Maps) -> float:
    """By how much a step raises the sum of the squared distances."""
    change = 0.0
    for channel in range(len(footprint)):
        for i in range(footprint.shape[1]):
            for j in range(footprint.shape[2]):
                at = channel, y + i, x + j
                before = _distance(errors[at], low[at], high[at])
                after = _distance(errors[at] + sign * footprint[channel, i, j], low[at], high[at])
                change += after * after - before * before
    return change
