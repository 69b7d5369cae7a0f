# SPDX-License-Identifier: Apache-2.0
"""One block of 5G's LDPC code: systematic encoding, rate matching, and the way back (3GPP TS 38.212, 5.3.2 and 5.4.2).

    information, zeros behind it ─ parity checks ─▸ columns of z bits ─ without the first 2 z and the zeros ─▸ word
    information ◂─ signs ◂─ belief_propagation.py ◂─ evidence: of the first 2 z none, of the zeros no doubt ◂─ logits

Of the standard, this is redundancy version 0 without an interleaver, for one block that has no checksum of its own.
Each row of a base graph from the fifth on adds one column of parity bits, which only it uses: a shorter word is the
beginning of a longer one, and its decoder leaves out the rows whose parity bits were not sent.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from semstego.coding.base_graphs import BaseGraph, Numbers, base_graph, lifting
from semstego.coding.belief_propagation import propagated
from semstego.concurrency import in_threads

__all__ = ["BlockCode", "block_code"]

Bits = NDArray[np.uint8]

_CORE = 4  # rows and columns of parity bits that are solved for together
_PUNCTURED = 2  # columns of information bits that are never sent
_NO_DOUBT = 1000.0  # of the zeros behind the information
_ROUNDS = 30
_COLUMNS_BY_LENGTH = (
    (640, 10),
    (560, 9),
    (192, 8),
    (0, 6),
)  # of information, in base graph 2: above so many bits


@dataclass(frozen=True)
class BlockCode:
    """The code for one length of information and one of the word.

    Attributes:
        information_bits: Of a block, 12 to 8,448.
        word_bits: Of a code word; the rate lies between 1/5 and 0.95, for more than 3,824 bits between 1/3 and 0.95.
    """

    information_bits: int
    word_bits: int

    def encode(self, blocks: Bits) -> Bits:
        """Blocks of information to code words.

        Args:
            blocks: uint8 ``(b, information_bits)`` of 0 or 1.

        Returns:
            uint8 ``(b, word_bits)``.
        """
        words = np.zeros((len(blocks), self._columns, self._size), dtype=np.uint8)
        words.reshape(len(blocks), -1)[:, : self.information_bits] = blocks
        first = self._graph.information
        core = [self._checked(words, row) for row in range(_CORE)]
        shift = self._first_parity_shift  # the other columns of the core occur twice in the sum of its rows
        words[:, first] = np.roll(np.bitwise_xor.reduce(core), shift, axis=1)
        for row in (row for row in range(self._rows) if row != _CORE - 1):  # that row holds by the sum
            words[:, first + row + (row < _CORE)] = self._checked(words, row)
        flat = words.reshape(len(blocks), -1)
        return np.ascontiguousarray(flat[:, self._sent])

    def decode(self, logits: NDArray[np.float32]) -> Bits:
        """Logits of code words to the information that belief propagation finds; nothing tells whether it is right.

        Args:
            logits: float32 ``(b, word_bits)``, log p(1) / p(0).

        Returns:
            uint8 ``(b, information_bits)``.
        """
        return np.stack(list(in_threads(self._decoded, list(logits))))

    def _decoded(self, logits: NDArray[np.float32]) -> Bits:
        evidence = np.zeros(self._columns * self._size)
        evidence[self.information_bits : self._graph.information * self._size] = _NO_DOUBT
        evidence[self._sent] = -logits.astype(np.float64)
        beliefs = propagated(evidence, *self._checks, _ROUNDS)
        return (beliefs[: self.information_bits] < 0).astype(np.uint8)

    def _checked(self, words: Bits, row: int) -> Bits:
        """The sum, modulo 2, of what a row of checks meets in words ``(b, columns, z)``, as ``(b, z)``."""
        total = np.zeros((len(words), self._size), dtype=np.uint8)
        for column, shift in self._entries(row):
            total ^= np.roll(words[:, column], -shift, axis=1)
        return total

    def _entries(self, row: int) -> list[tuple[int, int]]:
        """Columns and shifts, below z, of a row of the base graph."""
        graph, (size, number) = self._graph, self._lifting
        first, last = np.searchsorted(graph.rows, [row, row + 1])
        columns, shifts = graph.columns[first:last], graph.shifts[first:last, number] % size
        return list(zip(columns.tolist(), shifts.tolist(), strict=True))

    @property
    def _first_parity_shift(self) -> int:
        """Of the three entries of the first parity column in the core, two have one shift; this is the other's."""
        first = self._graph.information
        found = [shift for row in range(_CORE) for column, shift in self._entries(row) if column == first]
        return next(shift for shift in found if found.count(shift) != 2)

    @cached_property
    def _graph(self) -> BaseGraph:
        bits, rate = self.information_bits, self.information_bits / self.word_bits
        return base_graph(2 if bits <= 292 or (bits <= 3824 and rate <= 0.67) else 1)

    @cached_property
    def _lifting(self) -> tuple[int, int]:
        columns = self._graph.information
        if columns == 10:
            columns = next(some for above, some in _COLUMNS_BY_LENGTH if self.information_bits > above)
        return lifting(-(-self.information_bits // columns))

    @property
    def _size(self) -> int:
        """Lifting size, z."""
        return self._lifting[0]

    @cached_property
    def _rows(self) -> int:
        """Rows of the base graph that the word needs."""
        parity_bits = self.word_bits - self.information_bits + _PUNCTURED * self._size
        return max(_CORE, -(-parity_bits // self._size))

    @property
    def _columns(self) -> int:
        return self._graph.information + self._rows

    @cached_property
    def _sent(self) -> Numbers:
        """Which bits of all columns make the word, ``(word_bits,)``."""
        parity = self._graph.information * self._size
        known = np.arange(_PUNCTURED * self._size, self.information_bits)
        return np.concatenate([known, np.arange(parity, parity + self.word_bits - known.size)])

    @cached_property
    def _checks(self) -> tuple[Numbers, Numbers]:
        """Where the bits of each check begin, ``(rows * z + 1,)``, and the bits of all checks, ``(edges,)``."""
        bits, counts, each = [], [], np.arange(self._size)[:, None]
        for row in range(self._rows):
            columns, shifts = np.array(self._entries(row), dtype=np.int64).T
            bits.append((columns * self._size + (each + shifts) % self._size).reshape(-1))
            counts += [len(columns)] * self._size
        return np.concatenate([[0], np.cumsum(counts)]), np.concatenate(bits)


@lru_cache(maxsize=32)
def block_code(information_bits: int, word_bits: int) -> BlockCode:
    """The code for these two lengths, which remembers its graph."""
    return BlockCode(information_bits, word_bits)
