# SPDX-License-Identifier: Apache-2.0
"""Schemes: how a frame is hidden in symbols and read at both stages."""
