# SPDX-License-Identifier: Apache-2.0
"""The code of :mod:`semstego.coding.stc` again, slow and obvious; tests hold the fast one to it.

Plain NumPy, one array operation per cover bit, states in natural order. The arithmetic follows
the same order in float32 and ties fall the same way (a tie keeps the cover, and the smallest
of equal final states wins), so the results agree bit for bit, not only in cost.
Only costs above 2^100, which the fast one scales down, can end in an overflow here.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.coding import submatrices
from semstego.errors import InfeasibleError

__all__ = ["embed", "extract", "parity_check"]

_RENORMALISE = 64  # as in the kernel: float32 sums must be rounded at the same places


def parity_check(n: int, m: int, height: int) -> NDArray[np.uint8]:
    """H written out, uint8 [m, n]: column k of the block of message bit j starts in row j."""
    matrix = np.zeros((m + height, n), dtype=np.uint8)
    for j, (start, stop) in enumerate(_blocks(n, m)):
        cycle = submatrices.cycle(height, stop - start)
        for i in range(start, stop):
            column = int(cycle[(i - start) % len(cycle)])
            matrix[j : j + height, i] = [column >> row & 1 for row in range(height)]
    return matrix[:m]


def extract(bits: NDArray[Any], m: int, height: int) -> NDArray[np.uint8]:
    """H times bits (mod 2), uint8 [m], by the dense H: memory n m bytes."""
    product = parity_check(bits.size, m, height).astype(np.int64) @ bits.astype(np.int64)
    return np.asarray(product % 2, dtype=np.uint8)


def embed(cover_bits: NDArray[Any], costs: NDArray[Any], message: NDArray[Any], height: int) -> NDArray[np.uint8]:
    """What ``stc.embed`` returns, by the Viterbi algorithm over all 2^height states.

    Args:
        cover_bits: uint8 [n] of 0 or 1.
        costs: float32 [n], ``inf`` = wet.
        message: uint8 [m] of 0 or 1.
        height: Constraint height.

    Returns:
        uint8 [n], the stego bits.

    Raises:
        InfeasibleError: If the dry bits cannot carry the message.
    """
    n, m = cover_bits.size, message.size
    if m == 0:
        return np.array(cover_bits, dtype=np.uint8)
    rho = np.asarray(costs, dtype=np.float32)
    syndrome = extract(cover_bits, m, height) ^ message
    states = np.arange(1 << height)
    half = states.size // 2
    cost = np.full(states.size, np.inf, dtype=np.float32)
    cost[0] = 0
    history: list[list[tuple[int, int, NDArray[np.bool_]]]] = []
    since = 0
    for j, (start, stop) in enumerate(_blocks(n, m)):
        history.append([])
        for i, column in _candidates(rho, start, stop, height):
            flipped = cost[states ^ column] + rho[i]
            history[j].append((i, column, flipped < cost))
            cost = np.where(flipped < cost, flipped, cost)
        cost = np.concatenate([cost[syndrome[j] :: 2], np.full(half, np.inf, dtype=np.float32)])
        since += len(history[j])
        if since >= _RENORMALISE or j == m - 1:
            since = 0
            if cost.min() == np.inf:
                raise InfeasibleError(f"the dry bits cannot meet row {j}")
            cost = cost - cost.min()
    return _walk_back(cover_bits, syndrome, history, int(np.argmin(cost)))


def _walk_back(
    cover_bits: NDArray[Any],
    syndrome: NDArray[np.uint8],
    history: list[list[tuple[int, int, NDArray[np.bool_]]]],
    state: int,
) -> NDArray[np.uint8]:
    """Follow the stored decisions from the final state to the start."""
    stego = np.array(cover_bits, dtype=np.uint8)
    for j in range(syndrome.size - 1, -1, -1):
        state = 2 * state + int(syndrome[j])
        for i, column, flipped in reversed(history[j]):
            if flipped[state]:
                stego[i] ^= 1
                state ^= column
    assert state == 0  # an internal invariant: every path starts in the empty register
    return stego


def _blocks(n: int, m: int) -> list[tuple[int, int]]:
    """First and one-past-last cover bit of every block: j n / m rounded, halves up."""
    return list(pairwise((2 * j * n + m) // (2 * m) for j in range(m + 1))) if m else []


def _candidates(rho: NDArray[np.float32], start: int, stop: int, height: int) -> list[tuple[int, int]]:
    """Cover bits of a block that may change, with their columns: per column the first of the cheapest dry ones."""
    cycle = submatrices.cycle(height, stop - start)
    found = []
    for k, column in enumerate(cycle[: stop - start]):
        owners = np.arange(start + k, stop, len(cycle))
        best = int(owners[np.argmin(rho[owners])])
        if rho[best] < np.inf:
            found.append((best, int(column)))
    return found
