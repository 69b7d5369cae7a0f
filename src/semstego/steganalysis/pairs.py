# SPDX-License-Identifier: Apache-2.0
"""What a warden sees: covers, and the same covers with a message."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Covers and stegos of the same pictures, pair by pair.

    Attributes:
        cover: uint8 maps ``(n, c, h, w)``, symbols or pictures with the channels first; or numbers ``(n, k)``, float.
        stego: The same shape.
        photographs: The photograph that each pair comes from, ``(n,)``.
    """

    cover: NDArray[Any]
    stego: NDArray[Any]
    photographs: NDArray[Any]

    def __post_init__(self) -> None:
        """Refuse what is no pairs.

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
        """Symbols or pictures; else numbers."""
        return self.cover.ndim == 4

    def take(self, rows: NDArray[np.integer]) -> "Pairs":
        """Some of them."""
        return Pairs(self.cover[rows], self.stego[rows], self.photographs[rows])

    def first(self, count: int) -> "Pairs":
        """The first so many, or all if there are less."""
        return Pairs(self.cover[:count], self.stego[:count], self.photographs[:count])

    def covers_digest(self) -> bytes:
        """SHA-256 of the covers: what is made of them alone serves all pairs of the same ones."""
        return hashlib.sha256(np.ascontiguousarray(self.cover).data).digest()

    def with_stego(self, stego: NDArray[Any]) -> "Pairs":
        """The same covers beside something else."""
        return Pairs(self.cover, stego, self.photographs)

    def swapped(self, rng: np.random.Generator) -> "Pairs":
        """Cover and stego of each pair exchanged by a coin flip: there is nothing to learn from the labels."""
        turn = rng.random(len(self)) < 0.5
        turn = turn.reshape(-1, *(1,) * (self.cover.ndim - 1))
        return Pairs(np.where(turn, self.stego, self.cover), np.where(turn, self.cover, self.stego), self.photographs)
