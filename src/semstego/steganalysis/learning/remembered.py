# SPDX-License-Identifier: Apache-2.0
"""Scores that are kept on disk, so that an audit that is repeated or was interrupted does not train again."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from semstego.progress import Progress
from semstego.steganalysis.cache import Cache, code_digest
from semstego.steganalysis.detectors.base import Detector, Scores
from semstego.steganalysis.pairs import Parts


@dataclass(frozen=True)
class Remembered(Detector):
    """A detector whose scores are kept.

    Attributes:
        detector: Makes the scores; they must depend on nothing but its code, the settings, the pairs and the seed.
        settings: All settings of the detector in one text, versions of the libraries that it uses included.
        cache: Where the scores are kept.
        code: Functions and classes whose code makes the scores, besides the detector's own class. If the code of one
            of them is not known, nothing is kept; see :func:`semstego.steganalysis.cache.code_digest`.
    """

    detector: Detector
    settings: str
    cache: Cache
    code: tuple[Callable[..., Any], ...] = ()

    @property
    def name(self) -> str:
        """That of the detector."""
        return self.detector.name

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """The detector's scores, read from the cache if they are there; see :class:`Detector`."""
        inputs = hashlib.sha256()
        for pairs in parts:
            inputs.update(np.ascontiguousarray(pairs.cover).data)
            inputs.update(np.ascontiguousarray(pairs.stego).data)
        kinds = [(pairs.cover.shape, pairs.cover.dtype, pairs.stego.dtype) for pairs in parts]
        digest = code_digest(type(self.detector), *self.code)
        every = self.cache.get(
            digest and f"scores {digest} {self.settings} {seed} {kinds}",
            np.frombuffer(inputs.digest(), np.uint8),
            lambda: np.concatenate(self.detector.scores(parts, seed=seed, progress=progress)),
        )
        ends = np.cumsum([len(parts.validation), len(parts.validation), len(parts.test)])
        return Scores(*np.split(every, ends))
