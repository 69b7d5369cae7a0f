# SPDX-License-Identifier: Apache-2.0
"""Detectors that are features and a classifier of them."""

from dataclasses import dataclass, field, replace
from typing import final

from semstego.progress import Progress
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.detectors.base import Detector, Scores, Setting
from semstego.steganalysis.features.extraction import Extractor, FittedExtractor, features
from semstego.steganalysis.learning.classifiers import Classifier, Sides, fisher
from semstego.steganalysis.learning.remembered import Remembered
from semstego.steganalysis.pairs import Pairs, Parts


@final
@dataclass(frozen=True)
class FeatureDetector(Detector):
    """Features, told apart by a classifier; an audit keeps its scores.

    Attributes:
        extractor: Of the features.
        classifier: Trained on the features of the training pairs.
        cache: Where features are kept.
        workers: Number of processes that extract features.
    """

    extractor: Extractor | FittedExtractor
    classifier: Classifier = fisher
    cache: Cache = field(default_factory=lambda: Cache(None))
    workers: int = 1

    @property
    def name(self) -> str:
        """That of the features."""
        return self.extractor.name

    def prepared(self, setting: Setting) -> Detector:
        """With the setting's cache and processes; scores are kept."""
        detector = replace(self, cache=setting.cache, workers=setting.workers)
        return Remembered(detector, self.name, setting.cache, (self.extractor.code, self.classifier))

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """See :class:`semstego.steganalysis.detectors.base.Detector`."""
        extractor = self.extractor.fitted(parts.train.cover)

        def extracted(pairs: Pairs) -> Sides:
            cover, stego = (
                features(extractor, maps, self.cache, workers=self.workers, progress=progress)
                for maps in (pairs.cover, pairs.stego)
            )
            return cover, stego

        train, validation = extracted(parts.train), extracted(parts.validation)
        score = self.classifier(train, validation, seed)
        scores = score(validation[0]), score(validation[1])
        del train, validation  # features of thousands of pictures may take gigabytes
        return Scores(*scores, *map(score, extracted(parts.test)))
