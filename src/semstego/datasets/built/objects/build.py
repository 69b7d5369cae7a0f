# SPDX-License-Identifier: Apache-2.0
"""Build the cut-outs: assign stamps and photographs to the pictures of each set, paste, and write."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.datasets import set_folder
from semstego.datasets.built import objects
from semstego.datasets.built.objects import cutouts, description
from semstego.datasets.built.objects.plan import Plan, make_plan
from semstego.datasets.folder import in_channels
from semstego.errors import DataError, PictureError
from semstego.progress import Progress, no_progress

COUNTS = {"train": 30_000, "validation": 2_000, "test": 5_000, "test-unseen": 5_000}
SIDES = (16, 1024)
MAX_BYTES = 2 << 30  # of the pictures of a set: all are in memory
SHORT_SIDE = 6  # photographs are shrunk to so many times the picture's side


def build(
    output: Path,
    backgrounds: Path,
    stamps: Path,
    *,
    split: Path | None = None,
    exclude: Sequence[str] = (),
    side: int = 64,
    counts: Mapping[str, int] = COUNTS,
    seed: int = 0,
    force: bool = False,
    progress: Progress = no_progress,
) -> None:
    """Make the four sets, their description, and a sheet of sample pictures of each set; all of these, or nothing.

    The same arguments, files and versions of the libraries give the same bytes.

    Args:
        output: Folder to make.
        backgrounds: Folder of photographs.
        stamps: Folder of Tux Paint's stamps.
        split: Folder with ``fit.txt``, ``validation.txt`` and ``test.txt``, which name photographs, one a line; else
            the SHA-256 of a photograph's name decides.
        exclude: More words than ``TELLING``; photographs whose name or label in the manifest holds one are left out.
        side: Height and width of the pictures, 16 to 1024 [pixels].
        counts: Pictures of each set.
        seed: Of everything that is drawn.
        force: Replace sets that were built there before.
        progress: Told the set and the share of its pictures that are made.

    Raises:
        DataError: If an argument is out of range, or a stamp, list or manifest is missing or damaged.
        PictureError: If a photograph cannot be read.
        OutputError: If ``output`` exists (without ``force``), is something else, or cannot be written.
    """
    if not SIDES[0] <= side <= SIDES[1] or seed < 0 or set(counts) != set(objects.SETS) or min(counts.values()) < 1:
        raise DataError(f"cut-outs have {SIDES[0]} to {SIDES[1]} pixels a side, a seed from 0, and one picture a set")
    if max(counts.values()) * side * side * 3 > MAX_BYTES:
        raise DataError(f"a set of cut-outs takes at most {MAX_BYTES >> 30} GiB: ask for fewer, or smaller ones")
    set_folder.check(output, objects.DESCRIPTION, force=force)
    plan = make_plan(backgrounds, split, exclude, seed)
    images = [cutouts.read_stamp(stamps / stamp.path, side) for stamp in plan.stamps]
    facts = description.describe(plan, backgrounds, stamps, {"seed": seed, "side": side, "exclude": list(exclude)})
    with set_folder.created(output, objects.DESCRIPTION, facts, force=force) as write:
        for name in objects.SETS:
            write(name, _make(plan, images, name, side, counts[name], seed, progress), plan.classes)


def _make(
    plan: Plan, images: list[Image.Image], name: str, side: int, count: int, seed: int, progress: Progress
) -> dict[str, NDArray[Any]]:
    """The arrays of one set."""
    rng = np.random.default_rng((seed, objects.SETS.index(name)))
    chosen = _assigned_stamps(plan, name, count, rng)
    places = _endless(plan.backgrounds_of(name), rng)
    scenes: dict[int, Image.Image] = {}
    pictures = np.empty((count, side, side, 3), np.uint8)
    boxes = np.empty((count, 4), np.int16)
    used = np.empty(count, np.int16)
    for i, stamp in enumerate(chosen):
        used[i] = place = next(places)
        if place not in scenes:
            scenes[place] = _scene(plan.backgrounds[place], side)
        pictures[i], boxes[i] = cutouts.paste(images[stamp], scenes[place], side, rng)
        if i % 100 == 0:
            progress(name, i / count)
    progress(name, 1)
    labels = np.array([plan.stamps[stamp].label for stamp in chosen], np.int64)
    return {
        "pictures": pictures,
        "labels": labels,
        "boxes": boxes,
        "stamps": np.array(chosen, np.int16),
        "backgrounds": used,
    }


def _assigned_stamps(plan: Plan, name: str, count: int, rng: np.random.Generator) -> list[int]:
    """Assign a stamp to each picture: classes equally often, in a class its identities, in an identity its stamps."""
    tree: dict[int, dict[str, list[int]]] = {}
    for i in plan.objects_of(name):
        tree.setdefault(plan.stamps[i].label, {}).setdefault(plan.stamps[i].identity, []).append(i)
    variants = {key: _endless(found, rng) for names in tree.values() for key, found in names.items()}
    identities = {label: _endless(list(names), rng) for label, names in tree.items()}
    labels = _endless(list(tree), rng)
    assigned = [next(variants[next(identities[next(labels)])]) for _ in range(count)]
    return [assigned[i] for i in rng.permutation(count)]


def _endless(items: list[Any], rng: np.random.Generator) -> Iterator[Any]:
    """All items in a random order, then all of them again in another order, without end."""
    for _ in itertools.count():
        yield from (items[i] for i in rng.permutation(len(items)))


def _scene(path: Path, side: int) -> Image.Image:
    """A photograph in RGB, reduced to the size that crops of it need."""
    try:
        scene = Image.fromarray(next(iter(in_channels([path], 3))))
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None
    scale = min(1.0, SHORT_SIDE * side / min(scene.size))
    return scene.resize((round(scene.width * scale), round(scene.height * scale)), Image.Resampling.LANCZOS)
