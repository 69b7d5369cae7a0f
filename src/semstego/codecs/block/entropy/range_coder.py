# SPDX-License-Identifier: Apache-2.0
"""A range coder, bit for bit the ``queue`` of constriction [Bamler2022] with words of 32 bits and a precision of 24.

    interval [low, low + width) ──symbol──▶ its part of 2^24: [left, right) * (width >> 24)
                                ──width < 2^32──▶ the upper word of ``low`` is written, both are shifted by a word

``low`` has 64 bits; where it overflows, 1 is carried into the words that are written already. The reader keeps the
distance of the words from ``low``. Integers only, and modulo 2^64 where they overflow.

[Martin1979] G. N. N. Martin, "Range encoding: an algorithm for removing redundancy from a digitised message", 1979.
[Bamler2022] R. Bamler, "Understanding entropy coding with asymmetric numeral systems (ANS): a statistician's
perspective", arXiv:2201.01741, 2022.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = [
    "FREQUENCY_BITS",
    "State",
    "Words",
    "boundaries",
    "decode",
    "encode",
    "finish",
    "is_finished",
    "reader",
    "writer",
]

FREQUENCY_BITS: Final = 16

_PRECISION: Final = 24  # bits
_SCALE_SHIFT: Final = np.uint64(_PRECISION)
_QUANTILES: Final = np.uint64(1 << _PRECISION)
_WORD: Final = np.uint64(32)  # bits
_LEAST_WIDTH: Final = np.uint64(1 << 32)
_FULL: Final = np.uint64(2**64 - 1)
_ONE: Final = np.uint64(1)

State = NDArray[np.uint64]  # (3,): ``low`` of a writer, or a reader's distance from it; width; words written or read
Words = NDArray[np.uint32]
_LOW, _WIDTH, _COUNT = 0, 1, 2


def boundaries(frequencies: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """Where the symbols' parts of 2^24 begin, and where the last one ends.

    Args:
        frequencies: ``(d, n)``: d distributions of n symbols, each 1 or more and 2^16 together.

    Returns:
        ``(d, n + 1)``, rising from 0 to 2^24; every symbol has a part of at least 1 on top of its share of the rest.
    """
    count = frequencies.shape[1]
    sums = np.zeros((len(frequencies), count + 1), np.int64)
    np.cumsum(frequencies, axis=1, out=sums[:, 1:])
    shares = sums * ((1 << _PRECISION) - count) >> FREQUENCY_BITS
    bounds: NDArray[np.uint32] = (shares + np.arange(count + 1)).astype(np.uint32)
    return bounds


def writer() -> State:
    """State of an encoder that has written nothing."""
    return np.array([0, _FULL, 0], np.uint64)


def reader(words: Words) -> State:
    """State of a decoder at the first of these words; behind the last one it reads zeros."""
    first = [*words[:2].tolist(), 0, 0]
    return np.array([first[0] << 32 | first[1], _FULL, min(2, len(words))], np.uint64)


@compiled
def _carry(words: Words, count: np.uint64) -> None:
    """Add 1 to the number that the words make up."""
    at = np.int64(count) - 1
    words[at] += np.uint32(1)
    while words[at] == 0:
        at -= 1
        words[at] += np.uint32(1)


@compiled
def encode(
    values: NDArray[np.uint8],
    which: NDArray[np.uint8],
    order: NDArray[np.int32],
    bounds: NDArray[np.uint32],
    state: State,
    words: Words,
) -> bool:
    """Code symbols.

    Args:
        values: Symbols ``(n,)``.
        which: Distribution of each, ``(n,)``.
        order: In which they are coded, ``(n,)``.
        bounds: :func:`boundaries` of the distributions.
        state: The encoder, changed in place.
        words: Where it writes.

    Returns:
        Whether the words were enough.
    """
    low, width, count = state[_LOW], state[_WIDTH], state[_COUNT]
    for i in order:
        part = bounds[which[i]]
        left, right = np.uint64(part[values[i]]), np.uint64(part[np.int64(values[i]) + 1])
        scale = width >> _SCALE_SHIFT
        start = low + scale * left
        if start < low:
            _carry(words, count)  # never out of the first word: every interval lies inside the first one
        low, width = start, scale * (right - left)
        if width < _LEAST_WIDTH:
            if count == len(words):
                return False
            words[count] = low >> _WORD
            count += _ONE
            low, width = low << _WORD, width << _WORD
    state[_LOW], state[_WIDTH], state[_COUNT] = low, width, count
    return True


def finish(state: State, words: Words) -> Words:
    """All that was written, and what tells the last interval from all others, whatever follows."""
    low, width = int(state[_LOW]), int(state[_WIDTH])
    point = low + (1 << 32) - 1
    if point >> 64:
        _carry(words, state[_COUNT])
    last, upper = (number >> 32 & 0xFFFFFFFF for number in (point, low + width))
    return np.append(words[: state[_COUNT]], np.array([last, 0] if last == upper else [last], np.uint32))


@compiled
def decode(
    which: NDArray[np.uint8],
    order: NDArray[np.int32],
    bounds: NDArray[np.uint32],
    state: State,
    words: Words,
    values: NDArray[np.uint8],
) -> bool:
    """Read symbols.

    Args:
        which: Distribution of each, ``(n,)``.
        order: In which they were coded, ``(n,)``.
        bounds: :func:`boundaries` of the distributions, each of 256 symbols.
        state: The decoder, changed in place.
        words: What it reads.
        values: Output ``(n,)``.

    Returns:
        Whether these are words that :func:`encode` can have written.
    """
    distance, width, count = state[_LOW], state[_WIDTH], state[_COUNT]
    for i in order:
        part = bounds[which[i]]
        scale = width >> _SCALE_SHIFT
        quantile = distance // scale
        if quantile >= _QUANTILES:
            return False
        value, half = 0, 128
        while half:
            if part[value + half] <= quantile:
                value += half
            half >>= 1
        left, right = np.uint64(part[value]), np.uint64(part[value + 1])
        distance, width = distance - scale * left, scale * (right - left)
        if width < _LEAST_WIDTH:
            distance, width = distance << _WORD, width << _WORD
            if count < len(words):
                distance |= np.uint64(words[count])
                count += _ONE
        values[i] = value
    state[_LOW], state[_WIDTH], state[_COUNT] = distance, width, count
    return True


def is_finished(state: State, words: Words) -> bool:
    """Whether a decoder may have read all that was written: no words are left, and the last ones are near ``low``."""
    return int(state[_COUNT]) == len(words) and int(state[_LOW]) < (1 << 33) - 1
