# SPDX-License-Identifier: Apache-2.0
"""The log of a training: ``log.csv`` (step, name, value), TensorBoard, example pictures; resumed runs go on in it."""

import csv
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from semstego.errors import ConfigError
from semstego.inputs import reason, size_of

MOST_BYTES = 1 << 30  # of a log
HEAD = ["step", "name", "value"]


def _check(path: Path) -> None:
    """Refuse to write over what no training wrote."""
    if not path.exists():
        return
    expected = ",".join(HEAD).encode()
    try:
        too_long = size_of(path) > MOST_BYTES
        with path.open("rb") as file:
            first = file.readline(2 * len(expected)).strip()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({reason(error)})") from None
    if too_long or first != expected:
        raise ConfigError(f"{path} is no log of a training; give a new folder")


class Log:
    """The log of a run, in its folder.

    Args:
        folder: The run.
        step: The step that comes next; what an interrupted run has logged from there on is dropped.

    Raises:
        ConfigError: If the folder has a file of this name that is no log of a training.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._path = folder / "log.csv"
        _check(self._path)
        kept = []
        if step and self._path.exists():
            with self._path.open(newline="") as file:
                kept = [row for row in csv.reader(file) if row and row[0].isdigit() and int(row[0]) < step]
        with self._path.open("w", newline="") as file:
            csv.writer(file).writerows([HEAD, *kept])
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
