# SPDX-License-Identifier: Apache-2.0
"""Our own schemes: every pair is made here, from crops of photographs, under a fresh key and message.

    crops ─ carrier, payload, seed ─▸ features    symbols, stage I
                                      picture     reconstructions, stage II
                                      re-encoded  what a warden who has the codec makes of the picture     open codecs:
                                      inverted    symbols whose reconstruction is nearest to the picture   of a closed
                                      residual    symbols less those of their own reconstruction           one the same
                                      numbers     bytes of the stream, symbols and pixels at the ends

A crop that one case cannot carry is left out of all of them, so that cases are compared on the same pictures.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from semstego.codecs.base import Symbols
from semstego.codecs.block import operating_point
from semstego.datasets.built import crops
from semstego.errors import DataError
from semstego.evaluation.carriers import Learned, inverted, is_affine
from semstego.evaluation.closed_carriers import Closed, ClosedLsbMatching
from semstego.evaluation.table2 import Carrier
from semstego.message.frame import OVERHEAD_BYTES
from semstego.progress import Progress
from semstego.schemes.learned import point as learned_point
from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import SyndromeScheme
from semstego.steganalysis.features.extraction import Cache
from semstego.steganalysis.import_closure import closure_digest
from semstego.steganalysis.pairs import Pairs
from semstego.steganalysis.protocol import AuditProtocol

CHUNK = 50  # crops that are embedded and kept together
SPARE = 1.15  # times as many crops as wanted are tried, for some carry too little
LEAST_PAIRS = 10
SCHEMES = ("lsb", "hill", "suniward", "side-informed", "syndrome", "learned")
VIEWS = ("features", "picture", "numbers", "re-encoded", "inverted", "residual")
OF_OPEN_CODECS = ("re-encoded", "inverted", "residual")
Kept = dict[str, NDArray[Any]]
Crops = tuple[NDArray[np.uint8], NDArray[np.int16]]


def crops_of(folder: Path, protocol: AuditProtocol) -> dict[str, Crops]:
    """By part, as many crops of ``semstego data build-crops`` as are tried, and their photographs.

    Raises:
        DataError: If the crops are not there.
    """
    found = {}
    for part, wanted in protocol.wanted.items():
        count = int(SPARE * wanted)
        arrays = crops.read(folder, part)
        found[part] = arrays["pictures"][:count].copy(), arrays["photographs"][:count]
    return found


@dataclass(frozen=True)
class SchemeSource:
    """Schemes at payloads on crops of photographs.

    Attributes:
        crops: By part, pictures ``(n, h, w, 3)`` and the photograph of each; :func:`crops_of` reads them.
        schemes: Some of ``SCHEMES``.
        payloads: Coded bits a pixel.
        protocol: How many crops of each part.
        cache: Where embeddings are kept.
        codec: Operating point of all but the learned scheme.
        model: Of the learned scheme.
        workers: Processes that embed.
        views: Some of ``VIEWS``; numbers take as long to find as all the rest, since streams must be packed, and
            so does the inversion.
    """

    crops: Mapping[str, Crops]
    schemes: tuple[str, ...]
    payloads: tuple[float, ...]
    protocol: AuditProtocol
    cache: Cache
    codec: str = "cr085"
    model: str = "learned-photo"
    workers: int = 1
    views: tuple[str, ...] = VIEWS
    _carried: dict[tuple[str, str, int], NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    @property
    def cases(self) -> Sequence[str]:
        """Scheme and payload."""
        return [f"{scheme} {payload:g}" for payload in self.payloads for scheme in self.schemes]

    @property
    def notes(self) -> Sequence[str]:
        """None: pictures, keys and messages are our own."""
        return ()

    def pairs(self, case: str, part: str, seed: int, progress: Progress) -> Mapping[str, Pairs]:
        """See :class:`semstego.steganalysis.protocol.Source`.

        Raises:
            DataError: If too few crops carry every payload.
        """
        for one in self.cases:
            if (one, part, seed) not in self._carried:
                self._carried[one, part, seed] = self._embedded(one, part, seed, progress)["carried"]
        wanted = self.protocol.wanted[part]
        rows = np.flatnonzero(np.all([self._carried[one, part, seed] for one in self.cases], axis=0))[:wanted]
        photographs = self.crops[part][1][rows]
        if len(rows) < LEAST_PAIRS or len(np.unique(photographs)) < 2:
            raise DataError(
                f"{len(rows)} crops of the set {part!r} carry every payload in every scheme; an audit needs "
                f"{LEAST_PAIRS}, of two photographs, in each set: other payloads, or other crops (a frame takes "
                f"{OVERHEAD_BYTES} bytes)"
            )
        kept = self._embedded(case, part, seed, progress)
        return {
            name.removeprefix("cover "): Pairs(
                kept[name][rows], kept[name.replace("cover ", "stego ")][rows], photographs
            )
            for name in kept
            if name.startswith("cover ")
        }

    def _embedded(self, case: str, part: str, seed: int, progress: Progress) -> Kept:
        """All views of the crops of a part, some more of them than wanted."""
        pictures = self.crops[part][0]
        starts = range(0, len(pictures), CHUNK)
        work = (delayed(self._chunk)(case, part, seed, start, pictures[start : start + CHUNK]) for start in starts)
        chunks = []
        for chunk in Parallel(n_jobs=self.workers, return_as="generator")(work):
            chunks.append(chunk)
            progress(f"hiding: {case}", len(chunks) / len(starts))
        return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}

    def _chunk(self, case: str, part: str, seed: int, start: int, pictures: NDArray[np.uint8]) -> Kept:
        """Views of some crops, from the cache if they are there."""
        scheme, payload = case.split()
        name = self.model if scheme == "learned" else self.codec
        point: Any = (learned_point if scheme == "learned" else operating_point).load(name)
        bits = int(float(payload) * pictures.shape[1] * pictures.shape[2]) // 8 * 8
        digest = hashlib.sha256(f"{case} {part} {start}".encode()).digest()
        rng = np.random.default_rng([seed, *digest[:8]])
        made: Kept = {}

        def views() -> Kept:
            if not made:
                made.update(_views(_carrier(scheme, point, self.codec), point, pictures, bits, rng, self.views))
            return made

        what = f"embedding {closure_digest(__name__)} {case} {seed} {part} {start} {point.fingerprint.hex()}"
        names = _names(point, self.views)
        return {view: self.cache.get(f"{what} {view}", pictures, lambda view=view: views()[view]) for view in names}  # type: ignore[misc]


def _carrier(scheme: str, point: Any, codec: str) -> Carrier:
    carriers: dict[str, Any] = {
        "lsb": lambda: ClosedLsbMatching(codec),
        "hill": lambda: Closed(codec, SyndromeScheme(costs.hill, side_informed=False)),
        "suniward": lambda: Closed(codec, SyndromeScheme(costs.suniward, side_informed=False)),
        "side-informed": lambda: Closed(codec, SyndromeScheme(costs.hill)),
        "syndrome": lambda: Closed(codec),
        "learned": lambda: Learned(point.model),
    }
    found: Carrier = carriers[scheme]()
    return found


def _names(point: Any, views: tuple[str, ...]) -> list[str]:
    kept = [view for view in views if not point.codec.closed or view not in OF_OPEN_CODECS]
    if "inverted" in kept and not is_affine(point.model.codec):
        kept.remove("inverted")
    return ["carried", *(f"{side} {view}" for view in kept for side in ("cover", "stego"))]


def _views(
    carrier: Carrier,
    point: Any,
    pictures: NDArray[np.uint8],
    bits: int,
    rng: np.random.Generator,
    wanted: tuple[str, ...],
) -> Kept:
    """What a warden sees of crops; more than is wanted where it costs nothing."""
    hidden = carrier.hide(pictures, bits, rng)
    kept: Kept = {"carried": hidden.carried}
    height, width = pictures.shape[1:3]
    sides = (("cover", hidden.cover_symbols, hidden.covers), ("stego", hidden.stego_symbols, hidden.stegos))
    for side, symbols, seen in sides:
        kept[f"{side} features"] = symbols
        kept[f"{side} picture"] = np.ascontiguousarray(seen.transpose(0, 3, 1, 2))
        if "numbers" in wanted:
            wrapped = (Symbols(one, height, width, pictures.shape[3]) for one in symbols)
            numbers = [_numbers(point, one, picture) for one, picture in zip(wrapped, seen, strict=True)]
            kept[f"{side} numbers"] = np.array(numbers)
        if not point.codec.closed:
            again = np.stack([point.codec.encode(picture).values for picture in seen])
            kept[f"{side} re-encoded"] = again
            kept[f"{side} residual"] = np.clip(128 + symbols.astype(np.int16) - again, 0, 255).astype(np.uint8)
            if "inverted" in wanted and is_affine(point.model.codec):
                kept[f"{side} inverted"] = inverted(seen, point.model.codec)
    return kept


def _numbers(point: Any, symbols: Symbols, seen: NDArray[np.uint8]) -> list[float]:
    """Bytes of the stream, and how many symbols and pixel values lie at either end of their range."""
    ends = [np.count_nonzero(values == end) for values in (symbols.values, seen) for end in (0, 255)]
    return [float(len(point.pack(symbols))), *map(float, ends)]
