# SPDX-License-Identifier: Apache-2.0
"""Histograms: first-order statistics of every channel, and the Fisher discriminant."""

from semstego.steganalysis.features.extraction import Extractor
from semstego.steganalysis.features.histogram import histogram_per_channel
from semstego.steganalysis.learning.feature_detector import FeatureDetector

DETECTOR = FeatureDetector(Extractor("histogram", histogram_per_channel))
