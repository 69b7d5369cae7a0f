# SPDX-License-Identifier: Apache-2.0
"""A picture is marked: its projections move to their lattices, at a given PSNR, through rounding to 8 bits.

    luma ──▶ band ──▶ projections ──▶ goals     the way to the lattice, ``share`` of it
      ▲                                 │
      └── rounded picture ◀── change ◀──┘       three rounds: rounding moves projections, and the next round corrects it

A change of the luma goes to red, green and blue in proportion to their weights in it, which is the least square change
of the picture for a given one of the luma. Within a slot, more of it goes to blocks of more texture.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture
from semstego.compiled import compiled
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.schemes.robust import code_word, lattice, layout
from semstego.schemes.robust.band import band_of, change_of, luma_of, luma_weights, texture_weights
from semstego.schemes.robust.layout import BLOCKS, CELL, FORMATS, Format, Grid, Slots, frequencies

LADDER: Final = 2.0 ** (np.arange(9, 33) / 4)
"""Periods that a sender takes, 4.8 to 256 [grey levels]: few, so that a receiver who must search has less to try."""

_ROUNDS = 3
_BEST_SHARE = 0.8
_SHRINK = 0.998
_LEAST_SQUARES = 1e-9


@dataclass(frozen=True, eq=False)
class Marker:
    """A picture, its slots, and the bits that they are to carry.

    Attributes:
        picture: uint8 ``(h, w, c)``, at least one cell.
        form: Of the frame.
        word: The bits of all places of the code word.
        parts: Slots of all whole cells, pilots and data, with their bits, uint8 ``(cells, slots)``.
    """

    picture: Picture
    form: Format
    word: Bits
    parts: tuple[tuple[Slots, Bits], ...]

    @classmethod
    def of(cls, picture: Picture, form: Format, key: Key, frame: Bits) -> "Marker":
        """For a frame in this format."""
        grid = Grid.of(*picture.shape[:2])
        known, tags = layout.pilots(key, grid, form.order)
        word = code_word.encoded(frame, form, key)
        data = layout.data_slots(form, key, grid), word[layout.places(form, key, grid)]
        return cls(picture, form, word, ((known, tags[FORMATS.index(form)]), data))

    def marked(self, psnr_db: float) -> Picture:
        """The picture, marked as strongly as it may be at a PSNR that it has at least."""
        allowed = 255.0**2 * 10 ** (-psnr_db / 10) * self.picture.size
        period = self._period(allowed)
        gaps = self._gaps(period)
        share = min(1.0, float(np.sqrt(allowed / self._squares(gaps))))
        change = np.zeros((CELL * self._grid.rows, CELL * self._grid.columns))
        picture, squares = self.picture, 0.0
        for _ in range(_ROUNDS):
            now = self._projected(picture)
            moves = [first + share * gap - here for first, gap, here in zip(self._first, gaps, now, strict=True)]
            change += self._change(moves)
            picture, squares = _applied(self.picture, change, self._gains)
            share *= min(1.0, float(np.sqrt(allowed / max(squares, 1.0))))
        while squares > allowed:
            change *= np.sqrt(allowed / squares) * _SHRINK
            picture, squares = _applied(self.picture, change, self._gains)
        return picture

    @cached_property
    def _grid(self) -> Grid:
        return Grid.of(*self.picture.shape[:2])

    @cached_property
    def _gains(self) -> NDArray[np.float64]:
        """Change of each channel for a change of the luma by 1."""
        weights = luma_weights(self.picture.shape[2])
        gains: NDArray[np.float64] = weights / (weights**2).sum()
        return gains

    @cached_property
    def _first(self) -> list[NDArray[np.float64]]:
        """Projections of the picture as it is."""
        return self._projected(self.picture)

    @cached_property
    def _spread(self) -> list[NDArray[np.float64]]:
        """What moves a projection by 1, for each of its coefficients, ``(cells, slots, length)``."""
        weights = texture_weights(luma_of(self.picture), self._grid.rows, self._grid.columns)
        by_coefficient = np.repeat(weights, frequencies(self.form.order), axis=1)
        spread = []
        for slots, _ in self.parts:
            picked = slots.pick(by_coefficient)
            share = picked / picked.sum(axis=2, keepdims=True)
            spread.append(slots.signs * share * np.sqrt(slots.signs.shape[2]))
        return spread

    @cached_property
    def _costs(self) -> list[NDArray[np.float64]]:
        """Squares of the picture's change where a projection moves by 1, rounding apart, ``(cells, slots)``."""
        return [(one**2).sum(axis=2) * (self._gains**2).sum() for one in self._spread]

    def _gaps(self, period: float) -> list[NDArray[np.float64]]:
        """The way of each projection to its lattice."""
        lattices = [slots.dithers + bits / 2 for slots, bits in self.parts]
        return [lattice.gaps(first, one, period) for first, one in zip(self._first, lattices, strict=True)]

    def _squares(self, gaps: list[NDArray[np.float64]]) -> float:
        """Squares of the picture's change where all projections go all the way."""
        total = sum(float((gap**2 * cost).sum()) for gap, cost in zip(gaps, self._costs, strict=True))
        return max(total, _LEAST_SQUARES)

    def _period(self, allowed: float) -> float:
        """The period of the ladder at which the squares allow for about the best share."""
        shares = np.array([np.sqrt(allowed / self._squares(self._gaps(period))) for period in LADDER])
        return float(LADDER[int(np.argmin(np.abs(np.log(shares / _BEST_SHARE))))])

    def _projected(self, picture: Picture) -> list[NDArray[np.float64]]:
        band = band_of(luma_of(picture), self.form.order)
        return [slots.project(band) for slots, _ in self.parts]

    def _change(self, moves: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """The luma that moves the projections so far."""
        band = np.zeros((self._grid.cells, BLOCKS * frequencies(self.form.order)))
        for (slots, _), move, spread in zip(self.parts, moves, self._spread, strict=True):
            values = (move[..., None] * spread).reshape(len(band), -1)
            np.put_along_axis(band, slots.members.reshape(len(band), -1), values, axis=1)
        return change_of(band, self.form.order, self._grid.rows, self._grid.columns)


@compiled
def _applied(
    picture: NDArray[np.uint8], change: NDArray[np.float64], gains: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], float]:
    """A picture with a change of the luma of its upper left part, rounded and clipped; and the change's squares."""
    found, squares = picture.copy(), 0.0
    height, width = change.shape
    for y in range(height):
        for x in range(width):
            for c in range(gains.size):
                before = picture[y, x, c]
                value = min(max(np.rint(before + gains[c] * change[y, x]), 0.0), 255.0)
                found[y, x, c] = np.uint8(value)
                squares += (value - before) ** 2
    return found, squares
