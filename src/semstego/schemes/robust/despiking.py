# SPDX-License-Identifier: Apache-2.0
"""Wrong bits of symbols stand out of their maps, and are replaced by what stands around them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Symbols
from semstego.compiled import compiled

_TOLERANCE: Final = 8  # how far a symbol may be from its median where all around it is equal
_SPREADS: Final = 2  # and how many times the middle spread more


def despiked(symbols: Symbols) -> Symbols:
    """Symbols, each that is far from the median of the 3 x 3 around it in its map replaced by that median.

    Far is more than 8 and twice the distance of the quartiles. The edges of maps stay as they are.
    """
    return symbols.with_values(_despiked(symbols.values))


@compiled
def _despiked(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    maps, rows, columns = values.shape
    found, around = values.copy(), np.empty(9, np.int64)
    for one in range(maps):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                middle, near = np.int64(values[one, i, j]), 0
                for place in range(9):
                    if abs(values[one, i + place // 3 - 1, j + place % 3 - 1] - middle) <= _TOLERANCE:
                        near += 1
                if near > 4:  # of nine; then the median is as near
                    continue
                for place in range(9):  # sorted as they come
                    value, k = np.int64(values[one, i + place // 3 - 1, j + place % 3 - 1]), place
                    while k > 0 and around[k - 1] > value:
                        around[k] = around[k - 1]
                        k -= 1
                    around[k] = value
                median, spread = around[4], around[6] - around[2]
                if abs(middle - median) > _TOLERANCE + _SPREADS * spread:
                    found[one, i, j] = median
    return found
