# SPDX-License-Identifier: Apache-2.0
"""Symbols by a codec's law, with bits in them or without: what ``hide`` and ``send`` do alike.

    carriers ──public permutation──▶ parts of at most 2^20 ──▶ for each a polar code:
        the first message indices of the public order   bits of the payload; none where nothing is hidden
        all other indices                               drawn from the law

Message bit j lies in part j mod n, at place j // n of that part's order, so whoever knows the picture's size can read a
prefix without knowing how long the payload is. Permutation and order are public: that the bits look like fair coin
flips is the business of the frame, and what the certificate assumes.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Encoding, Symbols, within
from semstego.coding import polar
from semstego.coding.permutation import positions
from semstego.coding.polar_order import public_order
from semstego.concurrency import in_threads
from semstego.message.bits import Bits
from semstego.message.draws import SEED_BYTES, Draws

ONE = np.uint8(1)
LARGEST = 1 << 20  # symbols in one code; 2^18 would cost 4 to 6 % of the bits


def drawn(encoding: Encoding, bits: Bits, draws: Draws) -> Symbols:
    """Symbols by the law, given that they carry ``bits``; all that differs between hiding and sending is their number.

    Where the law forces the value of an index that should carry a bit, the law is followed, and the sender's check will
    find the bit wrong (:func:`semstego.coding.polar.tv_bound` counts that).

    Args:
        encoding: Of a codec with a law.
        bits: Like fair coin flips, uint8 ``(n,)``, no more than there are carriers.
        draws: The same ones give the same symbols.
    """
    assert encoding.law is not None
    symbols = encoding.symbols
    flat, chances = symbols.carriers.flatten(), within(symbols, encoding.law.chances).ravel()
    pieces = parts(flat.size)
    seeds = [draws.take(SEED_BYTES) for _ in pieces]

    def draw(number: int) -> None:
        where = positions(flat.size, *pieces[number])
        order, chance = public_order(len(where)), chances[where]
        uniform = Draws(seeds[number]).uniform((len(order),))
        moves, _ = polar.sample(flat[where] & ONE, chance, order, bits[number :: len(pieces)], uniform)
        flat[where] += (moves * np.sign(chance)).astype(np.uint8)  # modulo 256: 255 is -1

    for _ in in_threads(draw, range(len(pieces))):
        pass
    return symbols.with_carriers(flat.reshape(symbols.carriers.shape))


def read(symbols: Symbols, count: int) -> Bits:
    """The first ``count`` bits in symbols, uint8 ``(count,)``, right or wrong."""
    flat = symbols.carriers.ravel()
    pieces, found = parts(flat.size), np.empty(count, np.uint8)

    def one(number: int) -> None:
        where = positions(flat.size, *pieces[number])
        mine = found[number :: len(pieces)]
        mine[:] = polar.read(flat[where] & ONE, public_order(len(where)))[: len(mine)]

    for _ in in_threads(one, range(len(pieces))):
        pass
    return found


@dataclass(frozen=True, eq=False)
class Certificate:
    """How far hiding is from sending, for one picture: bounds on the Kullback-Leibler divergence, for all lengths.

    Attributes:
        sums: For each part, the bounds [nats] for 1, 2, ... bits in it, as far as the largest that was asked for.
    """

    sums: list[NDArray[np.float64]]

    @classmethod
    def of(cls, encoding: Encoding, limit_nats: float) -> "Certificate":
        """The certificate of a picture, up to a divergence.

        Args:
            encoding: Of a codec with a law.
            limit_nats: Lengths with a larger divergence are not looked at.
        """
        assert encoding.law is not None
        flat = within(encoding.symbols, encoding.law.chances).ravel()
        pieces = parts(flat.size)

        def one(piece: tuple[int, int]) -> NDArray[np.float64]:
            where = positions(flat.size, *piece)
            return polar.certificate(flat[where], public_order(len(where)), limit_nats)

        return cls(list(in_threads(one, pieces)))

    def kl_nats(self, bits: int) -> float:
        """Upper bound on the divergence of hiding so many bits from sending [nats]; infinite beyond the limit."""
        total = 0.0
        for number, sums in enumerate(self.sums):
            share = -(-(bits - number) // len(self.sums))
            if share > len(sums):
                return float("inf")
            total += float(sums[share - 1]) if share > 0 else 0.0
        return float(np.nextafter(total * (1 + len(self.sums) * np.finfo(float).eps), np.inf)) if total else 0.0

    def bits(self, kl_nats: float) -> int:
        """The longest payload whose divergence is bounded by this many nats [bits]."""
        low, high = 0, sum(map(len, self.sums))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.kl_nats(middle) <= kl_nats else (low, middle - 1)
        return low


def parts(count: int) -> list[tuple[int, int]]:
    """``count`` code positions cut evenly into (first, last) of at most 2^20; none if there is nothing to cut."""
    pieces = -(-count // LARGEST)
    ends = [count * i // pieces for i in range(pieces + 1)] if pieces else []
    return list(pairwise(ends))
