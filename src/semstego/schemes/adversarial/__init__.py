# SPDX-License-Identifier: Apache-2.0
"""The adversarial scheme: syndrome-trellis codes at costs that a network learned from detectors."""

from semstego.schemes.adversarial.scheme import SCHEME

__all__ = ["SCHEME"]
