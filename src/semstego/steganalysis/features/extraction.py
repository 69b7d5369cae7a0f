# SPDX-License-Identifier: Apache-2.0
"""Features of many maps: in parallel, and kept on disk under a hash of the maps they were taken from."""

import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from semstego.errors import OutputError, SemstegoError
from semstego.progress import Progress
from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.steganalysis.features.histogram import histogram_per_channel
from semstego.steganalysis.features.joint import joint_features
from semstego.steganalysis.features.spam import spam_per_channel
from semstego.steganalysis.features.srmq1 import srmq1_per_channel
from semstego.steganalysis.import_closure import closure_digest

JUDGING = ("semstego.steganalysis.detectors.base", "semstego.steganalysis.controls")  # modules, besides the judge's own
CHUNK = 100  # maps that are hashed, extracted and kept together


@dataclass(frozen=True)
class Extractor:
    """Rich features of maps ``(n, c, h, w)``.

    Attributes:
        name: What judges and tables call it.
        extract: To float32 ``(n, p)``.
        kept: Whether the cache takes them; some are larger than the work is long.
    """

    name: str
    extract: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    kept: bool = True

    def of(self, covers: NDArray[np.uint8]) -> "Extractor":
        """The same, whatever the covers that a judge learns from."""
        del covers
        return self


@dataclass(frozen=True)
class JointExtractor:
    """Features whose predictor is fitted to the covers that a judge learns from."""

    name: str = "joint"

    def of(self, covers: NDArray[np.uint8]) -> Extractor:
        """Fitted to covers ``(n, c, h, w)``; extraction is faster than a cache would be."""
        return Extractor(self.name, partial(joint_features, JointPredictor.fit(covers)), kept=False)


def sealwatch() -> Any:
    """The library, without the warnings of what it imports.

    Raises:
        SemstegoError: If it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import sealwatch as library
    except ImportError as error:
        raise SemstegoError("this judge needs sealwatch: pip install 'semstego[audit]'") from error
    return library


def srm_per_channel(maps: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The spatial rich model, 34,671 features of every channel, one channel after another: seconds for each.

    sealwatch goes through a set of names, whose order changes from process to process; here they are sorted.

    Raises:
        SemstegoError: If sealwatch is not installed.
    """
    extract = sealwatch().srm.extract
    rows = [
        np.concatenate([submodels[name].ravel() for submodels in map(extract, one) for name in sorted(submodels)])
        for one in maps
    ]
    return np.stack(rows).astype(np.float32)


EXTRACTORS: dict[str, Extractor | JointExtractor] = {
    one.name: one
    for one in (
        JointExtractor(),
        Extractor("histogram", histogram_per_channel),
        Extractor("SPAM", spam_per_channel),
        Extractor("SRMQ1", srmq1_per_channel, kept=False),
        Extractor("SRM", srm_per_channel),
    )
}


@cache
def judging_digest(*modules: str) -> str:
    """Of what makes features and scores: our code, and the edition of sealwatch."""
    try:
        edition = version("sealwatch")
    except PackageNotFoundError:
        edition = "none"
    return f"{closure_digest(*JUDGING, *modules)} sealwatch {edition}"


class Cache:
    """Arrays in a folder, by the hash of what they were made from; None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, what: str, inputs: NDArray[Any], compute: Callable[[], NDArray[Any]]) -> Any:
        """The array, from the folder or computed.

        Args:
            what: Names the computation and its settings.
            inputs: What it is computed from.
            compute: Computes it.

        Raises:
            OutputError: If the folder cannot be written.
        """
        if self.folder is None:
            return compute()
        digest = hashlib.sha256(f"{what} {inputs.dtype} {inputs.shape} ".encode())
        digest.update(np.ascontiguousarray(inputs).data)
        path = self.folder / f"{digest.hexdigest()}.npy"
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # not there, or half a file
            found = compute()
        try:
            _keep(found, path)
        except OSError as error:
            raise OutputError(f"{self.folder} cannot keep what was computed: {error.strerror or error}") from None
        return found


def _keep(array: NDArray[Any], path: Path) -> None:
    """Write a file whole or not at all; whoever else writes it at the same time writes the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, array, allow_pickle=False)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def features(
    extractor: Extractor, maps: NDArray[np.uint8], cache: Cache, *, workers: int, progress: Progress
) -> NDArray[np.float32]:
    """Features of maps ``(n, c, h, w)``, float32 ``(n, p)``.

    joblib's parallel backends, Dask's and Ray's among them, take the chunks elsewhere if they are registered.
    """
    starts = range(0, len(maps), CHUNK)
    work = (delayed(_chunk)(extractor, maps[start : start + CHUNK], cache) for start in starts)
    chunks = []
    for chunk in Parallel(n_jobs=workers, return_as="generator")(work):
        chunks.append(chunk)
        progress(extractor.name, len(chunks) / len(starts))
    return np.concatenate(chunks)


def _chunk(extractor: Extractor, maps: NDArray[np.uint8], kept: Cache) -> NDArray[np.float32]:
    what = f"{extractor.name} {judging_digest()}"
    found: NDArray[np.float32] = kept.get(what, maps, lambda: extractor.extract(maps))
    return found
