# SPDX-License-Identifier: Apache-2.0
"""Steganographic schemes: one file or folder each, found by name."""
