# SPDX-License-Identifier: Apache-2.0
"""The data sets by name: which can be fetched, and which have labels."""

from collections.abc import Callable
from pathlib import Path

from semstego.datasets.built import crops, objects
from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.published import bossbase, cifar10, fashion_mnist
from semstego.errors import DataError
from semstego.progress import Progress

FETCHED: dict[str, Callable[[Path, Path | None, Progress], None]] = {
    "fashion-mnist": fashion_mnist.fetch,
    "cifar10": cifar10.fetch,
    "bossbase": bossbase.fetch,
}
LABELLED: dict[str, Callable[[Path, str], LabelledPictures]] = {
    "fashion-mnist": fashion_mnist.load,
    "cifar10": cifar10.load,
    "objects": objects.load,
    "crops": crops.load,
}
WITHOUT_VALIDATION = ("fashion-mnist", "cifar10")
HELD_OUT_EVERY = 30  # one training picture in so many validates: 2,000 of Fashion-MNIST's 60,000


def load(name: str, folder: Path, split: str) -> LabelledPictures:
    """One split of a labelled set.

    Args:
        name: One of ``LABELLED``.
        folder: Where its files are.
        split: ``train``, ``validation``, ``test``, or what else the set has. Validation pictures are taken from the
            published training set where none are published, and are no part of ``train``.

    Raises:
        DataError: If there is no such set or split, or its files are missing or damaged.
    """
    if name not in LABELLED:
        raise DataError(
            f"there is no labelled set {name!r}; there are {', '.join(sorted(LABELLED))} "
            f"(`semstego data fetch NAME -o DIR` fetches one)"
        )
    if name not in WITHOUT_VALIDATION or split not in ("train", "validation"):
        return LABELLED[name](folder, split)
    rest, held = LABELLED[name](folder, "train").held_out(HELD_OUT_EVERY)
    return rest if split == "train" else held
