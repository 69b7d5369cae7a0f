# SPDX-License-Identifier: Apache-2.0
"""BOSSbase 1.01 (Bas, Filler, Pevný 2011): 10,000 grey photographs of 512 x 512, the usual set of steganalysis.

Its publisher gives no checksum. (The scripts of one project on GitHub check the MD5 58fe0159a8a825adfc0d008fec9b9287;
nothing confirms it.) So the archive is checked by what it holds: 1.pgm to 10000.pgm, each once, each a grey 512 x 512
PGM by its header; and the SHA-256 found is written beside it, for others to compare. Damage inside a picture shows on
reading, by the archive's own CRC.
"""

import contextlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.datasets.base import DataSet
from semstego.datasets.download.download import download
from semstego.datasets.download.pinned import Pinned, sum_of, take
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import DataError
from semstego.io.files import created
from semstego.progress import Progress, no_progress

ADDRESS = "https://dde.binghamton.edu/download/ImageDB/BOSSbase_1.01.zip"
ARCHIVE = Pinned("BOSSbase_1.01.zip", 3 << 30, None)  # some 1.6 GB
MEMBER = re.compile(r"(?:[^/]+/)*([1-9][0-9]{0,4})\.pgm")
PICTURES = 10_000
SPLIT = "all"  # the publisher divides it into no splits
CLASSES = ("photograph",)
SIDE = 512
SMALLEST_SIDE = 8
MAX_MEMBER_BYTES = SIDE * SIDE + 1024  # pixels, and a header with comments
MAX_DIRECTORY_BYTES = 16 << 20
MAX_TAIL_BYTES = (1 << 16) + 22  # of a zip: the record that ends its directory, and a comment
END = b"PK\5\6"  # begins that record
LOCATOR = b"PK\6\7"  # stands before it in archives of more than 4 GB or 65,535 members, which this one is not
HEADER_BYTES = 1024
_SPACE = rb"(?:\s|#[^\n]*\n)+"
HEADER = re.compile(rb"P5" + _SPACE + rb"512" + _SPACE + rb"512" + _SPACE + rb"255\s")


def fetch(folder: Path, source: Path | None = None, progress: Progress = no_progress) -> None:
    """Put the archive into ``folder``, check what it holds, and write its SHA-256 beside it; it stays packed.

    Args:
        folder: Made if need be.
        source: Folder that holds the archive; else it is downloaded.
        progress: Told the share that has come.

    Raises:
        DataError: If it cannot be had, or does not hold the 10,000 photographs.
    """
    archive = folder / ARCHIVE.name
    if archive.exists():
        check(archive)
    elif source is not None:
        check(source / ARCHIVE.name)
        take((ARCHIVE,), source, folder)
    else:
        download(ADDRESS, archive, sha256=None, size=ARCHIVE.size, progress=progress)
        try:
            check(archive)
        except DataError:
            archive.unlink()  # else the next call would keep it
            raise
    progress("SHA-256", 1)
    with created(folder / f"{ARCHIVE.name}.sha256") as file:
        file.write(f"{sum_of(archive)}  {ARCHIVE.name}\n".encode())


def check(archive: Path, pictures: int = PICTURES) -> None:
    """Refuse an archive that does not hold 1.pgm to ``pictures``.pgm, each a grey PGM of 512 x 512 by its header.

    Raises:
        DataError: If so.
    """
    with _opened(archive) as (file, members):
        if sorted(members) != list(range(1, pictures + 1)):
            raise DataError(f"{archive} holds {len(members):,} photographs instead of 1.pgm to {pictures}.pgm")
        for member in members.values():
            with file.open(member) as content:
                _pixels_start(content.read(HEADER_BYTES), member.filename)


