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
from semstego.errors import ArgumentError, PictureError
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.registry import Registry

MOST_RATE = 64  # bits per coefficient; more than any method could hold
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

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ArgumentError: If they cannot be those of a message.
        """
        numbers = (self.message_bits, self.coded_bits, self.upper, self.strength)
        if not all(isinstance(one, int | np.integer) and one >= 0 for one in numbers):
            raise ArgumentError(f"lengths and strength are whole numbers from 0, not {numbers}")
        if self.message_bits > self.coded_bits or self.upper > self.coded_bits:
            raise ArgumentError(f"of {self.coded_bits} coded bits no {self.message_bits} or {self.upper} can be a part")


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
            ArgumentError: If the message is none.
            InfeasibleError: If it does not fit.
            PictureError: If the cover is no JPEG file of at least one block.
        """

    @abstractmethod
    def extract(self, picture: Picture, key: Key, side: Side) -> Read:
        """Read a message of pixels, uint8 (h, w, 1 or 3), of the size of the cover.

        Raises:
            NothingFoundError: If the picture has too few elements for so many bits, or the side information is that of
                another method.
            PictureError: If it is too small for one block.
        """


BASELINES: Registry[Baseline] = Registry(
    "baseline",
    "semstego.baselines",
    "BASELINE",
    beside=("base", "correction", "elements", "jpeg", "juniward", "method", "neighbours", "preimage", "settling"),
    members=("name", "known", "reconstructed", "capacity_bits", "embed", "extract"),
)


def check_message(message: Bits) -> None:
    """Refuse what is no array of bits, for the trellis code's kernel does not look.

    Raises:
        ArgumentError: If it is none.
    """
    kinds = (np.dtype(np.uint8), np.dtype(np.bool_))
    if not isinstance(message, np.ndarray) or message.ndim != 1 or message.dtype not in kinds or (message > 1).any():
        raise ArgumentError("a message is a NumPy array of bits, uint8 (n,) of 0 and 1")


def check_picture(picture: Picture) -> None:
    """Refuse what is no picture.

    Raises:
        PictureError: If it is none.
    """
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.ndim != 3:
        raise PictureError("a picture is a NumPy array, uint8 (h, w, c)")
    if picture.shape[2] not in (1, 3):
        raise PictureError(f"a picture has one channel (grey) or three (RGB), not {picture.shape[2]}")


def payload_bits(cover_jpeg: bytes, bpnzac: float) -> int:
    """Length of a message of so many bits per luminance coefficient that is neither 0 nor a mean, rounded up.

    Raises:
        ArgumentError: If the rate is no number from 0 to 64.
        PictureError: If the cover is no JPEG file of at least one block.
    """
    if not 0 <= bpnzac <= MOST_RATE:
        raise ArgumentError(f"a rate is from 0 to {MOST_RATE} bits per coefficient, not {bpnzac}")
    return ceil(bpnzac * Jpeg(cover_jpeg).nonzero_ac)
