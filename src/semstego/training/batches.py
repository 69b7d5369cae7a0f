# SPDX-License-Identifier: Apache-2.0
"""Batches of pictures that are kept on the device as uint8: this needs no worker processes and no copies."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.tensors import as_float
from semstego.errors import ConfigError


class Steps(Protocol):
    """What every training takes its pictures from."""

    batch: int
    """Pictures per step, over all processes."""

    @property
    def per_epoch(self) -> int:
        """Batches of one pass through the pictures."""

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """This process's share of the batch of one step: float RGB ``(b, 3, h, w)`` in [0, 1], and targets."""


@dataclass(frozen=True)
class Shares:
    """Which pictures each process takes in each step; every pass through them has an order of its own.

    Attributes:
        count: Number of pictures.
        batch: Pictures per step, over all processes.
        seed: Of the order.
        rank: Number of this process.
        processes: Number of processes; each takes its share of every batch.

    Raises:
        ConfigError: If the pictures do not fill one batch, or the processes cannot share it evenly.
    """

    count: int
    batch: int
    seed: int
    rank: int = 0
    processes: int = 1

    def __post_init__(self) -> None:
        if self.batch % self.processes:
            raise ConfigError(f"a batch of {self.batch} cannot be shared evenly by {self.processes} processes")
        if self.count < self.batch:
            raise ConfigError(f"{self.count} pictures are less than one batch of {self.batch}")

    @property
    def per_epoch(self) -> int:
        """Batches of one pass through the pictures; the pictures that are left over fill no batch."""
        return self.count // self.batch

    def at(self, step: int) -> NDArray[np.int64]:
        """This process's pictures of the batch of one step, by their numbers."""
        epoch, place = divmod(step, self.per_epoch)
        share = self.batch // self.processes
        start = place * self.batch + self.rank * share
        return _order(self.count, self.seed, epoch)[start : start + share]


@lru_cache(maxsize=4)
def _order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of one pass, which the steps of an epoch share."""
    return np.random.default_rng((seed, epoch)).permutation(count)


class Batches(Steps):
    """The pictures of a training, in the order in which its processes take them.

    Args:
        data: The pictures.
        batch: Pictures per step, over all processes.
        seed: Of the order, which is another in every epoch.
        device: Where the pictures are kept.
        rank: Number of this process.
        processes: Number of processes; each takes its share of every batch.

    Raises:
        ConfigError: If the pictures do not fill one batch, or the processes cannot share it evenly.
    """

    def __init__(
        self, data: LabelledPictures, batch: int, *, seed: int, device: torch.device, rank: int = 0, processes: int = 1
    ) -> None:
        self.batch, self._shares = batch, Shares(len(data), batch, seed, rank, processes)
        self.pictures = torch.from_numpy(data.pictures).permute(0, 3, 1, 2).contiguous().to(device)
        self.labels = torch.from_numpy(data.labels).to(device)

    @property
    def per_epoch(self) -> int:
        """Batches of one pass through the pictures; the pictures that are left over fill no batch."""
        return self._shares.per_epoch

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """This process's share of the batch of one step.

        Args:
            step: Number of the step, from 0; each pass through the pictures has an order of its own.

        Returns:
            Float RGB ``(b, 3, h, w)`` in [0, 1], and int64 labels ``(b,)``.
        """
        chosen = torch.from_numpy(self._shares.at(step)).to(self.labels.device)
        return as_float(self.pictures[chosen]), self.labels[chosen]


def one_tile(pictures: Tensor, side: int | None) -> Tensor:
    """A tile: a square at the same random place of every picture.

    The place is drawn from torch's own generator, which the loop seeds for every step. Its coordinates are even, so
    that tiles of pictures that were enlarged by two all have their pixels at the same phase. The border of a picture is
    the hardest part to learn for a fully convolutional network, and tiles have more of it.

    Args:
        pictures: ``(b, c, h, w)``.
        side: Of the tile [pixels]; None gives whole pictures.

    Returns:
        ``(b, c, side, side)``; a side of the pictures that is shorter stays whole.
    """
    if side is None:
        return pictures
    spare = (max(0, length - side) // 2 for length in pictures.shape[2:])
    top, left = (2 * int(torch.randint(most + 1, ())) for most in spare)
    return pictures[:, :, top : top + side, left : left + side]
