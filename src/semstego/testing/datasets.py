# SPDX-License-Identifier: Apache-2.0
"""What every data set must do, checked on files that are there: ``check_dataset(MySet(), folder, "test")``."""

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from semstego.datasets.base import DATASETS, DataSet
from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.scenes import Scenes
from semstego.errors import DataError
from semstego.testing.parts import check_part, check_refused

NO_SPLIT = "no-such-split"


def check_dataset(dataset: DataSet, folder: Path, split: str) -> None:
    """Check a data set whose files are in a folder.

    It has all that :class:`~semstego.datasets.base.DataSet` has, and a name; a split holds uint8 pictures with labels
    within its classes, and loads the same twice; photographs, if it tells them, are one for each picture; a split that
    does not exist and an empty folder end in a DataError.

    Args:
        dataset: Any.
        folder: Holds its files.
        split: One that it comes with.

    Raises:
        AssertionError: With what is wrong.
    """
    check_part(DATASETS, dataset)
    assert isinstance(dataset.name, str), f"the name is a {type(dataset.name).__name__}, not a str"
    assert dataset.name, "the name is empty"
    assert isinstance(dataset.has_validation, bool), "has_validation is neither True nor False"

    first, again = dataset.load(folder, split), dataset.load(folder, split)
    assert isinstance(first, LabelledPictures), f"a split is a {type(first).__name__}, not LabelledPictures"
    _check_pictures(first)
    assert first.classes == again.classes, "two loads give other classes"
    assert np.array_equal(first.labels, again.labels), "two loads give other labels"
    assert np.array_equal(first.pictures, again.pictures), "two loads give other pictures"

    assert np.array_equal(first.groups, again.groups), "two loads give other photographs"

    check_refused(partial(dataset.load, folder, NO_SPLIT), "a split that does not exist", DataError)
    with tempfile.TemporaryDirectory() as empty:
        check_refused(partial(dataset.load, Path(empty), split), "an empty folder", DataError)


def _check_pictures(found: LabelledPictures) -> None:
    pictures, labels = found.pictures, found.labels
    assert pictures.dtype == np.uint8, f"pictures are {pictures.dtype}, not uint8"
    assert pictures.ndim == 4, f"pictures have the shape {pictures.shape}, not (n, h, w, c)"
    assert pictures.shape[3] in (1, 3), f"pictures have {pictures.shape[3]} channels, not 1 or 3"
    assert len(pictures), "the split is empty"
    if isinstance(found, Scenes):
        replace(found)  # checks itself when it is made
        return
    assert labels.dtype == np.int64, f"labels are {labels.dtype}, not int64"
    assert labels.shape == pictures.shape[:1], f"labels have the shape {labels.shape}, not ({len(pictures)},)"
    assert labels.min() >= 0, "a label is negative"
    assert labels.max() < len(found.classes), f"a label lies outside of the {len(found.classes)} classes"
