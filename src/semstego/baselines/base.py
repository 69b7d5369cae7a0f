# SPDX-License-Identifier: Apache-2.0
"""What every baseline offers: it hides bits in a JPEG file's luminance, so that they survive JPEG on the way.

    cover JPEG, message, Key ──embed──▶ Carried: stego JPEG, elements, coded bits, Side
    any pixels, Key, Side    ──extract──▶ Read: elements, coded bits, message

As in the code that the authors of GMAS published, the sender hands :class:`Side` to the receiver beside the picture:
how long the message is and how it lies in the trellis code's layers. A real sender would have to hide it too.
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import ceil
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semstego.baselines.jpeg import Jpeg
from semstego.codecs.base import Picture
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.registry import Registry

Elements = NDArray[np.int16]  # (n,), what the trellis code sees of a picture


@dataclass(frozen=True)
class Side:
    """What the receiver is told beside the picture.

    Attributes:
        message_bits: Length of the message.
        coded_bits: The same after error correction.
        upper: How many of those are in the second-lowest bits of the elements; 0 in a binary code.
        strength: Of an error correction that adapts to the picture, how many errors a word corrects; 0 of others.
    """

    message_bits: int
    coded_bits: int
    upper: int
    strength: int = 0


@dataclass(frozen=True, eq=False)
class Carried:
    """A message in a picture, and all that a study of errors compares with.

    Attributes:
        jpeg: The stego file.
        elements: As the sender left them.
        coded: The message after error correction, which the trellis code hides.
        side: For the receiver.
    """

    jpeg: bytes
    elements: Elements
    coded: Bits
    side: Side


@dataclass(frozen=True, eq=False)
class Read:
    """What the receiver finds; nothing here says whether it is right.

    Attributes:
        elements: Of the picture that arrived.
        coded: What the trellis code reads of them.
        message: After error correction; words with too many errors come as they are.
    """

    elements: Elements
    coded: Bits
    message: Bits


class Baseline(Protocol):
    """A published method, or what we make of its public descriptions."""

    @property
    def name(self) -> str:
        """What tables call it; it ends in "-like" where it is our reconstruction."""

    @property
    def known(self) -> str:
        """What is published of it, and where."""

    @property
    def reconstructed(self) -> str:
        """What of it is ours, because the publication cannot be read or leaves it open."""

    @abstractmethod
    def capacity_bits(self, cover_jpeg: bytes) -> int:
        """How many message bits a cover is expected to hold, before error correction.

        Raises:
            PictureError: If the cover is no JPEG file of at least one block.
        """

    @abstractmethod
    def embed(self, cover_jpeg: bytes, message: Bits, key: Key) -> Carried:
        """Hide a message.

        Raises:
            InfeasibleError: If it does not fit.
            PictureError: If the cover is no JPEG file of at least one block.
        """

    @abstractmethod
    def extract(self, picture: Picture, key: Key, side: Side) -> Read:
        """Read a message of pixels, uint8 (h, w, 1 or 3), of the size of the cover.

        Raises:
            NothingFoundError: If the picture has too few elements for so many bits.
            PictureError: If it is too small for one block.
        """


BASELINES: Registry[Baseline] = Registry(
    "baseline",
    "semstego.baselines",
    "BASELINE",
    beside=("base", "correction", "elements", "jpeg", "juniward", "method", "neighbours", "preimage", "settling"),
    members=("name", "known", "reconstructed", "capacity_bits", "embed", "extract"),
)


def payload_bits(cover_jpeg: bytes, bpnzac: float) -> int:
    """Length of a message of so many bits per luminance coefficient that is neither 0 nor a mean, rounded up."""
    return ceil(bpnzac * Jpeg(cover_jpeg).nonzero_ac)
