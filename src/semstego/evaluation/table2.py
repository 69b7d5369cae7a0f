# SPDX-License-Identifier: Apache-2.0
"""The columns of the paper's Table II for any scheme: what is read at both stages, and what hiding costs.

    carrier.hide(pictures, bits) ─▸ per picture, stego against
        cover symbols              bits read I,  PSNR1, SSIM1, symbols changed, mean square of the change
        cover reconstruction       bits read II, PSNR2, SSIM2, symbols found wrong
        original                   PSNR, SSIM: the paper's impact on SC; beside it the PSNR of the cover reconstruction
        and the task's answers on both reconstructions, eq. 19

Everything is measured on 8-bit symbols and 8-bit pictures. Pictures that cannot carry the payload are counted and left
out, and so are, column by column, values that are infinite (the PSNR of what did not change) or undefined.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ArgumentError
from semstego.evaluation.task_gap import right_answers
from semstego.metrics.detection import bootstrap_interval
from semstego.metrics.image import psnr_db, ssim
from semstego.metrics.message import bit_error_rate, bits_per_symbol, payload_bpp
from semstego.metrics.task import accuracy, paired_gap
from semstego.progress import Progress
from semstego.tasks.base import Task

BATCH = 50
COLUMNS = (
    "bit_accuracy_1_percent", "psnr1_db", "ssim1", "changed_percent", "mse1_steps",
    "bit_accuracy_2_percent", "psnr2_db", "ssim2", "wrong_symbols_2_percent",
    "psnr_sc_db", "ssim_sc", "psnr_cover_db",
)  # fmt: skip


@dataclass(frozen=True)
class Hidden:
    """A batch of n pictures at the receiver.

    Attributes:
        cover_symbols: uint8 ``(n, k, h', w')``.
        stego_symbols: The same shape.
        covers: Reconstructions without a message, uint8 ``(n, h, w, 3)``.
        stegos: Reconstructions with one.
        payload: The bits that were hidden, uint8 ``(n, l)``.
        read_1: What stage I reads, the same shape.
        read_2: What stage II reads; None if there is no way to read it.
        carried: bool ``(n,)``; where it is False, the payload did not fit, and nothing but the cover means anything.
        found_symbols: Those that stage II takes the picture to be made of, if it looks for symbols.
    """

    cover_symbols: NDArray[np.uint8]
    stego_symbols: NDArray[np.uint8]
    covers: NDArray[np.uint8]
    stegos: NDArray[np.uint8]
    payload: NDArray[np.uint8]
    read_1: NDArray[np.uint8]
    read_2: NDArray[np.uint8] | None
    carried: NDArray[np.bool_]
    found_symbols: NDArray[np.uint8] | None = None


class Carrier(Protocol):
    """A scheme around its codec; :mod:`semstego.evaluation.carriers` has four."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def hide(self, pictures: NDArray[np.uint8], bits: int, rng: np.random.Generator) -> Hidden:
        """Hide as many random bits in each of the pictures ``(n, h, w, 3)``, or a few less if only whole bytes go.

        Raises:
            ArgumentError: If no picture of this size could carry them.
            PictureError: If the codec is for other pictures.
        """


class _Measured(NamedTuple):
    """The pictures of one batch that carried: their numbers, their columns, and which of them the task gets right."""

    rows: NDArray[np.intp]
    columns: dict[str, NDArray[np.float64]]
    right: dict[str, NDArray[np.bool_]]
    bits: int
    symbols: int


