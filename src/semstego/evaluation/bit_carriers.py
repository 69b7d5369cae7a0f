# SPDX-License-Identifier: Apache-2.0
"""Those whose bits the paper's Tables I and IV compare: five robust JPEG methods, and our codecs and schemes.

    cover JPEG, so many bits ─▸ BitCarrier.hidden ─▸ Hidden: picture ──attack──▶ Hidden.read ─▸ Reading

The methods write a JPEG file; ours encode the cover's pixels, and what is attacked is the reconstruction that their
receiver sees: one semantic communication is behind them before any attack.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from semstego.baselines.base import BASELINES, Carried
from semstego.baselines.jpeg import Jpeg
from semstego.codecs.base import Picture
from semstego.errors import ArgumentError, InfeasibleError, NothingFoundError, PictureError
from semstego.evaluation.hiding import Hiding, hide_random
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.metrics.message import bit_error_rate
from semstego.system.stego_system import StegoSystem


@dataclass(frozen=True)
class Reading:
    """What a receiver makes of an attacked picture; shares in [0, 1].

    Attributes:
        element_errors: Elements that changed; None of schemes that have none.
        right_before: Coded bits that are right, before error correction; None where that cannot be seen.
        right_after: Message bits that are right.
        whole: Whether all of them are.
    """

    element_errors: float | None
    right_before: float | None
    right_after: float
    whole: bool


class Hidden(Protocol):
    """Bits in a picture.

    Attributes:
        picture: What is sent, uint8 ``(h, w, c)``.
        unmarked: What would be sent without a message, of the same shape.
    """

    picture: Picture
    unmarked: Picture

    @abstractmethod
    def read(self, arrived: Picture) -> Reading:
        """What of the bits is found in what arrived."""


class BitCarrier(Protocol):
    """One of those compared; it travels to other processes."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What tables say of it: ``carrier``, its name, ``ours``, and where it comes from."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """What tells its results from those of others, be they of the same name."""

    @abstractmethod
    def hidden(self, cover: Jpeg, bits: int, rng: Generator) -> Hidden:
        """Random bits in a cover.

        Raises:
            InfeasibleError: If they do not fit.
        """


@dataclass(frozen=True)
class OfBaseline(BitCarrier):
    """A robust JPEG method.

    Attributes:
        name: As the registry of baselines knows it.
    """

    name: str

    @property
    def facts(self) -> dict[str, Any]:
        """What is published of it, and what is our reconstruction."""
        method = BASELINES.get(self.name)
        facts = {"carrier": str(method.name), "ours": False}
        return facts | {"known": str(method.known), "reconstructed": str(method.reconstructed)}

    @property
    def identity(self) -> str:
        """The place of its object, and what it says of itself."""
        return f"{self.name} {self.facts}"

    def hidden(self, cover: Jpeg, bits: int, rng: Generator) -> "BaselineHidden":
        """See :class:`BitCarrier`."""
        message = rng.integers(0, 2, bits, dtype=np.uint8)
        key = Key(rng.bytes(32))
        carried = BASELINES.get(self.name).embed(cover.content, message, key)
        return BaselineHidden(self.name, carried, message, key, Jpeg(carried.jpeg).pixels, cover.pixels)


@dataclass(frozen=True, eq=False)
class BaselineHidden(Hidden):
    """A message in a JPEG file, which its receiver reads with the side information that the method grants."""

    name: str
    carried: Carried
    message: Bits
    key: Key
    picture: Picture
    unmarked: Picture

    def read(self, arrived: Picture) -> Reading:
        """See :class:`Hidden`; where the receiver finds nothing, half of the bits count as right.

        Raises:
            ArgumentError: If the method is no method.
        """
        try:
            read = BASELINES.get(self.name).extract(arrived, self.key, self.carried.side)
        except NothingFoundError:
            return Reading(1.0, 0.5, 0.5, whole=False)
        if read.message.shape != self.message.shape or read.coded.shape != self.carried.coded.shape:
            raise ArgumentError(f"{self.name} reads another number of bits than it hid")
        after = 1 - bit_error_rate(self.message, read.message)
        return Reading(
            float(np.mean(read.elements != self.carried.elements)),
            1 - bit_error_rate(self.carried.coded, read.coded),
            after,
            after == 1,
        )


@dataclass(frozen=True)
class OfSystem(BitCarrier):
    """A codec and a scheme of ours; a message of the same length is framed, and the bits of the frame count.

    Attributes:
        system: The two. A grey cover is sent by a codec for colour alone as three equal channels.
    """

    system: StegoSystem

    @property
    def facts(self) -> dict[str, Any]:
        """Scheme and codec."""
        return {"carrier": f"{self.system.scheme.name} in {self.system.codec.name}", "ours": True}

    @property
    def identity(self) -> str:
        """The scheme with its settings, and the codec with its weights."""
        return f"{self.system.scheme!r} {self.system.codec.name} {self.system.codec.fingerprint.hex()}"

    def hidden(self, cover: Jpeg, bits: int, rng: Generator) -> "SystemHidden":
        """See :class:`BitCarrier`."""
        framed = 8 * (-(-bits // 8) + self.system.scheme.framing.OVERHEAD_BYTES)
        try:
            hiding = hide_random(self.system, cover.pixels, framed, rng)
        except PictureError:
            hiding = hide_random(self.system, np.repeat(cover.pixels, 3, axis=2), framed, rng)
        if hiding.embedded is None:
            raise InfeasibleError(f"{bits} bits do not fit")
        return SystemHidden(hiding, hiding.embedded.received.picture, hiding.reconstruction)


@dataclass(frozen=True, eq=False)
class SystemHidden(Hidden):
    """A frame in a reconstruction."""

    hiding: Hiding
    picture: Picture
    unmarked: Picture

    def read(self, arrived: Picture) -> Reading:
        """See :class:`Hidden`; where the receiver finds nothing, its bits are zeros, half of which are right."""
        right = 1 - bit_error_rate(self.hiding.payload(), self.hiding.read_picture(arrived))
        return Reading(None, None, right, right == 1)
