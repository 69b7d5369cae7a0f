# SPDX-License-Identifier: Apache-2.0
"""What detectors are given: covers, and the same covers with a message."""

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Covers and stegos of the same pictures, pair by pair.

    Attributes:
        cover: Maps, uint8 ``(n, c, h, w)``: symbols, or pictures with the channels first. Or a few numbers about each
            picture, float64 ``(n, k)``.
        stego: The same shape.
        photographs: The photograph that each pair comes from, ``(n,)``.
    """

    cover: NDArray[Any]
    stego: NDArray[Any]
    photographs: NDArray[Any]

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises:
            ValueError: If the shapes do not belong together.
        """
        if self.cover.shape != self.stego.shape or self.photographs.shape != self.cover.shape[:1]:
            raise ValueError(f"pairs wanted, got {self.cover.shape}, {self.stego.shape}, {self.photographs.shape}")

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.cover)

    @property
    def are_maps(self) -> bool:
        """True for symbols or pictures, False for a few numbers about each picture."""
        return self.cover.ndim == 4

    def take(self, rows: NDArray[np.integer]) -> "Pairs":
        """The pairs of these rows."""
        return Pairs(self.cover[rows], self.stego[rows], self.photographs[rows])

    def first(self, count: int) -> "Pairs":
        """The first ``count`` pairs, or all if there are fewer."""
        return Pairs(self.cover[:count], self.stego[:count], self.photographs[:count])

    def covers_digest(self) -> bytes:
        """SHA-256 of the covers; pairs with the same covers may share what is computed from covers alone."""
        return hashlib.sha256(np.ascontiguousarray(self.cover).data).digest()

    def with_stego(self, stego: NDArray[Any]) -> "Pairs":
        """The same covers with other stegos."""
        return Pairs(self.cover, stego, self.photographs)

    def swapped(self, rng: np.random.Generator) -> "Pairs":
        """Cover and stego of each pair exchanged with probability 1/2, so that the labels carry no information."""
        turn = rng.random(len(self)) < 0.5
        turn = turn.reshape(-1, *(1,) * (self.cover.ndim - 1))
        return Pairs(np.where(turn, self.stego, self.cover), np.where(turn, self.cover, self.stego), self.photographs)


class Parts(NamedTuple):
    """The pairs of one run; no photograph is in two parts.

    Attributes:
        train: Pairs to learn from.
        validation: Pairs that choose hyper-parameters and the threshold.
        test: Pairs on which the detector is measured.
    """

    train: Pairs
    validation: Pairs
    test: Pairs
