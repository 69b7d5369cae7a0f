# SPDX-License-Identifier: Apache-2.0
"""PASCAL VOC2007 (Everingham et al., IJCV 2010): photographs with the boxes of objects of 20 classes, at 256x256.

    published   pictures   here
    train          2,501   train
    val            2,510   validation
    trainval       5,011   trainval
    test           4,952   test

The publisher gives no sums of the archives; several independent projects pin the same SHA-256. Pictures are brought to
a square by :class:`semstego.datasets.letterbox.Letterbox`, as the paper's are 256x256. The pictures come from
Flickr under the terms of those who took them, and are not passed on.
"""

import io
import re
import tarfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.datasets.base import DataSet
from semstego.datasets.download.download import download
from semstego.datasets.download.pinned import Pinned, take
from semstego.datasets.letterbox import Letterbox
from semstego.datasets.scenes import Scenes, rows_of
from semstego.errors import DataError
from semstego.progress import Progress, no_progress

ADDRESS = "http://host.robots.ox.ac.uk/pascal/VOC/voc2007/"
TRAINVAL = Pinned(
    "VOCtrainval_06-Nov-2007.tar", 460032000, "7d8cd951101b0957ddfd7a530bdc8a94f06121cfc1e511bb5937e973020c7508"
)
TEST = Pinned("VOCtest_06-Nov-2007.tar", 451020800, "6836888e2e01dca84577a849d339fa4f73e1e4f135d312430c4856b5609b4892")
ARCHIVES = {"train": TRAINVAL, "val": TRAINVAL, "trainval": TRAINVAL, "test": TEST}
SPLITS = {"train": "train", "validation": "val", "trainval": "trainval", "test": "test"}
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
SIDE = 256
ROOT = "VOCdevkit/VOC2007"
NUMBER = re.compile(r"[0-9]{6}")
MAX_MEMBERS = 50_000
MAX_BYTES = {"txt": 1 << 20, "xml": 1 << 16, "jpg": 1 << 21}
MAX_PICTURES = 10_000  # of a split
MAX_ARCHIVE_BYTES = 600 << 20
MAX_PICTURE_SIDE = 1024  # pixels; published ones have up to 500
MAX_OBJECTS = 200  # of a picture; published ones have up to 42


class _Annotated(NamedTuple):
    """Objects of one picture."""

    classes: list[int]
    boxes: list[tuple[float, float, float, float]]
    difficult: list[bool]


def fetch(folder: Path, source: Path | None = None, progress: Progress = no_progress) -> None:
    """Put both archives into ``folder`` and check their SHA-256; they stay packed.

    Args:
        folder: Made if need be.
        source: Folder that holds the archives; else they are downloaded.
        progress: Told the share that has come.

    Raises:
        DataError: If one cannot be had, or is not the published archive; the text names the file.
    """
    if source is not None:
        take((TRAINVAL, TEST), source, folder)
        return
    for archive in (TRAINVAL, TEST):
        download(
            ADDRESS + archive.name,
            folder / archive.name,
            sha256=archive.sha256,
            size=archive.size,
            progress=progress,
        )


def load(folder: Path, published: str) -> Scenes:
    """One published split, in the order of its list.

    Args:
        folder: Holds the archives.
        published: ``train``, ``val``, ``trainval`` or ``test``.

    Returns:
        Pictures uint8 ``(n, 256, 256, 3)``, letterboxed, with their boxes.

    Raises:
        DataError: If the archive is missing, damaged, or not what it should be.
    """
    archive = folder / ARCHIVES[published].name
    with _opened(archive) as members:
        names = _listed(members, f"{ROOT}/ImageSets/Main/{published}.txt")
        pictures = np.empty((len(names), SIDE, SIDE, 3), np.uint8)
        annotated, boxes = [], []
        for row, name in enumerate(names):
            picture = _picture(members, f"{ROOT}/JPEGImages/{name}.jpg")
            objects = _annotated(members, f"{ROOT}/Annotations/{name}.xml")
            fitted = Letterbox(picture.shape[0], picture.shape[1], SIDE)
            pictures[row] = fitted.picture(picture)
            whole = np.clip(np.array(objects.boxes, np.float64).reshape(-1, 4), 0, np.tile(picture.shape[1::-1], 2))
            if (whole[:, :2] >= whole[:, 2:]).any():
                raise DataError(f"{name}.xml: a box has no part in its picture, or ends before it begins")
            boxes.append(fitted.boxes(whole).clip(0, SIDE))
            annotated.append(objects)
    rows = rows_of([one.classes for one in annotated], boxes, [one.difficult for one in annotated])
    return Scenes(pictures, rows, CLASSES)


