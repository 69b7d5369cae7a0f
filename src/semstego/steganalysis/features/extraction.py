# SPDX-License-Identifier: Apache-2.0
"""Features of many maps: extracted in parallel, and kept on disk under a hash of the maps and of the code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from semstego.progress import Progress
from semstego.steganalysis.cache import Cache, code_digest

CHUNK = 100  # maps that are hashed, extracted and kept together
Extract = Callable[[NDArray[Any]], NDArray[Any]]  # from maps (n, c, h, w) to features (n, p)


@dataclass(frozen=True)
class Extractor:
    """A function from maps to features, the same for all covers.

    Attributes:
        name: What tables call the features.
        extract: From maps, uint8 ``(n, c, h, w)``, to features, float32 ``(n, p)``.
        kept: Whether features are kept on disk; False where reading them would take as long as extracting them. What
            :func:`semstego.steganalysis.cache.code_digest` finds no code of is not kept either.
    """

    name: str
    extract: Extract
    kept: bool = True

    @property
    def code(self) -> Callable[..., Any]:
        """The function whose code makes the features."""
        return self.extract

    def fitted(self, covers: NDArray[Any]) -> "Extractor":
        """This extractor, whatever the covers."""
        del covers
        return self


@dataclass(frozen=True)
class FittedExtractor:
    """A function from maps to features that is fitted to the covers of the training pairs first.

    Attributes:
        name: What tables call the features.
        fit: From training covers, uint8 ``(n, c, h, w)``, to the function that extracts.
    """

    name: str
    fit: Callable[[NDArray[Any]], Extract]

    @property
    def code(self) -> Callable[..., Any]:
        """The function whose code makes the features."""
        return self.fit

    def fitted(self, covers: NDArray[Any]) -> Extractor:
        """The extractor for these training covers; its features are not kept."""
        return Extractor(self.name, self.fit(covers), kept=False)


def features(
    extractor: Extractor, maps: NDArray[Any], cache: Cache, *, workers: int, progress: Progress
) -> NDArray[Any]:
    """Features of many maps.

    joblib runs the processes, so that a parallel backend registered with it, such as those of Dask and Ray, distributes
    the work to other machines.

    Args:
        extractor: Extracts them.
        maps: ``(n, c, h, w)``.
        cache: Where features are kept.
        workers: Number of processes.
        progress: Called after each chunk with the extractor's name and the share of the maps that is done.

    Returns:
        ``(n, p)``, in the order of the maps.

    Raises:
        OutputError: If the cache cannot be written.
    """
    digest = code_digest(extractor.extract) if extractor.kept else None
    what = digest and f"features {extractor.name} {digest}"
    starts = range(0, len(maps), CHUNK)
    work = (delayed(_chunk)(extractor.extract, maps[start : start + CHUNK], cache, what) for start in starts)
    chunks = []
    for chunk in Parallel(n_jobs=workers, return_as="generator")(work):
        chunks.append(chunk)
        progress(extractor.name, len(chunks) / len(starts))
    return np.concatenate(chunks)


def _chunk(extract: Extract, maps: NDArray[Any], cache: Cache, what: str | None) -> NDArray[Any]:
    found: NDArray[Any] = cache.get(what, maps, lambda: extract(maps))
    return found
