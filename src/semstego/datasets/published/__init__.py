# SPDX-License-Identifier: Apache-2.0
"""Data sets that others publish, one module each: how they are fetched, checked and read."""
