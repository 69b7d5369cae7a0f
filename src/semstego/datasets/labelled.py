# SPDX-License-Identifier: Apache-2.0
"""Labelled pictures in memory, which is what every data set gives."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from semstego.errors import DataError


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures of one size, and what a task shall say of them.

    Attributes:
        pictures: uint8 ``(n, h, w, c)``, c = 1 or 3.
        labels: int64 ``(n,)``, indices into ``classes``: one class for each picture. :class:`semstego.datasets.scenes.
            Scenes` has boxes instead.
        classes: Names of the classes.
    """

    pictures: NDArray[np.uint8]
    labels: NDArray[Any]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together.

        Raises:
            DataError: If counts, types or labels do not fit.
        """
        shaped = self.pictures.ndim == 4 and self.pictures.shape[3] in (1, 3) and self.pictures.dtype == np.uint8
        if not shaped or self.labels.shape != self.pictures.shape[:1] or self.labels.dtype != np.int64:
            raise DataError("pictures and labels do not belong together")
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise DataError(f"a label lies outside of the {len(self.classes)} classes")

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.labels)

    def first(self, count: int) -> Self:
        """The first ``count`` of them, or all if there are fewer."""
        return replace(self, pictures=self.pictures[:count], labels=self.labels[:count])

    def with_pictures(self, pictures: NDArray[np.uint8]) -> Self:
        """Other forms of the same pictures, uint8 ``(n, h, w, c)``."""
        return replace(self, pictures=pictures)

    def in_grey(self) -> Self:
        """The same without colour: luma of ITU-R BT.601, as Pillow finds it."""
        if self.pictures.shape[3] == 1:
            return self
        luma = self.pictures @ np.array([19595, 38470, 7471], np.uint32) + 0x8000 >> 16
        return self.with_pictures(luma.astype(np.uint8)[..., np.newaxis])

    def held_out(self, every: int) -> tuple[Self, Self]:
        """Two sets: all pictures but every ``every``-th, for training, and those, for validation."""
        chosen = held_out(len(self), every)
        rest, held = (
            replace(self, pictures=self.pictures[rows], labels=self.labels[rows]) for rows in (~chosen, chosen)
        )
        return rest, held


def held_out(count: int, every: int) -> NDArray[np.bool_]:
    """Every ``every``-th of ``count`` pictures, held out for validation: bool ``(count,)``, true for those."""
    return np.equal(np.arange(count) % every, every - 1)
