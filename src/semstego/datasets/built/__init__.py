# SPDX-License-Identifier: Apache-2.0
"""Data sets that are built on this machine from photographs, one module or package each."""
