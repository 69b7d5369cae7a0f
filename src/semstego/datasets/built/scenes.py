# SPDX-License-Identifier: Apache-2.0
"""The cut-outs as scenes for detection: one object each, its box too, as ``semstego data build-objects`` makes them."""

from pathlib import Path

import numpy as np

from semstego.datasets.base import DataSet
from semstego.datasets.built import objects
from semstego.datasets.scenes import Scenes, rows_of


def load(folder: Path, split: str) -> Scenes:
    """One set that ``semstego data build-objects`` made, with boxes.

    Args:
        folder: Where it was put.
        split: ``train``, ``validation``, ``test`` or ``test-unseen``.

    Raises:
        DataError: If there is no such set, or its file is missing or damaged.
    """
    found = objects.arrays_of(folder, split)
    labels, boxes = found["labels"][:, np.newaxis], found["boxes"][:, np.newaxis]
    rows = rows_of(list(labels), list(boxes), list(np.zeros_like(labels)))
    return Scenes(found["pictures"], rows, objects.stamps()[1], found["backgrounds"])


class BuiltScenes(DataSet):
    """The data set of cut-outs with boxes, in the splits train, validation, test and test-unseen."""

    name = "scenes"

    def load(self, folder: Path, split: str) -> Scenes:
        """Read one split, as :func:`load` does."""
        return load(folder, split)


DATASET = BuiltScenes()
