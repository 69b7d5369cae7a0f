# SPDX-License-Identifier: Apache-2.0
"""Daubechies' wavelet with eight vanishing moments, which the UNIWARD costs see a picture through."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

HIGH: Final = np.array(
    [
        -0.0544158422, 0.3128715909, -0.6756307363, 0.5853546837, 0.0158291053, -0.2840155430, -0.0004724846,
        0.1287474266, 0.0173693010, -0.0440882539, -0.0139810279, 0.0087460940, 0.0048703530, -0.0003917404,
        -0.0006754494, -0.0001174768,
    ]
)  # fmt: skip
"""Decomposition high-pass, float64 (16,); a mathematical constant."""

LOW: Final = HIGH[::-1] * np.where(np.arange(16) % 2, -1, 1)
"""Decomposition low-pass, float64 (16,)."""

REACH: Final = len(HIGH) - 1
"""How many pixels a filter reaches beyond the one that it stands on."""


def filtered(plane: NDArray[Any], vertical: NDArray[Any], horizontal: NDArray[Any]) -> NDArray[Any]:
    """Separable correlation, valid part only.

    Args:
        plane: (h, w), float.
        vertical: (n,) filter down the columns, of the plane's type.
        horizontal: (n,) filter along the rows, likewise.

    Returns:
        (h - n + 1, w - n + 1), of the plane's type.
    """
    size = len(vertical)
    rows = np.zeros((plane.shape[0] - size + 1, plane.shape[1]), plane.dtype)
    for shift in range(size):
        rows += vertical[shift] * plane[shift : shift + len(rows)]
    result = np.zeros((len(rows), plane.shape[1] - size + 1), plane.dtype)
    for shift in range(size):
        result += horizontal[shift] * rows[:, shift : shift + result.shape[1]]
    return result
