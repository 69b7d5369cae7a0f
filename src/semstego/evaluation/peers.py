# SPDX-License-Identifier: Apache-2.0
"""Other people's tools and ours side by side: the same pictures, the same number of net bits, the same channels.

    picture, message ─▸ hide ─▸ stego ──each channel──▶ reveal ─▸ exact, nothing, or wrong
                           │                               │
                           └─ PSNR, seconds                └─ seconds, without a channel

Where a message is not read back even without a channel, channels are not tried: it counts as lost in all of them.
Timings are medians over pictures, of calls from this process: a worker's first call, which loads its libraries, weighs
as any other. No time is taken of deriving keys from passphrases.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from semstego.codecs.base import Picture
from semstego.concurrency import processes
from semstego.errors import CapacityError, EmbeddingError, NothingFoundError, PeerError
from semstego.evaluation.channels import IDENTITY, Passage, row_of, way_of
from semstego.evaluation.contenders import Contender, OfPeer, Stego
from semstego.metrics.image import psnr_db
from semstego.progress import Progress

CHANNELS: Final = (
    IDENTITY, "jpeg:95", "jpeg:75", "jpeg:50", "webp:80", "noise:2", "resize:0.5", "crop:0.9", "codec:cr085",
    "codec:cr025",
)  # fmt: skip

CAPACITIES: Final = 2
"""Pictures of which the longest message is asked: some schemes search for it."""

UNTRIED: Final = "untried"
REGION: Final = 512
"""Side of the top left square that is kept of each picture for detectors [px]."""


@dataclass(frozen=True)
class Tried:
    """What became of one picture.

    Attributes:
        passages: Of its message, one for each channel.
        psnr_db: Of the stego picture against the original; None if nothing was hidden.
        hiding_psnr_db: Of it against what would have been sent without a message.
        hide_seconds: Per megapixel.
        reveal_seconds: Per megapixel, without a channel.
        failure: What a peer's worker said when it failed.
        pair: The top left squares of what would have been sent, and of what was, for detectors; None if not asked for.
    """

    passages: list[Passage]
    psnr_db: float | None = None
    hiding_psnr_db: float | None = None
    hide_seconds: float | None = None
    reveal_seconds: float | None = None
    failure: str | None = None
    pair: tuple[Picture, Picture] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class PeerStudy:
    """A message of so many bytes in every picture, by anybody's tool, through every channel.

    Attributes:
        channels: In words; the first is ``none``.
        message_bytes: Of each message; a tool that holds fewer in some picture gets as many as it holds in all.
        seed: Of keys, messages, and what channels draw.
        searching: Whether our receivers look for pictures that were cut or resized, as ``reveal --search`` does.
        keeping: Whether pairs are kept for detectors.
    """

    channels: tuple[str, ...] = CHANNELS
    message_bytes: int = 32
    seed: int = 0
    searching: bool = True
    keeping: bool = False

    def __post_init__(self) -> None:
        """Check the channels.

        Raises:
            ArgumentError: If a word says nothing.
        """
        object.__setattr__(self, "channels", (IDENTITY, *(one for one in self.channels if one != IDENTITY)))
        for words in self.channels:
            way_of(words)

    def of(
        self, contender: Contender, pictures: Sequence[Picture], workers: int, progress: Progress
    ) -> tuple[dict[str, Any], list[tuple[Picture, Picture] | None]]:
        """What one of them makes of it.

        Args:
            contender: Whose turn it is.
            pictures: uint8 ``(h, w, 3)`` each.
            workers: Processes.
            progress: Told the share that is done.

        Returns:
            What JSON takes, with ``absent``, the reason, of a tool that cannot be had here; and the pairs for
            detectors, of each picture.
        """
        name = contender.facts["name"]
        if isinstance(contender, OfPeer) and (reason := contender.absent()):
            return contender.facts | {"absent": reason}, []
        length, payload_bits = self._length(contender, pictures)
        jobs = [(self, contender, picture, number, length) for number, picture in enumerate(pictures)]
        found: list[Tried] = []
        with processes(workers) as pool:
            for one in pool.map(_one_picture, jobs):
                found.append(one)
                progress(name, len(found) / len(jobs))
        return self._report(contender, found, length, payload_bits), [one.pair for one in found]

    def of_all(
        self,
        contenders: Sequence[Contender],
        pictures: Sequence[Picture],
        workers: int,
        progress: Progress,
        also_shorter: Sequence[Contender] = (),
    ) -> tuple[list[dict[str, Any]], dict[str, list[tuple[Picture, Picture] | None]]]:
        """What all of them make of it.

        Args:
            contenders: Whose turns they are.
            pictures: uint8 ``(h, w, 3)`` each.
            workers: Processes.
            progress: Told the share that is done of each.
            also_shorter: Those that hide messages as short as somebody's, too, who holds no longer ones.

        Returns:
            What :meth:`of` returns of each, in a list; and the pairs, by the names that the list says.
        """
        found, made = [], {}
        turns: list[tuple[PeerStudy, Contender]] = [(self, contender) for contender in contenders]
        lengths = {8 * self.message_bytes}
        while turns:
            study, contender = turns.pop(0)
            one, pairs = study.of(contender, pictures, workers, progress)
            found.append(one)
            if "absent" in one:
                continue
            if one["message_bits"] < 8 * self.message_bytes:
                one["name"] += f", {one['message_bits']} bits"
            made[one["name"]] = pairs
            if one["message_bits"] not in lengths:
                lengths.add(one["message_bits"])
                shorter = replace(study, message_bytes=one["message_bits"] // 8)
                turns += [(shorter, other) for other in also_shorter]
        return found, made

    def _length(self, contender: Contender, pictures: Sequence[Picture]) -> tuple[int, list[int]]:
        """How many bytes are hidden, and how many bits would be, in some of the pictures."""
        if isinstance(contender, OfPeer):
            each = [contender.payload_bits(picture) for picture in pictures]
            least = min((bits for bits in each if bits), default=0) // 8
            return min(self.message_bytes, least) or self.message_bytes, each
        return self.message_bytes, [contender.payload_bits(picture) for picture in pictures[:CAPACITIES]]

    def _report(self, contender: Contender, found: list[Tried], length: int, payload_bits: list[int]) -> dict[str, Any]:
        rows = []
        for place, words in enumerate(self.channels):
            passages = [one.passages[place] for one in found]
            counts = {kind: sum(one.outcome == kind for one in passages) for kind in ("failed", UNTRIED)}
            rows.append(row_of(words, passages) | counts)
        return contender.facts | {
            "message_bits": 8 * length,
            "payload_bits": float(np.median(payload_bits)),
            "pictures": len(found),
            "psnr_db": _mean([one.psnr_db for one in found]),
            "hiding_psnr_db": _mean([one.hiding_psnr_db for one in found]),
            "hide_seconds_per_megapixel": _median([one.hide_seconds for one in found]),
            "reveal_seconds_per_megapixel": _median([one.reveal_seconds for one in found]),
            "channels": rows,
            "failures": sorted({one.failure for one in found if one.failure})[:3],
        }


def _one_picture(job: tuple[PeerStudy, Contender, Picture, int, int]) -> Tried:
    """One picture's message, hidden, and read behind each channel."""
    study, contender, picture, number, length = job
    rng = np.random.default_rng((study.seed, number))
    message, megapixels = rng.bytes(length), picture.shape[0] * picture.shape[1] / 1e6
    started = time.perf_counter()
    try:
        stego = contender.hide(picture, message, rng)
    except (CapacityError, EmbeddingError, PeerError) as error:
        outcome = "failed" if isinstance(error, PeerError) else "refused"
        return Tried([Passage(outcome)] * len(study.channels), failure=str(error) if outcome == "failed" else None)
    hidden = time.perf_counter()
    outcome, failure = _outcome(contender, stego, stego.picture, message, study.searching)
    revealed = time.perf_counter()
    passages = [Passage(outcome)]
    for words in study.channels[1:]:
        if outcome != "exact":
            passages.append(Passage(UNTRIED))
            continue
        passage, failed = _passage(study, contender, stego, message, words, rng)
        passages.append(passage)
        failure = failure or failed
    unmarked = contender.unmarked(picture, rng)
    return Tried(
        passages,
        psnr_db(picture, stego.picture),
        psnr_db(unmarked, stego.picture),
        (hidden - started) / megapixels,
        (revealed - hidden) / megapixels,
        failure,
        (unmarked[:REGION, :REGION], stego.picture[:REGION, :REGION]) if study.keeping else None,
    )


