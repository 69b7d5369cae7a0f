# SPDX-License-Identifier: Apache-2.0
"""What a codec, and a message in it, do to the receiver's task: three accuracies and the gaps between them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.tensors import batch
from semstego.evaluation.transmission import Received, transmit
from semstego.metrics.task import accuracy, paired_gap
from semstego.progress import Progress
from semstego.tasks.base import Task

BATCH = 250


@dataclass(frozen=True)
class Evaluated:
    """One codec at one payload.

    Attributes:
        figures: As ``semstego evaluate`` prints and stores them.
        received: The pictures behind them.
    """

    figures: dict[str, Any]
    received: Received


def evaluate(
    task: Task,
    data: LabelledPictures,
    codec: str | Path,
    bpp: float,
    *,
    seed: int,
    workers: int,
    progress: Progress,
) -> Evaluated:
    """Accuracy on clean pictures, on cover reconstructions and on stego reconstructions, with paired gaps.

    Pictures that refuse the message are counted and left out of the figures of this cell, in all three forms.
    """
    received = transmit(data.pictures, codec, bpp, seed=seed, workers=workers, progress=progress)
    kept = received.carried if bpp else np.ones(len(data), bool)
    forms = {"clean": data.pictures, "cover reconstruction": received.covers}
    if received.stegos is not None:
        forms["stego reconstruction"] = received.stegos
    figures: dict[str, Any] = {
        "codec": str(codec),
        "bpp": bpp,
        "pictures": int(kept.sum()),
        "refused": int((~kept).sum()),
    }
    if kept.any():
        right = {name: right_answers(task, pictures[kept], data.labels[kept]) for name, pictures in forms.items()}
        figures["accuracy"] = {name: asdict(accuracy(answers)) for name, answers in right.items()}
        figures["gap"] = dict(_gaps(right))
    return Evaluated(figures, received)


def _gaps(right: dict[str, NDArray[np.bool_]]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Every later form against every earlier one; cover against stego reconstruction is eq. 19."""
    names = list(right)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            yield f"{first} to {second}", asdict(paired_gap(right[first], right[second]))


@torch.inference_mode()
def right_answers(task: Task, pictures: NDArray[np.uint8], targets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pictures ``(n, h, w, c)`` the task gets right, bool ``(n,)``."""
    scores = [
        task.task_score(batch(pictures[start : start + BATCH]), torch.from_numpy(targets[start : start + BATCH]))
        for start in range(0, len(pictures), BATCH)
    ]
    right: NDArray[np.bool_] = torch.cat(scores).numpy() > 0.5
    return right


def in_words(figures: dict[str, Any]) -> str:
    """One cell of an evaluation as lines for people."""
    lines = [
        f"{figures['codec']} at {figures['bpp']:g} bpp: {figures['pictures']} pictures, {figures['refused']} refused it"
    ]
    for name, found in figures.get("accuracy", {}).items():
        lines.append(f"{name:>48}  {found['percent']:.2f} %  ({found['low']:.2f} to {found['high']:.2f})")
    for name, gap in figures.get("gap", {}).items():
        interval = f"({gap['low']:+.2f} to {gap['high']:+.2f})"
        lines.append(f"{name:>48}  {gap['points']:+.2f} points {interval}, {gap['lost']} lost, {gap['gained']} gained")
    return "\n".join(lines)
