# SPDX-License-Identifier: Apache-2.0
"""The split into training, validation and test photographs, which is fixed for each file."""

import hashlib
from pathlib import Path

from semstego.datasets.folder import photographs
from semstego.errors import DataError

LISTS = {"train": "fit.txt", "validation": "validation.txt", "test": "test.txt"}  # names of photographs, one a line
SHARES = {"train": 0.6, "validation": 0.8, "test": 1.0}  # upper ends of the intervals of a hash in [0, 1)


def set_of_each(folder: Path, lists: Path | None) -> dict[Path, str]:
    """The set of each photograph of a folder: train, validation or test.

    Args:
        folder: Holds the photographs.
        lists: Folder with the files of ``LISTS``; photographs that none names are left out. None: the SHA-256 of a
            photograph's name decides, so that adding photographs never moves another one.

    Raises:
        DataError: If a list cannot be read, or two name the same photograph.
        PictureError: If there are no photographs, or a listed one is missing.
    """
    return _by_name(folder) if lists is None else _by_lists(folder, lists)


def _by_lists(folder: Path, lists: Path) -> dict[Path, str]:
    result: dict[Path, str] = {}
    for name, file in LISTS.items():
        paths = photographs(folder, lists / file)
        if twice := [path for path in paths if path in result]:
            raise DataError(f"{lists}: {twice[0].name} is in two lists")
        result |= dict.fromkeys(paths, name)
    return result


def _by_name(folder: Path) -> dict[Path, str]:
    result = {}
    for path in photographs(folder):
        digest = hashlib.sha256(path.relative_to(folder).as_posix().encode()).digest()
        share = int.from_bytes(digest[:6], "big") / (1 << 48)
        result[path] = next(name for name, end in SHARES.items() if share < end)
    return result
