# SPDX-License-Identifier: Apache-2.0
"""SRM, the spatial rich model (Fridrich, Kodovsky, IEEE TIFS 2012), and the ensemble; slow."""

from semstego.steganalysis.features.extraction import Extractor
from semstego.steganalysis.features.srm import srm_per_channel
from semstego.steganalysis.learning.classifiers import ensemble
from semstego.steganalysis.learning.feature_detector import FeatureDetector

DETECTOR = FeatureDetector(Extractor("SRM", srm_per_channel), ensemble)
