# SPDX-License-Identifier: Apache-2.0
"""What the methods of invisible-watermark share; it opens torch for all of them, though one alone needs it."""

from dataclasses import dataclass

import numpy as np

from semstego.errors import CapacityError
from semstego.peers.base import Peer, Picture

BLOCK = 8  # px, a 4x4 block of the half-size approximation
LEAST_PIXELS = 256 * 256


@dataclass
class InvisibleWatermark(Peer):
    """One method of the package, with its default strength.

    Attributes:
        name: What tables call it.
        method: What the package calls it.
        only_bits: The one length that it takes; None takes one bit a block.
    """

    name: str
    method: str
    only_bits: int | None = None

    package = "invisible-watermark"
    version = "0.2.0"
    licence = "MIT"
    requirements = (
        "torch==2.13.0", "numpy==2.4.6", "pillow==13.0.0", "PyWavelets==1.9.0", "onnxruntime==1.32.0",
        "opencv-python-headless==5.0.0.93",
    )  # fmt: skip
    bare = ("invisible-watermark==0.2.0",)
    told_length = True

    def payload_bits(self, picture: Picture) -> int:
        """Whole bytes; nothing in pictures that it refuses."""
        height, width = picture.shape[:2]
        if height * width < LEAST_PIXELS:
            return 0
        return self.only_bits or (height // BLOCK) * (width // BLOCK) // 8 * 8

    def hide(self, picture: Picture, message: bytes) -> Picture:
        """See :class:`semstego.peers.base.Peer`."""
        from imwatermark import WatermarkEncoder

        bits, most = 8 * len(message), self.payload_bits(picture)
        if bits > most or (self.only_bits and bits != self.only_bits):
            raise CapacityError(len(message), most // 8)
        encoder = WatermarkEncoder()
        encoder.set_watermark("bytes", message)
        if self.only_bits:
            encoder.loadModel()
        return np.asarray(encoder.encode(np.ascontiguousarray(picture[:, :, ::-1]), self.method))[:, :, ::-1]

    def reveal(self, picture: Picture, length: int) -> bytes:
        """See :class:`semstego.peers.base.Peer`."""
        from imwatermark import WatermarkDecoder

        decoder = WatermarkDecoder("bytes", 8 * length)
        if self.only_bits:
            decoder.loadModel()
        return bytes(decoder.decode(np.ascontiguousarray(picture[:, :, ::-1]), self.method))
