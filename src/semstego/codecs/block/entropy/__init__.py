# SPDX-License-Identifier: Apache-2.0
"""Lossless coding of the symbols of block codecs."""
