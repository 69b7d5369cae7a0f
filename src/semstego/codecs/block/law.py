# SPDX-License-Identifier: Apache-2.0
"""The law by which a dithered block codec rounds: with what probability a symbol moves to which neighbour.

    e = value before rounding - symbol ──▶ p = clip((|e| - (1 - D)/2) / D, 0, 1), towards the side of e
    undithered block                   ──▶ moves that could clip a pixel are forbidden: p = 0

A symbol is ``round(x + u)`` with u uniform in (-D/2, D/2). Every outcome of a block must decode without clipping at 0
or 255, for then it is read back with certainty (theorem 2 of :mod:`.basis`). So where the worst outcome of a block
could clip, symbols are made to stay until it cannot, first those that take most room for each bit of entropy. All of it
is a function of the undithered picture alone, in integers.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import CHANCE_SCALE, SIDE_SCALE
from semstego.codecs.block.basis import ONE
from semstego.codecs.block.kernels import HALF, synthesise
from semstego.compiled import compiled

LOW, HIGH = -128 * ONE - HALF, 127 * ONE + HALF - 1  # decoded values from LOW to HIGH are not clipped
ENTROPY_BITS = 16


@cache
def chances_by_error(dither: float) -> NDArray[np.int64]:
    """Probability of a move [2^-14] by the size of the rounding error, 0 to half a step [2^-14 steps], ``(8193,)``."""
    width = round(dither * SIDE_SCALE)
    size = np.arange(SIDE_SCALE // 2 + 1, dtype=np.int64)
    chances: NDArray[np.int64] = np.clip((2 * size - SIDE_SCALE + width) * CHANCE_SCALE // (2 * width), 0, CHANCE_SCALE)
    return chances


@cache
def entropies() -> NDArray[np.int64]:
    """Entropy of a move [2^-16 bits, and at least 1] by its probability [2^-14], ``(2^14 + 1,)``."""
    p = np.arange(1, CHANCE_SCALE) / CHANCE_SCALE
    bits = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    return np.concatenate([[1], np.maximum(np.rint(bits * (1 << ENTROPY_BITS)), 1), [1]]).astype(np.int64)


@compiled
def _reach(move: int, gains: NDArray[np.int64], sign: int, rise: NDArray[np.int64], fall: NDArray[np.int64]) -> None:
    """Add what a move can do to pixel values to ``rise`` and ``fall``, ``(n,)``; with the sign -1, take it off."""
    for i in range(len(gains)):
        change = move * gains[i]
        rise[i] += sign * max(change, 0)
        fall[i] += sign * max(-change, 0)


@compiled
def _worst(values: NDArray[np.int64], rise: NDArray[np.int64], fall: NDArray[np.int64]) -> tuple[int, int]:
    """Which pixel value could leave its range furthest, and at which end, +1 or -1; (0, 0) if none can leave it."""
    worst, end, excess = 0, 0, np.int64(0)
    for i in range(len(values)):
        over, under = values[i] + rise[i] - HIGH, LOW - values[i] + fall[i]
        if over > excess:
            worst, end, excess = i, 1, over
        if under > excess:
            worst, end, excess = i, -1, under
    return worst, end


@compiled
def _forbid(
    moves: NDArray[np.int64],
    costs: NDArray[np.int64],
    values: NDArray[np.int64],
    synthesis: NDArray[np.int64],
    rise: NDArray[np.int64],
    fall: NDArray[np.int64],
) -> None:
    """Set moves of one block to 0 until no outcome clips.

    Args:
        moves: +1, -1 or 0 for each symbol, ``(k,)``; changed in place.
        costs: Entropy of each move, ``(k,)``.
        values: Decoded pixel values of the undithered block, less 128, times 2^24, ``(n,)``.
        synthesis: ``(k, n)``.
        rise: Work space ``(n,)``: how far all moves together can raise a value.
        fall: Work space ``(n,)``: how far they can lower it.
    """
    rise[:], fall[:] = 0, 0
    for k in range(len(moves)):
        _reach(moves[k], synthesis[k], 1, rise, fall)
    while True:
        worst, end = _worst(values, rise, fall)
        if end == 0:
            return
        chosen, best = -1, np.int64(0)
        for k in range(len(moves)):
            room = max(end * moves[k] * synthesis[k, worst], 0)
            score = (room << ENTROPY_BITS) // costs[k]
            if score > best:
                chosen, best = k, score
        if chosen < 0:  # the undithered block itself clips: nothing may move
            moves[:] = 0
            return
        _reach(moves[chosen], synthesis[chosen], -1, rise, fall)
        moves[chosen] = 0


@compiled
def law_rows(
    symbols: NDArray[np.uint8],
    side: NDArray[np.int16],
    synthesis: NDArray[np.int64],
    by_error: NDArray[np.int64],
    by_chance: NDArray[np.int64],
    first: int,
    last: int,
    chances: NDArray[np.int16],
) -> None:
    """Fill ``chances``, int16 ``(k, rows, columns)``, in some rows of whole blocks, from symbols and rounding errors.

    ``by_error`` is :func:`chances_by_error`, ``by_chance`` is :func:`entropies`. Blocks that closing has moved have no
    rounding errors, and so no moves.
    """
    kept, size = synthesis.shape
    values, rise, fall = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    block, moves, costs = np.empty(kept, np.int64), np.empty(kept, np.int64), np.empty(kept, np.int64)
    for row in range(first, last):
        for column in range(chances.shape[2]):
            for k in range(kept):
                block[k] = np.int64(symbols[k, row, column]) - 128
                error = np.int64(side[k, row, column])
                chance = by_error[abs(error)]
                moves[k] = np.sign(error) if chance > 0 and -128 <= block[k] + np.sign(error) <= 127 else 0
                costs[k] = by_chance[chance]
            synthesise(block, synthesis, values)
            _forbid(moves, costs, values, synthesis, rise, fall)
            for k in range(kept):
                chances[k, row, column] = moves[k] * by_error[abs(np.int64(side[k, row, column]))]
