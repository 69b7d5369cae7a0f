# SPDX-License-Identifier: Apache-2.0
"""Which indices of a polar code carry the message, best first: a function of the number of symbols alone.

Sender and receiver must agree, so it is integers throughout and part of the format.

An index is worth what its bound on E[d^2] is worth (see :mod:`semstego.coding.polar`), and that depends on the picture.
So the order is made for an ensemble of pictures: every symbol is wet with probability w, or else has a chance to move
that is uniform in (0, 1); the N - n symbols that fill a code up to a power of two are fixed. An index ranks by the
largest of 20 wet shares w at which its bound is within a symbol's part of the target, and indices of one rank by the
bound at the next w.

The mean bounds follow the recursion of the code: of two nodes with a and b, minus is a b and plus is a + b - a b. As
the fixed symbols lie at the end, the elements of a node have one of two values, the first up to some element and the
second from there on; and where that changes is the same in all nodes of one size. So a node costs two products, not as
many as it has elements.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = ["public_order"]

_BITS: Final = 62  # behind the point: values are integers in units of 2^-62
_ONE: Final = 1 << _BITS
_HALF_BITS: Final = np.uint64(_BITS // 2)
_LOW: Final = np.uint64((1 << (_BITS // 2)) - 1)
_WORD: Final = np.uint64(0xFFFFFFFF)

_SHARES: Final = 20  # wet shares, from 0 to _WETTEST thousandths
_WETTEST: Final = 985
_PLUS: Final = (
    5325978593493471 * _ONE // 10**16
)  # mean of (a + b - 2 a b) / (1 - a b), a and b squares of uniform numbers
_LN2: Final = 6931471805599453, 10**16
_TARGET: Final = 8, 10**4  # KL divergence of a picture [nats] that the order is made for: P_E >= 0.49


@lru_cache(maxsize=8)
def public_order(symbols: int) -> NDArray[np.int32]:
    """The indices of a polar code in the order in which they take message bits.

    Args:
        symbols: Number of symbols n of the code, 1 or more.

    Returns:
        Read-only int32 [N], N the least power of two that is n or more, and at least 2: every index once.

    Raises:
        ValueError: If there is no symbol.
    """
    if symbols < 1:
        raise ValueError("a code needs a symbol")
    limit = _ONE * _TARGET[0] * _LN2[1] // (_TARGET[1] * _LN2[0] * symbols)
    levels = max(1, (symbols - 1).bit_length())
    keys = _keys(_tree(levels), symbols, np.uint64(limit))
    order = np.argsort(keys, kind="stable").astype(np.int32)
    order.flags.writeable = False
    return order


def _tree(levels: int) -> NDArray[np.uint64]:
    """Room for the pair of nodes that is at work on each level, uint64 ``(level, minus or plus, 2, wet share)``.

    Filled in are the mean values after the first level, of two symbols and of one and a fixed one.
    """
    tree = np.zeros((levels + 1, 2, 2, _SHARES), np.uint64)
    nodes = tree[1]
    for share in range(_SHARES):
        wet = share * _WETTEST * _ONE // (1000 * (_SHARES - 1))
        mean = (_ONE - wet) // 3 + wet
        dry = (_ONE - wet) * (_ONE - wet) >> _BITS  # both symbols can move
        nodes[0, 0, share] = mean * mean >> _BITS
        nodes[0, 1, share] = mean
        nodes[1, 0, share] = (dry * _PLUS >> _BITS) + _ONE - dry
        nodes[1, 1, share] = _ONE
    return tree


@compiled
def _product(a: np.uint64, b: np.uint64) -> np.uint64:
    """The product of numbers in units of 2^-62, at most two units too small; exact where one of them is 1."""
    a_high, a_low = (a >> _HALF_BITS) & _WORD, a & _LOW
    b_high, b_low = (b >> _HALF_BITS) & _WORD, b & _LOW
    return a_high * b_high + ((a_high * b_low + a_low * b_high) >> _HALF_BITS)


@compiled
def _split(node: NDArray[np.uint64], middle: int, children: NDArray[np.uint64]) -> None:
    """Minus and plus, ``(2, 2, w)``, of a node ``(2, w)`` whose element in the middle has value number ``middle``."""
    for share in range(node.shape[1]):
        first, centre, second = node[0, share], node[middle, share], node[1, share]
        minus = _product(first, centre)
        children[0, 0, share] = minus
        children[1, 0, share] = first + centre - minus
        minus = _product(centre, second)
        children[0, 1, share] = minus
        children[1, 1, share] = centre + second - minus


@compiled
def _keys(tree: NDArray[np.uint64], symbols: int, limit: np.uint64) -> NDArray[np.uint64]:
    """For every index a number that is smaller the better it is, uint64 ``(2^levels,)``; works in :func:`_tree`."""
    levels, shares = len(tree) - 1, tree.shape[3]
    middle = np.zeros(levels + 1, np.int64)
    change = symbols - (1 << (levels - 1))  # the first element that has the node's second value
    for depth in range(1, levels):
        half = 1 << (levels - depth - 1)
        middle[depth] = change <= half
        if change > half:
            change -= half
    value = 0 if change == 1 else 1

    keys = np.empty(1 << levels, np.uint64)
    for index in range(keys.size):
        depth = 1
        while index & ((1 << (levels - depth)) - 1):
            depth += 1
        while depth < levels:
            _split(tree[depth, (index >> (levels - depth)) & 1], middle[depth], tree[depth + 1])
            depth += 1
        bounds = tree[levels, index & 1, value]
        share = 0
        while share < shares and bounds[share] <= limit:
            share += 1
        keys[index] = np.uint64(shares - share) << np.uint64(59) | bounds[min(share, shares - 1)] >> np.uint64(4)
    return keys
