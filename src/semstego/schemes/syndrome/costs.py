# SPDX-License-Identifier: Apache-2.0
"""What a change of a symbol costs: by the symbols, or steganographic costs for pixels carried over to a transform.

:func:`joint` asks the symbols of all maps. A pixel cost is one function of arrays:
``cost(picture, footprint) -> rho``, where ``footprint[k]``, ``(b, b, c)``, is what +1 on a symbol of map k adds to the
pixels of its block [grey levels], and ``rho[k, row, column]`` is the cost of +-1 on that symbol of every whole block.
The costs are symmetric; :func:`side_informed` then makes the direction towards the value before rounding the cheaper
one.

Sources: HILL, Li et al., ICIP 2014. S-UNIWARD, Holub, Fridrich, Denemark, EURASIP JIS 2014, whose distortion of a
transform change is that of J-UNIWARD in the same paper. Side information: SI-UNIWARD ibid.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled
from semstego.concurrency import in_threads, slices
from semstego.schemes.syndrome import wavelet
from semstego.schemes.syndrome.prediction import SIDE, JointPredictor

Cost = Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.float32]]

HILL_FLOOR = np.float32(1e-2)  # of the smoothed residual [grey levels]; one-colour regions are dear, not infinitely so
SIDE_FLOOR = 0.3  # a symbol half a step from its neighbour is cheap, never free; why so high: docs/log.md
STILLNESS = np.float32(0.1)  # variance below which symbols count as predicted [steps squared]
TILE_ROWS = 128  # rows worked on at a time, so that temporaries stay small on 50 megapixels
UNIWARD_SIGMA = 1.0
DB8_HIGH = wavelet.HIGH.astype(np.float32)
DB8_LOW = wavelet.LOW.astype(np.float32)


def hill(picture: NDArray[np.uint8], footprint: NDArray[np.float32]) -> NDArray[np.float32]:
    """HILL: a pixel costs the 15x15 mean of 1 / (3x3 mean of |residual|); a symbol the sum of |change| * cost."""
    halo = 9  # 1 for the residual, 1 for the 3x3 mean, 7 for the 15x15 mean

    def pixel_costs(tile: NDArray[np.float32]) -> NDArray[np.float32]:
        second = np.diff(np.diff(tile, 2, axis=0), 2, axis=1)
        energy = _window_sum(np.abs(second), 3) / np.float32(9)
        return _window_sum(1 / np.maximum(energy, HILL_FLOOR), 15) / np.float32(225)

    return _tile_wise(picture, footprint, halo, pixel_costs)


def suniward(picture: NDArray[np.uint8], footprint: NDArray[np.float32]) -> NDArray[np.float32]:
    """S-UNIWARD of a transform change: sum over three directional subbands of |W(change)| / (|W(cover)| + 1)."""
    kept, block, _, channels = footprint.shape
    rows, columns = picture.shape[0] // block, picture.shape[1] // block
    rho = np.zeros((kept, rows, columns), np.float32)
    for vertical, horizontal in ((DB8_LOW, DB8_HIGH), (DB8_HIGH, DB8_LOW), (DB8_HIGH, DB8_HIGH)):
        for channel in range(channels):
            plane = np.pad(picture[: rows * block, : columns * block, channel].astype(np.float32), 15, "symmetric")
            subband = wavelet.filtered(plane, vertical, horizontal)
            weight = (1 / (np.abs(subband) + UNIWARD_SIGMA)).astype(np.float32)
            padded = np.pad(footprint[:, :, :, channel], ((0, 0), (15, 15), (15, 15)))
            change = np.stack([np.abs(wavelet.filtered(kernel, vertical, horizontal)) for kernel in padded])
            for _ in in_threads(partial(_correlate, weight, change, block, rho), slices(rows, 8)):
                pass
    return rho


def joint(symbols: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a change of each symbol ``(k, rows, columns)`` costs by what all maps predict of it.

    The costs above see a picture's pixels. A warden at stage I sees all maps of symbols, predicts each from the others
    and looks at what is left; so does this cost. It is the mean over 3x3 symbols of 1 / (variance + 0.1), where the
    variance is the mean over 3x3 of squared residuals of the prediction, in steps: the root of MiPOD's Fisher
    information (Sedighi, Cogranne, Fridrich, IEEE TIFS 2016), with residuals of all maps in place of a filter's.
    """
    channels, rows, columns = symbols.shape
    if min(rows, columns) < SIDE:
        return np.ones(symbols.shape, np.float32)
    predictor = JointPredictor.fit(symbols[np.newaxis])
    squares = np.empty((channels, rows - 2, columns - 2), np.float32)
    rho = np.empty(symbols.shape, np.float32)

    def tile(index: int) -> None:
        first, last = index * TILE_ROWS, min((index + 1) * TILE_ROWS, rows - 2)
        squares[:, first:last] = predictor.residuals(symbols[:, first : last + 2]) ** 2

    def one_map(k: int) -> None:
        # The outermost symbols lack neighbours to predict them from and count like the next ones.
        variance = _window_sum(np.pad(squares[k], 2, "edge"), 3) / np.float32(9)
        rho[k] = _window_sum(np.pad(1 / (variance + STILLNESS), 1, "edge"), 3) / np.float32(9)

    for _ in in_threads(tile, range(-(-(rows - 2) // TILE_ROWS))):
        pass
    for _ in in_threads(one_map, range(channels)):
        pass
    return rho


def uniform(picture: NDArray[np.uint8], footprint: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every change costs the same: a control."""
    kept, block = footprint.shape[:2]
    return np.ones((kept, picture.shape[0] // block, picture.shape[1] // block), np.float32)


def independent_side_information(side: NDArray[np.int16]) -> NDArray[np.int16]:
    """``side`` ``(k, rows, columns)``, void (0) in blocks that equal a neighbour.

    Where neighbouring blocks share one rounding error the picture is flat: the error is no noise that could hide a
    change, and a whole sky would tip over together.
    """
    void = np.zeros(side.shape[1:], np.bool_)
    across = (side[:, :, 1:] == side[:, :, :-1]).all(axis=0)
    down = (side[:, 1:] == side[:, :-1]).all(axis=0)
    void[:, 1:] |= across
    void[:, :-1] |= across
    void[1:] |= down
    void[:-1] |= down
    return np.where(void, np.int16(0), side)


def side_informed(
    rho: NDArray[np.float32], error: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Costs of +1 and of -1 from symmetric costs and ``error`` = value before rounding - symbol, in [-1/2, 1/2] steps.

    Towards the error a change costs rho * max(1 - 2|e|, 0.3), away from it rho * (1 + 2|e|).
    """
    towards = rho * np.maximum(1 - 2 * np.abs(error), np.float32(SIDE_FLOOR))
    away = rho * (1 + 2 * np.abs(error))
    return np.where(error > 0, towards, away), np.where(error < 0, towards, away)


def _tile_wise(
    picture: NDArray[np.uint8],
    footprint: NDArray[np.float32],
    halo: int,
    pixel_costs: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Symbol costs from a local function of each colour plane that needs ``halo`` more pixels on every side."""
    kept, block, _, channels = footprint.shape
    rows, columns = picture.shape[0] // block, picture.shape[1] // block
    rho = np.empty((kept, rows, columns), np.float32)
    weight = np.abs(footprint)
    step = max(1, TILE_ROWS // block)

    def tile(index: int) -> None:
        first, last = index * step, min((index + 1) * step, rows)
        total = np.zeros((kept, last - first, columns), np.float32)
        for channel in range(channels):
            padded = _padded_rows(picture[:, :, channel], first * block, last * block, halo)
            costs = pixel_costs(padded)[:, : columns * block]
            blocks = costs.reshape(last - first, block, columns, block)
            total += np.einsum("kyx,rycx->krc", weight[:, :, :, channel], blocks, optimize=True)
        rho[:, first:last] = total

    for _ in in_threads(tile, range(-(-rows // step))):
        pass
    return rho


def _padded_rows(plane: NDArray[np.uint8], first: int, last: int, halo: int) -> NDArray[np.float32]:
    """Rows [first - halo, last + halo) of the plane and as many columns, mirrored at the borders."""
    height = len(plane)
    index = np.arange(first - halo, last + halo)
    index = np.where(index < 0, -1 - index, index)
    index = np.where(index >= height, 2 * height - 1 - index, index)
    return np.pad(plane[index].astype(np.float32), ((0, 0), (halo, halo)), "symmetric")


def _window_sum(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Sum over size x size windows, valid part only."""
    rows = np.zeros((values.shape[0] - size + 1, values.shape[1]), np.float32)
    for shift in range(size):
        rows += values[shift : shift + len(rows)]
    result = np.zeros((len(rows), values.shape[1] - size + 1), np.float32)
    for shift in range(size):
        result += rows[:, shift : shift + result.shape[1]]
    return result


@compiled
def _correlate(
    weight: NDArray[np.float32],
    change: NDArray[np.float32],
    block: int,
    rho: NDArray[np.float32],
    rows: tuple[int, int],
) -> None:
    """Add to ``rho`` the sum of |W(change)| * weight over each block's support; block (0, 0)'s starts at (0, 0)."""
    kept, support, _ = change.shape
    for row in range(rows[0], rows[1]):
        for column in range(rho.shape[2]):
            for k in range(kept):
                total = np.float32(0)
                for y in range(support):
                    for x in range(support):
                        total += change[k, y, x] * weight[row * block + y, column * block + x]
                rho[k, row, column] += total
