# SPDX-License-Identifier: Apache-2.0
"""Error correction for bits that a network reveals as logits: the LDPC code of 5G, with belief propagation.

    information ─ blocks ─ LDPC ─▸ code words ─ one bit of each in turn, again and again ─▸ carriers
    information ◂─ belief propagation ◂─ code words ◂─ sums over the copies ◂─ logits, clipped

The code is that of 3GPP TS 38.212 (:mod:`semstego.coding.block_code`), whose limits shape the blocks: up to 8,448 bits
of information and rates from 1/3 to 948/1024, or up to 3,824 bits and rates from 1/5. Still lower rates are made by
repetition.

Nothing is interleaved inside a block, and copies of a bit lie at a fixed distance: callers permute the carriers by a
key, which parts the errors of one region of the picture as well as any interleaver would.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.coding.block_code import block_code
from semstego.errors import ArgumentError

__all__ = ["MAX_RATE", "Code"]

MAX_RATE = 0.9
"""Information bits per coded bit; 5G allows 0.926, but so little redundancy corrects hardly anything."""

_LEAST, _MOST, _MOST_AT_LOW_RATES = 12, 8448, 3824  # information bits of a block
_REPETITION = 5  # coded bits for one of information; beyond them the code repeats itself
_CLIP = 20.0  # a network's logits of 100 are no evidence of e^100 : 1, and one such copy would overrule all others


@dataclass(frozen=True)
class Code:
    """Information of one length on a number of carriers; sender and receiver make the same code of the same two.

    Attributes:
        information_bits: At least 1.
        carriers: Bits that the network carries, enough for a rate of :data:`MAX_RATE` or less.

    Raises:
        ArgumentError: If the carriers are too few, or there is no information.
    """

    information_bits: int
    carriers: int

    def __post_init__(self) -> None:
        if self.information_bits < 1:
            raise ArgumentError(f"a code needs information, got {self.information_bits} bits")
        if self.block_bits > MAX_RATE * self.word_bits:
            raise ArgumentError(
                f"{self.information_bits} bits do not fit {self.carriers} carriers at a rate of {MAX_RATE} or less"
            )

    @property
    def blocks(self) -> int:
        """Code words."""
        low = 3 * self.information_bits < self.carriers  # 5G's larger base graph starts at a rate of 1/3
        return -(-self.information_bits // (_MOST_AT_LOW_RATES if low else _MOST))

    @property
    def block_bits(self) -> int:
        """Information bits of a code word; the last words may end in some zeros."""
        return max(_LEAST, -(-self.information_bits // self.blocks))

    @property
    def word_bits(self) -> int:
        """Length of a code word [bit]."""
        return min(self.carriers // self.blocks, _REPETITION * self.block_bits)

    @property
    def coded_bits(self) -> int:
        """Different bits that go to the carriers, which is all of them unless some are repeated."""
        return self.blocks * self.word_bits

    def encode(self, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Information to carriers.

        Args:
            bits: uint8 ``(information_bits,)`` of 0 or 1.

        Returns:
            uint8 ``(carriers,)``.

        Raises:
            ArgumentError: If there are more or fewer bits.
        """
        _check(bits, self.information_bits, "bits")
        padded = np.zeros((self.blocks, self.block_bits), dtype=np.uint8)
        padded.reshape(-1)[: self.information_bits] = bits
        words = block_code(self.block_bits, self.word_bits).encode(padded)
        # one bit of each word in turn: no word has more copies than another where the last round is not complete
        return np.resize(words.T, self.carriers)

    def decode(self, logits: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Logits of the carriers to the information that fits them best; nothing tells whether it is right.

        Args:
            logits: float32 ``(carriers,)``, log p(1) / p(0): positive for a 1, and 0 where nothing is known.

        Returns:
            uint8 ``(information_bits,)``.

        Raises:
            ArgumentError: If there are more or fewer logits.
        """
        _check(logits, self.carriers, "logits")
        rounds = np.zeros((-(-self.carriers // self.coded_bits), self.coded_bits), dtype=np.float32)
        rounds.reshape(-1)[: self.carriers] = np.clip(logits, -_CLIP, _CLIP)
        sums = np.clip(rounds.sum(axis=0), -_CLIP, _CLIP)
        words = np.ascontiguousarray(sums.reshape(self.word_bits, self.blocks).T)
        return block_code(self.block_bits, self.word_bits).decode(words).reshape(-1)[: self.information_bits]


def _check(values: NDArray[Any], length: int, what: str) -> None:
    """Raise unless this is a vector of the length."""
    if values.shape != (length,):
        raise ArgumentError(f"the code takes {length} {what}, got an array of {values.shape}")
