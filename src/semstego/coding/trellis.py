# SPDX-License-Identifier: Apache-2.0
"""The compiled trellis of :mod:`semstego.coding.stc`: the Viterbi algorithm at the speed of the vector unit.

One step is state[s] = min(state[s], state[s ^ column] + rho) for all 2^h states. XOR by a column
takes a vector of 16 neighbouring states to another such vector and permutes the lanes inside.
LLVM does not find that by itself, so :func:`_relax` is written in LLVM's portable vector code,
with one loop for each of the eight lane permutations (columns are odd). It needs no layout of
its own for the states and puts no condition on the columns beyond their first and last bit.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = ["LANES", "plan", "solve", "states", "syndrome"]

Extension: TypeAlias = Any
"""What Numba hands to its extensions (LLVM builders, values, types) carries no public types."""

LANES = 16
"""States in a vector, and decisions in a uint16 word."""

_RENORMALISE = 64  # trellis steps after which the smallest path cost is taken off all of them


def states(height: int) -> NDArray[np.float32]:
    """Room for the path costs, float32 [2^height], on a cache line: vectors across two lines cost double."""
    size = 1 << height
    raw = np.empty(size + 16, dtype=np.float32)
    first = -raw.ctypes.data % 64 // 4
    return raw[first : first + size]


@compiled
def _boundary(j: int, n: int, m: int) -> int:
    """First bit of block j: j n / m rounded to the nearest integer, halves up."""
    return (2 * j * n + m) // (2 * m)


@compiled
def syndrome(
    bits: NDArray[np.uint8], narrow: NDArray[np.uint16], wide: NDArray[np.uint16], m: int
) -> NDArray[np.uint8]:
    """H times bits, uint8 [m]."""
    n = bits.size
    out = np.empty(m, dtype=np.uint8)
    state = np.int64(0)
    stop = 0
    for j in range(m):
        start, stop = stop, _boundary(j + 1, n, m)
        cycle = narrow if stop - start == n // m else wide
        k = 0
        for i in range(start, stop):
            state ^= np.int64(cycle[k]) * np.int64(bits[i] & 1)
            k = k + 1 if k + 1 < cycle.size else 0
        out[j] = state & 1
        state >>= 1
    return out


@compiled
def plan(
    rho: NDArray[np.float32], narrow: NDArray[np.uint16], wide: NDArray[np.uint16], m: int
) -> tuple[NDArray[np.uint16], NDArray[np.int32], NDArray[np.int64]]:
    """Lay out the trellis.

    Returns the column and the bit number of every step, and the first step of every block
    (m + 1 entries). Wet bits make no step, and of equal columns in a block only the cheapest.
    """
    n = rho.size
    steps = np.empty(n, dtype=np.uint16)
    owners = np.empty(n, dtype=np.int32)
    starts = np.empty(m + 1, dtype=np.int64)
    count = 0
    stop = 0
    for j in range(m):
        starts[j] = count
        start, stop = stop, _boundary(j + 1, n, m)
        cycle = narrow if stop - start == n // m else wide
        for k in range(min(cycle.size, stop - start)):
            best = start + k
            for i in range(start + k + cycle.size, stop, cycle.size):
                if rho[i] < rho[best]:
                    best = i
            if rho[best] < np.inf:
                steps[count] = cycle[k]
                owners[count] = best
                count += 1
    starts[m] = count
    return steps[:count], owners[:count], starts


@compiled
def solve(
    bits: NDArray[np.uint8],
    rho: NDArray[np.float32],
    syndrome: NDArray[np.uint8],
    steps: NDArray[np.uint16],
    owners: NDArray[np.int32],
    starts: NDArray[np.int64],
    state: NDArray[np.float32],
    decisions: NDArray[np.uint16],
) -> bool:
    """Viterbi forward and backward; flips ``bits`` in place, or returns False if nothing meets the syndrome.

    Args:
        bits: uint8 [n], flipped where the cheapest path says so.
        rho: float32 [n], costs.
        syndrome: uint8 [m], what H times the changes must be.
        steps: From :func:`plan`: the columns, uint16 [t].
        owners: From :func:`plan`: the bits, int32 [t].
        starts: From :func:`plan`: the first step of every block, int64 [m + 1].
        state: Scratch from :func:`states`, float32 [2^height].
        decisions: Scratch, uint16 [t, 2^height / 16].
    """
    half = state.size // 2
    state[:] = np.inf
    state[0] = 0
    since = 0
    for j in range(syndrome.size):
        for t in range(starts[j], starts[j + 1]):
            _relax(state, decisions, t, steps[t], rho[owners[t]])  # type: ignore[call-arg]
        _shift(state, np.int64(syndrome[j]))  # type: ignore[call-arg]
        since += starts[j + 1] - starts[j]
        if since >= _RENORMALISE or j == syndrome.size - 1:
            since = 0
            if not _renormalise(state[:half]):
                return False
    s = np.int64(np.argmin(state[:half]))
    for j in range(syndrome.size - 1, -1, -1):
        s = 2 * s + syndrome[j]
        for t in range(starts[j + 1] - 1, starts[j] - 1, -1):
            if (decisions[t, s >> 4] >> (s & 15)) & 1:
                bits[owners[t]] ^= 1
                s ^= np.int64(steps[t])
    return True


@compiled
def _renormalise(state: NDArray[np.float32]) -> bool:
    """Take the smallest path cost off all of them; False if no path is left."""
    # Floats >= 0 are ordered like their bit patterns, and LLVM vectorises the integer minimum only.
    patterns = state.view(np.int32)
    smallest = patterns[0]
    for s in range(patterns.size):
        smallest = min(smallest, patterns[s])
    least = np.int32(smallest)
    for s in range(patterns.size):
        if patterns[s] == least:
            value = state[s]
            break
    if value == np.inf:
        return False
    for s in range(state.size):
        state[s] -= value
    return True


@intrinsic
def _shift(typing_context: Extension, state: Extension, bit: Extension) -> tuple[Extension, Callable[..., Extension]]:
    """End of a block: state[s] = state[2 s + bit] in the lower half and inf above, in place."""

    def emit(context: Extension, builder: Extension, signature: Extension, args: Extension) -> Extension:
        long, index = ir.IntType(64), ir.VectorType(ir.IntType(32), LANES)
        vector = ir.VectorType(ir.FloatType(), LANES)
        states = context.make_array(signature.args[0])(context, builder, args[0])
        size = builder.extract_value(states.shape, 0)
        base = builder.bitcast(states.data, vector.as_pointer())
        odd = builder.icmp_signed("!=", args[1], long(0))
        infinite = ir.Constant(vector, [float("inf")] * LANES)
        # In place is safe: vector k is written after 2 k and 2 k + 1 were read.
        half = builder.udiv(size, long(2 * LANES))
        with cgutils.for_range(builder, half) as loop:
            first = builder.shl(loop.index, long(1))
            low = builder.load(builder.gep(base, [first]), align=4)
            high = builder.load(builder.gep(base, [builder.add(first, long(1))]), align=4)
            even_lanes, odd_lanes = (
                builder.shuffle_vector(low, high, ir.Constant(index, [2 * lane + k for lane in range(LANES)]))
                for k in (0, 1)
            )
            builder.store(builder.select(odd, odd_lanes, even_lanes), builder.gep(base, [loop.index]), align=4)
        with cgutils.for_range(builder, half) as loop:
            builder.store(infinite, builder.gep(base, [builder.add(loop.index, half)]), align=4)
        return context.get_dummy_value()

    return types.void(state, types.int64), emit


@intrinsic
def _relax(
    typing_context: Extension, state: Extension, decisions: Extension, row: Extension, column: Extension, rho: Extension
) -> tuple[Extension, Callable[..., Extension]]:
    """One trellis step: state[s] = min(state[s], state[s ^ column] + rho), in place.

    Bit s of ``decisions[row]`` (uint16 words, lane = bit) tells whether the second was strictly
    smaller. Column has its bits 0 and h-1 set: hence eight odd lane permutations, and every
    pair of vectors has one partner in the lower half of the states.
    """

    def emit(context: Extension, builder: Extension, signature: Extension, args: Extension) -> Extension:
        long = ir.IntType(64)
        vector = ir.VectorType(ir.FloatType(), LANES)
        states = context.make_array(signature.args[0])(context, builder, args[0])
        table = context.make_array(signature.args[1])(context, builder, args[1])
        words = builder.extract_value(table.shape, 1)
        base = builder.bitcast(states.data, vector.as_pointer())
        flags = builder.gep(table.data, [builder.mul(args[2], words)])
        far = builder.lshr(args[3], long(4))
        none = ir.Constant(vector, ir.Undefined)
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        rho = builder.shuffle_vector(builder.insert_element(none, args[4], ir.IntType(32)(0)), none, zeros)

        def keep_or_flip(index: Extension, stay: Extension, leave: Extension) -> None:
            moved = builder.fadd(leave, rho)
            better = builder.fcmp_ordered("<", moved, stay)
            builder.store(builder.select(better, moved, stay), builder.gep(base, [index]), align=4)
            builder.store(builder.bitcast(better, ir.IntType(16)), builder.gep(flags, [index]), align=2)

        done = builder.append_basic_block("done")
        choice = builder.switch(builder.and_(args[3], long(LANES - 1)), done)
        for flip in range(1, LANES, 2):
            block = builder.append_basic_block(f"flip{flip}")
            choice.add_case(long(flip), block)
            builder.position_at_end(block)
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [lane ^ flip for lane in range(LANES)])
            with cgutils.for_range(builder, builder.lshr(words, long(1))) as loop:
                partner = builder.xor(loop.index, far)
                low = builder.load(builder.gep(base, [loop.index]), align=4)
                high = builder.load(builder.gep(base, [partner]), align=4)
                keep_or_flip(loop.index, low, builder.shuffle_vector(high, none, lanes))
                keep_or_flip(partner, high, builder.shuffle_vector(low, none, lanes))
            builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return types.void(state, decisions, types.int64, types.int64, types.float32), emit
