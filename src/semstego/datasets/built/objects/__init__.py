# SPDX-License-Identifier: Apache-2.0
"""The cut-outs: photographic stamps of Tux Paint pasted over photographs, ten classes, exact labels and boxes.

The list of stamps ships (``stamps.csv``: path, category, and identity, which look-alikes share); the pixels (GPL-2) do
not: ``semstego data build-objects`` fetches them. Some identities are kept for the set ``test-unseen`` alone.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.datasets import arrays
from semstego.datasets.base import DataSet
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import DataError

PACKAGE = "tuxpaint-stamps-default"  # of Debian
INSIDE = "usr/share/tuxpaint/stamps"
LICENCE = "GPL-2"
DESCRIPTION = "objects.json"
SETS = ("train", "validation", "test", "test-unseen")
CLASSES = 10
MERGED = {"tool": "tool or household", "household": "tool or household"}  # many stamps would fit both
LEFT_OUT = {  # their category's name would be a wrong label
    "space/apollo_lander.png": "a spacecraft",
    "space/spacewalk.png": "an astronaut",
    "space/voyager2.png": "a spacecraft",
    "space/planets/0_sun.png": "a star, mostly transparent",
    "vehicles/emergency/sedan_police.png": "only the paint, no car",
    "household/dishes/glass.png": "cannot be seen before anything",
    "vehicles/7spoke256.png": "a wheel, no vehicle",
    "vehicles/wheel_tractor.png": "a wheel, no vehicle",
}
UNSEEN_SHARE = 0.3
ARRAYS: dict[str, type[np.generic]] = {
    "pictures": np.uint8,
    "labels": np.int64,
    "boxes": np.int16,
    "stamps": np.int16,
    "backgrounds": np.int16,
}


@dataclass(frozen=True)
class Stamp:
    """One stamp: a photographed object without its background.

    Attributes:
        path: Of its file, below the folder of the stamps.
        label: Index of its class.
        identity: What it shows; shared by look-alikes, unique among classes.
    """

    path: str
    label: int
    identity: str


def stamps() -> tuple[tuple[Stamp, ...], tuple[str, ...]]:
    """The stamps of the ten categories that have most, in the list's order; and the categories' names."""
    text = resources.files(__name__).joinpath("stamps.csv").read_text(encoding="utf-8")
    rows = [
        row | {"category": MERGED.get(row["category"], row["category"])} for row in csv.DictReader(text.splitlines())
    ]
    counts = Counter(row["category"] for row in rows)
    classes = tuple(sorted(sorted(counts, key=lambda name: (-counts[name], name))[:CLASSES]))
    found = tuple(
        Stamp(row["path"], classes.index(row["category"]), f"{row['category']}: {row['identity']}")
        for row in rows
        if row["category"] in classes and row["path"] not in LEFT_OUT
    )
    return found, classes


def unseen(found: tuple[Stamp, ...], seed: int) -> frozenset[str]:
    """Identities kept for ``test-unseen``: of each class as many whole ones as fit into 30 % of its stamps."""
    chosen: set[str] = set()
    for label in sorted({stamp.label for stamp in found}):
        sizes = Counter(stamp.identity for stamp in found if stamp.label == label)
        room = round(UNSEEN_SHARE * sizes.total())
        for name in np.random.default_rng((seed, label)).permutation(sorted(sizes)).tolist():
            if sizes[name] <= room:
                chosen.add(name)
                room -= sizes[name]
    return frozenset(chosen)


def load(folder: Path, split: str) -> LabelledPictures:
    """One set that ``semstego data build-objects`` made.

    Args:
        folder: Where it was put.
        split: ``train``, ``validation``, ``test`` or ``test-unseen``.

    Returns:
        Pictures uint8 ``(n, size, size, 3)`` with labels; photographs are those under the cut-outs, numbered as the
        backgrounds in ``objects.json``.

    Raises:
        DataError: If there is no such set, or its file is missing or damaged.
    """
    found = arrays_of(folder, split)
    return LabelledPictures(found["pictures"], found["labels"], stamps()[1], found["backgrounds"])


def arrays_of(folder: Path, split: str) -> dict[str, NDArray[Any]]:
    """Every array of a set, as :func:`read` gives them; arguments and errors as of :func:`load`."""
    if split not in SETS:
        raise DataError(f"the cut-outs have the sets {', '.join(SETS)}, and no {split!r}")
    return read(folder / f"{split}.npz")


def read(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of a set's file.

    Returns:
        ``pictures`` uint8 ``(n, size, size, 3)``; ``labels`` int64 ``(n,)``; ``boxes`` int16 ``(n, 4)``: x0, y0, x1,
        y1 in pixels, ends exclusive; ``stamps`` and ``backgrounds`` int16 ``(n,)``: indices into the lists of
        ``objects.json``.

    Raises:
        DataError: If the file is missing, damaged, or no such set.
    """
    found = arrays.read(path, ARRAYS, "semstego data build-objects")
    shapes = {name: array.shape[1:] for name, array in found.items()}
    wanted = {"pictures": (*shapes["pictures"][:2], 3), "boxes": (4,), "labels": (), "stamps": (), "backgrounds": ()}
    if shapes != wanted:
        raise DataError(f"{path} is no set of cut-outs (its arrays have other shapes)")
    return found


class Objects(DataSet):
    """The data set of cut-outs, in the splits train, validation, test and test-unseen."""

    name = "objects"

    def load(self, folder: Path, split: str) -> LabelledPictures:
        """Read one split, as :func:`load` does."""
        return load(folder, split)


DATASET = Objects()
