# SPDX-License-Identifier: Apache-2.0
"""Schemes: every pair is made here, from crops of photographs, under a fresh key and message.

    crops ─ scheme, payload, seed  ─▸ features    symbols, stage I
                                      picture     reconstructions, stage II
                                      re-encoded  what a warden who has the codec makes of the picture     open codecs:
                                      inverted    symbols whose reconstruction is nearest to the picture   of a closed
                                      residual    symbols less those of their own reconstruction           one the same
                                      numbers     bytes of the stream, symbols and pixels at the ends
                                      informed    what a warden counts who holds the original picture

A crop that one case cannot carry is left out of all of them, so that cases are compared on the same pictures.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isinf
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from semstego.codecs import registry, stream
from semstego.codecs.base import Codec, Picture, Symbols
from semstego.datasets.built import crops
from semstego.errors import DataError
from semstego.evaluation.hiding import Hiding, hide_random
from semstego.message.frame import OVERHEAD_BYTES
from semstego.progress import Progress
from semstego.schemes import base
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.features.informed import informed
from semstego.steganalysis.import_closure import closure_digest
from semstego.steganalysis.pairs import Pairs
from semstego.steganalysis.protocol import AuditProtocol
from semstego.system.stego_system import StegoSystem

CHUNK = 50  # crops that are embedded and kept together
SPARE = 1.15  # times as many crops as wanted are tried, for some carry too little
LEAST_PAIRS = 10
VIEWS = ("features", "picture", "numbers", "informed", "re-encoded", "inverted", "residual")
FULL = "full"  # a payload: as many bits as each crop holds
MOST_BPP = 24  # more than any holds
OF_OPEN_CODECS = ("re-encoded", "inverted", "residual")
Kept = dict[str, NDArray[Any]]
Crops = tuple[NDArray[np.uint8], NDArray[np.integer]]


def crops_of(folder: Path, protocol: AuditProtocol) -> dict[str, Crops]:
    """By part, as many crops of ``semstego data build-crops`` as are tried, and their photographs.

    Raises:
        DataError: If the crops are not there.
    """
    found = {}
    for part, wanted in protocol.wanted.items():
        data = crops.load(folder, part).first(int(SPARE * wanted))
        found[part] = data.pictures.copy(), data.groups  # without the crops that are not tried
    return found


@dataclass(frozen=True)
class SchemeSource:
    """Schemes at payloads on crops of photographs.

    Attributes:
        crops: By part, pictures ``(n, h, w, 3)`` and the photograph of each; :func:`crops_of` reads them.
        schemes: Names, or ``package:Object``.
        payloads: Coded bits a pixel; infinity is as many as each crop holds.
        protocol: How many crops of each part.
        cache: Where embeddings are kept.
        codec: Of all schemes that are at home in a closed codec; if it rounds at random, those that do not keep its law
            take its plain twin.
        model: Of the learned scheme, and of others that are at home in an open codec.
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
        payloads = [FULL if isinf(payload) else f"{payload:g}" for payload in self.payloads]
        return [f"{scheme} {payload}" for payload in payloads for scheme in self.schemes]

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
        name, payload = case.rsplit(" ", 1)
        system = self._system(name)
        full, pixels = payload == FULL, pictures.shape[1] * pictures.shape[2]
        bits = MOST_BPP * pixels if full else int(float(payload) * pixels) // 8 * 8
        digest = hashlib.sha256(f"{case} {part} {start}".encode()).digest()
        rng = np.random.default_rng([seed, *digest[:8]])
        made: Kept = {}

        def views() -> Kept:
            if not made:
                made.update(_views([hide_random(system, one, bits, rng, at_most=full) for one in pictures], self.views))
            return made

        home, _, _ = base.SCHEMES.place(name).partition(":")
        code = closure_digest(__name__, home, type(system.scheme).__module__, type(system.codec).__module__)
        what = f"embedding {code} {case} {seed} {part} {start} {system.codec.fingerprint.hex()}"
        names = _names(system.codec, self.views)
        return {view: self.cache.get(f"{what} {view}", pictures, lambda view=view: views()[view]) for view in names}  # type: ignore[misc]

    def _system(self, name: str) -> StegoSystem:
        """The scheme of this name, in its codec, without error correction: all schemes hide as many bits."""
        scheme = base.SCHEMES.get(name).uncorrected
        if not registry.load(scheme.default_codec).closed:
            return StegoSystem(registry.load(self.model), scheme)
        return StegoSystem(registry.load(registry.twin_for(self.codec, keeps_law=scheme.keeps_law)), scheme)


def _names(codec: Codec, views: tuple[str, ...]) -> list[str]:
    kept = [view for view in views if not codec.closed or view not in OF_OPEN_CODECS]
    return ["carried", *(f"{side} {view}" for view in kept for side in ("cover", "stego"))]


def _views(hidings: Sequence[Hiding], wanted: tuple[str, ...]) -> Kept:
    """What a warden sees of crops; more than is wanted where it costs nothing."""
    kept: Kept = {"carried": np.array([hiding.embedded is not None for hiding in hidings])}
    for side in ("cover", "stego"):
        seen = [_sent(hiding, side) for hiding in hidings]
        views = [_of_one(hiding, *one, wanted) for hiding, one in zip(hidings, seen, strict=True)]
        kept |= {f"{side} {name}": np.stack([view[name] for view in views]) for name in views[0]}
    return kept


def _sent(hiding: Hiding, side: str) -> tuple[Symbols, Picture]:
    """Symbols and reconstruction of cover or stego; where nothing could be hidden, both are the cover's."""
    if side == "cover" or hiding.embedded is None:
        return hiding.plain, hiding.reconstruction
    return hiding.embedded.symbols, hiding.embedded.received.picture


def _of_one(hiding: Hiding, symbols: Symbols, seen: Picture, wanted: tuple[str, ...]) -> Kept:
    """The views of one picture."""
    codec = hiding.system.codec
    found: Kept = {"features": symbols.values, "picture": np.ascontiguousarray(seen.transpose(2, 0, 1))}
    if "numbers" in wanted:
        ends = [np.count_nonzero(values == end) for values in (symbols.values, seen) for end in (0, 255)]
        found["numbers"] = np.array([len(stream.write(symbols, codec)), *ends], np.float64)
    if "informed" in wanted:
        bits = 0 if hiding.sealed is None else hiding.sealed.payload_bits
        found["informed"] = informed(codec, hiding.cover.encoding, symbols, bits)
    if not codec.closed:
        again = codec.encode(seen).symbols.values
        found["re-encoded"] = again
        found["residual"] = np.clip(128 + symbols.values.astype(np.int16) - again, 0, 255).astype(np.uint8)
        if "inverted" in wanted:
            found["inverted"] = codec.recover(seen).values
    return found
