# SPDX-License-Identifier: Apache-2.0
"""Error correction between the message and the trellis code.

Reed-Solomon (31, 15) over GF(32) by reedsolo: 75 message bits become 155, and 8 wrong symbols of 5 bits are mended.
Binary BCH codes of 255 bits are the words of 0 and 1 of a Reed-Solomon code over GF(256), so reedsolo mends them too;
encoding is a division of polynomials. (galois has BCH codes, and compiles for ten seconds in every process; bchlib has
them, under the GPL.)
"""

import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

import numpy as np

from semstego.errors import SemstegoError
from semstego.message.bits import NONE, Bits

SYMBOL_BITS: Final = 5
WORD_SYMBOLS: Final = 31
MESSAGE_SYMBOLS: Final = 15
CHECK_BITS: Final = 16
BCH_BITS: Final = 255
PRIMITIVE: Final = 0x25  # x^5 + x^2 + 1


class Correction(Protocol):
    """An error-correcting code for messages of any length."""

    def message_bits(self, coded_bits: int) -> int:
        """The longest message that takes at most so many coded bits."""

    def coded_bits(self, message_bits: int) -> int:
        """How many coded bits a message takes."""

    def encode(self, message: Bits) -> Bits:
        """The message with its redundancy; the last word is filled with zeros."""

    def decode(self, coded: Bits, message_bits: int) -> Bits:
        """The message, ``(message_bits,)``; a word with too many errors comes as it is."""


