# SPDX-License-Identifier: Apache-2.0
"""blind-watermark: singular values of the DCT of wavelet blocks, each bit many times over in all three planes."""

import numpy as np

from semstego.errors import CapacityError
from semstego.peers.base import Peer, Picture

BLOCK = 8  # px, a 4x4 block of the half-size approximation


class BlindWatermark(Peer):
    """Its bits mode, with its default strength and passwords."""

    name = "blind-watermark"
    package = "blind-watermark"
    version = "0.4.4"
    licence = "MIT"
    requirements = (
        "blind-watermark==0.4.4",
        "numpy==2.4.6",
        "opencv-python==5.0.0.93",
        "PyWavelets==1.9.0",
    )
    told_length = True

    def payload_bits(self, picture: Picture) -> int:
        """One bit a block, one block left over; whole bytes."""
        height, width = ((side + 1) // 2 * 2 // BLOCK for side in picture.shape[:2])
        return int(max(0, height * width - 1) // 8 * 8)

    def hide(self, picture: Picture, message: bytes) -> Picture:
        """See :class:`semstego.peers.base.Peer`."""
        from blind_watermark import WaterMark

        if 8 * len(message) > (most := self.payload_bits(picture)):
            raise CapacityError(len(message), most // 8)
        watermark = WaterMark()
        watermark.read_img(img=picture[:, :, ::-1])
        watermark.read_wm(np.unpackbits(np.frombuffer(message, np.uint8)) == 1, mode="bit")
        stego: Picture = np.rint(watermark.embed())[:, :, ::-1].astype(np.uint8)
        return stego

    def reveal(self, picture: Picture, length: int) -> bytes:
        """See :class:`semstego.peers.base.Peer`."""
        from blind_watermark import WaterMark

        bits = WaterMark().extract(embed_img=picture[:, :, ::-1], wm_shape=8 * length, mode="bit")
        return np.packbits(np.asarray(bits) > 0.5).tobytes()


PEER = BlindWatermark()
