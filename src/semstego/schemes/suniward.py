# SPDX-License-Identifier: Apache-2.0
"""S-UNIWARD (Holub, Fridrich, Denemark, EURASIP JIS 2014), without side information; a comparison."""

from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import SyndromeScheme

SCHEME = SyndromeScheme(costs.suniward, side_informed=False, name="suniward")
