# SPDX-License-Identifier: Apache-2.0
"""Semantic communication as a channel: a picture becomes a codec's symbols, and they become a picture."""

from dataclasses import dataclass, field

from numpy.random import Generator

from semstego.channel.base import Chain, Channel
from semstego.codecs.base import Codec, Picture


@dataclass(frozen=True)
class Semantic(Channel):
    """What a receiver sees of a picture that is sent by a codec, without dither.

    Attributes:
        codec: Es and Ds.
        link: What happens to the symbols between them.
    """

    codec: Codec
    link: Channel = field(default_factory=lambda: Chain(()))

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """Encoded, sent and decoded."""
        return self.codec.decode(self.link.symbols(self.codec.encode(picture).symbols, rng))
