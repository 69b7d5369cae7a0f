# SPDX-License-Identifier: Apache-2.0
"""SRMQ1, the rich model with one quantisation step (Fridrich, Kodovsky, IEEE TIFS 2012), and the ensemble."""

from semstego.steganalysis.features.extraction import Extractor
from semstego.steganalysis.features.srmq1 import srmq1_per_channel
from semstego.steganalysis.learning.classifiers import ensemble
from semstego.steganalysis.learning.feature_detector import FeatureDetector

DETECTOR = FeatureDetector(Extractor("SRMQ1", srmq1_per_channel, kept=False), ensemble)
