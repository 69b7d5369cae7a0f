# SPDX-License-Identifier: Apache-2.0
"""The least strength that survives: the sender sends its own picture through the channels, and reads it.

    PSNR ──mark, encode, channel, read──▶ margin of each channel ──▶ the next PSNR to try, by the errors that were seen

The margin is the information that the receiver's soft decisions hold about the code word, over the bits of the frame.
Below 1.2 the code fails, from 1.4 on it never did; channels that draw differ each time, which is what lies between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.random import Generator, default_rng

from semstego.channel.base import Channel
from semstego.codecs.base import Codec, Encoding, Picture, Symbols
from semstego.errors import ArgumentError, EmbeddingError
from semstego.message.bits import NONE, Bits
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.progress import Progress
from semstego.schemes.certified.sampling import drawn
from semstego.schemes.robust import lattice
from semstego.schemes.robust.band import luma_of
from semstego.schemes.robust.despiking import despiked
from semstego.schemes.robust.marking import Marker
from semstego.schemes.robust.reading import LEAST_Z, Reading

MARGIN: Final = 1.4
LEAST_DB: Final = 36.0
"""What is marked more strongly than this can be seen."""

_MOST_DB, _STEP_DB = 60.0, 0.5
_NEAR = 1.6  # a margin from which half a decibel is not worth another trial
_FIRST_DB = 48.0
_TRIES = 6


@dataclass(frozen=True, eq=False)
class Trial:
    """A picture marked at a PSNR, and how each channel's receiver reads it.

    Attributes:
        psnr_db: Of the picture.
        picture: As marked.
        encoding: Its.
        sent: How the picture itself is read.
        arrived: How it is read behind each channel; None where no pilots of its format are found.
        word: The bits of all places of the code word.
    """

    psnr_db: float
    picture: Picture
    encoding: Encoding
    sent: Reading
    arrived: Sequence[Reading | None]
    word: Bits

    @cached_property
    def margins(self) -> list[float]:
        """Of each channel, 0 where no pilots are found."""
        return [_margin(reading, self.word) if reading else 0.0 for reading in self.arrived]

    def foreseen(self, psnr_db: float) -> float:
        """The least margin at another PSNR, if errors stay what they are: of the channel that is the worst now."""
        came = self.arrived[int(np.argmin(self.margins))]
        if came is None:
            return 0.0
        sent = self.sent.cut(came.grid)
        period, stretch = self.sent.fit.period, 10 ** ((self.psnr_db - psnr_db) / 20)
        gain = came.fit.period / period
        data = sent.data_residues(came.bits_of(self.word), period) * stretch + came.data / gain - sent.data
        pilots = sent.pilot_residues(period) * stretch + came.pilots / gain - sent.pilots
        logits = lattice.evidence(data, pilots, period * stretch, came.grid.rows)
        return lattice.information_bits(logits, np.zeros_like(logits, np.uint8)) / came.form.frame_bits


def _margin(reading: Reading, word: Bits) -> float:
    """Information of what is read of a code word, over the bits of its frame."""
    return lattice.information_bits(reading.logits, reading.bits_of(word)) / reading.form.frame_bits


@dataclass(frozen=True, eq=False)
class Simulation:
    """A sender who is its own receiver.

    Attributes:
        marker: Of the picture.
        codec: By which it is sent.
        channels: Names and channels, each of which the message must survive.
        key: Of sender and receiver.
        draws: What the codec's dither and the channels draw from.
    """

    marker: Marker
    codec: Codec
    channels: Sequence[tuple[str, Channel]]
    key: Key
    draws: Draws

    def least(self, progress: Progress) -> Trial:
        """The trial of the highest PSNR, in steps of half a decibel, at which all margins are met.

        Raises:
            EmbeddingError: If there is none.
        """
        survived, failed = LEAST_DB - _STEP_DB, _MOST_DB + _STEP_DB
        best, psnr_db = None, _FIRST_DB
        for number in range(_TRIES):
            progress("simulating channels", number / _TRIES)
            trial = self._trial(psnr_db)
            if min(trial.margins) >= MARGIN:
                best, survived = trial, psnr_db
            else:
                failed = psnr_db
            between = np.arange(failed - _STEP_DB, survived, -_STEP_DB)
            if not between.size or (trial is best and min(trial.margins) < _NEAR):
                break
            psnr_db = next((float(one) for one in between if trial.foreseen(one) >= MARGIN), float(between[-1]))
            if None in trial.arrived:  # which leaves nothing to foresee by
                psnr_db = float(between[between.size // 2])
        if best is not None:
            return best
        last = trial if trial.psnr_db == LEAST_DB else self._trial(LEAST_DB)
        if min(last.margins) >= MARGIN:
            return last
        fatal, _ = self.channels[int(np.argmin(last.margins))]
        raise EmbeddingError(
            f"no strength down to {LEAST_DB:g} dB survives {fatal!r:.80} without a search; nothing was written"
        )

    def _trial(self, psnr_db: float) -> Trial:
        picture = self.marker.marked(psnr_db)
        encoding = self.codec.encode(picture)
        symbols = encoding.symbols if encoding.law is None else drawn(encoding, NONE, self.draws)
        shown = self.codec.decode(symbols)
        rng = default_rng(int.from_bytes(self.draws.take(16), "big"))
        arrived = [self._arrived(channel, symbols, shown, rng) for _, channel in self.channels]
        return Trial(psnr_db, picture, encoding, Reading.whole(luma_of(picture), self.key), arrived, self.marker.word)

    def _arrived(self, channel: Channel, symbols: Symbols, shown: Picture, rng: Generator) -> Reading | None:
        """What a receiver reads behind a channel: of the stream where it acts on symbols alone, else of the picture."""
        came = channel.symbols(symbols, rng)
        seen = shown if came is symbols else self.codec.decode(came)
        picture = _checked(channel.picture(seen, rng), shown)
        pictures = [picture]
        if came is not symbols and picture is seen:
            pictures.append(self.codec.decode(despiked(came)))
        readings = [Reading.whole(luma_of(one), self.key) for one in pictures if one.shape == shown.shape]
        found = [one for one in readings if one.fit.z >= LEAST_Z and one.form == self.marker.form]
        return max(found, key=lambda one: _margin(one, self.marker.word), default=None)


def _checked(picture: Picture, shown: Picture) -> Picture:
    """What a channel gives.

    Raises:
        ArgumentError: If that is no picture of as many channels.
    """
    form = getattr(picture, "dtype", None), getattr(picture, "ndim", 0)
    if form != (np.uint8, 3) or picture.shape[2] != shown.shape[2] or not picture.size:
        raise ArgumentError("a channel to survive gives no picture: uint8 (h, w, c), as many channels as it got")
    return picture
