# SPDX-License-Identifier: Apache-2.0
"""The compiled loops of :mod:`semstego.coding.polar`: bounds on all indices, and successive cancellation.

Both walk the tree of the code depth first. The nodes that begin at element i have lengths up to the lowest set bit of
i, and the longest of them exists already, as half of its parent, when the walk comes to i.

Loops start at 0 and arrays are cut to size before: then Numba knows that no index is negative, and LLVM makes vector
code of them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = ["DRAWN", "SCALE", "bounds", "draw", "prefix_sums"]

DRAWN: Final = 2
"""In place of a message bit: this index is drawn."""

SCALE: Final = 1 << 14
"""Chances are in units of 2^-14."""
_SHORT: Final = 16  # the length of nodes whose last four levels are unrolled


@compiled
def _difference(chance: np.int16) -> np.float64:
    """1 - 2 p, exactly."""
    return 1 - abs(np.float64(chance)) * (2 / SCALE)


@compiled
def _first_level(chances: NDArray[np.int16], minus: NDArray[np.float64], plus: NDArray[np.float64]) -> None:
    """Bounds after the first level, whose rule for plus is exact; a symbol beyond the last is fixed."""
    later = chances[minus.size :]
    for t in range(later.size):
        a, b = _difference(chances[t]) ** 2, _difference(later[t]) ** 2
        product = a * b
        minus[t] = product
        plus[t] = (a + b - 2 * product) / (1 - product) if product < 1 else 1.0
    for t in range(later.size, minus.size):
        minus[t] = _difference(chances[t]) ** 2
        plus[t] = 1.0


@compiled
def _split(a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
    """Minus and plus of the halves of a node, in their place."""
    for t in range(a.size):
        product = a[t] * b[t]
        a[t], b[t] = product, a[t] + b[t] - product


@compiled
def _split_short(node: NDArray[np.float64]) -> None:
    """All levels of a node of length 16."""
    half = _SHORT // 2
    while half:
        for start in range(0, _SHORT, 2 * half):
            for t in range(start, start + half):
                a, b = node[t], node[t + half]
                product = a * b
                node[t], node[t + half] = product, a + b - product
        half >>= 1


@compiled
def bounds(chances: NDArray[np.int16], size: int) -> NDArray[np.float64]:
    """Upper bounds on E[d_i^2] of every index.

    Args:
        chances: int16 [n], in units of 2^-14.
        size: Length N of the code, the least power of two that is n or more, and at least 2.

    Returns:
        float64 [N].
    """
    half = size >> 1
    found = np.empty(size)
    _first_level(chances, found[:half], found[half:])
    shortest = _SHORT if half >= _SHORT else 1
    for start in range(0, size, shortest):
        length = start & -start if start else half
        while length > shortest:
            length >>= 1
            _split(found[start : start + length], found[start + length : start + 2 * length])
        if shortest == _SHORT:
            _split_short(found[start : start + _SHORT])
    return found


@compiled
def prefix_sums(
    values: NDArray[np.float64], order: NDArray[np.int32], factor: float, limit: float
) -> NDArray[np.float64]:
    """Sums of the first 1, 2, ... values in this order, times a factor, until they pass the limit."""
    sums = np.empty(order.size)
    total = 0.0
    for count in range(order.size):
        total += values[order[count]]
        if total * factor > limit:
            return sums[:count].copy()
        sums[count] = total * factor
    return sums


@compiled
def _minus(parent: NDArray[np.float64], child: NDArray[np.float64]) -> None:
    """The differences d of the first half of a node, its minus."""
    for t in range(child.size):
        child[t] = parent[t] * parent[child.size + t]


@compiled
def _plus(parent: NDArray[np.float64], first: NDArray[np.uint8], child: NDArray[np.float64]) -> None:
    """The differences d of the second half of a node, its plus, given the bits of the first."""
    for t in range(child.size):
        a, b = parent[t] * (1 - 2.0 * first[t]), parent[child.size + t]
        child[t] = (a + b) / (1 + a * b)


@compiled
def _add(bits: NDArray[np.uint8]) -> None:
    """The bits of a node from those of its minus and plus, in their place."""
    half = bits.size >> 1
    for t in range(half):
        bits[t] ^= bits[half + t]


@compiled
def _draw_node(d: NDArray[np.float64], uniform: NDArray[np.float64], x: NDArray[np.uint8]) -> None:
    """The bits of a node none of whose indices is given: they are independent, given all before them."""
    for t in range(x.size):
        x[t] = 2 * uniform[t] >= 1 + d[t]


@compiled
def _set_node(d: NDArray[np.float64], message: NDArray[np.uint8], x: NDArray[np.uint8]) -> bool:
    """The bits of a node all of whose indices are given; False if the law does not allow one of them."""
    for t in range(x.size):  # Numba takes seconds to compile an array that is assigned to a slice
        x[t] = message[t]
    length = 2
    while length <= x.size:
        for start in range(0, x.size, length):
            _add(x[start : start + length])
        length <<= 1
    possible = True
    for t in range(x.size):
        possible &= d[t] * (1 - 2.0 * x[t]) > -1
    return possible


@compiled
def _given_before(message: NDArray[np.uint8]) -> NDArray[np.int32]:
    """How many indices before each one, and in all, are given."""
    found = np.empty(message.size + 1, np.int32)
    found[0] = 0
    for i in range(message.size):
        found[i + 1] = found[i] + (message[i] != DRAWN)
    return found


@compiled
def draw(
    base_parity: NDArray[np.uint8],
    chances: NDArray[np.int16],
    message: NDArray[np.uint8],
    uniform: NDArray[np.float64],
    x: NDArray[np.uint8],
) -> int:
    """Successive cancellation: draws all indices that are not given.

    A node is taken as a whole if none or all of its indices are given; the tree is walked only where they mix.

    Args:
        base_parity: uint8 [n].
        chances: int16 [n], in units of 2^-14.
        message: uint8 [N], the bit of every index, or ``DRAWN``.
        uniform: float64 [N], in [0, 1).
        x: uint8 [N], takes the bits of the symbols.

    Returns:
        How many given bits the law did not allow; there it was followed.
    """
    size = message.size
    d = np.empty(2 * size)  # a node of length m has its differences at m .. 2 m - 1, and so have all above it
    d[size:] = 1.0
    for t in range(chances.size):
        d[size + t] = _difference(chances[t]) * (1 - 2.0 * base_parity[t])
    given = _given_before(message)
    forced = 0
    i = 0
    while i < size:
        length = size
        if i:
            length = i & -i
            _plus(d[2 * length : 4 * length], x[i - length : i], d[length : 2 * length])
        while True:
            node, bits = d[length : 2 * length], x[i : i + length]
            known = given[i + length] - given[i]
            if not known:
                _draw_node(node, uniform[i : i + length], bits)
                break
            if known == length and _set_node(node, message[i : i + length], bits):
                break
            if length == 1:
                bits[0] = node[0] < 0
                forced += 1
                break
            length >>= 1
            _minus(node, d[length : 2 * length])
        i += length
        while length < size and not i & length:
            length <<= 1
            _add(x[i - length : i])
    return forced
