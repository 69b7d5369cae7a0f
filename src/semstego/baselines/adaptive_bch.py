# SPDX-License-Identifier: Apache-2.0
"""Adaptive BCH: the message goes into what the channel makes of the cover, and a network finds what to send for it.

    cover ──JPEG 50──▶ coefficients ──STC──▶ stego coefficients ──network, mending──▶ a picture that becomes them

The network needs torch, which is imported when a message is hidden; reading needs none.
"""

from typing import Final

import numpy as np

from semstego.baselines import juniward
from semstego.baselines.base import Carried, Elements, check_message
from semstego.baselines.correction import Bch
from semstego.baselines.elements import ALL_AC, Lattice
from semstego.baselines.jpeg import Blocks, Jpeg, inverse, luminance_blocks, spectrum, transform
from semstego.baselines.method import Method, Moves
from semstego.baselines.settling import sent
from semstego.codecs.base import Picture
from semstego.errors import InfeasibleError, SemstegoError
from semstego.message.bits import Bits
from semstego.message.cipher import Key

STRENGTHS: Final = (5, 10, 15, 21, 31)
"""Wrong bits of 255 that the codes mend; a picture gets the first that brings the message through the channel."""

RESERVE: Final = 1.5
"""A stronger code is longer, and has more errors in a word: so many times those of the weaker one."""

PASSES: Final = 5
"""Through the channel, until the cover's elements are read off."""


class AdaptiveBch(Method):
    """Elements are all coefficients but the means, as the channel quantises them."""

    def rule(self) -> Lattice:
        """The channel's lattice."""
        return Lattice.of_channel(ALL_AC)

    @property
    def strengths(self) -> tuple[int, ...]:
        """How many errors of a word are mended."""
        return STRENGTHS

    def correction(self, strength: int) -> Bch:
        """BCH; of the least strength, where none is given."""
        return Bch(strength or STRENGTHS[0])

    def visible(self, cover: Jpeg) -> Blocks:
        """The coefficients of what leaves the channel."""
        return spectrum(_sent_again(cover.pixels))

    def moves(self, cover: Jpeg, coefficients: Blocks, elements: Elements) -> Moves:
        """By a step of the channel, at J-UNIWARD's cost in the picture that left it."""
        rule = self.rule()
        steps = rule.steps(coefficients)
        rho = rule.carriers(juniward.cost(luminance_blocks(_sent_again(cover.pixels)))) * steps
        return Moves(steps, -steps, rho, rho)

    def aim(self, cover: Jpeg, coefficients: Blocks) -> Blocks:
        """What the network takes for the picture before the channel; the means are the cover's."""
        try:
            from semstego.baselines.preimage import estimate
        except ImportError:
            raise SemstegoError("Adaptive BCH needs torch: pip install 'semstego[baselines]'") from None
        left = np.clip(np.rint(inverse(coefficients)), -128, 127)
        before = transform(estimate(left))
        before[:, :, 0, 0] = spectrum(cover.pixels)[:, :, 0, 0]
        return before

    def embed(self, cover_jpeg: bytes, message: Bits, key: Key) -> Carried:
        """Hide a message behind the weakest code that brings it through the channel, else the strongest."""
        check_message(message)
        prepared = self.prepared(Jpeg(cover_jpeg))
        carried = self.embedded(prepared, message, key, STRENGTHS[0])
        worst = self._most_errors(carried, key)
        for strength in STRENGTHS[1:]:
            if worst <= carried.side.strength:
                break
            if strength < min(RESERVE * worst, STRENGTHS[-1]):
                continue
            try:
                carried = self.embedded(prepared, message, key, strength)
            except InfeasibleError:  # the weaker code at least fits
                break
            worst = self._most_errors(carried, key)
        return carried

    def _most_errors(self, carried: Carried, key: Key) -> int:
        """In a word, before the channel or behind it."""
        pixels = Jpeg(carried.jpeg).pixels
        read = [self.coded(picture, key, carried.side)[1] for picture in (pixels, sent(pixels))]
        return max(self.correction(carried.side.strength).most_errors(one, carried.coded) for one in read)


def _sent_again(picture: Picture) -> Picture:
    """A picture behind so many channels that another one hardly changes it, not even where pixels clip."""
    for _ in range(PASSES):
        picture = sent(picture)
    return picture


BASELINE = AdaptiveBch(
    name="Adaptive BCH",
    known="Lu et al. 2021, by its abstract: the message is hidden in the cover as the channel compresses it; an "
    "autoencoder, trained on pictures before and behind the channel, and an adjustment of coefficients find a picture "
    "to send; the strength of a BCH code follows the picture",
    reconstructed="the paper could not be read, so all details are ours: a residual network of six layers, BCH words "
    "of 255 bits with 5 to 31 errors, interleaved, their strength handed to the receiver, all coefficients but the "
    "means, a two-layer syndrome-trellis code of height 10, a cover that went five times through the channel",
    binary=False,
)
