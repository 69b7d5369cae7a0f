# SPDX-License-Identifier: Apache-2.0
"""Pairs from two folders of files with the same names: pictures in common formats, or `.sem` streams.

Pictures of several sizes are cropped to one size, in the middle, at offsets that are multiples of 8 pixels, so that
grids of 2x2 and 8x8 pixels stay where they are. That height and width are those below which at most a tenth of the
pictures lie; smaller pictures are left out. ``notes`` say what was left out or cropped. Every file counts as a
photograph of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semstego.codecs import registry
from semstego.codecs import stream as streams
from semstego.datasets.folder import SUFFIXES
from semstego.errors import DataError, PictureError, StreamError
from semstego.io.pictures import load_picture
from semstego.progress import Progress
from semstego.steganalysis.pairs import Pairs
from semstego.steganalysis.protocol import PARTS, AuditProtocol

STREAM = ".sem"
GRID = 8  # pixels; offsets of crops are multiples
LEAST_PAIRS = 20
LEAST_OF_PART = 2  # pairs, since an interval needs two photographs
LEAST_SIDE = 8  # of maps
LEFT_OUT = 0.1  # share of pairs at most that are left out as too low, and as too narrow


@dataclass(frozen=True)
class FolderSource:
    """Pairs from two folders, assigned to the parts at random by each seed.

    Attributes:
        covers: Folder of covers.
        stegos: Folder of stegos; their names are those of the covers, except for what follows the last dot.
        protocol: How many pairs each part has; where there are fewer files, the parts keep their proportions.
    """

    covers: Path
    stegos: Path
    protocol: AuditProtocol

    @property
    def cases(self) -> Sequence[str]:
        """One case: the name of the folder of stegos."""
        return (self.stegos.resolve().name,)

    def pairs(self, case: str, part: str, seed: int, progress: Progress) -> Mapping[str, Pairs]:
        """See :class:`semstego.steganalysis.sources.base.Source`.

        Raises:
            DataError: If the files do not belong together, or there are too few.
            PictureError: If a picture cannot be read.
            StreamError: If a stream cannot be read.
        """
        view, every, _ = self._all
        rows = self._parts(every.photographs, seed)[PARTS.index(part)]
        numbers = [self._bytes[side][every.photographs[rows]] for side in (0, 1)]
        return {
            view: every.take(rows),
            "file sizes": Pairs(numbers[0], numbers[1], every.photographs[rows]),
        }

    @property
    def notes(self) -> Sequence[str]:
        """See :class:`semstego.steganalysis.sources.base.Source`."""
        return self._all[2]

    def _parts(self, photographs: NDArray[Any], seed: int) -> list[NDArray[np.intp]]:
        """Rows of the three parts, in random order: a learning curve takes the first, and names may follow a date."""
        wanted = np.array(list(self.protocol.wanted.values()))
        rng = np.random.default_rng(seed)
        try:
            parts = split_photographs(photographs, list(wanted / wanted.sum()), rng)
        except ValueError:  # a part is empty
            parts = []
        if min(map(len, parts), default=0) < LEAST_OF_PART:
            raise DataError(
                f"{len(photographs)} pairs are too few to be split {' : '.join(map(str, wanted))} into training, "
                f"validation and test: ask for fewer training pairs"
            )
        return [rng.permutation(rows) for rows in parts]

    @cached_property
    def _named(self) -> tuple[dict[str, Path], dict[str, Path]]:
        return _by_stem(self.covers), _by_stem(self.stegos)

    @cached_property
    def _files(self) -> tuple[list[Path], list[Path]]:
        covers, stegos = self._named
        common = sorted(set(covers) & set(stegos))
        if len(common) < LEAST_PAIRS:
            raise DataError(
                f"{self.covers} and {self.stegos} have {len(common)} files of the same names; an audit needs "
                f"{LEAST_PAIRS} pairs at least, and some thousand to detect a faint embedding"
            )
        return [covers[name] for name in common], [stegos[name] for name in common]

    @cached_property
    def _all(self) -> tuple[str, Pairs, list[str]]:
        _ = self._streams  # refuse a mixture before anything is read
        sides = [[_maps(path) for path in files] for files in self._files]
        if len({maps.shape[0] for side in sides for maps in side}) > 1:
            raise DataError("the files have different numbers of channels")
        for path, cover, stego in zip(self._files[1], *sides, strict=True):
            if cover.shape != stego.shape:
                raise DataError(f"{path} and its cover differ in size")
        pairs, notes = _cut(sides)
        equal = int((pairs.cover == pairs.stego).all((1, 2, 3)).sum())
        if equal == len(pairs) and np.array_equal(self._bytes[0], self._bytes[1]):
            raise DataError(
                "covers and stegos do not differ in what is used: 8 bits, and the middle of larger pictures"
            )
        if equal:
            notes.append(f"Pairs that do not differ in the 8 bits and the places that are used: {equal}.")
        if alone := len(set(self._named[0]) ^ set(self._named[1])):
            notes.append(f"Files without a counterpart, left out: {alone}.")
        return "features" if self._streams else "picture", pairs, notes

    @cached_property
    def _streams(self) -> bool:
        kinds = {path.suffix.lower() == STREAM for side in self._files for path in side}
        if len(kinds) > 1:
            raise DataError(f"{self.covers} and {self.stegos} hold pictures and {STREAM} streams: audit one of them")
        return kinds.pop()

    @cached_property
    def _bytes(self) -> list[NDArray[np.float64]]:
        return [np.array([[path.stat().st_size] for path in files], np.float64) for files in self._files]


def _by_stem(folder: Path) -> dict[str, Path]:
    try:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES | {STREAM}]
        odd = [path for path in paths if not path.is_file()]  # a pipe or a device would be read without end
    except OSError as error:
        raise DataError(f"{folder} is no folder that can be read: {error.strerror}") from None
    if odd:
        raise DataError(f"{odd[0]} is no regular file")
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise DataError(f"{folder} holds {found[path.stem].name} and {path.name}: which of them?")
        found[path.stem] = path
    return found


def _maps(path: Path) -> NDArray[np.uint8]:
    """Symbols or pixels of a file, uint8 ``(c, h, w)``; errors name the file."""
    try:
        if path.suffix.lower() == STREAM:
            return _symbols(path)
        return np.ascontiguousarray(load_picture(path, flatten=True).transpose(2, 0, 1))
    except (PictureError, StreamError) as error:
        raise type(error)(f"{path.name}: {error}") from None


def _symbols(path: Path) -> NDArray[np.uint8]:
    stream = streams.read(path)
    if stream.codec not in registry.names():  # what a stream names is not opened as a file
        raise StreamError(f"made with weights {stream.codec!r}, which do not ship")
    return streams.symbols_in(stream, registry.load(stream.codec)).values


def _cut(sides: list[list[NDArray[np.uint8]]]) -> tuple[Pairs, list[str]]:
    """Pairs of one size from covers and stegos ``(c, h, w)`` of several sizes; and notes of what was left out."""
    sizes = np.array([maps.shape[1:] for maps in sides[0]])
    height, width = np.quantile(sizes, LEFT_OUT, axis=0, method="lower")
    if min(height, width) < LEAST_SIDE:
        raise DataError(f"maps of {width}x{height} values are too small for an audit")
    kept = np.flatnonzero((sizes >= (height, width)).all(1))
    cover, stego = (np.stack([_middle(side[row], height, width) for row in kept]) for side in sides)
    notes = []
    if len(kept) < len(sizes):
        notes.append(f"Pairs smaller than {width}x{height}, left out: {len(sizes) - len(kept)}.")
    if (used := height * width / sizes[kept].prod(1).mean()) < 1:
        notes.append(f"Used of each pair: the middle {width}x{height}, {used:.0%} of all their values.")
    return Pairs(cover, stego, kept), notes


def _middle(maps: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    top, left = ((have - want) // 2 // GRID * GRID for have, want in zip(maps.shape[1:], (height, width), strict=True))
    return maps[:, top : top + height, left : left + width]


def split_photographs(
    photographs: ArrayLike, shares: Sequence[float], rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Split rows into parts so that no photograph is in two of them.

    Args:
        photographs: The photograph of every row, ``(n,)``.
        shares: Share of the photographs in every part; their sum is 1.
        rng: Of the random choice.

    Returns:
        The rows of each part, in rising order.

    Raises:
        ValueError: If the shares do not sum to 1, or a part would have no photograph.
    """
    labels, label_of_row = np.unique(np.asarray(photographs), return_inverse=True)
    if abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares sum to {sum(shares)}, not 1")
    ends = np.round(np.cumsum(shares) * labels.size).astype(int)[:-1]
    parts = np.split(rng.permutation(labels.size), ends)
    if min(part.size for part in parts) == 0:
        raise ValueError(f"{labels.size} photographs are too few for shares {tuple(shares)}")
    return [np.flatnonzero(np.isin(label_of_row, part)) for part in parts]
