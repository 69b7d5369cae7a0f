# SPDX-License-Identifier: Apache-2.0
"""invisible-watermark, dwtDct, its default: the largest DCT coefficient of each block, and two subbands swapped."""

from semstego.peers.methods._invisible_watermark import InvisibleWatermark

PEER = InvisibleWatermark("dwt-dct", "dwtDct")
