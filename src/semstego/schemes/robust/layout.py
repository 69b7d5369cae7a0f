# SPDX-License-Identifier: Apache-2.0
"""Where bits lie in a picture: cells of 64 x 64 pixels, and in each of them slots, which a key scatters over the band.

    cell ──▶ 4 blocks of 32 x 32 pixels ──▶ their lowest frequencies, (order + 1)^2 - 1 each: the band
    slot ──▶ some coefficients of the band, each with a sign, and where its lattices lie
               a pilot's bit says the format, a data slot has a place in the code word

A slot's projection is the sum of its coefficients, each with its sign, over the root of their number. All that the key
decides of a cell depends on its row and column alone: whoever has a part of the picture needs only to know where that
part was. Pilots are the same in every format, so one look at them finds the format, the gain and the place.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.message import short_frame
from semstego.message.bits import Bits
from semstego.message.cipher import Key, keystream

BLOCK: Final = 32  # side of a block [pixels]
CELL: Final = 64  # side of a cell [pixels]
BLOCKS: Final = (CELL // BLOCK) ** 2  # of a cell
PILOTS: Final = 4  # of a cell
PILOT_LENGTH: Final = 4  # coefficients of a pilot
PILOT_ORDER: Final = 4  # of the band in which they lie
_WHOLE = np.float64(2**32)  # what words of 32 bits are below
_ROW_STEP, _COLUMN_STEP = 3242174889, 2447445414  # 2^32 over the plastic number, and over its square (Roberts, 2018)


def frequencies(order: int) -> int:
    """Coefficients of a block in the band of an order, its highest frequency in half cycles a block."""
    return (order + 1) ** 2 - 1


@dataclass(frozen=True)
class Format:
    """How dense data slots are, for frames of one size; more of them take more of the band, which survives less.

    Attributes:
        message_bytes: The longest message, one of :data:`semstego.message.short_frame.CLASSES`.
        order: Of the band.
        slots: Data slots of a cell.
        length: Coefficients of each.
    """

    message_bytes: int
    order: int
    slots: int
    length: int

    @property
    def frame_bits(self) -> int:
        """Bits of a frame."""
        return short_frame.frame_bits(self.message_bytes)

    @property
    def word_bits(self) -> int:
        """Bits of a code word: the least rate of 5G's code."""
        return 5 * self.frame_bits


_SPARSE, _MIDDLE, _DENSE = (4, 26, 3), (5, 62, 2), (8, 304, 1)
FORMATS: Final = tuple(
    Format(most, *density)
    for most, densities in zip(
        short_frame.CLASSES, ((_SPARSE, _MIDDLE, _DENSE), (_MIDDLE, _DENSE), (_DENSE,)), strict=True
    )
    for density in densities
)
"""For each size of frames, those that survive most first."""


