# SPDX-License-Identifier: Apache-2.0
"""The log of a training: ``log.csv`` (step, name, value), TensorBoard, example pictures; resumed runs go on in it."""

import csv
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter


class Log:
    """The log of a run, in its folder.

    Args:
        folder: The run.
        step: The step that comes next; what an interrupted run has logged from there on is dropped.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._path = folder / "log.csv"
        kept = []
        if step and self._path.exists():
            with self._path.open(newline="") as file:
                kept = [row for row in csv.reader(file) if row and row[0].isdigit() and int(row[0]) < step]
        with self._path.open("w", newline="") as file:
            csv.writer(file).writerows([["step", "name", "value"], *kept])
        self._board = SummaryWriter(str(folder), purge_step=step)

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Log figures by name, of one step."""
        with self._path.open("a", newline="") as file:
            csv.writer(file).writerows([step, name, f"{value:.6g}"] for name, value in figures.items())
        for name, value in figures.items():
            self._board.add_scalar(name, value, step)

    def show(self, epoch: int, pictures: Tensor | None) -> None:
        """Keep pictures, uint8 ``(h, w, 3)``, of an epoch as a PNG; None keeps nothing."""
        if pictures is not None:
            Image.fromarray(pictures.numpy()).save(self._path.with_name(f"epoch-{epoch:04}.png"))

    def close(self) -> None:
        """Write what TensorBoard still holds in memory."""
        self._board.close()
