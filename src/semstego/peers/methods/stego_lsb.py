# SPDX-License-Identifier: Apache-2.0
"""stego-lsb: the lowest bit of each value, from the first pixel on, in clear; a length in front."""

import numpy as np

from semstego.errors import CapacityError, NothingFoundError
from semstego.peers.base import Peer, Picture


class StegoLsb(Peer):
    """LSB replacement of one bit a value."""

    name = "stego-lsb"
    package = "stego-lsb"
    version = "1.7.3"
    licence = "MIT"
    requirements = ("stego-lsb==1.7.3", "pillow==13.0.0", "numpy==2.4.6")

    def payload_bits(self, picture: Picture) -> int:
        """Whole bytes of lowest bits, without those of the length."""
        length_bytes = (picture.size.bit_length() + 7) // 8
        return max(0, 8 * (picture.size // 8 - length_bytes))

    def hide(self, picture: Picture, message: bytes) -> Picture:
        """See :class:`semstego.peers.base.Peer`."""
        from PIL import Image
        from stego_lsb.LSBSteg import hide_message_in_image

        if 8 * len(message) > (most := self.payload_bits(picture)):
            raise CapacityError(len(message), most // 8)
        return np.asarray(hide_message_in_image(Image.fromarray(picture), message, 1))

    def reveal(self, picture: Picture, length: int) -> bytes:
        """See :class:`semstego.peers.base.Peer`."""
        from PIL import Image
        from stego_lsb.LSBSteg import recover_message_from_image

        try:
            return bytes(recover_message_from_image(Image.fromarray(picture), 1))
        except ValueError:  # the length in front is impossible
            raise NothingFoundError from None


PEER = StegoLsb()
