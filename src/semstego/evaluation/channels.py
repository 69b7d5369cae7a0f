# SPDX-License-Identifier: Apache-2.0
"""One message through many channels: which schemes' messages arrive, byte for byte, and at what cost in the picture.

    picture, message ─▸ sender ─▸ stego ──each channel──▶ stage I, where the channel acts on symbols alone
                                                     └──▶ stage II, where it acts on the picture

A message that the sender refuses counts as lost in every channel. What is read is right, nothing, or wrong.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from semstego.channel.base import Chain, Channel
from semstego.channel.words import channel as channel_of
from semstego.codecs import stream as streams
from semstego.codecs.base import Picture
from semstego.concurrency import in_processes
from semstego.errors import CapacityError, EmbeddingError, NothingFoundError, PictureError
from semstego.message.cipher import Key
from semstego.message.frame import NONCE_BYTES, Opened
from semstego.metrics.image import psnr_db, ssim
from semstego.metrics.message import wilson_interval
from semstego.progress import Progress
from semstego.system import search
from semstego.system.stego_system import Sent, StegoSystem

IDENTITY: Final = "none"
"""The word for no channel at all."""

USUAL: Final = (
    IDENTITY,
    "jpeg:95", "jpeg:75", "jpeg:50", "jpeg:30", "webp:80", "webp:50",
    "noise:2", "noise:5", "noise:10",
    "resize:0.75", "resize:0.5", "resize:0.5+jpeg:75", "resize:0.5+jpeg:50",
    "gamma:0.9", "gamma:1.1", "brightness:10", "contrast:1.1",
    "codec:cr025",
    "awgn:20", "awgn:10", "rayleigh:20", "bit-errors:0.001", "lost-blocks:0.1",
)  # fmt: skip
"""Channels that leave pixels where they are."""

MOVING: Final = (
    "crop:0.9", "crop:0.9+jpeg:50", "crop:0.7", "scale:0.6", "scale:0.75", "scale:0.75+jpeg:75", "scale:1.5",
    "rotate:0.3", "rotate:-1", "rotate:1", "gamma:1.3",
)  # fmt: skip
"""Channels for which a receiver has to search."""


@dataclass(frozen=True)
class Passage:
    """What became of one message in one channel.

    Attributes:
        outcome: ``"exact"``, ``"nothing"`` or ``"wrong"``; ``"refused"`` where the sender hid nothing.
        psnr_db: What the receiver sees against what it would see without the channel; None where sizes differ.
        ssim: The same.
    """

    outcome: str
    psnr_db: float | None = None
    ssim: float | None = None


@dataclass(frozen=True)
class Study:
    """A message of so many bytes in every picture, through every channel.

    Attributes:
        channels: In words; ``"none"`` is no channel.
        message_bytes: Of each message.
        seed: Of keys, messages, and what channels draw.
        searching: Whether the receiver looks for pictures that were cut, resized, turned or toned.
    """

    channels: tuple[str, ...] = USUAL
    message_bytes: int = 32
    seed: int = 0
    searching: bool = False

    def __post_init__(self) -> None:
        """Check the channels.

        Raises:
            ArgumentError: If a word says nothing.
        """
        for words in self.channels:
            way_of(words)

    def of_system(
        self, system: StegoSystem, pictures: Sequence[Picture], workers: int, progress: Progress
    ) -> dict[str, Any]:
        """What one codec and scheme make of it.

        Args:
            system: Codec and scheme.
            pictures: uint8 ``(h, w, c)`` each.
            workers: Processes.
            progress: Told the share that is done.

        Returns:
            What JSON takes: for each channel how many messages are exact, missing and wrong, with an interval, and
            PSNR and SSIM; and the PSNR of marked pictures, if the scheme marks them.
        """
        jobs = [(self, system, picture, number) for number, picture in enumerate(pictures)]
        found = []
        for one in in_processes(_one_picture, jobs, workers):
            found.append(one)
            progress(f"{system.scheme.name} in {system.codec.name}", len(found) / len(jobs))
        marked = [psnr for psnr, _ in found if psnr is not None]
        rows = [
            row_of(words, [of_picture[place] for _, of_picture in found]) for place, words in enumerate(self.channels)
        ]
        return {
            "scheme": system.scheme.name,
            "codec": system.codec.name,
            "pictures": len(pictures),
            "marked_psnr_db": float(np.mean(marked)) if marked else None,
            "least_marked_psnr_db": min(marked, default=None),
            "channels": rows,
        }


def _one_picture(job: tuple[Study, StegoSystem, Picture, int]) -> tuple[float | None, list[Passage]]:
    """The PSNR of a marked picture, and the passages of its message."""
    study, system, picture, number = job
    rng = np.random.default_rng((study.seed, number))
    key, message = Key(hashlib.sha256(rng.bytes(32)).digest()), rng.bytes(study.message_bytes)
    try:
        sent = system.sender(picture, message, None, key, rng.bytes(NONCE_BYTES))
    except (CapacityError, EmbeddingError):
        return None, [Passage("refused")] * len(study.channels)
    marking = sent.embedded.marking
    found = [_passage(study, system, sent, message, key, words, rng) for words in study.channels]
    return marking.psnr_db if marking else None, found


def _passage(
    study: Study, system: StegoSystem, sent: Sent, message: bytes, key: Key, words: str, rng: Generator
) -> Passage:
    """A hidden message through one channel: read from the symbols where it acts on these alone, else in the picture."""
    way, symbols, shown = way_of(words), sent.embedded.symbols, sent.embedded.received.picture
    came = way.symbols(symbols, rng)
    seen = shown if came is symbols else system.codec.decode(came)
    try:
        picture = way.picture(seen, rng)
    except PictureError:  # it is too large for the channel
        return Passage("nothing")
    quality = (psnr_db(shown, picture), ssim(shown, picture)) if picture.shape == shown.shape else ()
    try:
        if picture is seen and came is not symbols:
            opened = system.receiver_features(streams.unpack(streams.write(came, system.codec)), key)
        else:
            opened = opened_picture(system, picture, key, study.searching)
    except (NothingFoundError, PictureError):  # what arrives may be too small for any codec
        return Passage("nothing", *quality)
    return Passage("exact" if opened.message == message else "wrong", *quality)


def opened_picture(system: StegoSystem, picture: Picture, key: Key, searching: bool) -> Opened:
    """What a receiver reads in a picture.

    Raises:
        NothingFoundError: If it finds nothing, ``searching`` or not.
    """
    try:
        return system.receiver_picture(picture, key)
    except NothingFoundError:
        if not searching:
            raise
        return search.in_marked_pictures([picture], [system.scheme], key, altered=True)[2]


def way_of(words: str) -> Channel:
    """The channel that these words say, or none at all.

    Raises:
        ArgumentError: If a word says nothing.
    """
    return Chain(()) if words == IDENTITY else channel_of(words)


def row_of(words: str, found: list[Passage]) -> dict[str, Any]:
    """Counts and means of one channel."""
    outcomes = [one.outcome for one in found]
    exact = outcomes.count("exact")
    low, high = wilson_interval(exact, len(found))
    return {
        "channel": words,
        "exact": exact,
        "nothing": outcomes.count("nothing"),
        "wrong": outcomes.count("wrong"),
        "refused": outcomes.count("refused"),
        "share": {"mean": exact / len(found), "low": low, "high": high},
        "psnr_db": _mean([one.psnr_db for one in found]),
        "ssim": _mean([one.ssim for one in found]),
        "outcomes": "".join(one[0] for one in outcomes),
    }


def _mean(values: list[float | None]) -> float | None:
    kept = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(kept)) if kept else None


def table(found: Sequence[dict[str, Any]]) -> str:
    """Percent of messages that arrive, one row for each channel and one column for each codec and scheme."""
    titles = [f"{one['scheme']} in {one['codec']}" for one in found]
    wide = max(map(len, titles), default=0) + 2
    lines = [f"{'':24}{'PSNR':>7}" + "".join(f"{title:>{wide}}" for title in titles)]
    for rows in zip(*(one["channels"] for one in found), strict=True):
        psnr = rows[0]["psnr_db"]
        shares = "".join(f"{100 * row['share']['mean']:>{wide}.0f}" for row in rows)
        lines.append(f"{rows[0]['channel']:24}{'-' if psnr is None else format(psnr, '.1f'):>7}{shares}")
    return "\n".join(lines)
