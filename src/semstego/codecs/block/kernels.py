# SPDX-License-Identifier: Apache-2.0
"""The compiled loops of the block codec: analysis, rounding, closing and synthesis, row of blocks by row of blocks.

    pixels - 128 ──analysis──▶ coefficients ──round──▶ symbols - 128 ──synthesis──▶ round, clip ──▶ pixels - 128
                                                 ▲                                      │
                                                 └──── close: encode what is decoded ◀──┘    until nothing moves

All numbers are int64 with 24 fractional bits, so no reading depends on floating point. Rows of blocks are spread over
threads by the caller; no result depends on how.
"""

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import SIDE_SCALE
from semstego.codecs.block.basis import FRACTION_BITS, ONE
from semstego.compiled import compiled

HALF = ONE >> 1
CLOSING_ROUNDS = 64  # photographs need 1 to 11; past this the block's contrast is reduced until it closes


@compiled
def _analyse(pixels: NDArray[np.int64], analysis: NDArray[np.int64], accumulators: NDArray[np.int64]) -> None:
    """Coefficients times 2^24 of one block, ``(k,)``, from pixels - 128, ``(n,)``."""
    for k in range(len(analysis)):
        total = 0
        for i in range(len(pixels)):
            total += analysis[k, i] * pixels[i]
        accumulators[k] = total


@compiled
def synthesise(symbols: NDArray[np.int64], synthesis: NDArray[np.int64], values: NDArray[np.int64]) -> None:
    """Unclipped pixel values - 128 of one block times 2^24, ``(n,)``, from symbols - 128, ``(k,)``."""
    values[:] = 0
    for k in range(len(symbols)):
        symbol = symbols[k]
        if symbol != 0:
            for i in range(len(values)):
                values[i] += synthesis[k, i] * symbol


@compiled
def _to_pixels(values: NDArray[np.int64], pixels: NDArray[np.int64]) -> bool:
    """Round and clip to [-128, 127]; True if anything was clipped."""
    clipped = False
    for i in range(len(values)):
        pixel = (values[i] + HALF) >> FRACTION_BITS
        if pixel < -128:
            pixel, clipped = -128, True
        elif pixel > 127:
            pixel, clipped = 127, True
        pixels[i] = pixel
    return clipped


@compiled
def _load_block(picture: NDArray[np.uint8], top: int, left: int, block: int, pixels: NDArray[np.int64]) -> None:
    """Pixels - 128 of one block; beyond the picture its last row and column are repeated."""
    height, width, channels = picture.shape
    i = 0
    for dy in range(block):
        y = min(top + dy, height - 1)
        for dx in range(block):
            x = min(left + dx, width - 1)
            for channel in range(channels):
                pixels[i] = np.int64(picture[y, x, channel]) - 128
                i += 1


@compiled
def _close_block(
    symbols: NDArray[np.int64],
    analysis: NDArray[np.int64],
    synthesis: NDArray[np.int64],
    values: NDArray[np.int64],
    pixels: NDArray[np.int64],
    accumulators: NDArray[np.int64],
) -> bool:
    """Move ``symbols`` to a fixed point of encode(decode(.)); True if they moved. ``values`` is left decoded."""
    moved = False
    rounds = 0
    while True:
        synthesise(symbols, synthesis, values)
        if not _to_pixels(values, pixels):
            return moved
        _analyse(pixels, analysis, accumulators)
        rounds += 1
        still = True
        for k in range(len(symbols)):
            symbol = (accumulators[k] + HALF) >> FRACTION_BITS
            if symbol != symbols[k]:
                still = False
            symbols[k] = symbol
        if still:
            return moved
        moved = True
        if rounds >= CLOSING_ROUNDS:  # a cycle: pull towards mid-grey, which is closed, and so ends
            for k in range(len(symbols)):
                symbols[k] -= np.sign(symbols[k])


@compiled
def encode_rows(
    picture: NDArray[np.uint8],
    block: int,
    analysis: NDArray[np.int64],
    synthesis: NDArray[np.int64],
    headroom: NDArray[np.int64],
    first: int,
    last: int,
    symbols: NDArray[np.uint8],
    side: NDArray[np.int16],
    wet: NDArray[np.bool_],
) -> None:
    """Fill ``symbols`` and ``side``, ``(k, h', w')``, and ``wet``, ``(h', w')``, in some rows of blocks."""
    kept, size = analysis.shape
    height, width, _ = picture.shape
    pixels, values = np.empty(size, np.int64), np.empty(size, np.int64)
    before, work, block_symbols = np.empty(kept, np.int64), np.empty(kept, np.int64), np.empty(kept, np.int64)
    low, high = -128 * ONE, 127 * ONE
    for row in range(first, last):
        for column in range(symbols.shape[2]):
            _load_block(picture, row * block, column * block, block, pixels)
            _analyse(pixels, analysis, before)
            for k in range(kept):
                block_symbols[k] = (before[k] + HALF) >> FRACTION_BITS
            whole = (row + 1) * block <= height and (column + 1) * block <= width
            moved = whole and _close_block(block_symbols, analysis, synthesis, values, pixels, work)
            dry = whole
            if whole:
                for i in range(size):
                    if values[i] - headroom[i] < low or values[i] + headroom[i] > high:
                        dry = False
            wet[row, column] = not dry
            for k in range(kept):
                symbols[k, row, column] = block_symbols[k] + 128
                error = before[k] - (block_symbols[k] << FRACTION_BITS)
                side[k, row, column] = 0 if moved else (error * SIDE_SCALE) >> FRACTION_BITS


@compiled
def decode_rows(
    symbols: NDArray[np.uint8],
    block: int,
    synthesis: NDArray[np.int64],
    first: int,
    last: int,
    picture: NDArray[np.uint8],
) -> None:
    """Fill some rows of blocks of a picture ``(h, w, c)`` from symbols ``(k, h', w')``."""
    kept, size = synthesis.shape
    height, width, channels = picture.shape
    pixels, values, block_symbols = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(kept, np.int64)
    for row in range(first, last):
        for column in range(symbols.shape[2]):
            for k in range(kept):
                block_symbols[k] = np.int64(symbols[k, row, column]) - 128
            synthesise(block_symbols, synthesis, values)
            _to_pixels(values, pixels)
            i = 0
            for dy in range(block):
                for dx in range(block):
                    y, x = row * block + dy, column * block + dx
                    for channel in range(channels):
                        if y < height and x < width:
                            picture[y, x, channel] = pixels[i] + 128
                        i += 1
