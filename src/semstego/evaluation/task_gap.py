# SPDX-License-Identifier: Apache-2.0
"""What a codec, and a message in it, do to the receiver's task: its scores and the gaps between them.

Forms of a picture: clean; undithered reconstruction, of a codec that rounds at random; cover reconstruction, of what is
sent with nothing hidden; stego reconstruction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from semstego.datasets.labelled import LabelledPictures
from semstego.errors import DataError
from semstego.evaluation.hiding import hide_random
from semstego.progress import Progress
from semstego.system.stego_system import StegoSystem
from semstego.tasks.answers import Answers
from semstego.tasks.base import Task

CHUNK = 50  # pictures a process gets at once


@dataclass(frozen=True)
class Transmitted:
    """Pictures at the receiver.

    Attributes:
        undithered: Reconstructions without a message and without dither, uint8 ``(n, h, w, 3)``.
        covers: Reconstructions without a message, the same shape.
        stegos: Reconstructions with one, the same shape; None if none was asked for.
        bits: Payload of each picture ``(n,)``; 0 where it did not fit, and the stego is the cover's reconstruction.
    """

    undithered: NDArray[np.uint8]
    covers: NDArray[np.uint8]
    stegos: NDArray[np.uint8] | None
    bits: NDArray[np.int64]


@dataclass(frozen=True)
class Evaluated:
    """One codec and scheme at one payload.

    Attributes:
        figures: As ``semstego evaluate`` prints and stores them.
        transmitted: The pictures behind them.
    """

    figures: dict[str, Any]
    transmitted: Transmitted


def evaluate(
    task: Task,
    data: LabelledPictures,
    system: StegoSystem,
    bpp: float,
    *,
    seed: int,
    workers: int,
    progress: Progress,
    at_most: bool = False,
) -> Evaluated:
    """Accuracy on all forms of the pictures, with paired gaps.

    Pictures that refuse the message are counted and left out of the figures of this cell, in all forms.

    Args:
        task: The receiver's.
        data: Pictures with what the task compares with.
        system: Codec and scheme.
        bpp: Payload, frame included [bit/pixel]; 0 sends the covers alone.
        seed: Fixes keys, nonces and messages.
        workers: Processes.
        progress: Told the share that is done.
        at_most: Where a picture holds less than ``bpp``, hide what it holds.
    """
    if not len(data):
        raise DataError("the set has no pictures")
    task.check(data)
    sent = transmit(data.pictures, system, bpp, seed=seed, workers=workers, progress=progress, at_most=at_most)
    kept = sent.bits > 0 if bpp else np.ones(len(data), bool)
    forms = {"clean": data.pictures, "cover reconstruction": sent.covers}
    if system.codec.dither:
        forms = {"clean": data.pictures, "undithered reconstruction": sent.undithered} | forms
    if sent.stegos is not None:
        forms["stego reconstruction"] = sent.stegos
    figures: dict[str, Any] = {
        "codec": system.codec.name,
        "scheme": system.scheme.name,
        "bpp": bpp,
        "pictures": int(kept.sum()),
        "refused": int((~kept).sum()),
    }
    if at_most and kept.any():
        figures["mean_bpp"] = float(sent.bits[kept].mean() / data.pictures[0, :, :, 0].size)
    if kept.any():
        answers = {name: task.answered(pictures[kept], data.labels[kept]) for name, pictures in forms.items()}
        if data.photographs is not None:
            answers = {name: found.of_photographs(data.photographs[kept]) for name, found in answers.items()}
        figures["measure"] = answers["clean"].measure
        figures["accuracy"] = {name: found.score() for name, found in answers.items()}
        figures["gap"] = dict(_gaps(answers))
    return Evaluated(figures, sent)


def transmit(
    pictures: NDArray[np.uint8],
    system: StegoSystem,
    bpp: float,
    *,
    seed: int,
    workers: int,
    progress: Progress,
    at_most: bool = False,
) -> Transmitted:
    """Send pictures, each with a fresh random message under a fresh key, at 1 bpp = 1 coded bit a pixel.

    Args:
        pictures: uint8 ``(n, h, w, c)``; grey ones are sent as RGB, as the tasks see them.
        system: Codec and scheme.
        bpp: As for :func:`evaluate`.
        seed: As for :func:`evaluate`.
        workers: Processes.
        progress: Told the share that is done.
        at_most: As for :func:`evaluate`.
    """
    colour = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
    chunks = [np.ascontiguousarray(colour[start : start + CHUNK]) for start in range(0, len(colour), CHUNK)]
    jobs = (delayed(_send_some)(chunk, system, bpp, (seed, index), at_most) for index, chunk in enumerate(chunks))
    results = []
    for result in Parallel(n_jobs=workers, return_as="generator")(jobs):
        results.append(result)
        progress(f"{system.codec.name} at {bpp:g} bpp", len(results) / len(chunks))
    undithered, covers, stegos, bits = (np.concatenate(parts) for parts in zip(*results, strict=True))
    return Transmitted(undithered, covers, stegos if bpp else None, bits)


def _send_some(
    pictures: NDArray[np.uint8], system: StegoSystem, bpp: float, seed: tuple[int, int], at_most: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """Reconstructions of a chunk, undithered, of covers and of stegos, and how many bits each picture carried."""
    rng = np.random.default_rng(seed)
    undithered, covers, stegos = (np.empty_like(pictures) for _ in range(3))
    bits = np.zeros(len(pictures), np.int64)
    for place, picture in enumerate(pictures):
        wanted = round(bpp * picture.shape[0] * picture.shape[1])
        hiding = hide_random(system, picture, wanted, rng, at_most=at_most)
        undithered[place], covers[place] = hiding.cover.reconstruction, hiding.reconstruction
        stegos[place] = covers[place]
        if hiding.embedded is not None and hiding.sealed is not None:
            stegos[place], bits[place] = hiding.embedded.received.picture, hiding.sealed.payload_bits
    return undithered, covers, stegos, bits


def _gaps(answers: dict[str, Answers]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Every later form against every earlier one; cover against stego reconstruction is eq. 19."""
    names = list(answers)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            yield f"{first} to {second}", answers[first].gap(answers[second])


def in_words(figures: dict[str, Any]) -> str:
    """One cell of an evaluation as lines for people."""
    lines = [
        f"{figures['codec']} at {figures['bpp']:g} bpp: {figures['pictures']} pictures, {figures['refused']} refused it"
    ]
    for name, found in figures.get("accuracy", {}).items():
        title = f"{name} {figures['measure']}"
        lines.append(f"{title:>48}  {found['percent']:.2f} %  ({found['low']:.2f} to {found['high']:.2f})")
    for name, gap in figures.get("gap", {}).items():
        interval = f"({gap['low']:+.2f} to {gap['high']:+.2f})"
        lines.append(f"{name:>48}  {gap['points']:+.2f} points {interval}, {gap['lost']} lost, {gap['gained']} gained")
    return "\n".join(lines)