def _passage(
    study: PeerStudy, contender: Contender, stego: Stego, message: bytes, words: str, rng: Generator
) -> tuple[Passage, str | None]:
    """A message behind one channel."""
    arrived = way_of(words).picture(stego.picture, rng)
    outcome, failure = _outcome(contender, stego, arrived, message, study.searching)
    same_size = arrived.shape == stego.picture.shape
    return Passage(outcome, psnr_db(stego.picture, arrived) if same_size else None), failure


def _outcome(
    contender: Contender, stego: Stego, arrived: Picture, message: bytes, searching: bool
) -> tuple[str, str | None]:
    """What is read: exact, nothing or wrong; or failed, and why."""
    try:
        read = contender.reveal(stego, arrived, len(message), searching)
    except NothingFoundError:
        return "nothing", None
    except PeerError as error:
        return "failed", str(error)
    return "exact" if read == message else "wrong", None


def _mean(values: list[float | None]) -> float | None:
    kept = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(kept)) if kept else None


def _median(values: list[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return float(np.median(kept)) if kept else None


def table(found: Sequence[dict[str, Any]]) -> str:
    """What each costs and holds; percent of messages that arrive; and who cannot be had here, and why."""
    here = [one for one in found if "absent" not in one]
    wide = max((len(one["name"]) for one in found), default=0) + 2
    detectors = sorted({detector for one in here for detector in one.get("detection", {})})
    heads = ("bits", "payload", "PSNR", "hiding", "hide", "reveal", *detectors)
    lines = [f"{'':{wide}}" + "".join(f"{head:>10}" for head in heads)]
    for one in here:
        cells = (
            f"{one['message_bits']}", f"{one['payload_bits']:.0f}", _figure(one["psnr_db"], 1),
            _figure(one["hiding_psnr_db"], 1), _figure(one["hide_seconds_per_megapixel"], 2),
            _figure(one["reveal_seconds_per_megapixel"], 2),
            *(_detection(one.get("detection", {}).get(detector)) for detector in detectors),
        )  # fmt: skip
        lines.append(f"{one['name']:{wide}}" + "".join(f"{cell:>10}" for cell in cells))
    lines.append("  net bits; PSNR [dB] to the original, and to what is sent without a message; seconds a megapixel")
    lines += ["  " + ", ".join(detectors) + ": P_E, 0.5 is guessing"] if detectors else []
    if here:
        words = [row["channel"] for row in here[0]["channels"]]
        lines += [
            "",
            "messages that arrive, percent",
            " " * wide + "".join(f"{word:>{len(word) + 2}}" for word in words),
        ]
    for one in here:
        shares = (f"{100 * row['share']['mean']:.0f}" for row in one["channels"])
        lines.append(f"{one['name']:{wide}}")
        lines[-1] += "".join(f"{share:>{len(word) + 2}}" for word, share in zip(words, shares, strict=True))
    lines += [f"{one['name']:{wide}}not here: {one['absent']}" for one in found if "absent" in one]
    return "\n".join(lines)


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _detection(cell: dict[str, Any] | None) -> str:
    if cell is None:
        return "-"
    return f"{cell['p_e']['estimate']:.2f}" if cell["informative"] else "not shown"
