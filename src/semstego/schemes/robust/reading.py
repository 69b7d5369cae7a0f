# SPDX-License-Identifier: Apache-2.0
"""A marked picture is read: its pilots tell format and period, its data slots vote for the bits of the code word."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.errors import NothingFoundError
from semstego.message import short_frame
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.schemes.robust import code_word, lattice, layout
from semstego.schemes.robust.band import band_of
from semstego.schemes.robust.lattice import Fit
from semstego.schemes.robust.layout import CELL, FORMATS, PILOT_ORDER, Format, Grid

LEAST_Z: Final = 4.0
"""Below, pilots are not worth decoding: one picture in twenty without a message comes so far."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A luma whose cells are where the sender's were.

    Attributes:
        luma: ``(h, w)`` [grey levels], from the upper left corner of the grid's first cell.
        key: Of sender and receiver.
        grid: All cells in it.
    """

    luma: NDArray[np.float64]
    key: Key
    grid: Grid

    @classmethod
    def whole(cls, luma: NDArray[np.float64], key: Key) -> "Reading":
        """Of a picture that was neither cut nor moved."""
        return cls(luma, key, Grid.of(*luma.shape))

    @cached_property
    def fit(self) -> Fit:
        """What the pilots tell."""
        slots, bits = self._pilots
        return lattice.fit(self.pilots, slots.dithers, bits)

    @property
    def form(self) -> Format:
        """The format whose pilots fit best."""
        return FORMATS[self.fit.form]

    @cached_property
    def pilots(self) -> NDArray[np.float64]:
        """Projections of the pilots, ``(cells, pilots)``."""
        return self._pilots[0].project(band_of(self.luma, PILOT_ORDER))

    @cached_property
    def data(self) -> NDArray[np.float64]:
        """Projections of the data slots, ``(cells, slots)``."""
        return self._data.project(band_of(self.luma, self.form.order))

    @cached_property
    def logits(self) -> NDArray[np.float64]:
        """Of the data slots' bits, log p(1) / p(0), ``(cells, slots)``."""
        period = self.fit.period
        zeros = np.zeros(self.data.shape, np.uint8)
        return lattice.evidence(self.data_residues(zeros, period), self.pilot_residues(period), period, self.grid.rows)

    def data_residues(self, bits: Bits, period: float) -> NDArray[np.float64]:
        """How far the data slots' projections are from the lattices of bits ``(cells, slots)``."""
        return -lattice.gaps(self.data, self._data.dithers + bits / 2, period)

    def pilot_residues(self, period: float) -> NDArray[np.float64]:
        """How far the pilots' projections are from their lattices, ``(cells, pilots)``."""
        slots, bits = self._pilots
        return -lattice.gaps(self.pilots, slots.dithers + bits[self.fit.form] / 2, period)

    def bits_of(self, word: Bits) -> Bits:
        """The bits that the data slots have of a code word, ``(cells, slots)``."""
        return word[layout.places(self.form, self.key, self.grid)]

    def cut(self, grid: Grid) -> "Reading":
        """Of some of the cells."""
        top, left = CELL * (grid.top - self.grid.top), CELL * (grid.left - self.grid.left)
        part = self.luma[top : top + CELL * grid.rows, left : left + CELL * grid.columns]
        return Reading(part, self.key, grid)

    @cached_property
    def frame(self) -> Bits:
        """The likeliest frame."""
        return code_word.decoded(self.logits, layout.places(self.form, self.key, self.grid), self.form, self.key)

    @cached_property
    def is_whole(self) -> bool:
        """Whether the frame opens."""
        try:
            short_frame.unseal(self.frame, self.key)
        except NothingFoundError:
            return False
        return True

    @cached_property
    def _pilots(self) -> tuple[layout.Slots, Bits]:
        return layout.pilots(self.key, self.grid)

    @cached_property
    def _data(self) -> layout.Slots:
        return layout.data_slots(self.form, self.key, self.grid)


def best_of(readings: Iterable[Reading]) -> Reading:
    """The first reading whose frame is whole, else the one whose pilots fit best.

    Args:
        readings: Of one message, most hopeful first; no more are looked at than it takes.

    Raises:
        NothingFoundError: If no pilots fit.
    """
    best = None
    for reading in readings:
        if reading.grid.cells and reading.fit.z >= LEAST_Z:
            if reading.is_whole:
                return reading
            best = reading if best is None or reading.fit.z > best.fit.z else best
    if best is None:
        raise NothingFoundError
    return best
