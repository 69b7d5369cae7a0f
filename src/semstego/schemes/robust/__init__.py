# SPDX-License-Identifier: Apache-2.0
"""The robust scheme: a short message in the picture before the codec, which survives codecs and channels."""

from semstego.schemes.robust.scheme import SCHEME

__all__ = ["SCHEME"]
