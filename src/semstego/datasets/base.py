# SPDX-License-Identifier: Apache-2.0
"""What a data set offers: splits of labelled pictures, read from a folder that ``fetch`` or a builder has filled.

The function that experiments call is :func:`semstego.datasets.sets.load`, which also holds validation pictures out of
the training split of sets that come without any.
"""

from pathlib import Path
from typing import Protocol

from semstego.datasets.labelled import LabelledPictures
from semstego.errors import DataError
from semstego.progress import Progress
from semstego.registry import Registry


class DataSet(Protocol):
    """Pictures with classes, in splits such as ``train``, ``validation`` and ``test``.

    Whatever has these methods is a data set; a class that derives from this one may leave out those that have a body.
    """

    @property
    def name(self) -> str:
        """What commands and reports call it."""

    @property
    def has_validation(self) -> bool:
        """Whether it comes with a split ``validation``; if not, one is held out from ``train``."""
        return True

    def load(self, folder: Path, split: str) -> LabelledPictures:
        """One split, always the same pictures in the same order.

        Args:
            folder: Where the set's files are.
            split: One of the splits that the set comes with.

        Raises:
            DataError: If there is no such split, or its files are missing or damaged.
        """

    def fetch(self, folder: Path, source: Path | None, progress: Progress) -> None:
        """Put the set's files into a folder and check them; files already there and right are kept.

        Args:
            folder: Made if need be.
            source: Folder (or Debian package) that holds the files already; None: they are downloaded.
            progress: Told what is done, and the share of it.

        Raises:
            DataError: If they cannot be had, or are not the right ones; always, if the set is not fetched but built.
        """
        raise DataError(f"the data set {self.name} is not fetched")


MEMBERS = ("name", "has_validation", "load", "fetch")
DATASETS = Registry[DataSet](
    "data set", ("semstego.datasets.published", "semstego.datasets.built"), "DATASET", members=MEMBERS
)


def can_be_fetched(dataset: DataSet) -> bool:
    """Whether it has a ``fetch`` other than that of :class:`DataSet`, which only says that it is not fetched."""
    return getattr(dataset.fetch, "__func__", None) is not DataSet.fetch
