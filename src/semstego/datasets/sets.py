# SPDX-License-Identifier: Apache-2.0
"""Splits of the data sets by the set's name, with validation pictures for those that come without."""

from pathlib import Path

from semstego.datasets import base
from semstego.datasets.base import DataSet
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ArgumentError, DataError

HELD_OUT_EVERY = 30  # one training picture in so many validates: 2,000 of Fashion-MNIST's 60,000


def load(name: str, folder: Path, split: str) -> LabelledPictures:
    """One split of a data set.

    Args:
        name: One of :data:`semstego.datasets.base.DATASETS`, or ``package:Object``.
        folder: Where its files are.
        split: ``train``, ``validation``, ``test``, or what else the set has. Validation pictures are taken from the
            published training set where none are published, and are no part of ``train``.

    Raises:
        DataError: If there is no such set or split, or its files are missing or damaged.
    """
    dataset = _named(name)
    if dataset.has_validation or split not in ("train", "validation"):
        return dataset.load(folder, split)
    rest, held = dataset.load(folder, "train").held_out(HELD_OUT_EVERY)
    return rest if split == "train" else held


def _named(name: str) -> DataSet:
    try:
        return base.DATASETS.get(name)
    except ArgumentError as error:
        raise DataError(f"{error} (`semstego data fetch NAME -o DIR` fetches one)") from None