@dataclass(frozen=True)
class Grid:
    """A rectangle of cells.

    Attributes:
        top: The first row, counted from the top of the marked picture.
        left: The first column.
        rows: How many.
        columns: How many.
    """

    top: int
    left: int
    rows: int
    columns: int

    @classmethod
    def of(cls, height: int, width: int) -> "Grid":
        """All whole cells of a picture of so many pixels."""
        return cls(0, 0, height // CELL, width // CELL)

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return self.rows * self.columns


SLOTS_PER_BIT: Final = 1.5
"""Data slots for each bit of a frame that a picture must have, at least: the code's rate is 2/3 then."""


LEAST_CELLS: Final = 4
"""Fewer pilots than these have cannot be told from none."""


def format_for(frame_bits: int, grid: Grid) -> Format | None:
    """The format of frames of so many bits that survives most, of those for which there are cells enough."""
    fitting = (form for form in FORMATS if form.frame_bits == frame_bits and grid.cells >= LEAST_CELLS)
    return next((form for form in fitting if grid.cells * form.slots >= SLOTS_PER_BIT * frame_bits), None)


@dataclass(frozen=True)
class Slots:
    """Slots of a rectangle of cells, one cell after the other, row by row.

    Attributes:
        members: Which coefficients of its cell's band a slot has, int64 ``(cells, slots, length)``.
        signs: Theirs, float64 of the same shape.
        dithers: Where the lattice of a 0 lies, in periods, float64 ``(cells, slots)`` from 0 to below 1.
    """

    members: NDArray[np.int64]
    signs: NDArray[np.float64]
    dithers: NDArray[np.float64]

    def project(self, band: NDArray[np.float64]) -> NDArray[np.float64]:
        """Projections ``(cells, slots)`` of a band ``(cells, coefficients)``."""
        projections: NDArray[np.float64] = (self.pick(band) * self.signs).sum(axis=2) / np.sqrt(self.signs.shape[2])
        return projections

    def pick(self, band: NDArray[np.float64]) -> NDArray[np.float64]:
        """The coefficients of each slot, ``(cells, slots, length)``."""
        flat = self.members.reshape(len(self.members), -1)
        return np.take_along_axis(band, flat, axis=1).reshape(self.members.shape)


def pilots(key: Key, grid: Grid, order: int = PILOT_ORDER) -> tuple[Slots, Bits]:
    """The pilots of cells, as they lie in a band of an order, and their bits in each format.

    Returns:
        The slots; and uint8 ``(formats, cells, pilots)``.
    """
    drawn = [_pilot_row(key, row, grid) for row in range(grid.top, grid.top + grid.rows)]
    slots = _stacked([one for one, _ in drawn])
    block, place = np.divmod(slots.members, frequencies(PILOT_ORDER))
    down, across = np.divmod(place + 1, PILOT_ORDER + 1)
    members = block * frequencies(order) + down * (order + 1) + across - 1
    tags = np.concatenate([tags for _, tags in drawn])
    bits = np.stack([tags >> number & 1 for number in range(len(FORMATS))])
    return Slots(members, slots.signs, slots.dithers), bits


def data_slots(form: Format, key: Key, grid: Grid) -> Slots:
    """The data slots of cells."""
    taken = pilots(key, grid, form.order)[0].members.reshape(grid.rows, grid.columns, -1)
    return _stacked([_data_row(form, key, grid.top + row, grid.left, taken[row]) for row in range(grid.rows)])


def places(form: Format, key: Key, grid: Grid) -> NDArray[np.int64]:
    """Place in the code word of each data slot, int64 ``(cells, slots)``.

    A cell's slots cover the word at equal distances. Where the first one lies advances by an additive recurrence over
    rows and columns, so that the cells of every part of the picture together cover it evenly, too.
    """
    first = np.frombuffer(keystream(key.derive("robust places", _context(form)), 4), "<u4")[0]
    rows = np.arange(grid.top, grid.top + grid.rows, dtype=np.uint64)[:, None]
    columns = np.arange(grid.left, grid.left + grid.columns, dtype=np.uint64)
    starts = np.uint64(first) + rows * np.uint64(_ROW_STEP) + columns * np.uint64(_COLUMN_STEP)
    steps = (np.arange(form.slots, dtype=np.uint64) << np.uint64(32)) + starts.reshape(-1, 1) % np.uint64(2**32)
    # at most 304 * 2^32 * 41,600, which is below 2^64
    found = (steps * np.uint64(form.word_bits)).astype(np.uint64) // np.uint64(form.slots)
    return (found.astype(np.uint64) >> np.uint64(32)).astype(np.int64)


def _context(form: Format) -> bytes:
    return f"{form.message_bytes} {form.order}".encode()


@lru_cache(maxsize=128)
def _pilot_row(key: Key, row: int, grid: Grid) -> tuple[Slots, NDArray[np.uint8]]:
    """The pilots of a row of cells in the band of their own order, and a byte for each."""
    coefficients, used = BLOCKS * frequencies(PILOT_ORDER), PILOTS * PILOT_LENGTH
    sizes = 4 * coefficients, -(-used // 8), 4 * PILOTS, PILOTS
    seed = key.derive("robust pilots", str(row).encode())
    order, signs, dithers, tags = _drawn(seed, grid.left, grid.columns, sizes)
    members = np.argsort(_words(order), axis=1, kind="stable")[:, :used].reshape(-1, PILOTS, PILOT_LENGTH)
    return Slots(members, _signs(signs, members), _words(dithers) / _WHOLE), tags


def _data_row(form: Format, key: Key, row: int, left: int, taken: NDArray[np.int64]) -> Slots:
    """The data slots of a row of cells, where pilots have ``taken`` coefficients, ``(columns, n)``."""
    used = form.slots * form.length
    sizes = 4 * BLOCKS * frequencies(form.order), -(-used // 8), 4 * form.slots
    seed = key.derive("robust data", _context(form) + b" " + str(row).encode())
    drawn, signs, dithers = _drawn(seed, left, len(taken), sizes)
    order = _words(drawn).astype(np.uint64)
    np.put_along_axis(order, taken, np.uint64(2**32), axis=1)  # behind all others
    members = np.argsort(order, axis=1, kind="stable")[:, :used].reshape(-1, form.slots, form.length)
    return Slots(members, _signs(signs, members), _words(dithers) / _WHOLE)


def _drawn(seed: bytes, left: int, columns: int, sizes: tuple[int, ...]) -> list[NDArray[np.uint8]]:
    """Bytes for the cells of a row from a column on, ``(columns, size)`` each."""
    stream = keystream(seed, sum(sizes) * (left + columns))
    drawn = np.frombuffer(stream, np.uint8).reshape(left + columns, -1)[left:]
    return np.split(drawn, np.cumsum(sizes)[:-1], axis=1)


def _words(drawn: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Numbers of 32 bits in rows of bytes."""
    return np.ascontiguousarray(drawn).view("<u4")


def _signs(drawn: NDArray[np.uint8], members: NDArray[np.int64]) -> NDArray[np.float64]:
    """A sign for each member by bits in rows of bytes."""
    count = members[0].size
    bits = np.unpackbits(np.ascontiguousarray(drawn), axis=1)[:, :count].reshape(members.shape)
    return 1 - 2 * bits.astype(np.float64)


def _stacked(rows: list[Slots]) -> Slots:
    return Slots(*(np.concatenate([getattr(one, name) for one in rows]) for name in ("members", "signs", "dithers")))
