# SPDX-License-Identifier: Apache-2.0
"""Crops: small pictures cut from photographs, for training and measuring where CIFAR-10 cannot be had.

photograph ─ a square of 96 to 512 px ─┬─ Lanczos ─▶ 64 x 64                           plain
                                       └─ area ─▶ 32 x 32 ─ bicubic ─▶ 64 x 64         cifar, as the paper's

Crops of another side are cut of squares that are no smaller, and those of the kind cifar come over half their side.
"""

import hashlib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.codecs.base import Picture
from semstego.datasets import arrays, set_folder
from semstego.datasets.base import DataSet
from semstego.datasets.enlarge import enlarge
from semstego.datasets.folder import in_channels, provenance
from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.split import LISTS, set_of_each
from semstego.errors import DataError
from semstego.progress import Progress, no_progress

SIDE = 64  # px of a crop, if not asked for another
SQUARES = (96, 512)  # px of the photograph that it is reduced from
LONGEST_SHORT_SIDE = 768  # px of that photograph
LEAST_DEVIATION = 8  # standard deviation [grey levels]; crops below it are left out
MOST_PHOTOGRAPHS = int(np.iinfo(np.int16).max)  # of which the sets keep the numbers
DRAWS = 300  # squares tried of one photograph
KINDS = ("plain", "cifar")
SIDES = (32, 512)  # px, even; the paper's pictures have 64, 256 and 360
SETS = tuple(LISTS)
COUNTS = {"train": 20_000, "validation": 1_000, "test": 2_000}
DESCRIPTION = "crops.json"
ARRAYS: dict[str, type[np.generic]] = {"pictures": np.uint8, "photographs": np.int16}
CLASSES = ("photograph",)


def crops(
    picture: Picture, rng: np.random.Generator, *, kind: str = "plain", side: int = SIDE, least: int = SQUARES[0]
) -> Iterator[Picture]:
    """Square crops of a photograph, without those that are nearly of one colour.

    A photograph whose short side is above 768 pixels, or below ``least``, gives none.

    Args:
        picture: The photograph, uint8 ``(h, w, c)``, c = 1 or 3.
        rng: Draws the squares.
        kind: One of ``KINDS``.
        side: Of a crop, even [pixels].
        least: Smallest side of a square [pixels], if a crop's is no larger.

    Yields:
        uint8 ``(side, side, c)``, or ``(side, side)`` of a grey photograph.
    """
    height, width, _ = picture.shape
    least, most = max(least, side), min(height, width, SQUARES[1])
    if min(height, width) > LONGEST_SHORT_SIDE or most < least:
        return
    for _ in range(DRAWS):
        extent = int(rng.integers(least, most + 1))
        top, left = rng.integers(height - extent + 1), rng.integers(width - extent + 1)
        small = _reduced(picture[top : top + extent, left : left + extent], kind, side)
        if small.std() >= LEAST_DEVIATION:
            yield small


def _reduced(square: Picture, kind: str, side: int) -> Picture:
    image, half = Image.fromarray(np.squeeze(square)), side // 2
    if kind == "plain":
        return np.array(image.resize((side, side), Image.Resampling.LANCZOS), np.uint8)
    small = np.array(image.resize((half, half), Image.Resampling.BOX), np.uint8)
    return enlarge(small.reshape(1, half, half, -1), side).reshape(side, side, *small.shape[2:])


def generator(seed: int, path: Path | str) -> np.random.Generator:
    """A generator seeded by the name of a photograph's file, so that adding photographs changes no other crop."""
    return np.random.default_rng([seed, *hashlib.sha256(Path(path).name.encode()).digest()[:8]])


