# SPDX-License-Identifier: Apache-2.0
"""The columns of the paper's Table II for any codec and scheme: what both stages read, and what hiding costs.

    picture, random frame ─▸ StegoSystem ─▸ stego against
        cover symbols              bits read I,  PSNR1, SSIM1, symbols changed, mean square of the change
        cover reconstruction       bits read II, PSNR2, SSIM2, symbols found wrong
        original                   PSNR, SSIM: the paper's impact on SC; beside it the PSNR of the cover reconstruction
        and the task's answers on both reconstructions, eq. 19

Everything is measured on 8-bit symbols and 8-bit pictures. Pictures that cannot carry the payload are counted and left
out, and so are, column by column, values that are infinite (the PSNR of what did not change) or undefined.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ArgumentError
from semstego.evaluation.hiding import Hiding, hide_random
from semstego.metrics.detection import bootstrap_interval
from semstego.metrics.image import psnr_db, ssim
from semstego.metrics.message import bit_error_rate, bits_per_symbol, payload_bpp
from semstego.progress import Progress
from semstego.system.stego_system import StegoSystem
from semstego.tasks.answers import Answers
from semstego.tasks.base import Task

BATCH = 50  # pictures that the task answers together
COLUMNS = (
    "bit_accuracy_1_percent", "psnr1_db", "ssim1", "changed_percent", "mse1_steps",
    "bit_accuracy_2_percent", "psnr2_db", "ssim2", "wrong_symbols_2_percent",
    "psnr_sc_db", "ssim_sc", "psnr_cover_db",
)  # fmt: skip


class _Measured(NamedTuple):
    """Pictures of one batch that carried: their numbers, their columns, and what the task says of both forms."""

    rows: NDArray[np.intp]
    columns: dict[str, NDArray[np.float64]]
    answers: dict[str, Answers]


def evaluate(
    system: StegoSystem,
    data: LabelledPictures,
    bpp: float,
    *,
    seeds: Sequence[int],
    name: str | None = None,
    task: Task | None = None,
    progress: Progress,
) -> dict[str, Any]:
    """Hide random bits in every picture, once for each seed, and measure.

    Args:
        system: Codec and scheme.
        data: Pictures; grey ones are sent as RGB, as the tasks see them.
        bpp: Payload bits per pixel that are asked for; a frame has whole bytes, which may be a few bits less.
        seeds: Of keys, messages and all that the scheme draws.
        name: What tables call it; None takes the scheme's name.
        task: Answers on the reconstructions, if the pictures have labels.
        progress: Told the share that is done.

    Returns:
        What JSON takes: the payload as asked for and as it was, counts, for every name in ``COLUMNS`` its mean with
        interval (None where the scheme has no such stage), and with a task its accuracies and gap for every seed.

    Raises:
        ArgumentError: If there is nothing to hide or nothing to hide in, or codec and scheme do not go together.
        PictureError: If the codec is for other pictures.
    """
    if not len(data) or not seeds or round(bpp * data.pictures[0, :, :, 0].size) < 1:
        raise ArgumentError("an evaluation needs pictures, seeds, and at least one bit to hide")
    if task is not None:
        task.check(data)
    name = system.scheme.name if name is None else name
    found: dict[int, list[_Measured]] = {seed: [] for seed in seeds}
    chunks = -(-len(data) // BATCH)
    for turn, seed in enumerate(found):
        for done, measured in enumerate(_measured(system, data, bpp, seed, task), start=1):
            found[seed].append(measured)
            progress(f"{name} at {bpp:g} bpp", (turn + done / chunks) / len(found))
    every = [measured for of_seed in found.values() for measured in of_seed]
    rows = np.concatenate([measured.rows for measured in every])
    groups = data.groups
    figures = {"carrier": name} | _payload(system, data, bpp)
    figures |= {
        "seeds": list(found),
        "pictures": len(data),
        "photographs": len(np.unique(groups)),
        "hidings": len(rows),
        "refused": len(data) * len(found) - len(rows),
        "interval": f"95 %, bootstrap over {'pictures' if data.photographs is None else 'photographs'}, 1000 draws",
    }
    if len(rows):
        figures["columns"] = {column: _mean(every, column, groups[rows]) for column in COLUMNS}
        if task is not None:
            figures["task"] = [_task_of(seed, of_seed) for seed, of_seed in found.items()]
    return figures


def _payload(system: StegoSystem, data: LabelledPictures, bpp: float) -> dict[str, Any]:
    """What is hidden in a picture, and in how many symbols."""
    height, width = data.pictures.shape[1:3]
    bits = round(bpp * height * width) // 8 * 8
    symbols = system.codec.encode(_colour(data.pictures[:1])[0]).symbols
    return {
        "bpp": bpp,
        "bits": bits,
        "actual_bpp": payload_bpp(bits, height, width),
        "bits_per_symbol": bits_per_symbol(bits, symbols.values.size),
        "compression_ratio": symbols.compression_ratio,
    }


def table(cells: Sequence[dict[str, Any]]) -> str:
    """Evaluations as Table II has them: percent and dB, means alone."""
    shown = {
        "bit_accuracy_1_percent": "ACC1 %", "psnr1_db": "PSNR1", "ssim1": "SSIM1 %", "changed_percent": "chg. %",
        "bit_accuracy_2_percent": "ACC2 %", "psnr2_db": "PSNR2", "ssim2": "SSIM2 %",
        "psnr_sc_db": "PSNR", "ssim_sc": "SSIM %", "psnr_cover_db": "cover",
    }  # fmt: skip
    lines = [
        f"{'':18}{'bpp':>5}" + "".join(f"{title:>9}" for title in shown.values()) + f"{'ACC gap':>9}{'refused':>9}"
    ]
    for cell in cells:
        means = {name: (column or {}).get("mean") for name, column in cell.get("columns", {}).items()}
        scaled = [(means.get(name), 100 if name.startswith("ssim") else 1) for name in shown]
        values = [None if mean is None else factor * mean for mean, factor in scaled]
        gaps = [one["gap"]["points"] for one in cell.get("task", []) if one["accuracy"]]
        values.append(float(np.mean(gaps)) if gaps else None)
        numbers = "".join(f"{'-' if value is None else format(value, '.2f'):>9}" for value in values)
        lines.append(f"{cell['carrier']:18.18}{cell['bpp']:>5g}{numbers}{cell['refused']:>9,}")
    return "\n".join(lines)


def _measured(
    system: StegoSystem, data: LabelledPictures, bpp: float, seed: int, task: Task | None
) -> Iterator[_Measured]:
    """Batch by batch; a batch's random numbers depend on the seed and its place alone."""
    bits = round(bpp * data.pictures[0, :, :, 0].size)
    for place, start in enumerate(range(0, len(data), BATCH)):
        pictures, rng = _colour(data.pictures[start : start + BATCH]), np.random.default_rng((seed, place))
        rows, values, forms = [], [], []
        for row, picture in enumerate(pictures, start=start):
            hiding = hide_random(system, picture, bits, rng)
            if hiding.embedded is not None:
                rows.append(row)
                values.append(_columns(hiding, picture))
                forms.append((hiding.reconstruction, hiding.embedded.received.picture))
        kept = np.array(rows, np.intp)
        columns = {name: np.array([one[name] for one in values]) for name in COLUMNS}
        yield _Measured(kept, columns, _answers(task, data.labels[kept], forms))


