# SPDX-License-Identifier: Apache-2.0
"""Robust steganography in JPEG files, by others: what the paper compares itself with in Tables I and IV."""