def build(
    output: Path,
    folder: Path,
    *,
    kind: str,
    split: Path | None = None,
    side: int = SIDE,
    counts: Mapping[str, int] = COUNTS,
    seed: int = 0,
    force: bool = False,
    progress: Progress = no_progress,
) -> None:
    """Cut the three sets from a folder of photographs, in equal numbers from each: all of them or nothing.

    Args:
        output: Folder to make.
        folder: Of photographs.
        kind: One of ``KINDS``.
        split: Folder of lists; see :func:`semstego.datasets.split.set_of_each`.
        side: Of a crop [pixels], even and in ``SIDES``.
        counts: Crops of each set.
        seed: Of everything that is drawn.
        force: Replace crops that are there.
        progress: Told the set and the share of it that is cut.

    Raises:
        DataError: If an argument is out of range, or the photographs do not hold so many crops.
        PictureError: If a photograph cannot be read.
        OutputError: If ``output`` exists (without ``force``), is something else, or cannot be written.
    """
    if kind not in KINDS or seed < 0 or set(counts) != set(SETS) or min(counts.values()) < 1:
        raise DataError(f"crops are of a kind ({', '.join(KINDS)}), have a seed from 0, and at least one a set")
    if side % 2 or not SIDES[0] <= side <= SIDES[1]:
        raise DataError(f"the side of crops is even and from {SIDES[0]} to {SIDES[1]} pixels, not {side}")
    set_folder.check(output, DESCRIPTION, force=force)
    sets = set_of_each(folder, split)
    paths = sorted(sets)
    if len(paths) > MOST_PHOTOGRAPHS:
        raise DataError(f"at most {MOST_PHOTOGRAPHS:,} photographs, not {len(paths):,}")
    facts = {"seed": seed, "kind": kind, "side": side, "versions": {"semstego": version("semstego")}}
    facts |= {"photographs": [{"file": path.relative_to(folder).as_posix(), "set": sets[path]} for path in paths]}
    facts |= {"photographs_from": provenance(folder, paths)}
    with set_folder.created(output, DESCRIPTION, facts, force=force) as write:
        for name in SETS:
            chosen = [(place, path) for place, path in enumerate(paths) if sets[path] == name]
            write(name, _cut(chosen, name, kind, side, counts[name], seed, progress), CLASSES)


def _cut(
    chosen: list[tuple[int, Path]], name: str, kind: str, side: int, count: int, seed: int, progress: Progress
) -> dict[str, NDArray[Any]]:
    """The arrays of one set; the first crops of all photographs come before the second crops of any."""
    most = -(-2 * count // max(1, len(chosen)))  # some photographs hold none
    found: list[tuple[int, int, Picture]] = []
    for done, (place, path) in enumerate(chosen):
        progress(name, done / len(chosen))
        picture = next(iter(in_channels([path], 3)))
        found += [
            (turn, place, one)
            for turn, one in enumerate(islice(crops(picture, generator(seed, path), kind=kind, side=side), most))
        ]
    found.sort(key=lambda one: one[:2])
    if len(found) < count:
        raise DataError(f"the photographs of the set {name} hold {len(found):,} crops, not {count:,}")
    return {
        "pictures": np.stack([one for _, _, one in found[:count]]),
        "photographs": np.array([place for _, place, _ in found[:count]], np.int16),
    }


def load(folder: Path, split: str) -> LabelledPictures:
    """One set that ``semstego data build-crops`` made.

    Returns:
        Pictures uint8 ``(n, side, side, 3)`` of one class; their photographs are numbered as in ``crops.json``.

    Raises:
        DataError: If there is no such set, or its file is missing or damaged.
    """
    if split not in SETS:
        raise DataError(f"the crops have the sets {', '.join(SETS)}, and no {split!r}")
    found = arrays.read(folder / f"{split}.npz", ARRAYS, "semstego data build-crops")
    pictures = found["pictures"]
    return LabelledPictures(pictures, np.zeros(len(pictures), np.int64), CLASSES, found["photographs"])


class Crops(DataSet):
    """The data set of crops, in the splits train, validation and test."""

    name = "crops"

    def load(self, folder: Path, split: str) -> LabelledPictures:
        """Read one split, as :func:`load` does."""
        return load(folder, split)


DATASET = Crops()