def _answers(
    task: Task | None, labels: NDArray[Any], pictures: Sequence[tuple[Picture, Picture]]
) -> dict[str, Answers]:
    """What the task says of the reconstructions without and with a message; nothing without a task or pictures."""
    forms = ("cover reconstruction", "stego reconstruction")
    if task is None or not pictures:
        return {}
    sides = zip(forms, zip(*pictures, strict=True), strict=True)
    return {name: task.answered(np.stack(side), labels) for name, side in sides}


def _columns(hiding: Hiding, original: Picture) -> dict[str, float]:
    """One value of each column for a picture that carried; NaN where it is not defined or there is no such stage."""
    assert hiding.embedded is not None
    cover, stego = hiding.plain.values, hiding.embedded.symbols.values
    plain, seen, payload = hiding.reconstruction, hiding.embedded.received.picture, hiding.payload()
    read = hiding.read_features(), hiding.read_picture()
    found = hiding.embedded.received.symbols_found
    columns = {
        "bit_accuracy_1_percent": 100 - 100 * bit_error_rate(payload, read[0]),
        "psnr1_db": psnr_db(stego, cover),
        "ssim1": ssim(stego, cover, channel_axis=0),
        "changed_percent": 100 * np.mean(stego != cover),
        "mse1_steps": np.mean((stego.astype(float) - cover) ** 2),
        "bit_accuracy_2_percent": 100 - 100 * bit_error_rate(payload, read[1]),
        "psnr2_db": psnr_db(seen, plain),
        "ssim2": ssim(seen, plain),
        "wrong_symbols_2_percent": None if found is None else 100 * np.mean(found.values != stego),
        "psnr_sc_db": psnr_db(seen, original),
        "ssim_sc": ssim(seen, original),
        "psnr_cover_db": psnr_db(plain, original),
    }
    return {name: np.nan if value is None else float(value) for name, value in columns.items()}


def _colour(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures ``(n, h, w, c)`` as RGB; a copy, for torch warns of views that cannot be written."""
    return np.broadcast_to(pictures, (*pictures.shape[:3], 3)).copy()


def _mean(measured: list[_Measured], name: str, groups: NDArray[np.integer]) -> dict[str, Any] | None:
    """Mean of a column with the ends of its interval; None for a column that is nowhere defined."""
    values = np.concatenate([one.columns[name] for one in measured])
    if np.isnan(values).all():
        return None
    finite = np.isfinite(values)
    counts = {"values": int(finite.sum()), "undefined": int((~finite).sum())}
    numbers, of_group = values[finite], groups[finite]
    if len(np.unique(of_group)) < 2:  # one photograph says nothing of the next
        return {"mean": float(numbers.mean()) if len(numbers) else None, "low": None, "high": None} | counts
    found = bootstrap_interval(lambda rows: float(numbers[rows].mean()), of_group, np.random.default_rng(0))
    return {"mean": found.estimate, "low": found.low, "high": found.high} | counts


def _task_of(seed: int, measured: list[_Measured]) -> dict[str, Any]:
    """The task under one seed: the same pictures without and with a message, and their gap, eq. 19."""
    parts = [one.answers for one in measured if one.answers]
    if not parts:
        return {"seed": seed, "accuracy": {}}
    answers = {name: type(first).joined([part[name] for part in parts]) for name, first in parts[0].items()}
    gap = answers["cover reconstruction"].gap(answers["stego reconstruction"])
    scores = {name: found.score() for name, found in answers.items()}
    return {"seed": seed, "measure": answers["cover reconstruction"].measure, "accuracy": scores, "gap": gap}
