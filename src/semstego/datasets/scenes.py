# SPDX-License-Identifier: Apache-2.0
"""Scenes in memory: pictures with the objects that are in them, each a class and a box."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semstego.datasets.labelled import LabelledPictures
from semstego.errors import DataError

NO_OBJECT = -1
"""The class in rows that only fill up; their boxes are 0."""
DIFFICULT = 1
"""Stands in the last column for objects that judging leaves out, as VOC marks them; 0 for all others."""
COLUMNS = 6


@dataclass(frozen=True)
class Scenes(LabelledPictures):
    """Pictures of one size with boxes.

    Attributes:
        pictures: uint8 ``(n, h, w, c)``, c = 1 or 3.
        labels: float32 ``(n, m, 6)``: class, left, top, right, bottom [pixels], difficult. Objects come first; where a
            picture has less than m, the class of the other rows is -1.
        classes: Names of the classes.
        photographs: As of all labelled pictures.
    """

    def _check_labels(self) -> None:
        """Refuse boxes that do not belong to the pictures and classes.

        Raises:
            DataError: If so.
        """
        rows = self.labels.ndim == 3 and self.labels.shape[2] == COLUMNS and self.labels.dtype == np.float32
        if not rows or len(self.labels) != len(self.pictures):
            raise DataError("pictures and boxes do not belong together")
        found = self.labels[self.labels[..., 0] != NO_OBJECT]
        if not np.isfinite(found).all() or (found[:, 0] < 0).any() or (found[:, 0] >= len(self.classes)).any():
            raise DataError(f"a class lies outside of the {len(self.classes)} classes")
        ends = np.array(self.pictures.shape[2:0:-1])
        if (found[:, 1:3] < 0).any() or (found[:, 1:3] > found[:, 3:5]).any() or (found[:, 3:5] > ends).any():
            raise DataError("a box lies outside of its picture, or has a side below 0")


def rows_of(
    classes: Sequence[ArrayLike], boxes: Sequence[ArrayLike], difficult: Sequence[ArrayLike]
) -> NDArray[np.float32]:
    """Objects of n pictures as rows ``(n, m, 6)``, see :class:`Scenes`.

    Args:
        classes: Of each picture's objects, ``(k,)`` each.
        boxes: Left, top, right, bottom [pixels], ``(k, 4)`` each.
        difficult: Whether judging leaves them out, ``(k,)`` each.
    """
    most = max([1, *(len(np.atleast_1d(one)) for one in classes)])
    rows = np.zeros((len(classes), most, COLUMNS), np.float32)
    rows[..., 0] = NO_OBJECT
    for row, its_classes, its_boxes, its_difficult in zip(rows, classes, boxes, difficult, strict=True):
        count = len(np.atleast_1d(its_classes))
        row[:count, 0], row[:count, 1:5], row[:count, 5] = its_classes, its_boxes, its_difficult
    return rows
