# SPDX-License-Identifier: Apache-2.0
"""SPAM-686 of every channel (Pevny, Bas, Fridrich, IEEE TIFS 2010), and the Fisher discriminant."""

from semstego.steganalysis.features.extraction import Extractor
from semstego.steganalysis.features.spam import spam_per_channel
from semstego.steganalysis.learning.feature_detector import FeatureDetector

DETECTOR = FeatureDetector(Extractor("SPAM", spam_per_channel))
