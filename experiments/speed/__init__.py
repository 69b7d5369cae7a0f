# SPDX-License-Identifier: Apache-2.0
"""Time and memory: files, codes, training, and this tree beside an earlier commit."""
