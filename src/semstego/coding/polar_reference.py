# SPDX-License-Identifier: Apache-2.0
"""The codes of :mod:`semstego.coding.polar` again, slow and obvious; tests hold the fast ones to it.

Laws are written out: the probability of each of the 2^N words of N bits, an array with one axis of length 2 for each
bit, the first bit first. A law of the symbols' bits x and the law of u = x F^(x)k are the same numbers in another
order.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["bounds", "differences", "drawn", "matrix", "of_indices", "of_symbols", "shortfalls", "stego", "symbols"]

Law = NDArray[np.float64]  # (2, ..., 2)
Reals = NDArray[np.floating]


def matrix(size: int) -> NDArray[np.uint8]:
    """F^(x)k written out, uint8 ``(size, size)``, for a power of two."""
    whole = np.ones((1, 1), np.uint8)
    while len(whole) < size:
        whole = np.kron(np.array([[1, 0], [1, 1]], np.uint8), whole)
    return whole


def symbols(base_parity: NDArray[np.uint8], chances: NDArray[np.int16]) -> Law:
    """Law of the parities of symbols that move with these chances [2^-14]; fixed zeros fill up a power of two."""
    size = 1 << max(1, (chances.size - 1).bit_length())
    law = np.ones(())
    for t in range(size):
        one = 0.0
        if t < chances.size:
            chance = abs(int(chances[t])) / 2**14
            one = 1 - chance if base_parity[t] else chance
        law = np.multiply.outer(law, np.array([1 - one, one]))
    return law


@cache
def _transformed(length: int) -> NDArray[np.int64]:
    """The number of u = x F^(x)k for every number x, whose first bit is the highest."""
    places = 1 << np.arange(length)[::-1]
    words = (np.arange(1 << length)[:, None] & places > 0).astype(np.int64)
    numbers: NDArray[np.int64] = words @ matrix(length) % 2 @ places
    return numbers


def of_indices(law: Law) -> Law:
    """The law of u = x F^(x)k of the law of x."""
    return law.ravel()[_transformed(law.ndim)].reshape(law.shape)  # the transform is its own inverse


of_symbols = of_indices


def _differences(law: Law, index: int) -> tuple[Law, Law]:
    """The probability of every past of an index, and its d = P(0) - P(1) given that past (0 if that never happens)."""
    known = law.sum(axis=tuple(range(index + 1, law.ndim)))
    past = known.sum(axis=-1)
    difference = np.divide(known[..., 0] - known[..., 1], past, out=np.zeros_like(past), where=past > 0)
    return past, difference


def shortfalls(law: Law) -> NDArray[np.float64]:
    """For each index E[ln 2 - entropy of u_i given the past], which is what it adds to the divergence [nats]."""
    found = np.empty(law.ndim)
    for index in range(law.ndim):
        past, difference = _differences(law, index)
        chances = np.stack([1 + difference, 1 - difference]) / 2
        entropy = -(chances * np.log(chances, out=np.zeros_like(chances), where=chances > 0)).sum(axis=0)
        found[index] = (past * (np.log(2) - entropy)).sum()
    return found


def stego(law: Law, message: dict[int, int]) -> Law:
    """The law of u, given the bits of some indices; but one that the past leaves only one value takes that."""
    found = np.ones(())
    for index in range(law.ndim):
        _, difference = _differences(law, index)
        chances = np.stack([1 + difference, 1 - difference], axis=-1) / 2
        if index in message:
            wanted = np.broadcast_to(np.eye(2)[message[index]], chances.shape)
            chances = np.where(np.abs(difference)[..., None] == 1, chances, wanted)
        found = found[..., None] * chances
    return found


def bounds(chances: NDArray[np.int16]) -> NDArray[np.float64]:
    """The certificate's bounds on E[d_i^2] of every index, float64 ``(N,)``, by the recursion as it is written."""
    size = 1 << max(1, (chances.size - 1).bit_length())
    squares = np.ones(size)
    squares[: chances.size] = (1 - 2 * np.abs(chances.astype(np.float64)) / 2**14) ** 2
    a, b = squares[: size // 2], squares[size // 2 :]
    plus = np.divide(a + b - 2 * a * b, 1 - a * b, out=np.ones_like(a), where=a * b < 1)
    return np.concatenate([_bounds(a * b), _bounds(plus)])


def _bounds(node: NDArray[np.float64]) -> NDArray[np.float64]:
    """The bounds of all indices of a node above the first level."""
    if len(node) == 1:
        return node
    a, b = np.split(node, 2)
    return np.concatenate([_bounds(a * b), _bounds(a + b - a * b)])


def differences(d: Reals, x: NDArray[np.uint8]) -> Reals:
    """P(u_i = 0) - P(u_i = 1) of every index i given all before it, where the symbols have the bits x.

    Args:
        d: P(x_t = 0) - P(x_t = 1), ``(..., N)``, in any precision.
        x: uint8 ``(..., N)`` of 0 and 1.

    Returns:
        ``(..., N)``.
    """
    if d.shape[-1] == 1:
        return d
    (a, b), (first, second) = np.split(d, 2, axis=-1), np.split(x, 2, axis=-1)
    signed = a * (1 - 2.0 * (first ^ second))
    plus = (signed + b) / (1 + signed * b)
    return np.concatenate([differences(a * b, first ^ second), differences(plus, second)], axis=-1)


def drawn(d: Reals, message: NDArray[np.uint8], uniform: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The bits x of a node by successive cancellation, uint8 ``(m,)``.

    Args:
        d: Its differences P(0) - P(1), ``(m,)``.
        message: uint8 ``(m,)``, the bit of every index, or 2 where it is to be drawn.
        uniform: float64 ``(m,)``, in [0, 1).
    """
    if (message == 2).all():
        return (2 * uniform >= 1 + d).astype(np.uint8)
    if len(d) == 1:
        return message
    (a, b), (first, second), (early, late) = np.split(d, 2), np.split(message, 2), np.split(uniform, 2)
    minus = drawn(a * b, first, early)
    signed = a * (1 - 2.0 * minus)
    plus = drawn((signed + b) / (1 + signed * b), second, late)
    return np.concatenate([minus ^ plus, plus])