class _Members:
    """Regular members of an archive by name."""

    def __init__(self, file: tarfile.TarFile) -> None:
        self._file, self._by_name = file, {}
        for count, member in enumerate(file):
            if count >= MAX_MEMBERS:
                raise DataError(f"it holds more than {MAX_MEMBERS:,} members")
            if member.isreg() and member.name.startswith(ROOT):
                self._by_name[member.name] = member

    def read(self, name: str) -> bytes:
        """The content of one, which may be no larger than such files are."""
        member = self._by_name.get(name)
        if member is None:
            raise DataError(f"it does not hold {name}")
        if member.size > MAX_BYTES[name.rpartition(".")[2]]:
            raise DataError(f"{name} is larger than any of its kind")
        content = self._file.extractfile(member)
        assert content is not None  # a regular member
        found = content.read()
        if len(found) != member.size:
            raise DataError(f"{name} is cut off")
        return found


@contextmanager
def _opened(archive: Path) -> Iterator[_Members]:
    """The archive's members; all that its parser raises becomes a DataError that names the archive."""
    if not archive.is_file():
        raise DataError(
            f"there is no {archive}; `semstego data fetch voc2007 -o {archive.parent}` puts it there, or bring "
            f"{archive.name} from {ADDRESS} yourself"
        )
    try:
        if archive.stat().st_size > MAX_ARCHIVE_BYTES:
            raise DataError("it is larger than VOC2007's")
        with tarfile.open(archive, "r:") as file:
            yield _Members(file)
    except DataError as error:
        raise error if str(error).startswith(str(archive)) else DataError(f"{archive}: {error}") from None
    except (OSError, EOFError, ValueError, OverflowError, RecursionError, MemoryError, tarfile.TarError) as error:
        raise DataError(f"{archive} cannot be read ({error or type(error).__name__})") from None


def _listed(members: _Members, name: str) -> list[str]:
    """Numbers of the pictures of a split."""
    numbers = members.read(name).decode("ascii", "replace").split()
    usual = 0 < len(numbers) <= MAX_PICTURES and len(set(numbers)) == len(numbers)
    if not usual or not all(NUMBER.fullmatch(one) for one in numbers):
        raise DataError(f"{name} is no list of pictures")
    return numbers


def _picture(members: _Members, name: str) -> NDArray[np.uint8]:
    content = members.read(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of bombs; sizes are checked here
            image = Image.open(io.BytesIO(content), formats=("JPEG",))
        with image:
            if max(image.size) > MAX_PICTURE_SIDE:
                raise DataError(f"{name} has more than {MAX_PICTURE_SIDE} pixels a side")
            return np.asarray(image.convert("RGB"))
    except DataError:
        raise
    except Exception as error:  # Pillow's parsers raise anything at all on damaged files
        raise DataError(f"{name} cannot be read ({' '.join(str(error).split())})") from None


def _annotated(members: _Members, name: str) -> _Annotated:
    """Objects of one picture; VOC counts the first and the last pixel of a box, from 1."""
    try:
        text = members.read(name).decode()  # VOC's are ASCII; in other encodings what follows would not be seen
        if "<!" in text:  # VOC's have none; a document type may define entities that grow without bound
            raise DataError(f"{name} has a document type or a comment")
        found = [_object(one) for one in ElementTree.fromstring(text).findall("object")]
    except (ElementTree.ParseError, LookupError, ValueError, TypeError) as error:
        raise DataError(f"{name} cannot be read ({error})") from None
    if len(found) > MAX_OBJECTS:
        raise DataError(f"{name} has more than {MAX_OBJECTS} objects")
    return _Annotated([one[0] for one in found], [one[1] for one in found], [one[2] for one in found])


def _object(one: ElementTree.Element) -> tuple[int, tuple[float, float, float, float], bool]:
    """Class, box and mark of an object; raises ValueError or TypeError for what is none."""
    left, top, right, bottom = (
        float(one.findtext(f"bndbox/{side}") or "") for side in ("xmin", "ymin", "xmax", "ymax")
    )
    box = (left - 1, top - 1, right, bottom)
    if not np.isfinite(box).all():
        raise ValueError("a box is no box")
    return CLASSES.index(one.findtext("name") or ""), box, one.findtext("difficult") == "1"


class VOC2007(DataSet):
    """The data set VOC2007.

    Args:
        name: What commands and reports call it.
        splits: The published split that each of ours is.
    """

    def __init__(self, name: str, splits: Mapping[str, str]) -> None:
        self._name, self._splits = name, splits

    @property
    def name(self) -> str:
        """What commands and reports call it."""
        return self._name

    def load(self, folder: Path, split: str) -> Scenes:
        """Read one split, as :func:`load` does."""
        if split not in self._splits:
            raise DataError(f"{self.name} has the splits {', '.join(self._splits)}, and no {split!r}")
        return load(folder, self._splits[split])

    def fetch(self, folder: Path, source: Path | None = None, progress: Progress = no_progress) -> None:
        """Put the archives into a folder, as :func:`fetch` does."""
        fetch(folder, source, progress)


DATASET = VOC2007("voc2007", SPLITS)
