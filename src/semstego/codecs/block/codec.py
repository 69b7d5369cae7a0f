# SPDX-License-Identifier: Apache-2.0
"""The closed semantic codec: blocks, an orthonormal basis, integer arithmetic.

    picture --blocks--> x - 128 --analysis--> round --> + 128 --> symbols --synthesis--> round, clip --> picture
                                                 ^------------ close: repeat until it stands still

Encoding ends with closing, for covers and stegos alike, so ``encode(decode(s)) == s`` on every whole block of every
stream it emits. A block needs closing only where decoding clips at 0 or 255 (the theorems in :mod:`.basis`). Blocks
that are not wholly inside the picture do not close; they are coded for reconstruction only and carry nothing.

All arithmetic that a reading depends on is int64. Rows of blocks are spread over threads; no result depends on how.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from semstego.codecs.base import Picture, SymbolMap, Symbols
from semstego.codecs.block.basis import FRACTION_BITS, ONE, BlockBasis
from semstego.codecs.stream import MAX_PIXELS, MIN_SIDE
from semstego.concurrency import in_threads, slices
from semstego.errors import PictureError

SIDE_SCALE = 1 << 14  # side information is stored as int16 in units of 2^-14 of a step
HALF = ONE >> 1
LEAST_ROWS = 64  # of blocks, for a thread to be worth starting
CLOSING_ROUNDS = 64  # photographs need 1 to 11; past this the block's contrast is reduced until it closes


@dataclass(frozen=True)
class Encoding:
    """What the sender knows about a picture after encoding it.

    Attributes:
        symbols: The closed symbols.
        side: int16 ``(k, h', w')``: value before rounding minus closed symbol, in 2^-14 steps; 0 where closing moved
            the block.
        wet: bool ``(h', w')``: blocks without headroom for two changes, and blocks that are not whole.
    """

    symbols: Symbols
    side: NDArray[np.int16]
    wet: NDArray[np.bool_]


@njit(nogil=True, cache=True)
def _analyse(pixels: NDArray[np.int64], analysis: NDArray[np.int64], accumulators: NDArray[np.int64]) -> None:
    """Coefficients times 2^24 of one block, ``(k,)``, from pixels - 128, ``(n,)``."""
    for k in range(len(analysis)):
        total = 0
        for i in range(len(pixels)):
            total += analysis[k, i] * pixels[i]
        accumulators[k] = total


@njit(nogil=True, cache=True)
def _synthesise(symbols: NDArray[np.int64], synthesis: NDArray[np.int64], values: NDArray[np.int64]) -> None:
    """Unclipped pixel values - 128 of one block times 2^24, ``(n,)``, from symbols - 128, ``(k,)``."""
    values[:] = 0
    for k in range(len(symbols)):
        symbol = symbols[k]
        if symbol != 0:
            for i in range(len(values)):
                values[i] += synthesis[k, i] * symbol


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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
        _synthesise(symbols, synthesis, values)
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


@njit(nogil=True, cache=True)
def _encode_rows(
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


@njit(nogil=True, cache=True)
def _decode_rows(
    symbols: NDArray[np.uint8],
    block: int,
    synthesis: NDArray[np.int64],
    first: int,
    last: int,
    picture: NDArray[np.uint8],
) -> None:
    kept, size = synthesis.shape
    height, width, channels = picture.shape
    pixels, values, block_symbols = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(kept, np.int64)
    for row in range(first, last):
        for column in range(symbols.shape[2]):
            for k in range(kept):
                block_symbols[k] = np.int64(symbols[k, row, column]) - 128
            _synthesise(block_symbols, synthesis, values)
            _to_pixels(values, pixels)
            i = 0
            for dy in range(block):
                for dx in range(block):
                    y, x = row * block + dy, column * block + dx
                    for channel in range(channels):
                        if y < height and x < width:
                            picture[y, x, channel] = pixels[i] + 128
                        i += 1


@dataclass(frozen=True)
class BlockCodec:
    """One operating point: a basis for colour and one for grey pictures.

    Attributes:
        name: ``cr085``, ``cr050``, ``cr025``, or what a user calls weights of their own.
        colour: Basis for pictures of 3 channels.
        grey: Basis for pictures of 1 channel.
    """

    name: str
    colour: BlockBasis
    grey: BlockBasis

    @property
    def closed(self) -> bool:
        """True: stage II is exact."""
        return True

    def basis(self, channels: int) -> BlockBasis:
        """The basis for pictures of 1 or 3 channels."""
        return self.grey if channels == 1 else self.colour

    def symbol_shape(self, height: int, width: int, channels: int) -> tuple[int, int, int]:
        """Shape ``(k, h', w')`` of the symbols of a picture."""
        basis = self.basis(channels)
        return basis.kept, -(-height // basis.block), -(-width // basis.block)

    def whole_blocks(self, height: int, width: int, channels: int) -> tuple[int, int]:
        """Rows and columns of blocks wholly inside the picture: the carriers, a public function of the size."""
        block = self.basis(channels).block
        return height // block, width // block

    def encode(self, picture: Picture) -> Symbols:
        """Es: the closed symbols of a uint8 picture ``(h, w, c)``."""
        return self.encode_for_hiding(picture).symbols

    def encode_for_hiding(self, picture: Picture) -> Encoding:
        """Es, and with the closed symbols what only the sender knows: rounding errors and headroom."""
        check_size(picture)
        height, width, channels = picture.shape
        basis = self.basis(channels)
        shape = self.symbol_shape(height, width, channels)
        symbols, side = np.empty(shape, np.uint8), np.empty(shape, np.int16)
        wet = np.empty(shape[1:], np.bool_)
        picture, headroom = np.ascontiguousarray(picture), basis.headroom()

        def rows(first: int, last: int) -> None:
            _encode_rows(
                picture, basis.block, basis.analysis, basis.synthesis, headroom, first, last, symbols, side, wet
            )

        _over_rows(rows, shape[1])
        return Encoding(Symbols(symbols, height, width, channels), side, wet)

    def decode(self, symbols: Symbols) -> Picture:
        """Ds: the uint8 picture ``(h, w, c)`` that the receiver reconstructs."""
        basis = self.basis(symbols.channels)
        picture = np.empty((symbols.height, symbols.width, symbols.channels), np.uint8)
        values = np.ascontiguousarray(symbols.values)
        _over_rows(
            lambda first, last: _decode_rows(values, basis.block, basis.synthesis, first, last, picture),
            values.shape[1],
        )
        return picture

    def carriers(self, symbols: Symbols) -> SymbolMap:
        """View ``(k, rows, columns)`` of the symbols in whole blocks."""
        rows, columns = self.whole_blocks(symbols.height, symbols.width, symbols.channels)
        return symbols.values[:, :rows, :columns]


def kernels_are_cached() -> bool:
    """Whether an earlier run left compiled kernels on disk, wherever Numba keeps them."""
    folder = str(_encode_rows.stats.cache_path)
    return any(Path(folder).glob("*.nbi"))


def check_size(picture: Picture) -> None:
    """Raise PictureError unless the picture is uint8 ``(h, w, 1 or 3)``, 32 x 32 to 50 megapixels."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (1, 3):
        raise PictureError("a picture must be 8-bit, with one channel (grey) or three (RGB)")
    height, width, _ = picture.shape
    if min(height, width) < MIN_SIDE:
        raise PictureError(f"the picture has {width}x{height} pixels; both sides must be at least {MIN_SIDE}")
    if height * width > MAX_PIXELS:
        raise PictureError(f"the picture has {width}x{height} pixels; at most {MAX_PIXELS // 1_000_000} megapixels")


def _over_rows(work: Callable[[int, int], None], rows: int) -> None:
    """Run ``work(first, last)`` over slices of the rows of blocks."""
    for _ in in_threads(lambda piece: work(*piece), slices(rows, LEAST_ROWS)):
        pass
