# SPDX-License-Identifier: Apache-2.0
"""The paper's Tables I and IV: what robust JPEG methods' messages are worth behind an attack, and what ours are.

    photograph ─ central square, reduced ─ JPEG 65 ─▸ cover ─▸ each BitCarrier ─▸ stego ──each attack──▶ what is read

Table I: grey, 360x360, 0.1 bit per non-zero AC coefficient. Table IV: colour, 64x64 or 256x256, 0.1 bit per pixel.
Messages are counted before error correction. An attack draws the same noise for all carriers.
"""

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from semstego.baselines.base import payload_bits
from semstego.baselines.jpeg import Jpeg
from semstego.codecs import registry
from semstego.codecs.base import Picture
from semstego.concurrency import in_processes
from semstego.datasets.enlarge import enlarge
from semstego.datasets.folder import central_squares
from semstego.errors import ArgumentError, CapacityError, InfeasibleError
from semstego.evaluation.bit_carriers import BitCarrier
from semstego.evaluation.channels import IDENTITY, way_of
from semstego.evaluation.journal import Journal
from semstego.io.pictures import as_image
from semstego.metrics.detection import bootstrap_interval
from semstego.metrics.image import psnr_db, ssim
from semstego.metrics.message import wilson_interval
from semstego.progress import Progress

COVER_QUALITY: Final = 65
RATE: Final = 0.1
"""Of the paper's messages: bits per non-zero AC coefficient in Table I, bits per pixel in Table IV."""
NOISE: Final = "noise:0.547723"
"""Of variance 0.3 in squared grey levels: in the unit of [0, 1], it would leave nothing of a picture."""
CODEC: Final = "codec:"
CLOSED: Final = ("codec:cr085", "codec:cr050", "codec:cr025")


