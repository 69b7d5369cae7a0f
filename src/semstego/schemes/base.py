# SPDX-License-Identifier: Apache-2.0
"""What a steganographic scheme offers: it hides a frame's bits in a cover's symbols, and reads them at both stages.

    Cover, Frame, Key ──embed──▶ Embedding: stego symbols
                         stego symbols ──reveal_features──▶ Reader: the first so many bits     (D1, stage I)
        Received, the reconstruction   ──reveal_picture───▶ Reader                             (D2, stage II)

A frame's bits look like fair coin flips. Its header comes first, 96 bits that tell how many follow; the receiver
therefore asks a reader for the header, and then for all. What the bits mean, and whether they are right, is no
business of a scheme: :mod:`semstego.message.frame` opens them.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Codec, Encoding, Picture, Symbols
from semstego.errors import InfeasibleError, NothingFoundError
from semstego.message import frame
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import Frame, Framing, Reader
from semstego.progress import Progress
from semstego.registry import Registry


@dataclass(frozen=True, eq=False)
class Cover:
    """A picture at the sender, and what its codec makes of it."""

    picture: Picture
    codec: Codec

    @cached_property
    def encoding(self) -> Encoding:
        """Its symbols, and what only the sender knows.

        Raises:
            ArgumentError: If the codec's law is none.
            PictureError: If the picture is not for this codec.
        """
        encoding = self.codec.encode(self.picture)
        if encoding.law is not None:
            encoding.law.check(encoding.symbols)
        return encoding

    @cached_property
    def reconstruction(self) -> Picture:
        """What the receiver would see of it without a message; of a codec with dither, without that either."""
        return self.codec.decode(self.encoding.symbols)

    def shown(self, symbols: Symbols) -> Picture:
        """What the receiver sees of symbols of this picture; ``reconstruction``, if they are those of its encoding."""
        return self.reconstruction if symbols is self.encoding.symbols else self.codec.decode(symbols)


@dataclass(frozen=True, eq=False)
class Received:
    """A picture at the receiver, and what its codec makes of it."""

    picture: Picture
    codec: Codec

    @cached_property
    def symbols(self) -> Symbols:
        """Those that it was made of, exactly if the codec is closed and made it.

        Raises:
            PictureError: If the picture is not for this codec.
        """
        return self.codec.recover(self.picture)

    @property
    def symbols_found(self) -> Symbols | None:
        """The same, if somebody has looked for them; a scheme that reads the picture itself does not."""
        return self.__dict__.get("symbols")

    @property
    def is_reconstruction(self) -> bool:
        """Whether a closed codec gives it back wherever symbols carry: then this codec made it."""
        height, width = self.picture.shape[:2]
        if (block := self.symbols.block) is not None:
            height, width = height // block * block, width // block * block
        again = self.codec.decode(self.symbols)
        return bool((again[:height, :width] == self.picture[:height, :width]).all())


@dataclass(frozen=True)
class Marking:
    """How a picture was marked before it was encoded.

    Attributes:
        psnr_db: Of the marked picture against the cover.
        margins: Information that survives each of the channels that were simulated, over the bits of the frame; None
            where none were.
    """

    psnr_db: float
    margins: tuple[float, ...] | None = None


class Embedding:
    """Stego symbols; a scheme that can code some of them again derives its own.

    Attributes:
        symbols: As they stand.
        kl_bound_nats: Upper bound on the Kullback-Leibler divergence of what is hidden from what is sent; None where
            there is none.
        marking: Of a scheme that marks pictures; None of others.
    """

    kl_bound_nats: float | None = None
    marking: Marking | None = None

    def __init__(self, symbols: Symbols, kl_bound_nats: float | None = None, marking: Marking | None = None) -> None:
        self._symbols = symbols
        self.kl_bound_nats = kl_bound_nats
        self.marking = marking

    @property
    def symbols(self) -> Symbols:
        """The stego symbols as they stand."""
        return self._symbols

    def avoid(self, misread: NDArray[np.bool_]) -> None:
        """Embed again and leave alone what stage II misreads, bool ``(rows, columns)``, true for any of the maps.

        Raises:
            InfeasibleError: If this scheme cannot, or too little room is left.
        """
        raise InfeasibleError


class Scheme(Protocol):
    """E, D1 and D2 of the paper's Fig. 1, whatever is behind them.

    Whatever has these methods is a scheme; a class that derives from this one may leave out those that have a body.
    """

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def default_codec(self) -> str:
        """The codec that it hides in where none is named."""
        return "cr085" if self.keeps_law else "cr085-plain"

    @property
    def keeps_law(self) -> bool:
        """Whether the stego of a codec that rounds at random follows that codec's law; else such codecs are refused.

        Of a scheme that keeps the law, ``capacity_bits`` is exact and a function of the picture alone, since a refusal,
        or another try, would tell of a message.
        """
        return False

    @property
    def marks_picture(self) -> bool:
        """Whether the message is in the picture itself, before the codec: symbols are then those of another picture.

        Such a scheme's ``reveal_picture`` reads pictures whatever codec made them and whatever happened to them since.
        """
        return False

    @property
    def framing(self) -> Framing:
        """How messages become the bits that it hides."""
        return frame

    @property
    def uncorrected(self) -> "Scheme":
        """The same scheme without error correction of its own, as tables of bits compare it; mostly, itself."""
        return self

    @abstractmethod
    def capacity_bits(self, cover: Cover) -> int:
        """How many bits of a frame the cover is expected to hold; 0 if the codec is none for this scheme.

        Where the scheme keeps no law, this is only where trying starts: ``semstego.capacity`` and refusals state what
        :mod:`semstego.system.longest` finds.
        """

    @abstractmethod
    def embed(self, cover: Cover, frame: Frame, key: Key, draws: Draws, progress: Progress) -> Embedding:
        """Hide a frame in a cover's symbols.

        Args:
            cover: With its codec.
            frame: Whose :meth:`~semstego.message.frame.Frame.payload` is hidden.
            key: Of sender and receiver.
            draws: Where random numbers come from.
            progress: Told what is done, and the share of it.

        Raises:
            InfeasibleError: If the frame does not fit.
            ArgumentError: If the codec is none for this scheme.
        """

    @abstractmethod
    def reveal_features(self, symbols: Symbols, codec: Codec, key: Key) -> Reader:
        """Stage I: a reader of the bits in symbols.

        Raises:
            NothingFoundError: If there can be none.
        """

    def reveal_picture(self, received: Received, key: Key) -> Reader:
        """Stage II: a reader of the bits in a reconstruction; without a body of its own, from the symbols found in it.

        Raises:
            NothingFoundError: If there can be none.
        """
        return self.reveal_features(received.symbols, received.codec, key)

    def search_picture(self, picture: Picture, key: Key, progress: Progress) -> Reader:
        """A reader of the bits in a picture that was cut, resized, turned or toned since; most schemes find none.

        Args:
            picture: uint8 ``(h, w, c)``.
            key: Of sender and receiver.
            progress: Told what is done, and the share of it.

        Raises:
            NothingFoundError: If there can be none.
        """
        raise NothingFoundError


def reader_of(found: Bits) -> Reader:
    """A reader of bits that have all been read already."""

    def read(count: int) -> Bits:
        if count > len(found):
            raise NothingFoundError
        return found[:count]

    return read


MEMBERS = (
    "name",
    "default_codec",
    "keeps_law",
    "marks_picture",
    "framing",
    "uncorrected",
    "capacity_bits",
    "embed",
    "reveal_features",
    "reveal_picture",
    "search_picture",
)
SCHEMES = Registry[Scheme]("scheme", "semstego.schemes", "SCHEME", members=MEMBERS)
DEFAULT = "certified"
