# SPDX-License-Identifier: Apache-2.0
"""One plane of symbols through the range coder, pass by pass; in a pass, distribution by distribution.

The order inside a pass is part of the format: ascending distributions, and row by row within each of them.
"""

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.block.entropy.range_coder import State, Words, decode, encode
from semstego.codecs.block.entropy.scan import Pass, Planes, Tables, residuals, restore, scan
from semstego.compiled import compiled

__all__ = ["code_plane"]


@compiled
def _coding_order(which: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Stable order of indices ``(n,)`` by distribution."""
    place, order = np.zeros(257, np.int64), np.empty(len(which), np.int32)
    for i in range(len(which)):
        place[np.int64(which[i]) + 1] += 1
    for row in range(1, 257):
        place[row] += place[row - 1]
    for i in range(len(which)):
        order[place[which[i]]] = i
        place[which[i]] += 1
    return order


@compiled
def code_plane(
    symbols: Planes,
    errors: Planes,
    plane: int,
    steps: NDArray[np.int64],
    tables: Tables,
    bounds: NDArray[np.uint32],
    state: State,
    words: Words,
    reading: bool,
) -> bool:
    """Write or read one plane.

    Args:
        symbols: ``(k, h', w')``; a reader fills this plane in.
        errors: |symbol - prediction| of earlier planes, same shape; those of this plane are filled in.
        plane: Index of the plane.
        steps: Its passes, ``(n, 4)``.
        tables: Of the model.
        bounds: Of the model's distributions.
        state: Of the encoder or decoder.
        words: Where it writes, or what it reads.
        reading: Whether it reads.

    Returns:
        Of a writer, whether the words were enough; of a reader, whether a writer can have written them.
    """
    for s in range(len(steps)):
        step = Pass(steps[s, 0], steps[s, 1], steps[s, 2], steps[s, 3])
        base, chosen = scan(symbols, errors, tables, plane, step)
        order = _coding_order(chosen)
        if reading:
            coded = np.empty(len(base), np.uint8)
            if not decode(chosen, order, bounds, state, words, coded):
                return False
            restore(symbols, errors, plane, step, base, coded)
        elif not encode(residuals(symbols, errors, plane, step, base), chosen, order, bounds, state, words):
            return False
    return True
