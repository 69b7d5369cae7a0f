# SPDX-License-Identifier: Apache-2.0
"""Pairs from two folders of files with the same names: pictures in common formats, or `.sem` streams.

Pictures of several sizes are cropped to one size, in the middle, at offsets that are multiples of 8 pixels, so that
grids of 2x2 and 8x8 pixels stay where they are. That height and width are those below which at most a tenth of the
pictures lie; smaller pictures are left out. ``notes`` say what was left out or cropped. Covers that are equal or nearly
equal count as one photograph (``photographs.py``): no photograph is in two parts, and intervals draw photographs. Where
the files differ in more than their pixels (``containers.py``), the notes name it, and sizes of files are no evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semstego.codecs import registry
from semstego.codecs import stream as streams
from semstego.codecs.base import Codec, Symbols
from semstego.datasets.folder import SUFFIXES
from semstego.errors import DataError, StreamError
from semstego.inputs import naming
from semstego.io.pictures import load_picture
from semstego.progress import Progress
from semstego.steganalysis.pairs import Pairs
from semstego.steganalysis.protocol import PARTS, AuditProtocol
from semstego.steganalysis.sources.containers import STREAM, container_of, differences
from semstego.steganalysis.sources.photographs import Signature, photographs_of, signature

FILE_SIZES: Final = "file sizes"  # a view
GRID = 8  # pixels; offsets of crops are multiples
LEAST_PAIRS = 20  # and photographs
LEAST_OF_PART = 2  # photographs, since an interval needs two
LEAST_SIDE = 8  # of maps
LEFT_OUT = 0.1  # share of pairs at most that are left out as too low, and as too narrow
ONE_PHOTOGRAPH: Final = "covers that are equal or nearly equal count as one photograph"
NO_EVIDENCE: Final = (
    "Sizes of files are left out: they depend on these differences as well as on messages, so they are no evidence."
)
Files = tuple[list[Path], list[Path]]


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
        found = self._all
        rows = self._parts(found.pairs.photographs, seed)[PARTS.index(part)]
        views = {found.view: found.pairs, FILE_SIZES: found.sizes}
        return {name: pairs.take(rows) for name, pairs in views.items() if pairs is not None}

    @property
    def notes(self) -> Sequence[str]:
        """See :class:`semstego.steganalysis.sources.base.Source`."""
        return self._all.notes

    def _parts(self, photographs: NDArray[Any], seed: int) -> list[NDArray[np.intp]]:
        """Rows of the three parts, in random order: a learning curve takes the first, and names may follow a date."""
        wanted = np.array(list(self.protocol.wanted.values()))
        rng = np.random.default_rng(seed)
        try:
            parts = split_photographs(photographs, list(wanted / wanted.sum()), rng)
        except ValueError:  # a part is empty
            parts = []
        if min((len(np.unique(photographs[rows])) for rows in parts), default=0) < LEAST_OF_PART:
            raise DataError(
                f"{len(np.unique(photographs))} photographs are too few to be split {' : '.join(map(str, wanted))} "
                f"into training, validation and test: ask for fewer training pairs"
            )
        return [rng.permutation(rows) for rows in parts]

    @cached_property
    def _named(self) -> tuple[dict[str, Path], dict[str, Path]]:
        return _by_stem(self.covers), _by_stem(self.stegos)

    @cached_property
    def _files(self) -> Files:
        covers, stegos = self._named
        common = sorted(set(covers) & set(stegos))
        if len(common) < LEAST_PAIRS:
            raise DataError(
                f"{self.covers} and {self.stegos} have {len(common)} files of the same names; an audit needs "
                f"{LEAST_PAIRS} pairs at least, and some thousand to detect a faint embedding"
            )
        return [covers[name] for name in common], [stegos[name] for name in common]

    @cached_property
    def _all(self) -> "_Found":
        _ = self._streams  # refuse a mixture before anything is read
        covers, signatures = zip(*(_cover(path) for path in self._files[0]), strict=True)
        stegos = [_maps(path) for path in self._files[1]]
        _check_sizes(self._files, covers, stegos)
        kept, pairs, notes = _cut(self._files[0], covers, stegos)
        photographs = kept[photographs_of([signatures[row] for row in kept])]
        count = len(np.unique(photographs))
        if count < LEAST_PAIRS:
            raise DataError(
                f"photographs that the {len(kept)} covers of {self.covers} show: {count}, since {ONE_PHOTOGRAPH}; an "
                f"audit needs {LEAST_PAIRS} photographs at least"
            )
        said, sizes = self._sizes(kept, photographs)
        equal = int((pairs.cover == pairs.stego).all((1, 2, 3)).sum())
        if equal == len(pairs) and (sizes is None or np.array_equal(sizes.cover, sizes.stego)):
            raise DataError(
                f"covers and stegos do not differ in what is used: 8 bits, and the middle of larger pictures "
                f"({self.covers}, {self.stegos})"
            )
        if equal:
            notes.append(f"Pairs that do not differ in the 8 bits and the places that are used: {equal}.")
        if alone := len(set(self._named[0]) ^ set(self._named[1])):
            notes.append(f"Files without a counterpart, left out: {alone}.")
        notes = [f"Photographs: {count}, in {len(kept)} pairs of files; {ONE_PHOTOGRAPH}.", *notes, *said]
        pairs = Pairs(pairs.cover, pairs.stego, photographs)
        return _Found("features" if self._streams else "picture", pairs, sizes, notes)

    def _sizes(self, kept: NDArray[np.intp], photographs: NDArray[np.intp]) -> tuple[list[str], Pairs | None]:
        """Sizes of files in bytes, or None where they are no evidence of messages; and sentences that say why."""
        files = [[side[row] for row in kept] for side in self._files]
        try:
            said = differences(*([container_of(path) for path in side] for side in files))
            sizes = [np.array([[path.stat().st_size] for path in side], np.float64) for side in files]
        except OSError as error:
            raise DataError(f"{error.filename} cannot be read: {error.strerror}") from None
        if said:
            return [*said, NO_EVIDENCE], None
        return [], Pairs(sizes[0], sizes[1], photographs)

    @cached_property
    def _streams(self) -> bool:
        kinds = {path.suffix.lower() == STREAM: path for side in self._files for path in side}
        if len(kinds) > 1:
            raise DataError(
                f"{self.covers} and {self.stegos} hold pictures and {STREAM} streams, such as {kinds[False]} and "
                f"{kinds[True]}: audit one of them"
            )
        return next(iter(kinds))


class _Found(NamedTuple):
    """What two folders hold: the view of the maps and its pairs, sizes of files if they are evidence, and notes."""

    view: str
    pairs: Pairs
    sizes: Pairs | None
    notes: list[str]


def _by_stem(folder: Path) -> dict[str, Path]:
    try:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES | {STREAM}]
        odd = [path for path in paths if not path.is_file()]  # a pipe or a device would be read without end
    except OSError as error:
        raise DataError(f"{error.filename or folder} is no folder or file that can be read: {error.strerror}") from None
    if odd:
        raise DataError(f"{odd[0]} is no regular file")
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise DataError(f"{folder} holds {found[path.stem].name} and {path.name}: which of them?")
        found[path.stem] = path
    return found


def _cover(path: Path) -> tuple[NDArray[np.uint8], Signature]:
    """Maps of a cover, and what covers are compared by."""
    if path.suffix.lower() == STREAM:
        with _named_errors(path):
            codec, symbols = _symbols(path)
            return symbols.values, signature(codec.decode(symbols))
    maps = _maps(path)
    return maps, signature(maps.transpose(1, 2, 0))


def _maps(path: Path) -> NDArray[np.uint8]:
    """Symbols or pixels of a file, uint8 ``(c, h, w)``; errors name the file."""
    with _named_errors(path):
        if path.suffix.lower() == STREAM:
            return _symbols(path)[1].values
        return np.ascontiguousarray(load_picture(path, flatten=True).transpose(2, 0, 1))


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Errors of reading a file name it, once."""
    try:
        with naming(path):
            yield
    except MemoryError:
        raise DataError(f"{path}: there is not enough memory") from None


