# SPDX-License-Identifier: Apache-2.0
"""Losses, one pure function per equation of the paper."""
