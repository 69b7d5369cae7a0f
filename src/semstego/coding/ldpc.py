# SPDX-License-Identifier: Apache-2.0
"""Error correction for bits that a network reveals as logits: the LDPC code of 5G, with belief propagation.

    information ─ blocks ─ LDPC ─▸ code words ─ one bit of each in turn, again and again ─▸ carriers
    information ◂─ belief propagation ◂─ code words ◂─ sums over the copies ◂─ logits, clipped

The code is that of 3GPP TS 38.212 as Sionna builds it, whose limits shape the blocks: up to 8,448 bits of information
and rates from 1/3 to 948/1024, or up to 3,824 bits and rates from 1/5. Still lower rates are made by repetition.

Nothing is interleaved inside a block, and copies of a bit lie at a fixed distance: callers permute the carriers by a
key, which parts the errors of one region of the picture as well as any interleaver would.
"""

import importlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.errors import ArgumentError, SemstegoError

__all__ = ["MAX_RATE", "Code"]

MAX_RATE = 0.9
"""Information bits per coded bit; 5G allows 0.926, but so little redundancy corrects hardly anything."""

_LEAST, _MOST, _MOST_AT_LOW_RATES = 12, 8448, 3824  # information bits of a block
_REPETITION = 5  # coded bits for one of information; beyond them the code repeats itself
_ITERATIONS = 30
_CLIP = 20.0  # a network's logits of 100 are no evidence of e^100 : 1, and one such copy would overrule all others
_TOGETHER = 8  # code words in a batch: one needs up to 50 MB, and long ones are no faster together than in turn


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
            SemstegoError: If Sionna is not installed.
        """
        _check(bits, self.information_bits, "bits")
        padded = np.zeros((self.blocks, self.block_bits), dtype=np.float32)
        padded.reshape(-1)[: self.information_bits] = bits
        words = _encoder(self.block_bits, self.word_bits)(padded).numpy()
        # one bit of each word in turn: no word has more copies than another where the last round is not complete
        return np.resize(words.T.astype(np.uint8), self.carriers)

    def decode(self, logits: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Logits of the carriers to the information that fits them best; nothing tells whether it is right.

        Args:
            logits: float32 ``(carriers,)``, log p(1) / p(0): positive for a 1, and 0 where nothing is known.

        Returns:
            uint8 ``(information_bits,)``.

        Raises:
            ArgumentError: If there are more or fewer logits.
            SemstegoError: If Sionna is not installed.
        """
        _check(logits, self.carriers, "logits")
        rounds = np.zeros((-(-self.carriers // self.coded_bits), self.coded_bits), dtype=np.float32)
        rounds.reshape(-1)[: self.carriers] = np.clip(logits, -_CLIP, _CLIP)
        words = np.ascontiguousarray(rounds.sum(axis=0).reshape(self.word_bits, self.blocks).T)
        decoder = _decoder(self.block_bits, self.word_bits)
        batches = [decoder(words[start : start + _TOGETHER]).numpy() for start in range(0, self.blocks, _TOGETHER)]
        return np.concatenate(batches).astype(np.uint8).reshape(-1)[: self.information_bits]


def _check(values: NDArray[Any], length: int, what: str) -> None:
    """Raise unless this is a vector of the length."""
    if values.shape != (length,):
        raise ArgumentError(f"the code takes {length} {what}, got an array of {values.shape}")


def _ldpc() -> Any:
    """Sionna's module, imported when first needed: it takes seconds, and only the learned scheme wants it.

    Its import seeds torch's generators anew from the clock, which would end the reproducibility of whatever runs here.
    """
    try:
        import torch

        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            return importlib.import_module("sionna.phy.fec.ldpc")
    except ImportError as error:
        raise SemstegoError(
            "the learned scheme needs Sionna for its error correction: pip install 'semstego[learned]'"
        ) from error


@lru_cache(maxsize=8)
def _encoder(block_bits: int, word_bits: int) -> Any:
    """From float32 ``(b, block_bits)`` of 0 or 1 to a tensor ``(b, word_bits)``; building one takes up to 0.1 s."""
    return _ldpc().LDPC5GEncoder(block_bits, word_bits, precision="single", device="cpu")


@lru_cache(maxsize=8)
def _decoder(block_bits: int, word_bits: int) -> Any:
    """From logits, float32 ``(b, word_bits)``, to a tensor ``(b, block_bits)`` of 0 or 1; building takes up to 0.3 s.

    Messages and the sums over copies are clipped like the logits.
    """
    encoder = _encoder(block_bits, word_bits)
    return _ldpc().LDPC5GDecoder(encoder, num_iter=_ITERATIONS, llr_max=_CLIP, precision="single", device="cpu")
