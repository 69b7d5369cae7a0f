# SPDX-License-Identifier: Apache-2.0
"""invisible-watermark, rivaGan: two networks for 32 bits, whose weights are in its wheel."""

from semstego.peers.methods._invisible_watermark import InvisibleWatermark

PEER = InvisibleWatermark("rivagan", "rivaGan", only_bits=32)