@dataclass(frozen=True)
class BitStudy:
    """So many bits in every cover, by anybody, and what every attack leaves of them.

    Attributes:
        side: Of the covers [px].
        channels: 1 (grey) or 3 (RGB).
        attacks: In the words of channels; the first is none at all.
        detail: Covers have no more detail than squares of this side, as CIFAR's pictures in the paper [px]; 0 for all.
        seed: Of messages, keys, and what schemes and attacks draw.
    """

    side: int
    channels: int
    attacks: tuple[str, ...]
    detail: int = 0
    seed: int = 0

    def covers(self, paths: Sequence[Path]) -> Iterator[Jpeg]:
        """The covers of photographs; those that are smaller give none, nor those that hold no bit at this rate."""
        for path in paths:
            squares = central_squares([path], self.detail or self.side)
            for square in enlarge(squares, self.side) if self.detail else squares:
                image, buffer = as_image(square), io.BytesIO()
                if self.channels == 1:
                    image = image.convert("L")
                image.save(buffer, "JPEG", quality=COVER_QUALITY)
                cover = Jpeg(buffer.getvalue())
                if self.bits(cover):
                    yield cover

    def journal(self, covers: Sequence[Jpeg], path: Path | None) -> Journal:
        """Results of this study on these covers, those of a file among them; errors as of :class:`Journal`."""
        digest = hashlib.sha256(b"".join(hashlib.sha256(cover.content).digest() for cover in covers)).hexdigest()
        codecs = [words.removeprefix(CODEC) for words in self.attacks if words.startswith(CODEC)]
        weights = {codec: registry.load(codec).fingerprint.hex() for codec in codecs}
        facts = {"attacks": [*self.attacks], "codecs": weights, "covers": digest, "semstego": version("semstego")}
        return Journal(path, asdict(self) | facts, self._is_result)

    def _is_result(self, found: Any) -> bool:
        """Whether a file's result of one picture is one of this study."""
        if not isinstance(found, dict) or not isinstance(found.get("bits"), int):
            return False
        attacks = found.get("attacks")
        if attacks == []:
            return True
        numbers = {"seconds", "psnr_db", "psnr_cover_db"}
        if not isinstance(attacks, list) or len(attacks) != len(self.attacks) or not _has_numbers(found, numbers):
            return False
        shares = {"element_errors", "right_before", "right_after", "psnr_db", "ssim"}
        return all(isinstance(one, dict) and _has_numbers(one, shares) for one in attacks) and all(
            isinstance(one.get("whole"), bool) and one["right_after"] is not None for one in attacks
        )

    def bits(self, cover: Jpeg) -> int:
        """Length of the message for a cover."""
        return payload_bits(cover.content, RATE) if self.channels == 1 else ceil(RATE * self.side**2)

    def of_carrier(
        self, carrier: BitCarrier, covers: Sequence[Jpeg], journal: Journal, workers: int, progress: Progress
    ) -> dict[str, Any]:
        """What one carrier makes of it.

        Args:
            carrier: Whose turn it is.
            covers: As :meth:`covers` makes them, one at least.
            journal: Where results of single pictures are, and are put.
            workers: Processes.
            progress: Told the share that is done.

        Returns:
            What JSON takes: facts of the carrier, counts, and for each attack the means with their intervals.
        """
        name = carrier.facts["carrier"]
        identity = hashlib.sha256(carrier.identity.encode()).hexdigest()[:16]
        places = [f"{name} {identity} {number}" for number in range(len(covers))]
        left = [number for number, place in enumerate(places) if place not in journal]
        jobs = [(self, carrier, covers[number].content, number) for number in left]
        for number, found in zip(left, in_processes(_one_picture, jobs, workers), strict=True):
            journal.add(places[number], found)
            progress(name, (number + 1) / len(covers))
        every = [journal[place] for place in places]
        held = [one for one in every if one["attacks"]]
        report = carrier.facts | {"pictures": len(covers), "refused": len(covers) - len(held)}
        report |= {"message_bits": float(np.median([one["bits"] for one in every]))}
        if not held:
            return report | {"attacks": []}
        report |= {name: _mean([one[name] for one in held]) for name in ("psnr_db", "psnr_cover_db")}
        columns = zip(*(one["attacks"] for one in held), strict=True)
        rows = [_row(words, column) for words, column in zip(self.attacks, columns, strict=True)]
        return report | {"seconds_median": float(np.median([one["seconds"] for one in held])), "attacks": rows}

    def arrived(self, words: str, picture: Picture, rng: Generator) -> Picture:
        """What an attack leaves of a stego picture; three channels of a grey cover are attacked one by one."""
        channel = way_of(words)
        planes = [picture] if picture.shape[2] == self.channels else np.split(picture, picture.shape[2], axis=2)
        return np.concatenate([channel.picture(np.ascontiguousarray(plane), rng) for plane in planes], axis=2)


GREY: Final = BitStudy(360, 1, (IDENTITY, "jpeg:50", NOISE, "codec:codec-grey", "codec:codec-grey-085", *CLOSED))
SMALL: Final = BitStudy(64, 3, (IDENTITY, "codec:codec-64", *CLOSED), detail=32)
LARGE: Final = BitStudy(256, 3, (IDENTITY, "codec:codec-64", "codec:codec-256", *CLOSED))

MEAN: Final = "mean of the methods"


