# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST (Xiao, Rasul, Vollgraf 2017; MIT licence): 70,000 grey pictures of clothes, ten classes.

Debian distributes it, so that it can be fetched wherever a Debian mirror can be reached.
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semstego.datasets.base import DataSet
from semstego.datasets.download import debian
from semstego.datasets.download.pinned import Pinned, take
from semstego.datasets.enlarge import enlarge
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import DataError
from semstego.progress import Progress, no_progress

SPLITS = {"train": "train", "test": "t10k"}  # 60,000 and 10,000 pictures; the second word is in the files' names
CLASSES = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
FILES = (
    Pinned("train-images-idx3-ubyte.gz", 26421856, "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"),
    Pinned("train-labels-idx1-ubyte.gz", 29491, "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"),
    Pinned("t10k-images-idx3-ubyte.gz", 4422079, "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"),
    Pinned("t10k-labels-idx1-ubyte.gz", 5125, "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"),
)
PACKAGE = "dataset-fashion-mnist"
INSTALLED = "usr/share/datasets/fashion-mnist"  # where the package puts them
MAX_PICTURES = 60_000
SIDE = 28
LARGE_SIDE = 64
DARKEST, BRIGHTEST = 32, 223


def fetch(folder: Path, source: Path | None = None, progress: Progress = no_progress) -> None:
    """Put the four files into ``folder`` and check their SHA-256; files already there and right are kept.

    Args:
        folder: Made if need be.
        source: Folder that holds the files, or Debian's package; else where the package installs them; else it is
            fetched.
        progress: Told what is being done.

    Raises:
        DataError: If they cannot be had, or are not the published files.
    """
    if not any(pinned.fault(folder / pinned.name) for pinned in FILES):
        return
    progress(f"Debian package {PACKAGE}", 0)
    with debian.content(PACKAGE, INSTALLED, source) as content:
        take(FILES, content, folder)


def load(folder: Path, split: str) -> LabelledPictures:
    """One split, as grey pictures of 64 x 64.

    28 x 28 is too small for the codec's blocks, so the pictures are enlarged (bicubic). The range 0..255 is then
    mapped linearly to 32..223: most of a picture is background at exactly 0, where every change of a symbol would
    clip, and the closed codec would have no headroom to hide anything.

    Args:
        folder: Holds the idx files as published, gzipped.
        split: ``train`` or ``test``.

    Returns:
        Pictures uint8 ``(n, 64, 64, 1)``.

    Raises:
        DataError: If a file is missing, damaged, or not what it should be.
    """
    if split not in SPLITS:
        raise DataError(f"Fashion-MNIST has the splits {', '.join(SPLITS)}, and no {split!r}")
    pictures = _read(folder / f"{SPLITS[split]}-images-idx3-ubyte.gz", (SIDE, SIDE))
    labels = _read(folder / f"{SPLITS[split]}-labels-idx1-ubyte.gz", ())
    if len(pictures) != len(labels):
        raise DataError(f"{folder}: {len(pictures)} pictures, but {len(labels)} labels")
    large = enlarge(pictures[:, :, :, None], LARGE_SIDE)
    return LabelledPictures(_levels()[large], labels.astype(np.int64), CLASSES)


def _levels() -> NDArray[np.uint8]:
    """Grey value to grey value, in integers, rounded to the nearest."""
    span = BRIGHTEST - DARKEST
    return (DARKEST + (2 * span * np.arange(256) + 255) // 510).astype(np.uint8)


def _read(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """An idx file of bytes: ``(n, *shape)``; the header is checked before the content is decompressed."""
    dimensions = 1 + len(shape)
    try:
        with gzip.open(path) as file:
            magic, *found = struct.unpack(f">{1 + dimensions}I", file.read(4 + 4 * dimensions))
            if magic != 0x0800 + dimensions or tuple(found[1:]) != shape:
                raise DataError(f"{path} is no idx file of bytes of this shape")
            if not 0 < found[0] <= MAX_PICTURES:
                raise DataError(f"{path} claims {found[0]:,} entries; at most {MAX_PICTURES:,}")
            size = int(np.prod(found))
            content = file.read(size + 1)  # one byte more than announced shows the fault; no more is unpacked
    except FileNotFoundError:
        raise DataError(
            f"there is no {path}; `semstego data fetch fashion-mnist -o {path.parent}` puts it there"
        ) from None
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if len(content) != size:
        raise DataError(f"{path} does not hold what its header says")
    return np.frombuffer(content, np.uint8).reshape(found)


class FashionMnist(DataSet):
    """The data set Fashion-MNIST, in the splits train and test."""

    name = "fashion-mnist"
    has_validation = False

    def load(self, folder: Path, split: str) -> LabelledPictures:
        """Read one split, as :func:`load` does."""
        return load(folder, split)

    def fetch(self, folder: Path, source: Path | None = None, progress: Progress = no_progress) -> None:
        """Put the files into a folder, as :func:`fetch` does."""
        fetch(folder, source, progress)


DATASET = FashionMnist()