class ReedSolomon(Correction):
    """Words of 31 symbols of 5 bits, 15 of which are the message's."""

    def message_bits(self, coded_bits: int) -> int:
        """Those of whole words."""
        return coded_bits // (SYMBOL_BITS * WORD_SYMBOLS) * SYMBOL_BITS * MESSAGE_SYMBOLS

    def coded_bits(self, message_bits: int) -> int:
        """Those of whole words."""
        return -(-message_bits // (SYMBOL_BITS * MESSAGE_SYMBOLS)) * SYMBOL_BITS * WORD_SYMBOLS

    def encode(self, message: Bits) -> Bits:
        """Word after word."""
        code = _reed_solomon(WORD_SYMBOLS - MESSAGE_SYMBOLS, nsize=WORD_SYMBOLS, prim=PRIMITIVE, c_exp=SYMBOL_BITS)
        words = [code.encode(word.tobytes()) for word in symbols_of(message, MESSAGE_SYMBOLS)]
        return bits_of(np.frombuffer(b"".join(words), np.uint8))

    def decode(self, coded: Bits, message_bits: int) -> Bits:
        """Word after word."""
        code = _reed_solomon(WORD_SYMBOLS - MESSAGE_SYMBOLS, nsize=WORD_SYMBOLS, prim=PRIMITIVE, c_exp=SYMBOL_BITS)
        found = [self._decoded(code, word.tobytes()) for word in symbols_of(coded, WORD_SYMBOLS)]
        return bits_of(np.frombuffer(b"".join(found), np.uint8))[:message_bits]

    @staticmethod
    def _decoded(code: Any, word: bytes) -> bytes:
        """The message symbols of a word."""
        from reedsolo import ReedSolomonError

        try:
            return bytes(code.decode(word)[0])
        except ReedSolomonError:
            return word[:MESSAGE_SYMBOLS]


class CheckedReedSolomon(ReedSolomon):
    """The same behind a cyclic redundancy check (CRC-16/XMODEM) of the message, by which a receiver knows it is right.

    What is decoded is the same whether a receiver asks or not.
    """

    def message_bits(self, coded_bits: int) -> int:
        """Those of whole words, less the check."""
        return max(super().message_bits(coded_bits) - CHECK_BITS, 0)

    def coded_bits(self, message_bits: int) -> int:
        """Those of whole words, with the check."""
        return super().coded_bits(message_bits + CHECK_BITS)

    def encode(self, message: Bits) -> Bits:
        """The message and its check, word after word."""
        return super().encode(np.concatenate([message, _check(message)]))

    def is_right(self, coded: Bits, message_bits: int) -> bool:
        """Whether the message passes its check."""
        found = super().decode(coded, message_bits + CHECK_BITS)
        return bool((_check(found[:message_bits]) == found[message_bits:]).all())


@dataclass(frozen=True)
class Bch(Correction):
    """Binary words of 255 bits, interleaved, for a wrong element spoils about ten coded bits in a row.

    Attributes:
        strength: How many wrong bits of a word are mended.
    """

    strength: int

    @property
    def net_bits(self) -> int:
        """Message bits of a word."""
        return BCH_BITS + 1 - _generator(self.strength).bit_length()

    def message_bits(self, coded_bits: int) -> int:
        """Those of whole words."""
        return coded_bits // BCH_BITS * self.net_bits

    def coded_bits(self, message_bits: int) -> int:
        """Those of whole words."""
        return -(-message_bits // self.net_bits) * BCH_BITS

    def encode(self, message: Bits) -> Bits:
        """The first bits of all words, then the second ones, and so on."""
        words = np.pad(message, (0, -len(message) % self.net_bits)).reshape(-1, self.net_bits)
        return np.concatenate([words, words @ _parities(self.strength) % 2], axis=1).T.ravel()

    def decode(self, coded: Bits, message_bits: int) -> Bits:
        """Word after word."""
        code = _reed_solomon(2 * self.strength, nsize=BCH_BITS, fcr=1)
        found = [self._decoded(code, word.tobytes()) for word in coded.reshape(BCH_BITS, -1).T]
        return np.concatenate([word[: self.net_bits] for word in found] or [NONE])[:message_bits]

    def most_errors(self, coded: Bits, sent: Bits) -> int:
        """The largest number of wrong bits in a word; the message is right if it is at most the strength."""
        return int((coded != sent).reshape(BCH_BITS, -1).sum(axis=0).max(initial=0))

    @staticmethod
    def _decoded(code: Any, word: bytes) -> Bits:
        """The mended word, if that is one of bits."""
        from reedsolo import ReedSolomonError

        try:
            mended = np.frombuffer(code.decode(word)[1], np.uint8)
        except ReedSolomonError:
            mended = np.full(BCH_BITS, 2, np.uint8)
        return mended if mended.max() <= 1 else np.frombuffer(word, np.uint8)


@lru_cache
def _generator(strength: int) -> int:
    """The generator polynomial over GF(2), bit i of which is the coefficient of x^i: that with roots alpha^(i 2^j)."""
    powers, value = [], 1  # of alpha, in GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1
    for _ in range(BCH_BITS):
        powers.append(value)
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    logarithm = {value: power for power, value in enumerate(powers)}
    roots = {i * 2**j % BCH_BITS for i in range(1, 2 * strength + 1) for j in range(8)}
    product = [1]  # coefficients, the constant first
    for root in sorted(roots):
        scaled = [powers[(logarithm[one] + root) % BCH_BITS] if one else 0 for one in product]
        product = [low ^ high for low, high in zip([*scaled, 0], [0, *product], strict=True)]
    return sum(one << power for power, one in enumerate(product))


@lru_cache
def _parities(strength: int) -> Bits:
    """The parity bits of each message bit alone, uint8 (net bits, 255 - net bits)."""
    generator = _generator(strength)
    degree = generator.bit_length() - 1
    rows, remainder = [], generator ^ 1 << degree  # x^degree modulo the generator
    for _ in range(BCH_BITS - degree):
        rows.append([remainder >> place & 1 for place in reversed(range(degree))])
        remainder <<= 1
        remainder ^= generator if remainder >> degree else 0
    return np.array(rows[::-1], np.uint8)


def _check(message: Bits) -> Bits:
    """The check of a message, uint8 (16,)."""
    return np.unpackbits(np.array([binascii.crc_hqx(np.packbits(message).tobytes(), 0)], ">u2").view(np.uint8))


def symbols_of(bits: Bits, length: int) -> Bits:
    """Bits as words of ``length`` symbols of 5 bits, the first bit on top, filled with zeros: uint8 (words, length)."""
    filled = np.pad(bits, (0, -len(bits) % (SYMBOL_BITS * length))).reshape(-1, SYMBOL_BITS)
    packed: Bits = np.packbits(filled, axis=1).reshape(-1, length) >> np.uint8(8 - SYMBOL_BITS)
    return packed


def bits_of(symbols: Bits) -> Bits:
    """Symbols of 5 bits as bits."""
    return np.unpackbits(symbols[:, None] << np.uint8(8 - SYMBOL_BITS), axis=1, count=SYMBOL_BITS).ravel()


def _reed_solomon(parity: int, **options: int) -> Any:
    """A codec of reedsolo, whose tables are global: it is made anew, and not for several threads at a time."""
    try:
        import reedsolo
    except ImportError:
        raise SemstegoError("Reed-Solomon codes need reedsolo: pip install 'semstego[baselines]'") from None
    return reedsolo.RSCodec(nsym=parity, **options)
