# SPDX-License-Identifier: Apache-2.0
"""Batches from pictures that lie on the device as uint8: no worker processes, no copies."""

import numpy as np
import torch
from torch import Tensor

from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.tensors import as_float
from semstego.errors import ConfigError


class Batches:
    """The order in which the processes of a training see the pictures.

    Args:
        data: The pictures.
        batch: Pictures per step, over all processes.
        seed: Orders the pictures, anew in every epoch.
        device: Where they are kept.
        rank: This process.
        processes: How many there are; each takes its share of every batch.

    Raises:
        ConfigError: If there is not one batch, or the processes cannot share one evenly.
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
        """Steps per epoch; what is left over is seen in another."""
        return len(self.labels) // self.batch

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """This process's share of step ``step``: float RGB ``(b, 3, h, w)`` in [0, 1] and labels ``(b,)``."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.labels))
            self._epoch, self._order = epoch, torch.from_numpy(order).to(self.labels.device)
        share = self.batch // self.processes
        start = place * self.batch + self.rank * share
        chosen = self._order[start : start + share]
        return as_float(self.pictures[chosen]), self.labels[chosen]


def one_tile(pictures: Tensor, side: int | None) -> Tensor:
    """The same square of every picture ``(b, c, h, w)``; where a side of theirs is shorter, all of it.

    Its place is drawn from torch's own generator, which the loop has set for the step, and has even coordinates: that
    keeps the phase of pictures enlarged twice. Of a fully convolutional network the border is hardest to teach, and
    small pictures have more of it.
    """
    if side is None:
        return pictures
    spare = (max(0, length - side) // 2 for length in pictures.shape[2:])
    top, left = (2 * int(torch.randint(most + 1, ())) for most in spare)
    return pictures[:, :, top : top + side, left : left + side]
