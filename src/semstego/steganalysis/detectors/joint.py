# SPDX-License-Identifier: Apache-2.0
"""Co-occurrences of the residuals of a prediction from all maps, and the Fisher discriminant."""

from functools import partial
from typing import Any

from numpy.typing import NDArray

from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.steganalysis.features.extraction import Extract, FittedExtractor
from semstego.steganalysis.features.joint import joint_features
from semstego.steganalysis.learning.feature_detector import FeatureDetector


def fit(covers: NDArray[Any]) -> Extract:
    """The features, with the predictor of training covers ``(n, c, h, w)``."""
    return partial(joint_features, JointPredictor.fit(covers))


DETECTOR = FeatureDetector(FittedExtractor("joint", fit))
