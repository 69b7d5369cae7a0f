# SPDX-License-Identifier: Apache-2.0
"""Error correction between the message and the trellis code.

Reed-Solomon (31, 15) over GF(32) by reedsolo: 75 message bits become 155, and 8 wrong symbols of 5 bits are mended.
"""

import binascii
from typing import Any, Final, Protocol

import numpy as np

from semstego.errors import SemstegoError
from semstego.message.bits import Bits

SYMBOL_BITS: Final = 5
WORD_SYMBOLS: Final = 31
MESSAGE_SYMBOLS: Final = 15
CHECK_BITS: Final = 16
PRIMITIVE: Final = 0x25  # x^5 + x^2 + 1


class Correction(Protocol):
    """An error-correcting code for messages of any length."""

    def message_bits(self, coded_bits: int) -> int:
        """The longest message that takes at most so many coded bits."""

    def encode(self, message: Bits) -> Bits:
        """The message with its redundancy; the last word is filled with zeros."""

    def decode(self, coded: Bits, message_bits: int) -> Bits:
        """The message, ``(message_bits,)``; a word with too many errors comes as it is."""


class ReedSolomon(Correction):
    """Words of 31 symbols of 5 bits, 15 of which are the message's."""

    def message_bits(self, coded_bits: int) -> int:
        """Those of whole words."""
        return coded_bits // (SYMBOL_BITS * WORD_SYMBOLS) * SYMBOL_BITS * MESSAGE_SYMBOLS

    def encode(self, message: Bits) -> Bits:
        """Word after word."""
        code = _code()
        words = [code.encode(word.tobytes()) for word in symbols_of(message, MESSAGE_SYMBOLS)]
        return bits_of(np.frombuffer(b"".join(words), np.uint8))

    def decode(self, coded: Bits, message_bits: int) -> Bits:
        """Word after word."""
        code = _code()
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

    def encode(self, message: Bits) -> Bits:
        """The message and its check, word after word."""
        return super().encode(np.concatenate([message, _check(message)]))

    def is_right(self, coded: Bits, message_bits: int) -> bool:
        """Whether the message passes its check."""
        found = super().decode(coded, message_bits + CHECK_BITS)
        return bool((_check(found[:message_bits]) == found[message_bits:]).all())


def _check(message: Bits) -> Bits:
    """The check of a message, uint8 (16,)."""
    return np.unpackbits(np.array([binascii.crc_hqx(np.packbits(message).tobytes(), 0)], ">u2").view(np.uint8))


def symbols_of(bits: Bits, length: int) -> Bits:
    """Bits as words of ``length`` symbols of 5 bits, most significant first, filled with zeros: uint8 (words, length)."""
    filled = np.pad(bits, (0, -len(bits) % (SYMBOL_BITS * length))).reshape(-1, SYMBOL_BITS)
    return np.packbits(filled, axis=1).reshape(-1, length) >> (8 - SYMBOL_BITS)


def bits_of(symbols: Bits) -> Bits:
    """Symbols of 5 bits as bits."""
    return np.unpackbits(symbols[:, None] << (8 - SYMBOL_BITS), axis=1, count=SYMBOL_BITS).ravel()


def _code() -> Any:
    """A codec of reedsolo, whose tables are global: it is made anew, and not for several threads at a time."""
    try:
        import reedsolo
    except ImportError:
        raise SemstegoError("Reed-Solomon codes need reedsolo: pip install 'semstego[baselines]'") from None
    parity = WORD_SYMBOLS - MESSAGE_SYMBOLS
    return reedsolo.RSCodec(nsym=parity, nsize=WORD_SYMBOLS, prim=PRIMITIVE, c_exp=SYMBOL_BITS)
