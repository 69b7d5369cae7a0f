# SPDX-License-Identifier: Apache-2.0
"""HILL, modulated by the sender's rounding errors as in SI-UNIWARD: the default until the audit; a comparison."""

from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import SyndromeScheme

SCHEME = SyndromeScheme(costs.hill, name="side-informed")
