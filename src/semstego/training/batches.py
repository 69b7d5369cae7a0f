# SPDX-License-Identifier: Apache-2.0
"""Batches of pictures that are kept on the device as uint8: this needs no worker processes and no copies."""

from typing import Protocol

import numpy as np
import torch
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
        if batch % processes:
            raise ConfigError(f"a batch of {batch} cannot be shared evenly by {processes} processes")
        if len(data) < batch:
            raise ConfigError(f"{len(data)} pictures are less than one batch of {batch}")
        self.pictures = torch.from_numpy(data.pictures).permute(0, 3, 1, 2).contiguous().to(device)
        self.labels = torch.from_numpy(data.labels).to(device)
        self.batch, self.seed, self.rank, self.processes = batch, seed, rank, processes
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    @property
    def per_epoch(self) -> int:
        """Batches of one pass through the pictures; the pictures that are left over fill no batch."""
        return len(self.labels) // self.batch

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """This process's share of the batch of one step.

        Args:
            step: Number of the step, from 0; each pass through the pictures has an order of its own.

        Returns:
            Float RGB ``(b, 3, h, w)`` in [0, 1], and int64 labels ``(b,)``.
        """
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.labels))
            self._epoch, self._order = epoch, torch.from_numpy(order).to(self.labels.device)
        share = self.batch // self.processes
        start = place * self.batch + self.rank * share
        chosen = self._order[start : start + share]
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
