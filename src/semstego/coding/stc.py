# SPDX-License-Identifier: Apache-2.0
"""Syndrome-trellis codes: hide bits in the cheapest changes of a binary cover.

Filler, Judas, Fridrich, "Minimizing additive distortion in steganography using
syndrome-trellis codes", IEEE TIFS 6(3), 2011. Out of all y with H y = m (mod 2)
:func:`embed` returns the one with the smallest sum of costs over the changed bits.

H has one row per message bit. The n bits are cut into m blocks; block j holds the bits
``round(j n / m) .. round((j + 1) n / m) - 1`` (halves up), so that two neighbouring widths mix
where n / m is no integer. Bit k of a block of width w owns column ``submatrices.cycle(h, w)[k]``,
an h-bit integer whose bit r stands in row j + r of H; rows at and beyond m do not exist.

Differs from the paper in:

* the trellis runs over the changes e = x XOR y with the syndrome m XOR H x. Then a state is
  either kept for nothing or left for rho, a wet bit (rho = inf) is no step of the trellis at
  all, and ties keep the cover;
* the rows below H are not masked away. They are free, so any final state is accepted, which
  is the same set of solutions;
* of several bits of one block with the same column only the cheapest can change: three
  changes never beat one, two never beat none. It makes blocks wider than the 2^(h-2)
  different columns (low rates) almost free;
* one trellis step works on vectors of 16 states, see :mod:`semstego.coding.trellis`.
"""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.coding import submatrices, trellis
from semstego.errors import InfeasibleError

__all__ = ["HEIGHTS", "embed", "extract"]

HEIGHTS = range(6, 13)
"""Constraint heights: 2^height states; every step up is slower by 2 and nearer to the bound."""

_KEPT = 1 << 25  # largest scratch kept between calls [uint16], 64 MiB in each thread
_scratch = threading.local()
_LARGE = np.float32(2.0**100)  # finite costs above it are scaled down, their sums must stay finite


def embed(cover_bits: NDArray[Any], costs: NDArray[Any], message: NDArray[Any], height: int) -> NDArray[np.uint8]:
    """Change the cheapest bits so that :func:`extract` reads the message.

    Memory: 2^height / 8 bytes for each bit that can change; cut long covers into segments.

    Args:
        cover_bits: uint8 [n], each 0 or 1.
        costs: float32 [n], cost of flipping each bit, >= 0; ``inf`` = wet, never flipped.
        message: uint8 [m] of 0 or 1, m <= n.
        height: Constraint height, 6 to 12.

    Returns:
        uint8 [n], the stego bits of least total cost; a tie between keeping and flipping keeps.

    Raises:
        InfeasibleError: If the dry bits cannot carry the message.
        ValueError: If a shape, a cost or the height is not allowed.
    """
    cover = np.ascontiguousarray(cover_bits, dtype=np.uint8)
    bits = np.ascontiguousarray(message, dtype=np.uint8)
    rho = np.require(costs, np.float32, ["C", "W"])  # read-only arrays would make Numba compile once more
    if cover.ndim != 1 or rho.shape != cover.shape or bits.ndim != 1:
        raise ValueError(f"expected n bits, n costs and m message bits, got {cover.shape}, {rho.shape}, {bits.shape}")
    if bits.size == 0:
        return cover.copy()
    syndrome = extract(cover, bits.size, height) ^ bits
    if not rho.min() >= 0:
        raise ValueError("costs must be 0 or more, and no NaN")
    largest = rho.max(initial=np.float32(0), where=rho < np.inf)
    if largest > _LARGE:
        rho = rho * np.float32(2.0**-30)  # a power of two: the order of all sums stays as it is
    changes = _changes(rho, syndrome, *_columns(cover.size, bits.size, height), height)
    return np.bitwise_xor(cover, changes)


def extract(bits: NDArray[Any], m: int, height: int) -> NDArray[np.uint8]:
    """Read the message: the product of H with the bits.

    Args:
        bits: uint8 [n] of 0 or 1, as the sender left them.
        m: Message length [bit], 0 <= m <= n.
        height: The sender's constraint height.

    Returns:
        uint8 [m], the message bits.

    Raises:
        ValueError: If m or the height is not allowed.
    """
    stego = np.ascontiguousarray(bits, dtype=np.uint8)
    if height not in HEIGHTS:
        raise ValueError(f"height must be {HEIGHTS[0]} to {HEIGHTS[-1]}, got {height}")
    if not 0 <= m <= stego.size:
        raise ValueError(f"{m} message bits do not fit {stego.size} bits")
    if m == 0:
        return np.zeros(0, dtype=np.uint8)
    narrow, wide = _columns(stego.size, m, height)
    return trellis.syndrome(stego, narrow, wide, m)


def _columns(n: int, m: int, height: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Column cycles of the blocks of width floor(n / m) and of the blocks one wider."""
    return submatrices.cycle(height, n // m), submatrices.cycle(height, n // m + 1)


def _changes(
    rho: NDArray[np.float32],
    syndrome: NDArray[np.uint8],
    narrow: NDArray[np.uint16],
    wide: NDArray[np.uint16],
    height: int,
) -> NDArray[np.uint8]:
    """Cheapest changes, uint8 [n], whose product with the H of these columns is the syndrome, uint8 [m]."""
    steps, owners, starts = trellis.plan(rho, narrow, wide, syndrome.size)
    changes = np.zeros(rho.size, dtype=np.uint8)
    decisions = _decisions(owners.size, (1 << height) // trellis.LANES)
    if not trellis.solve(changes, rho, syndrome, steps, owners, starts, trellis.states(height), decisions):
        raise InfeasibleError(f"{syndrome.size} bits do not fit {owners.size} usable of {rho.size} bits")
    return changes


def _decisions(steps: int, words: int) -> NDArray[np.uint16]:
    """Uninitialised uint16 [steps, words], the same memory again for every segment of a thread.

    Fresh pages from the system for each segment cost more than the trellis itself.
    """
    size = steps * words
    if size > _KEPT:
        return np.empty((steps, words), dtype=np.uint16)
    room: NDArray[np.uint16] | None = getattr(_scratch, "room", None)
    if room is None or room.size < size:
        room = np.empty(size, dtype=np.uint16)
        _scratch.room = room
    return room[:size].reshape(steps, words)
