# SPDX-License-Identifier: Apache-2.0
"""Files whose name, size and SHA-256 are known beforehand; they are put into a folder completely or not at all."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from semstego.errors import DataError
from semstego.io.files import created, make_folder

BLOCK = 1 << 20


@dataclass(frozen=True)
class Pinned:
    """What a file must be.

    Attributes:
        name: Of the file, without a folder.
        size: In bytes; where ``sha256`` is None the most it may have.
        sha256: Hexadecimal, or None where no sum is published.
    """

    name: str
    size: int
    sha256: str | None

    def fault(self, path: Path) -> str | None:
        """What is wrong with ``path``, in words; None if it is the file."""
        try:
            if not path.is_file():
                return "is not there"
            if self._wrong_size(path.stat().st_size):
                return f"has {path.stat().st_size:,} bytes instead of {self.size:,}"
            if self.sha256 is not None and (found := sum_of(path)) != self.sha256:
                return f"has SHA-256 {found} instead of {self.sha256}"
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        return None

    def _wrong_size(self, found: int) -> bool:
        return found != self.size if self.sha256 is not None else found > self.size


def sum_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take(wanted: tuple[Pinned, ...], source: Path, folder: Path) -> None:
    """Copy the files from ``source`` into ``folder``, which is made if need be; those already there and right are kept.

    Raises:
        DataError: If one is missing in ``source`` or is another file; nothing is copied then.
        OutputError: If one cannot be written.
    """
    missing = tuple(pinned for pinned in wanted if pinned.fault(folder / pinned.name))
    for pinned in missing:
        if fault := pinned.fault(source / pinned.name):
            raise DataError(f"{source / pinned.name} {fault}")
    make_folder(folder)
    for pinned in missing:
        with created(folder / pinned.name) as copy, (source / pinned.name).open("rb") as original:
            shutil.copyfileobj(original, copy, BLOCK)
