# SPDX-License-Identifier: Apache-2.0
"""Which stamps and which photographs each set of the cut-outs gets: decided by identity and by file, once for all.

A background that shows a class's own objects would make its label wrong. So photographs are left out whose name, or
whose label in the folder's manifest, speaks of such objects (``TELLING``, and words of the caller's).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from semstego.datasets.built import objects
from semstego.datasets.built.objects import Stamp
from semstego.datasets.folder import MANIFEST
from semstego.datasets.split import LISTS, set_of_each
from semstego.errors import DataError

BACKGROUNDS_OF = {name: "test" if name == "test-unseen" else name for name in objects.SETS}
MAX_BACKGROUNDS = 32_767  # their indices are int16
# fmt: off
TELLING = (
    "animal:", "bird", "duck", "goose", "gull", "owl", "fish", "cow", "horse", "sheep", "goat", "pig",
    "elephant", "giraffe", "dolphin", "lobster", "cat.", "dog.", "lion", "tiger", "cheetah", "squirrel",
    "chameleon", "butterfly", "ladybird", "bee.", "flower", "rose", "garden.", "tulip", "bloom", "plant:",
    "fruit", "apple.", "orange", "lemon", "banana", "berry", "vegetable", "tomato", "pumpkin", "tool",
    "others:", "hammer", "scissors", "wrench", "kettle", "coffee", "cup", "car.", "truck", "boat.", "ship.",
    "plane.", "motorcycle", "rocket", "astronaut", "parking", "coin", "money", "planet", "moon.", "earth.",
    # of the photographs that experiments/split assigns, whose names do not say what they show:
    "quokka", "chelsea", "chicky", "twowings", "riaphotographs", "bliznaca", "stuff", "left.", "america.",
    "africa.", "eveningglow", "scenetext01",
)
# fmt: on


@dataclass(frozen=True)
class Plan:
    """The stamps and photographs that are used, and the set that each belongs to.

    Attributes:
        stamps: All that are used, in the list's order.
        unseen: Identities of those that only ``test-unseen`` has.
        classes: Names.
        backgrounds: All that are used, sorted.
        background_sets: The set of each: train, validation or test.
    """

    stamps: tuple[Stamp, ...]
    unseen: frozenset[str]
    classes: tuple[str, ...]
    backgrounds: tuple[Path, ...]
    background_sets: tuple[str, ...]

    def objects_of(self, name: str) -> list[int]:
        """Indices of the stamps of a set."""
        return [i for i, stamp in enumerate(self.stamps) if (stamp.identity in self.unseen) == (name == "test-unseen")]

    def backgrounds_of(self, name: str) -> list[int]:
        """Indices of the photographs of a set."""
        return [i for i, other in enumerate(self.background_sets) if other == BACKGROUNDS_OF[name]]


def make_plan(backgrounds: Path, split: Path | None, exclude: Sequence[str], seed: int) -> Plan:
    """Assign stamps and photographs to the sets.

    Raises:
        DataError: If the lists are missing or overlap, or a set gets no photograph, or there are too many.
        PictureError: If there are no photographs, or a listed one is missing.
    """
    found, classes = objects.stamps()
    sets = set_of_each(backgrounds, split)
    labels = manifest(backgrounds)
    words = tuple(word.lower() for word in (*TELLING, *exclude) if word)
    kept: dict[Path, str] = {}
    for path, name in sorted(sets.items()):
        text = f"{path.name} {labels.get(path.relative_to(backgrounds).as_posix(), {}).get('label') or ''}".lower()
        if not any(word in text for word in words):
            kept[path] = name
    for name in LISTS:
        if name not in kept.values():
            raise DataError(f"no photograph of {backgrounds} is left for the set {name}")
    if len(kept) > MAX_BACKGROUNDS:
        raise DataError(f"{backgrounds} holds more than {MAX_BACKGROUNDS:,} photographs")
    return Plan(found, objects.unseen(found, seed), classes, tuple(kept), tuple(kept.values()))


def manifest(folder: Path) -> dict[str, dict[str, str]]:
    """What the folder's ``manifest.csv`` says of each file; nothing where there is none.

    Raises:
        DataError: If it cannot be read.
    """
    if not (folder / MANIFEST).is_file():
        return {}
    try:
        with (folder / MANIFEST).open(newline="", encoding="utf-8") as file:
            return {row["file"]: row for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise DataError(f"{folder / MANIFEST} cannot be read ({error})") from None
