# SPDX-License-Identifier: Apache-2.0
"""The certified scheme: hiding is a sample from the codec's own law of rounding, by polar codes."""

from semstego.schemes.certified.scheme import SCHEME

__all__ = ["SCHEME"]
