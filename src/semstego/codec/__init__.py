# SPDX-License-Identifier: Apache-2.0
"""Semantic codecs (Es, Ds of the paper) and the `.sem` stream. Torch is for the learned codec alone."""
