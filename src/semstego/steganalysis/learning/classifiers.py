# SPDX-License-Identifier: Apache-2.0
"""Classifiers of features: trained on the features of pairs, each gives a function from features to scores.

fisher      ridge-regularised Fisher discriminant; validation pairs choose the ridge
ensemble    many Fisher discriminants on random subsets of the features, for features of many thousand dimensions
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.steganalysis.learning.fisher import FisherDiscriminant
from semstego.steganalysis.sealwatch import sealwatch

SUBSPACE = 400  # dimensions that a base learner of the ensemble sees
BASE_LEARNERS = 101

Sides = tuple[NDArray[Any], NDArray[Any]]  # features (n, p) of covers and of stegos
Scorer = Callable[[NDArray[Any]], NDArray[np.float64]]  # from features (n, p) to scores (n,); above 0 means stego
Classifier = Callable[[Sides, Sides, int], Scorer]  # from training features, validation features and a seed


def fisher(train: Sides, validation: Sides, seed: int = 0) -> Scorer:
    """The Fisher discriminant; all scores are 0 where all features are constant.

    Args:
        train: Features of the training pairs.
        validation: Features of the validation pairs, which choose the ridge.
        seed: Not used, since nothing is random.
    """
    del seed
    try:
        return FisherDiscriminant.fit(*train, validation_cover=validation[0], validation_stego=validation[1]).score
    except ValueError:
        return lambda features: np.zeros(len(features))


def ensemble(train: Sides, validation: Sides, seed: int) -> Scorer:
    """The ensemble of Kodovsky, Fridrich and Holub (IEEE TIFS 2012), as sealwatch builds it, of a fixed size.

    Args:
        train: Features of the training pairs.
        validation: Not used; the size is fixed.
        seed: Of the random subsets of features and pairs.

    Raises:
        SemstegoError: If sealwatch is not installed.
    """
    del validation
    build = sealwatch().ensemble_classifier.FldEnsembleTrainer
    size = min(SUBSPACE, train[0].shape[1], len(train[0]) // 2)
    trainer = build(*train, seed=seed, L=BASE_LEARNERS, d_sub=size, verbose=0)
    trained, _ = trainer.train()
    return lambda features: np.asarray(trained.predict_confidence(features), np.float64)
