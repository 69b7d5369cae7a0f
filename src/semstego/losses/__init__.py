# SPDX-License-Identifier: Apache-2.0
"""The losses of the paper, one function per equation, and their weights (eq. 17)."""
