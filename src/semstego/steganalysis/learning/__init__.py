# SPDX-License-Identifier: Apache-2.0
"""What detectors are made of: linear classifiers, the ensemble, the training of networks, and scores that are kept."""