def load(folder: Path, size: int = SIDE, limit: int = PICTURES) -> NDArray[np.uint8]:
    """The first photographs, in the order of their numbers.

    They are shrunk by Pillow's bicubic filter, which widens with the factor, so that nothing is aliased: what
    MATLAB's ``imresize`` does, with which steganalysis usually prepares this set. Lanczos would ring more at edges.

    Args:
        folder: Holds the archive.
        size: Height and width of the result, 8 to 512 [pixels]; 512 leaves the pixels as they are.
        limit: How many.

    Returns:
        uint8 ``(limit, size, size, 1)``.

    Raises:
        DataError: If the archive is missing, damaged, or holds too few; or an argument is out of range.
    """
    if not SMALLEST_SIDE <= size <= SIDE or not 1 <= limit <= PICTURES:
        raise DataError(f"BOSSbase has up to {PICTURES:,} photographs of {SMALLEST_SIDE} to {SIDE} pixels a side")
    with _opened(folder / ARCHIVE.name) as (file, members):
        missing = [number for number in range(1, limit + 1) if number not in members]
        if missing:
            raise DataError(f"{folder / ARCHIVE.name} does not hold {missing[0]}.pgm")
        result = np.empty((limit, size, size, 1), np.uint8)
        for number in range(1, limit + 1):
            member = members[number]
            image = Image.fromarray(_pixels(file.read(member), member.filename))
            result[number - 1, :, :, 0] = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))
    return result


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tuple[zipfile.ZipFile, dict[int, zipfile.ZipInfo]]]:
    """The archive and its photographs by number; all that its parser raises becomes a DataError."""
    if not archive.is_file():
        raise DataError(f"there is no {archive}; `semstego data fetch bossbase -o {archive.parent}` puts it there")
    try:
        _check_directory(archive)
        with zipfile.ZipFile(archive) as file:
            members: dict[int, zipfile.ZipInfo] = {}
            for member in file.infolist():
                if not (match := MEMBER.fullmatch(member.filename)):
                    continue
                usual = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                if not usual or member.file_size > MAX_MEMBER_BYTES or int(match[1]) in members:
                    raise DataError(f"{archive}: {member.filename} is too large, there twice, or packed unusually")
                members[int(match[1])] = member
            yield file, members
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{archive} cannot be read ({error})") from None


def _check_directory(archive: Path) -> None:
    """Refuse a directory that would fill the memory: zipfile reads it whole."""
    with archive.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - MAX_TAIL_BYTES))
        tail = file.read()
    start = tail.rfind(END)
    large = start < 0 or tail[max(0, start - 20) :].startswith(LOCATOR)
    if large or size > ARCHIVE.size or int.from_bytes(tail[start + 12 : start + 16], "little") > MAX_DIRECTORY_BYTES:
        raise DataError(f"{archive} is no plain zip archive of up to {ARCHIVE.size >> 30} GiB")


def _pixels_start(content: bytes, name: str) -> int:
    """Where the pixels begin, behind the header of a grey 8-bit PGM of the right size."""
    if not (header := HEADER.match(content)):
        raise DataError(f"{name} is no grey PGM of {SIDE} x {SIDE}")
    return header.end()


def _pixels(content: bytes, name: str) -> NDArray[np.uint8]:
    pixels = content[_pixels_start(content, name) :][: SIDE * SIDE]
    if len(pixels) < SIDE * SIDE:
        raise DataError(f"{name} is cut off")
    return np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)


class Bossbase(DataSet):
    """The data set BOSSbase: one split, ``all``, whose photographs are of one class."""

    name = "bossbase"

    def load(self, folder: Path, split: str) -> LabelledPictures:
        """All photographs as they are, in the order of their numbers.

        Returns:
            Pictures uint8 ``(10000, 512, 512, 1)``, which take 2.6 GB.

        Raises:
            DataError: As :func:`load`; or the split is not ``all``.
        """
        if split != SPLIT:
            raise DataError(f"BOSSbase has the split {SPLIT}, and no {split!r}")
        pictures = load(folder)
        return LabelledPictures(pictures, np.zeros(len(pictures), np.int64), CLASSES)

    def fetch(self, folder: Path, source: Path | None = None, progress: Progress = no_progress) -> None:
        """Put the archive into a folder, as :func:`fetch` does."""
        fetch(folder, source, progress)


DATASET = Bossbase()
