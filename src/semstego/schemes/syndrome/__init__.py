# SPDX-License-Identifier: Apache-2.0
"""The syndrome scheme: exact files by syndrome-trellis codes, at the least cost."""

from semstego.schemes.syndrome.scheme import SCHEME

__all__ = ["SCHEME"]
