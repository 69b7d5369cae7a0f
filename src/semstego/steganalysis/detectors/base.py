# SPDX-License-Identifier: Apache-2.0
"""What every detector offers: it learns from pairs of cover and stego, and gives every other picture a score.

parts ─▸ Detector.prepared(setting) ─▸ Detector.scores(parts) ─▸ scores of validation and test pairs
"""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from semstego.progress import Progress
from semstego.registry import Registry
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.pairs import Parts
from semstego.steganalysis.protocol import AuditProtocol


class Scores(NamedTuple):
    """Scores of pictures, one finite number each; the higher, the more likely a picture is stego.

    Attributes:
        validation_cover: Of the covers of the validation pairs, ``(n,)``; they choose the threshold.
        validation_stego: Of their stegos, ``(n,)``.
        cover: Of the covers of the test pairs, ``(m,)``.
        stego: Of their stegos, ``(m,)``.
    """

    validation_cover: NDArray[np.float64]
    validation_stego: NDArray[np.float64]
    cover: NDArray[np.float64]
    stego: NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """How an audit is run.

    Attributes:
        protocol: How many pairs and runs there are.
        cache: Where features and scores are kept.
        workers: Number of processes.
    """

    protocol: AuditProtocol
    cache: Cache = field(default_factory=lambda: Cache(None))
    workers: int = 1


@runtime_checkable
class Detector(Protocol):
    """Learns to tell stego from cover; derive from it, and define ``name`` and ``scores``."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What tables call it."""

    @abstractmethod
    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """Learn from the training pairs, and score the others.

        Args:
            parts: The pairs; the test pairs may be scored, but must not change what is learned.
            seed: Of all random choices; the same parts and seed must give the same scores.
            progress: Called with what is done and the share of it that is done.

        Returns:
            Scores of the validation and test pairs, in their order. A score above 0 means stego.

        Raises:
            ValueError: If the training pairs do not differ; an audit does not ask for scores of such pairs.
        """

    def prepared(self, setting: Setting) -> "Detector":
        """The detector that an audit with this setting uses: this one, unless a class says otherwise."""
        del setting
        return self


MEMBERS = ("name", "scores", "prepared")
DETECTORS = Registry[Detector]("detector", "semstego.steganalysis.detectors", "DETECTOR", members=MEMBERS)
