# SPDX-License-Identifier: Apache-2.0
"""CIFAR-10 (Krizhevsky 2009), the binary version: 60,000 colour pictures of 32 x 32, ten classes.

The other version is Python pickles, which run code when they are read; this one is records of a fixed length. The
publisher gives the archive's MD5 (c32a1d4ab5d03f1284b67883e8d87530); the SHA-256 pinned here is the one that several
independent projects pin together with that MD5.
"""

import gzip
import io
import tarfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semstego.datasets.base import DataSet
from semstego.datasets.download.download import download
from semstego.datasets.download.pinned import Pinned, take
from semstego.datasets.enlarge import enlarge
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import DataError
from semstego.progress import Progress, no_progress

ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
ARCHIVE = Pinned(
    "cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MEMBERS = {
    "train": tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)),
    "test": ("cifar-10-batches-bin/test_batch.bin",),
}
SIDE = 32
LARGE_SIDE = 64
RECORD = 1 + 3 * SIDE * SIDE  # label; red, green, blue plane
MAX_RECORDS = 10_000  # of one member
MAX_TAR_BYTES = 192 << 20  # six full members are 176 MiB


def fetch(folder: Path, source: Path | None = None, progress: Progress = no_progress) -> None:
    """Put the archive into ``folder`` and check its SHA-256; it stays packed.

    Args:
        folder: Made if need be.
        source: Folder that holds the archive; else it is downloaded.
        progress: Told the share that has come.

    Raises:
        DataError: If it cannot be had, or is not the published archive.
    """
    if source is not None:
        take((ARCHIVE,), source, folder)
        return
    download(ADDRESS, folder / ARCHIVE.name, sha256=ARCHIVE.sha256, size=ARCHIVE.size, progress=progress)


def load(folder: Path, split: str) -> LabelledPictures:
    """One split, in the order of the archive, enlarged to 64 x 64 (bicubic): 32 is too small for the codec's blocks.

    Args:
        folder: Holds the archive.
        split: ``train`` (50,000) or ``test`` (10,000).

    Returns:
        Pictures uint8 ``(n, 64, 64, 3)``.

    Raises:
        DataError: If the archive is missing, damaged, or not what it should be.
    """
    if split not in MEMBERS:
        raise DataError(f"CIFAR-10 has the splits {', '.join(MEMBERS)}, and no {split!r}")
    found = _members(folder / ARCHIVE.name, MEMBERS[split])
    records = np.concatenate([found[name] for name in MEMBERS[split]])
    pictures = records[:, 1:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return LabelledPictures(
        enlarge(np.ascontiguousarray(pictures), LARGE_SIDE), records[:, 0].astype(np.int64), CLASSES
    )


def _members(archive: Path, wanted: tuple[str, ...]) -> dict[str, NDArray[np.uint8]]:
    """Records ``(n, 3073)`` of the members asked for; nothing is unpacked to the disk, other members are skipped."""
    found: dict[str, NDArray[np.uint8]] = {}
    try:
        with gzip.open(archive) as file, tarfile.open(fileobj=_Limited(file), mode="r|") as tar:
            for member in tar:
                if member.name in wanted and member.name not in found:
                    found[member.name] = _records(tar, member)
                if len(found) == len(wanted):
                    break
    except FileNotFoundError:
        raise DataError(
            f"there is no {archive}; `semstego data fetch cifar10 -o {archive.parent}` puts it there"
        ) from None
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
        raise DataError(f"{archive} cannot be read ({error})") from None
    if missing := [name for name in wanted if name not in found]:
        raise DataError(f"{archive} does not hold {missing[0]}")
    return found


def _records(tar: tarfile.TarFile, member: tarfile.TarInfo) -> NDArray[np.uint8]:
    if not member.isreg() or not 0 < member.size <= MAX_RECORDS * RECORD or member.size % RECORD:
        raise DataError(f"{member.name} is no file of up to {MAX_RECORDS:,} records")
    content = tar.extractfile(member)
    assert content is not None  # a regular file
    data = content.read()
    if len(data) != member.size:
        raise DataError(f"{member.name} is cut off")
    return np.frombuffer(data, np.uint8).reshape(-1, RECORD)


class _Limited(io.RawIOBase):
    """A stream that raises DataError beyond a limit, since small archives can unpack to very many bytes."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file, self._left = file, MAX_TAR_BYTES

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes."""
        if size < 0 or size > self._left:
            raise DataError(f"the archive unpacks to more than {MAX_TAR_BYTES >> 20} MiB")
        data = self._file.read(size)
        self._left -= len(data)
        return data


class Cifar10(DataSet):
    """The data set CIFAR-10, in the splits train and test."""

    name = "cifar10"
    has_validation = False

    def load(self, folder: Path, split: str) -> LabelledPictures:
        """Read one split, as :func:`load` does."""
        return load(folder, split)

    def fetch(self, folder: Path, source: Path | None = None, progress: Progress = no_progress) -> None:
        """Put the archive into a folder, as :func:`fetch` does."""
        fetch(folder, source, progress)


DATASET = Cifar10()
