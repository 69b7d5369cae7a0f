# SPDX-License-Identifier: Apache-2.0
"""VOC2007 as the paper divides it: it trains on 4,952 pictures, which is the published test set, and tests on val."""

from semstego.datasets.published.voc2007 import VOC2007

DATASET = VOC2007("voc2007-paper", {"train": "test", "validation": "val", "test": "val"})
