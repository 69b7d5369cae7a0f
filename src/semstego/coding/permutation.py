# SPDX-License-Identifier: Apache-2.0
"""A public permutation of any number of places, a function of that number alone; part of the format.

Neighbouring symbols of a picture have similar laws, and a polar code wants them far apart. A position is written as two
digits, high * columns + low, where rows and columns are the square root of the number of places, rounded up so that
every place has its digits. A Feistel network of four rounds permutes the pairs of digits: in turn, to each of them a
hash of the other is added. The few pairs that are no place go through the network again until they are one (cycle
walking). So it is a permutation of the places, and any stretch of it is computed alone.
"""

from functools import lru_cache
from math import isqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = ["MOST", "positions"]

MOST: Final = 1 << 31  # places

# Odd multiples of the golden ratio's fraction, one for each round, and the factors of the splitmix64 generator.
_ROUNDS: Final = tuple(np.uint64(number * 0x9E3779B97F4A7C15 % 2**64) for number in (1, 3, 5, 7))
_FIRST_FACTOR: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_FACTOR: Final = np.uint64(0x94D049BB133111EB)
_HALF: Final = np.uint64(32)  # bits


@lru_cache(maxsize=32)  # parts of a picture, which hiding asks for five times: 128 MiB at most
def positions(count: int, first: int, last: int) -> NDArray[np.int32]:
    """Where the elements first .. last - 1 of a code lie among ``count`` places.

    Args:
        count: Number of places, 1 to 2^31.
        first: First position of the code.
        last: Position behind the last one, first <= last <= count.

    Returns:
        int32 [last - first], all different, each from 0 to count - 1; read-only, for it is kept.

    Raises:
        ValueError: If these are no positions.
    """
    if not (1 <= count <= MOST and 0 <= first <= last <= count):
        raise ValueError(f"there are no positions {first} to {last} among {count}")
    rows = isqrt(count - 1) + 1
    columns = -(-count // rows)
    found = _walk(np.uint64(count), np.uint64(first), last - first, np.uint64(rows), np.uint64(columns))
    found.flags.writeable = False
    return found


@compiled
def _moved(digit: np.uint64, other: np.uint64, base: np.uint64, number: np.uint64) -> np.uint64:
    """A digit plus a hash of the other one, modulo its base."""
    product = (other + number) * _FIRST_FACTOR
    product ^= product >> _HALF
    product *= _SECOND_FACTOR
    total = digit + (((product >> _HALF) * base) >> _HALF)
    return total - base if total >= base else total


@compiled
def _walk(count: np.uint64, first: np.uint64, length: int, rows: np.uint64, columns: np.uint64) -> NDArray[np.int32]:
    """The network, over and over until the value is a place, for every position from ``first`` on."""
    found = np.empty(length, np.int32)
    for index in range(length):
        value = first + np.uint64(index)
        while True:
            high = value // columns
            low = value - high * columns
            high = _moved(high, low, rows, _ROUNDS[0])
            low = _moved(low, high, columns, _ROUNDS[1])
            high = _moved(high, low, rows, _ROUNDS[2])
            low = _moved(low, high, columns, _ROUNDS[3])
            value = high * columns + low
            if value < count:
                break
        found[index] = value
    return found
