# SPDX-License-Identifier: Apache-2.0
"""What a channel offers: what happens to the symbols, or to the picture, between sender and receiver.

sender ─▸ symbols ──Channel.symbols──▶ Ds ─▸ picture ──Channel.picture──▶ the reader of stage II
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from numpy.random import Generator

from semstego.codecs.base import Picture, Symbols


class Channel(Protocol):
    """What happens on the way; a class that derives from this one may leave out what it does nothing to.

    A channel draws from the generator that it is given and from nothing else.
    """

    def symbols(self, symbols: Symbols, rng: Generator) -> Symbols:
        """What arrives of symbols, for a picture of the same size."""
        return symbols

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """What arrives of a picture, uint8 ``(h, w, c)``, as uint8 ``(h', w', c)``.

        Raises:
            PictureError: If the picture is not for this channel.
        """
        return picture


@dataclass(frozen=True)
class Chain(Channel):
    """Several channels, one after the other; none at all changes nothing."""

    links: Sequence[Channel]

    def symbols(self, symbols: Symbols, rng: Generator) -> Symbols:
        """Through each of them."""
        for link in self.links:
            symbols = link.symbols(symbols, rng)
        return symbols

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """Through each of them."""
        for link in self.links:
            picture = link.picture(picture, rng)
        return picture