def _symbols(path: Path) -> tuple[Codec, Symbols]:
    stream = streams.read(path)
    if not registry.is_known(stream.codec):
        raise StreamError(f"made with weights {stream.codec!r}, which do not ship")
    codec = registry.load(stream.codec)
    return codec, streams.symbols_in(stream, codec)


def _check_sizes(files: Files, covers: Sequence[NDArray[Any]], stegos: Sequence[NDArray[Any]]) -> None:
    """Refuse files of which there is no pair, or which have not the channels of the first."""
    channels = len(covers[0])
    for paths, maps in zip(zip(*files, strict=True), zip(covers, stegos, strict=True), strict=True):
        for path, one in zip(paths, maps, strict=True):
            if len(one) != channels:
                raise DataError(
                    f"the files have different numbers of channels: {files[0][0]} {channels}, {path} {len(one)}"
                )
        if maps[0].shape != maps[1].shape:
            sizes = [f"{one.shape[2]}x{one.shape[1]}" for one in maps]
            raise DataError(f"{paths[1]} and its cover differ in size: {sizes[1]}, and {sizes[0]} in {paths[0]}")


def _cut(
    files: list[Path], covers: Sequence[NDArray[np.uint8]], stegos: Sequence[NDArray[np.uint8]]
) -> tuple[NDArray[np.intp], Pairs, list[str]]:
    """Pairs of one size from maps ``(c, h, w)`` of several sizes; their rows, and notes of what was left out."""
    sizes = np.array([maps.shape[1:] for maps in covers])
    height, width = np.quantile(sizes, LEFT_OUT, axis=0, method="lower")
    if min(height, width) < LEAST_SIDE:
        small = min(zip(sizes.min(1), files, strict=True), key=lambda one: one[0])[1]
        raise DataError(f"maps of {width}x{height} values are too small for an audit; {small} is the smallest")
    kept = np.flatnonzero((sizes >= (height, width)).all(1))
    cover, stego = (np.stack([_middle(side[int(row)], height, width) for row in kept]) for side in (covers, stegos))
    notes = []
    if len(kept) < len(sizes):
        notes.append(f"Pairs smaller than {width}x{height}, left out: {len(sizes) - len(kept)}.")
    if (used := height * width / sizes[kept].prod(1).mean()) < 1:
        notes.append(f"Used of each pair: the middle {width}x{height}, {used:.0%} of all their values.")
    return kept, Pairs(cover, stego, kept), notes


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