def evaluate(
    carrier: Carrier,
    data: LabelledPictures,
    bpp: float,
    *,
    seeds: Sequence[int],
    task: Task | None = None,
    photographs: NDArray[np.integer] | None = None,
    progress: Progress,
) -> dict[str, Any]:
    """Hide random bits in every picture, once for each seed, and measure.

    Args:
        carrier: The scheme.
        data: Pictures; grey ones are sent as RGB, as the tasks see them.
        bpp: Payload bits per pixel that are asked for.
        seeds: Of payloads and all that the scheme draws.
        task: Judges the reconstructions, if the pictures have labels.
        photographs: The photograph that each picture comes from, ``(n,)`` or longer, where these are the first of a
            set; intervals draw whole photographs. None if each picture is one of its own.
        progress: Told the share that is done.

    Returns:
        What JSON takes: the payload as asked for and as it was, counts, for every name in ``COLUMNS`` its mean with
        interval (None where the scheme has no such stage), and with a task its accuracies and gap for every seed.

    Raises:
        ArgumentError: If there is nothing to hide or nothing to hide in, or the payload is too large for any picture.
        PictureError: If the carrier's codec is for other pictures.
    """
    if not len(data) or not seeds or round(bpp * data.pictures[0, :, :, 0].size) < 1:
        raise ArgumentError("an evaluation needs pictures, seeds, and at least one bit to hide")
    found: dict[int, list[_Measured]] = {seed: [] for seed in seeds}
    chunks = -(-len(data) // BATCH)
    for turn, seed in enumerate(found):
        for done, measured in enumerate(_measured(carrier, data, bpp, seed, task), start=1):
            found[seed].append(measured)
            progress(f"{carrier.name} at {bpp:g} bpp", (turn + done / chunks) / len(found))
    every = [measured for of_seed in found.values() for measured in of_seed]
    rows = np.concatenate([measured.rows for measured in every])
    groups = np.arange(len(data)) if photographs is None else photographs[: len(data)]
    bits, symbols, (height, width) = every[0].bits, every[0].symbols, data.pictures.shape[1:3]
    figures: dict[str, Any] = {
        "carrier": carrier.name,
        "bpp": bpp,
        "bits": bits,
        "actual_bpp": payload_bpp(bits, height, width),
        "bits_per_symbol": bits_per_symbol(bits, symbols),
        "compression_ratio": symbols / (3 * height * width),
        "seeds": list(found),
        "pictures": len(data),
        "photographs": len(np.unique(groups)),
        "hidings": len(rows),
        "refused": len(data) * len(found) - len(rows),
        "interval": f"95 %, bootstrap over {'pictures' if photographs is None else 'photographs'}, 1000 draws",
    }
    if len(rows):
        figures["columns"] = {name: _mean(every, name, groups[rows]) for name in COLUMNS}
        if task is not None:
            figures["task"] = [_judged(seed, of_seed) for seed, of_seed in found.items()]
    return figures


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
    carrier: Carrier, data: LabelledPictures, bpp: float, seed: int, task: Task | None
) -> Iterator[_Measured]:
    """Batch by batch; a batch's random numbers depend on the seed and its place alone."""
    colour = np.broadcast_to(data.pictures, (*data.pictures.shape[:3], 3))
    bits = round(bpp * colour[0, :, :, 0].size)
    for place, start in enumerate(range(0, len(data), BATCH)):
        pictures = colour[start : start + BATCH].copy()  # torch warns of read-only views
        hidden = carrier.hide(pictures, bits, np.random.default_rng((seed, place)))
        kept = np.flatnonzero(hidden.carried)
        right = {}
        if task is not None:
            labels = data.labels[start : start + BATCH]
            for name, seen in (("cover reconstruction", hidden.covers), ("stego reconstruction", hidden.stegos)):
                right[name] = right_answers(task, seen, labels)[kept]
        columns = _columns(hidden, pictures, kept)
        yield _Measured(start + kept, columns, right, hidden.payload.shape[1], hidden.cover_symbols[0].size)


def _columns(hidden: Hidden, originals: NDArray[np.uint8], kept: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """One value of each column for each picture that carried; columns of a stage that is not there are missing."""
    cover, stego, payload = hidden.cover_symbols, hidden.stego_symbols, hidden.payload
    covers, stegos, found, read_2 = hidden.covers, hidden.stegos, hidden.found_symbols, hidden.read_2

    def each(value: Any) -> NDArray[np.float64]:
        return np.array([value(place) for place in kept], np.float64)  # None, an SSIM that is not defined, becomes NaN

    columns = {
        "bit_accuracy_1_percent": each(lambda i: 100 - 100 * bit_error_rate(payload[i], hidden.read_1[i])),
        "psnr1_db": each(lambda i: psnr_db(stego[i], cover[i])),
        "ssim1": each(lambda i: ssim(stego[i], cover[i], channel_axis=0)),
        "changed_percent": each(lambda i: 100 * np.mean(stego[i] != cover[i])),
        "mse1_steps": each(lambda i: np.mean((stego[i].astype(float) - cover[i]) ** 2)),
        "psnr2_db": each(lambda i: psnr_db(stegos[i], covers[i])),
        "ssim2": each(lambda i: ssim(stegos[i], covers[i])),
        "psnr_sc_db": each(lambda i: psnr_db(stegos[i], originals[i])),
        "ssim_sc": each(lambda i: ssim(stegos[i], originals[i])),
        "psnr_cover_db": each(lambda i: psnr_db(covers[i], originals[i])),
    }
    if read_2 is not None:
        columns["bit_accuracy_2_percent"] = each(lambda i: 100 - 100 * bit_error_rate(payload[i], read_2[i]))
    if found is not None:
        columns["wrong_symbols_2_percent"] = each(lambda i: 100 * np.mean(found[i] != stego[i]))
    return columns


def _mean(measured: list[_Measured], name: str, groups: NDArray[np.integer]) -> dict[str, Any] | None:
    """Mean of a column with the ends of its interval; None for a column that is not there."""
    if name not in measured[0].columns:
        return None
    values = np.concatenate([one.columns[name] for one in measured])
    finite = np.isfinite(values)
    counts = {"values": int(finite.sum()), "undefined": int((~finite).sum())}
    numbers, of_group = values[finite], groups[finite]
    if len(np.unique(of_group)) < 2:  # one photograph says nothing of the next
        return {"mean": float(numbers.mean()) if len(numbers) else None, "low": None, "high": None} | counts
    found = bootstrap_interval(lambda rows: float(numbers[rows].mean()), of_group, np.random.default_rng(0))
    return {"mean": found.estimate, "low": found.low, "high": found.high} | counts


def _judged(seed: int, measured: list[_Measured]) -> dict[str, Any]:
    """The task under one seed: the same pictures without and with a message, and their gap, eq. 19."""
    right = {name: np.concatenate([one.right[name] for one in measured]) for name in measured[0].right}
    if not len(right["cover reconstruction"]):
        return {"seed": seed, "accuracy": {}}
    gap = paired_gap(right["cover reconstruction"], right["stego reconstruction"])
    accuracies = {name: asdict(accuracy(answers)) for name, answers in right.items()}
    return {"seed": seed, "accuracy": accuracies, "gap": asdict(gap)}
