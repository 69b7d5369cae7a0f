# SPDX-License-Identifier: Apache-2.0
"""Columns of the parity-check matrix of :mod:`semstego.coding.stc`; part of the format.

A column is an h-bit integer with its lowest and highest bit set: there are 2^(h-2). Up to
width 20 a block takes the columns of ``submatrix_table``, found by a seeded search. A wider block
starts with the 20 columns of the widest entry, goes on with all other columns in the order
of a fixed integer hash, and then starts again, as every column has had its turn.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from semstego.coding.submatrix_table import TABLE

__all__ = ["cycle"]


@cache
def _stored(height: int, width: int) -> NDArray[np.uint16]:
    columns = np.array([int(column, 16) for column in TABLE[height][width - 1].split()], dtype=np.uint16)
    columns.flags.writeable = False
    return columns


@cache
def _all(height: int) -> NDArray[np.uint16]:
    """Every column of this height, the stored ones first."""
    first = list(dict.fromkeys(_stored(height, len(TABLE[height])).tolist()))
    # Knuth's multiplicative hash scatters the neighbours; all odd factors give a permutation.
    scattered = sorted(range(1 << (height - 2)), key=lambda inner: inner * 2654435769 % (1 << 32))
    others = [column for inner in scattered if (column := inner << 1 | 1 | 1 << (height - 1)) not in first]
    columns = np.array(first + others, dtype=np.uint16)
    columns.flags.writeable = False
    return columns


def cycle(height: int, width: int) -> NDArray[np.uint16]:
    """Columns of a block: its bit number k owns ``cycle[k % len(cycle)]``.

    Args:
        height: Constraint height, 6 to 12.
        width: Bits in the block, 1 or more.

    Returns:
        Read-only uint16 [min(width, 2^(height-2))], or [width] where the table holds this width.
    """
    if width <= len(TABLE[height]):
        return _stored(height, width)
    return _all(height)[:width]
