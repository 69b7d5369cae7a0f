# SPDX-License-Identifier: Apache-2.0
"""Checks of what every part of a kind must do, to be run on parts of your own; a failed check is an AssertionError."""
