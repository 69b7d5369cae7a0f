# SPDX-License-Identifier: Apache-2.0
"""HILL (Li et al., ICIP 2014): what a change does to pixels, without side information; a comparison."""

from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import SyndromeScheme

SCHEME = SyndromeScheme(costs.hill, side_informed=False, name="hill")
