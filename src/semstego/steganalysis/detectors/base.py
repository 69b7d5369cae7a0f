# SPDX-License-Identifier: Apache-2.0
"""Who judges: features with a linear classifier or an ensemble, and networks. All answer pairs with scores."""

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from semstego.progress import Progress
from semstego.steganalysis.detectors.linear import LinearJudge
from semstego.steganalysis.features.extraction import (
    Cache,
    Extractor,
    JointExtractor,
    features,
    judging_digest,
    sealwatch,
)
from semstego.steganalysis.pairs import Pairs

Array = NDArray[Any]


class Scores(NamedTuple):
    """What a judge says of validation and test pairs: above 0 it takes a picture for stego."""

    validation_cover: NDArray[np.float64]
    validation_stego: NDArray[np.float64]
    cover: NDArray[np.float64]
    stego: NDArray[np.float64]


class Parts(NamedTuple):
    """Pairs of disjoint photographs."""

    train: Pairs
    validation: Pairs
    test: Pairs


def no_opinion(parts: Parts) -> Scores:
    """Of every picture the same."""
    return Scores(*(np.zeros(len(one)) for one in parts[1:] for _ in range(2)))


class Judge(Protocol):
    """Learns from training pairs and scores the others."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """Learn, choose by validation, and score.

        Raises:
            ValueError: If the training pairs do not differ.
        """


@dataclass(frozen=True)
class FeatureJudge:
    """Features, judged by a ridge-regularised linear classifier, or by the ensemble of Fisher discriminants.

    Attributes:
        extractor: Of the features.
        cache: Where they are kept.
        workers: Processes that extract.
        ensemble: Kodovsky's ensemble, for features of more dimensions than a linear classifier can take.
    """

    extractor: Extractor | JointExtractor
    cache: Cache
    workers: int = 1
    ensemble: bool = False

    @property
    def name(self) -> str:
        """That of the features."""
        return self.extractor.name

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """See :class:`Judge`."""
        extractor = self.extractor.of(parts.train.cover)
        cache = self.cache if extractor.kept else Cache(None)

        def extracted(pairs: Pairs) -> tuple[Array, Array]:
            cover, stego = (
                features(extractor, maps, cache, workers=self.workers, progress=progress)
                for maps in (pairs.cover, pairs.stego)
            )
            return cover, stego

        train, validation = extracted(parts.train), extracted(parts.validation)
        scored = ensemble(train, seed) if self.ensemble else linear(train, validation)
        answers = scored(validation[0]), scored(validation[1])
        del train, validation
        return Scores(*answers, *map(scored, extracted(parts.test)))


@dataclass(frozen=True)
class RememberedJudge:
    """A judge whose scores are kept: an audit that was cut off, or comes again, reads them back.

    Attributes:
        judge: Who scores, by nothing but our code, settings, pairs and seed.
        settings: Names all that is set about the judge, other people's code included.
        cache: Where the scores are kept.
    """

    judge: Judge
    settings: str
    cache: Cache

    @property
    def name(self) -> str:
        """That of the judge."""
        return self.judge.name

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """See :class:`Judge`."""
        seen = hashlib.sha256()
        for pairs in parts:
            seen.update(np.ascontiguousarray(pairs.cover).data)
            seen.update(np.ascontiguousarray(pairs.stego).data)
        shapes = [pairs.cover.shape for pairs in parts]
        what = f"scores {judging_digest(type(self.judge).__module__)} {self.settings} {seed} {shapes}"
        digest = np.frombuffer(seen.digest(), np.uint8)
        every = self.cache.get(
            what, digest, lambda: np.concatenate(self.judge.scores(parts, seed=seed, progress=progress))
        )
        ends = np.cumsum([len(parts.validation), len(parts.validation), len(parts.test)])
        return Scores(*np.split(every, ends))


@dataclass(frozen=True)
class NumbersJudge:
    """A linear classifier on a few numbers for each picture, which are their own features."""

    name: str = "numbers"

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """See :class:`Judge`."""
        train, validation, test = ((one.cover, one.stego) for one in parts)
        scored = linear(train, validation)
        return Scores(*map(scored, (*validation, *test)))


def linear(train: tuple[Array, Array], validation: tuple[Array, Array]) -> Any:
    """A function from features to scores; all scores are 0 where no feature moves, as files of equal size do not."""
    try:
        return LinearJudge.fit(*train, validation_cover=validation[0], validation_stego=validation[1]).score
    except ValueError:
        return lambda maps: np.zeros(len(maps))


SUBSPACE = 400  # dimensions that a base learner sees
BASE_LEARNERS = 101


def ensemble(train: tuple[Array, Array], seed: int) -> Any:
    """The ensemble of Kodovsky, Fridrich, Holub (IEEE TIFS 2012), as sealwatch builds it, of a fixed size.

    Raises:
        SemstegoError: If sealwatch is not installed.
    """
    build = sealwatch().ensemble_classifier.FldEnsembleTrainer
    size = min(SUBSPACE, train[0].shape[1], len(train[0]) // 2)
    trainer = build(*train, seed=seed, L=BASE_LEARNERS, d_sub=size, verbose=0)
    trained, _ = trainer.train()
    return lambda maps: np.asarray(trained.predict_confidence(maps), np.float64)
