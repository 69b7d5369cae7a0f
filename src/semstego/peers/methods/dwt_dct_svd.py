# SPDX-License-Identifier: Apache-2.0
"""invisible-watermark, dwtDctSvd: the largest singular value of each block's DCT."""

from semstego.peers.methods._invisible_watermark import InvisibleWatermark

PEER = InvisibleWatermark("dwt-dct-svd", "dwtDctSvd")
