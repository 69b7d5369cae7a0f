# SPDX-License-Identifier: Apache-2.0
"""The two base graphs of 5G's LDPC code and the sizes that they are lifted to (3GPP TS 38.212, clause 5.3.2).

The tables lie in ``base_graphs.json``, one line for each entry of a graph: row, column, and the shifts for the eight
sets of lifting sizes (Tables 5.3.2-2 and 5.3.2-3). Nothing is left out of them, because our rates go down to the lowest
of both graphs, and our lengths need all sizes.

An entry of a base graph, lifted to size z, stands for z ones of the parity-check matrix: check ``i`` of the row meets
bit ``(i + shift) mod z`` of the column.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

__all__ = ["BaseGraph", "base_graph", "lifting"]

Numbers = NDArray[np.int64]

_FIRST_SIZES = (2, 3, 5, 7, 9, 11, 13, 15)  # of each set; the others are these times powers of two
_LARGEST_SIZE = 384


@dataclass(frozen=True, eq=False)
class BaseGraph:
    """The entries of one base graph, row by row.

    Attributes:
        information: Columns of information bits, which come first: 22 or 10.
        rows: Of each entry, ``(entries,)``.
        columns: Likewise.
        shifts: For each set of lifting sizes, ``(entries, 8)``, before the remainder by the size is taken.
    """

    information: int
    rows: Numbers
    columns: Numbers
    shifts: Numbers


@cache
def base_graph(number: int) -> BaseGraph:
    """Base graph 1, for long blocks and high rates, or 2."""
    text = (resources.files("semstego.coding") / "base_graphs.json").read_text(encoding="utf-8")
    table = np.array(json.loads(text)[str(number)], dtype=np.int64)
    table.flags.writeable = False
    return BaseGraph({1: 22, 2: 10}[number], table[:, 0], table[:, 1], table[:, 2:])


def lifting(least: int) -> tuple[int, int]:
    """The smallest lifting size of at least this much, up to 384, and the number of its set (Table 5.3.2-1)."""
    sizes = [
        (first << power, number)
        for number, first in enumerate(_FIRST_SIZES)
        for power in range(8)
        if least <= first << power <= _LARGEST_SIZE
    ]
    return min(sizes)