def of_studies(
    studies: Sequence[BitStudy],
    carriers: Sequence[BitCarrier],
    paths: Sequence[Path],
    folder: Path | None,
    workers: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """What all carriers make of the same photographs in each of the studies.

    Args:
        studies: One after the other.
        carriers: Whose bits are compared; a table's last row is the mean of the methods among them.
        paths: Of the photographs.
        folder: For results of single pictures, from which a study that was cut goes on; None for none.
        workers: Processes.
        progress: Told the share that is done of each carrier.

    Raises:
        ArgumentError: If no photograph gives a cover, two carriers have one name, or the folder is that of another
            study.
        OutputError: If the folder cannot be written.
    """
    reports = []
    carriers = list({carrier.identity: carrier for carrier in carriers}.values())
    names = [carrier.facts["carrier"] for carrier in carriers]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ArgumentError(f"there are several carriers of the name {min(twice)!r:.40}")
    for study in studies:
        covers = list(study.covers(paths))
        if not covers:
            raise ArgumentError(f"none of these photographs gives a cover of {study.side}x{study.side} pixels")
        journal = study.journal(covers, folder / f"{study.side}x{study.side}.jsonl" if folder else None)
        found = [study.of_carrier(carrier, covers, journal, workers, progress) for carrier in carriers]
        facts: dict[str, Any] = {"side": study.side, "channels": study.channels, "covers": len(covers)}
        facts |= {"seed": study.seed, "cover_quality": COVER_QUALITY, "rate": RATE}
        reports.append(facts | {"carriers": [*found, mean_of_methods(found)]})
    return reports


def mean_of_methods(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The row of Table IV: for each attack the mean over methods that hold the message in some picture."""
    methods = [one for one in found if not one["ours"] and one["attacks"]]
    rows = []
    for same in zip(*(one["attacks"] for one in methods), strict=True):
        shares = {name: float(np.mean([row[name]["mean"] for row in same])) for name in ("right_after", "whole")}
        rows.append({"attack": same[0]["attack"]} | {name: {"mean": share} for name, share in shares.items()})
    return {"carrier": MEAN, "methods": len(methods), "attacks": rows}


def _one_picture(job: tuple[BitStudy, BitCarrier, bytes, int]) -> dict[str, Any]:
    """One cover, its message, and what is read behind each attack; nothing of the last if the message does not fit."""
    study, carrier, content, number = job
    cover = Jpeg(content)
    found: dict[str, Any] = {"bits": study.bits(cover), "attacks": []}
    started = time.process_time()
    try:
        hidden = carrier.hidden(cover, found["bits"], np.random.default_rng((study.seed, number)))
    except (InfeasibleError, CapacityError):
        return found
    hidden.read(hidden.picture)
    found["seconds"] = time.process_time() - started
    found["psnr_db"], found["psnr_cover_db"] = _psnr(hidden.unmarked, hidden.picture), None
    if hidden.picture.shape == cover.pixels.shape:
        found["psnr_cover_db"] = _psnr(cover.pixels, hidden.picture)
    for place, words in enumerate(study.attacks):
        arrived = study.arrived(words, hidden.picture, np.random.default_rng((study.seed, number, place)))
        quality = {"psnr_db": _psnr(hidden.picture, arrived), "ssim": ssim(hidden.picture, arrived)}
        found["attacks"].append(asdict(hidden.read(arrived)) | quality)
    return found


def _has_numbers(found: dict[str, Any], names: set[str]) -> bool:
    """Whether these are numbers, or None where there is none."""
    return all(name in found and isinstance(found[name], float | int | None) for name in names)


def _psnr(one: Picture, other: Picture) -> float | None:
    found = psnr_db(one, other)
    return found if np.isfinite(found) else None


def _row(words: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One attack: means with intervals over pictures, and how many messages are whole."""
    exact = sum(one["whole"] for one in found)
    low, high = wilson_interval(exact, len(found))
    row: dict[str, Any] = {"attack": words, "whole": {"mean": exact / len(found), "low": low, "high": high}}
    for name in ("element_errors", "right_before", "right_after"):
        row[name] = _interval([one[name] for one in found])
    return row | {name: _mean([one[name] for one in found]) for name in ("psnr_db", "ssim")}


def _interval(values: Sequence[float | None]) -> dict[str, float] | None:
    numbers = np.array([value for value in values if value is not None])
    if not len(numbers):
        return None
    mean = float(numbers.mean())
    if len(numbers) == 1:
        return {"mean": mean}
    statistic: Callable[..., float] = lambda rows: float(numbers[rows].mean())  # noqa: E731
    found = bootstrap_interval(statistic, np.arange(len(numbers)), np.random.default_rng(0))
    return {"mean": mean, "low": found.low, "high": found.high}


def _mean(values: Sequence[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return float(np.mean(kept)) if kept else None
