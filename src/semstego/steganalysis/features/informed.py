# SPDX-License-Identifier: Apache-2.0
"""What a warden counts who holds the original picture and knows the codec, but not the key.

    original ─ codec ─▸ base symbols and law ─┐
    symbols that were sent ───────────────────┴─▸ moves ─▸ six numbers

It also knows how long the message would be. Where the codec rounds plainly, no symbol may move, and the number of those
that do says it all.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import CHANCE_SCALE, Codec, Encoding, Symbols, within
from semstego.coding.permutation import positions
from semstego.coding.polar_likelihood import log2_ratios
from semstego.coding.polar_order import public_order
from semstego.schemes.certified.sampling import parts, read

NAMES: Final = ("moves", "likelihood", "ratio", "ones", "forbidden", "misread")


def informed(codec: Codec, encoding: Encoding, symbols: Symbols, bits: int) -> NDArray[np.float64]:
    """Numbers of one picture, in the order of ``NAMES``.

    moves: of the symbols, less what the law expects, in standard deviations.
    likelihood: logarithm of the probability of the moves by the law, less what the law expects, in standard deviations.
    ratio: log2 of how much likelier they are with a message than without; by Neyman and Pearson, the strongest.
    ones: among the first bits that a receiver of the certified scheme reads, in standard deviations of fair coins.
    forbidden: number of symbols that did what the law forbids.
    misread: number of blocks that do not give their symbols back, since pixels clip; 0 for codecs that are not closed.

    Args:
        codec: Of the symbols.
        encoding: Of the original picture.
        symbols: What was sent.
        bits: Length of the message that there may be [bits].

    Returns:
        float64 ``(6,)``.
    """
    chances = _chances(encoding)
    moves, forbidden = moves_of(encoding, symbols)
    p = np.abs(chances) / CHANCE_SCALE
    bits = min(bits, p.size)
    fair = read(symbols, bits).astype(np.int64)
    return np.array(
        [
            (moves.sum() - p.sum()) / max(1.0, float(np.sqrt((p * (1 - p)).sum()))),
            _likelihood(p, moves),
            log2_ratio(encoding, moves[np.newaxis], bits)[0],
            (fair.sum() - bits / 2) / max(1.0, float(np.sqrt(bits) / 2)),
            forbidden,
            _misread(codec, symbols),
        ]
    )


def moves_of(encoding: Encoding, symbols: Symbols) -> tuple[NDArray[np.uint8], int]:
    """Which carriers have moved, uint8 ``(carriers,)`` of 0 and 1; and how many did what the law forbids, left out."""
    chances = _chances(encoding)
    steps = symbols.carriers.ravel().astype(np.int16) - encoding.symbols.carriers.ravel()
    moved, certain = (steps == np.sign(chances)) & (steps != 0), np.abs(chances) == CHANCE_SCALE
    forbidden = ((steps != 0) | certain) & ~moved
    return (moved | certain).astype(np.uint8), int(np.count_nonzero(forbidden))


def log2_ratio(encoding: Encoding, moves: NDArray[np.uint8], bits: int) -> NDArray[np.float64]:
    """log2 of how much likelier moves are with a message of the certified scheme than without.

    Args:
        encoding: Of the original picture.
        moves: Of each word, uint8 ``(words, carriers)``, as the law allows them.
        bits: Length of the message.

    Returns:
        float64 ``(words,)``.
    """
    parities = encoding.symbols.carriers.ravel() & np.uint8(1)
    chances = _chances(encoding)
    pieces, total = parts(parities.size), np.zeros(len(moves))
    for number, piece in enumerate(pieces):
        where = positions(parities.size, *piece)
        of_part = len(range(number, bits, len(pieces)))
        total += log2_ratios(parities[where], chances[where], moves[:, where], public_order(len(where)), of_part)
    return total


def _chances(encoding: Encoding) -> NDArray[np.int16]:
    """Of every carrier, ``(carriers,)``; 0 where the codec rounds plainly."""
    if encoding.law is None:
        return np.zeros(encoding.symbols.carriers.size, np.int16)
    return within(encoding.symbols, encoding.law.chances).ravel()


def _likelihood(p: NDArray[np.float64], moves: NDArray[np.uint8]) -> float:
    """Sum of ln P(moved or not) of all symbols, less its mean by the law, in standard deviations."""
    free = (p > 0) & (p < 1)
    odds = np.log(p[free] / (1 - p[free]))  # the sum is linear in the moves
    deviation = float(np.sqrt((odds**2 * p[free] * (1 - p[free])).sum()))
    return float(odds @ (moves[free] - p[free])) / max(deviation, 1e-9)


def _misread(codec: Codec, symbols: Symbols) -> int:
    if not codec.closed:
        return 0
    again = codec.recover(codec.decode(symbols))
    return int(np.count_nonzero((again.carriers != symbols.carriers).any(axis=0)))
