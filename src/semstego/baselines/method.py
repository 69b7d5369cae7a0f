# SPDX-License-Identifier: Apache-2.0
"""What the baselines share: error correction, a trellis code over robust elements, and the sender's mending.

    message ──Correction──▶ coded bits ──STC, h = 10──▶ elements ──moves──▶ coefficients ──settled──▶ stego JPEG

A baseline says which elements there are and what each change moves and costs.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.baselines import juniward
from semstego.baselines.base import Carried, Elements, Read, Side, check_message, check_picture
from semstego.baselines.correction import Correction, ReedSolomon
from semstego.baselines.elements import Rule, Values, reach
from semstego.baselines.jpeg import Blocks, Jpeg, luminance_blocks, spectrum
from semstego.baselines.settling import settled
from semstego.codecs.base import Picture
from semstego.coding import ternary
from semstego.errors import InfeasibleError, NothingFoundError
from semstego.message.bits import Bits
from semstego.message.cipher import Key

HEIGHT: Final = 10
"""Constraint height of the trellis code."""

BITS_PER_ELEMENT: Final = {True: 0.7, False: 1.0}
"""Coded bits that an element is expected to hold, of a binary code and of a ternary one; the bounds are 1 and 1.58."""

CLIPPING: Final = 1e4
"""Factor on the cost of a move that could clip a pixel of its block, and be lost."""

_MIDDLE: Final = 128  # of a byte, in which the trellis code takes elements
_MOST: Final = 126  # elements beyond it cannot change


@dataclass(frozen=True, eq=False)
class Moves:
    """What a change of each element by +1 and by -1 takes.

    Attributes:
        up: What is added to the carrier for +1, (n,).
        down: The same for -1.
        up_cost: What it costs, (n,); infinite where it is forbidden.
        down_cost: The same for -1.
    """

    up: Values
    down: Values
    up_cost: Values
    down_cost: Values


@dataclass(frozen=True, eq=False)
class Prepared:
    """A cover before a message is hidden in it.

    Attributes:
        cover: The file.
        coefficients: Those whose elements carry.
        elements: Theirs.
        moves: Of the elements, with what clipping costs.
    """

    cover: Jpeg
    coefficients: Blocks
    elements: Elements
    moves: Moves


@dataclass(frozen=True)
class Method(ABC):
    """A baseline with elements, of which derived classes say the rest.

    Attributes:
        name: What tables call it.
        known: What is published of it, and where.
        reconstructed: What of it is ours.
        binary: Whether a bit is an element's parity; else elements are ternary, in two layers.
    """

    name: str
    known: str
    reconstructed: str
    binary: bool

    @abstractmethod
    def rule(self) -> Rule:
        """The elements."""

    @abstractmethod
    def moves(self, cover: Jpeg, coefficients: Blocks, elements: Elements) -> Moves:
        """What changes of a cover's elements move and cost, clipping apart."""

    @property
    def strengths(self) -> tuple[int, ...]:
        """Of error corrections that senders choose from; most know one."""
        return (0,)

    def correction(self, strength: int) -> Correction:
        """Reed-Solomon (31, 15), whatever the strength."""
        return ReedSolomon()

    def visible(self, cover: Jpeg) -> Blocks:
        """The coefficients whose elements carry: those of a cover's pixels."""
        return spectrum(cover.pixels)

    def aim(self, cover: Jpeg, coefficients: Blocks) -> Blocks:
        """What the sender writes so that coefficients like these are seen: themselves."""
        return coefficients

    def capacity_bits(self, cover_jpeg: bytes) -> int:
        """By the number of elements that can change."""
        elements = self.prepared(Jpeg(cover_jpeg)).elements
        can_change = int(np.count_nonzero(np.abs(elements) <= _MOST))
        return self.correction(0).message_bits(int(BITS_PER_ELEMENT[self.binary] * can_change))

    def embed(self, cover_jpeg: bytes, message: Bits, key: Key) -> Carried:
        """Hide a message."""
        check_message(message)
        return self.embedded(self.prepared(Jpeg(cover_jpeg)), message, key, 0)

    def prepared(self, cover: Jpeg) -> Prepared:
        """All that does not depend on the message."""
        coefficients = self.visible(cover)
        elements = self.rule().read(coefficients)
        return Prepared(cover, coefficients, elements, self._dear(cover, self.moves(cover, coefficients, elements)))

    def embedded(self, prepared: Prepared, message: Bits, key: Key, strength: int) -> Carried:
        """Hide a message behind an error correction of this strength."""
        rule, cover, moves = self.rule(), prepared.cover, prepared.moves
        coded = self.correction(strength).encode(message)
        stego, upper = self._coded_into(prepared.elements, moves, coded, key)
        change = stego - prepared.elements
        added = np.where(change > 0, moves.up, np.where(change < 0, moves.down, 0))
        moved = rule.put(prepared.coefficients, rule.carriers(prepared.coefficients) + added)
        file = settled(cover, self.aim(cover, moved), stego, rule)
        return Carried(file.content, stego, coded, Side(len(message), len(coded), upper, strength))

    def extract(self, picture: Picture, key: Key, side: Side) -> Read:
        """Read a message."""
        check_picture(picture)
        if side.strength not in self.strengths:
            raise NothingFoundError
        if self.correction(side.strength).coded_bits(side.message_bits) != side.coded_bits:
            raise NothingFoundError
        elements, coded = self.coded(picture, key, side)
        return Read(elements, coded, self.correction(side.strength).decode(coded, side.message_bits))

    def coded(self, picture: Picture, key: Key, side: Side) -> tuple[Elements, Bits]:
        """The elements of a picture, and the bits before error correction."""
        elements = self.rule().read(spectrum(picture))
        if max(side.upper, side.coded_bits - side.upper) > elements.size:
            raise NothingFoundError
        order = self._order(key, elements.size)
        return elements, ternary.extract(_as_bytes(elements)[order], side.coded_bits, side.upper, HEIGHT)

    def _dear(self, cover: Jpeg, moves: Moves) -> Moves:
        """Moves, those that could clip a pixel so dear that they are the last choice."""
        room = self.rule().carriers(reach(cover))
        up, down = (np.where(np.abs(move) < room, 1, CLIPPING) for move in (moves.up, moves.down))
        return Moves(moves.up, moves.down, up * moves.up_cost, down * moves.down_cost)

    def _coded_into(self, elements: Elements, moves: Moves, coded: Bits, key: Key) -> tuple[Elements, int]:
        """The stego elements, and how many bits are in their upper layer."""
        order = self._order(key, elements.size)
        symbols = _as_bytes(elements)[order]
        small = np.abs(elements) <= _MOST
        up, down = (np.where(small, one, np.inf)[order].astype(np.float32) for one in (moves.up_cost, moves.down_cost))
        upper = 0 if self.binary else ternary.split(up, down, symbols, len(coded))
        if max(upper, len(coded) - upper) > elements.size:
            raise InfeasibleError(f"{len(coded)} coded bits do not fit {elements.size} elements")
        changed = ternary.embed(symbols, up, down, coded, upper, HEIGHT)
        stego = elements.copy()
        stego[order] += changed.astype(np.int16) - symbols
        return stego, upper

    def _order(self, key: Key, size: int) -> NDArray[np.int64]:
        return key.permutation("baseline", self.name.encode(), size)


def unit_costs(cover: Jpeg) -> Blocks:
    """J-UNIWARD of moving each coefficient of a cover by 1."""
    return juniward.cost(luminance_blocks(cover.pixels))


def _as_bytes(elements: Elements) -> NDArray[np.uint8]:
    """Elements for the trellis code, which asks for their two lowest bits."""
    return (elements + _MIDDLE).astype(np.uint8)
