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
        photographs: Number of the photograph that each picture comes from, integers ``(n,)``; pictures of one tell less
            than others, so intervals draw whole photographs. None if each picture is one of its own.
    """

    pictures: NDArray[np.uint8]
    labels: NDArray[Any]
    classes: tuple[str, ...]
    photographs: NDArray[np.integer] | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together.

        Raises:
            DataError: If counts, types or labels do not fit.
        """
        if self.pictures.ndim != 4 or self.pictures.shape[3] not in (1, 3) or self.pictures.dtype != np.uint8:
            raise DataError("pictures are no uint8 array (n, h, w, c) of 1 or 3 channels")
        if (origin := self.photographs) is not None and (
            origin.shape != self.pictures.shape[:1] or not np.issubdtype(origin.dtype, np.integer)
        ):
            raise DataError("photographs are no integers, one for each picture")
        self._check_labels()

    def _check_labels(self) -> None:
        """Refuse labels that do not belong to the pictures and classes.

        Raises:
            DataError: If so.
        """
        if self.labels.shape != self.pictures.shape[:1] or self.labels.dtype != np.int64:
            raise DataError("pictures and labels do not belong together")
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise DataError(f"a label lies outside of the {len(self.classes)} classes")

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.labels)

    @property
    def groups(self) -> NDArray[np.integer]:
        """The photograph of each picture, ``(n,)``, where each is one of its own if none are told."""
        return np.arange(len(self)) if self.photographs is None else self.photographs

    def first(self, count: int) -> Self:
        """The first ``count`` of them, or all if there are fewer."""
        return self._of(slice(count))

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
        chosen = np.equal(np.arange(len(self)) % every, every - 1)
        return self._of(~chosen), self._of(chosen)

    def _of(self, rows: slice | NDArray[np.bool_]) -> Self:
        """Some of them."""
        origin = None if self.photographs is None else self.photographs[rows]
        return replace(self, pictures=self.pictures[rows], labels=self.labels[rows], photographs=origin)
