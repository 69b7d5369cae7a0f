# SPDX-License-Identifier: Apache-2.0
"""The learned scheme: the paper's networks E, D1 and D2; torch is imported when one of them is needed."""

from semstego.schemes.learned.scheme import SCHEME

__all__ = ["SCHEME"]
