# SPDX-License-Identifier: Apache-2.0
"""At which compression ratio does a codec that looks at pixels alone harm the task, and what does eq. 3 gain there?

    python -m experiments.tasks.ratio data fashion-mnist      # results/task_ratio_fashion-mnist.json
    python -m experiments.tasks.ratio data objects            # results/task_ratio_objects.json
                                                            # and docs/task_ratio.svg from what is there of both

Three closed codecs of 8 x 8 blocks meet at every ratio, all fitted on
training pictures of the set and judged by the frozen classifier on reconstructions of the whole test set:

    pixels      principal components (semstego.codecs.block.fitting), the best basis for the mean PSNR
    gradient    the same, moved by gradients of the squared error alone: the control, lambda = 1 in eq. 3
    task        the same gradients with eq. 3's lambda = 0.99: as many steps, pictures and seeds as the control

The last two are fitted at the largest ratio where ``pixels`` loses at least 5 points, and at the one below.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from rich.progress import Progress

from experiments import record
from semstego.codecs.block.basis import BlockBasis
from semstego.codecs.block.codec import BlockCodec
from semstego.codecs.block.fitting import Design, fit_basis
from semstego.datasets import sets
from semstego.datasets.labelled import LabelledPictures
from semstego.losses.semantic import PICTURE_WEIGHT
from semstego.metrics.accuracy_gap import accuracy, paired_gap
from semstego.metrics.image import psnr_db
from semstego.plots.figures import task_against_ratio
from semstego.tasks import classification
from semstego.training import loop
from semstego.training.basis import TaskCodecPlan, trained_basis

SETS = ("fashion-mnist", "objects")
BLOCK = 8
KEPT = (48, 24, 12, 8, 6, 5, 4, 3, 2, 1)  # of 192
PICTURES = 6_400  # of the training set, for the gradients
MOSAICS = 32  # of 8 x 8 pictures, for the principal components
LOSS = 5.0  # points, the issue's
SEED = 1
PLAN = {
    "seed": SEED,
    "epochs": 1,
    "batch": 64,
    "optimiser": {"name": "adam", "learning_rate": 0.003, "schedule": "one-cycle"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("set", choices=SETS)
    options = parser.parse_args()
    with Progress() as bar:
        line = bar.add_task("", total=1.0)
        found = sweep(
            options.set,
            options.folder / options.set,
            lambda what, share: bar.update(line, description=what, completed=share),
        )
    gain = next(row for row in found["ratios"] if row["kept"] == found["critical_kept"])["task"]["gain over gradient"]
    record.write(
        f"task_ratio_{options.set}",
        found,
        config={
            "block": BLOCK, "kept": KEPT, "training pictures": PICTURES, "mosaics": MOSAICS, "plan": PLAN,
            "picture_weight": PICTURE_WEIGHT,
        },
        seed=SEED,
        data={"set": f"{options.set}, whole test set, by the shipped classifier"},
        bars={
            "task over control where pixels lose 5 points, lower end of the interval, points": record.bar(
                -gain["high"], at_least=0.0
            )
        },
        codecs=(),
    )  # fmt: skip
    files = {name: record.RESULTS / f"task_ratio_{name}.json" for name in SETS}
    drawn = {name: json.loads(path.read_text()) for name, path in files.items() if path.exists()}
    target = record.ROOT / "docs" / "task_ratio.svg"
    target.write_bytes(task_against_ratio(drawn))
    print(target)


def sweep(name: str, folder: Path, progress: Progress) -> dict:
    """Accuracies of one set at every ratio."""
    judge = classification.load(name)
    train, validation, test = (as_colour(sets.load(name, folder, split)) for split in ("train", "validation", "test"))
    clean = judge.answered(test.pictures, test.labels).right
    large, rows, bases, right = mosaics(train), [], {}, {}
    for place, kept in enumerate(KEPT):
        progress(f"{name}: pixels, {kept} of {3 * BLOCK**2}", place / len(KEPT))
        bases[kept] = fit_basis(large, Design(BLOCK, kept), 3)
        figures, right[kept] = judged(bases[kept], judge, test, clean)
        rows.append({"kept": kept, "compression_ratio": bases[kept].compression_ratio, "pixels": figures})
    print(name, [(row["kept"], row["pixels"]["lost"]["points"]) for row in rows], flush=True)
    first = next(place for place, row in enumerate(rows) if row["pixels"]["lost"]["points"] >= LOSS)
    for row in rows[first : first + 2]:
        start, answers = bases[row["kept"]], {}
        for method, weight in (("gradient", 1.0), ("task", PICTURE_WEIGHT)):
            plan = TaskCodecPlan(data={"set": name, "folder": folder}, task=name, picture_weight=weight, **PLAN)
            runner, few = loop.fabric(plan, accelerator="cpu"), train.first(PICTURES)
            with tempfile.TemporaryDirectory() as run:
                basis, _ = trained_basis(plan, start, judge, few, validation.first(500), Path(run), runner, progress)
            row[method], answers[method] = judged(basis, judge, test, clean)
        row["task"]["gain over pixels"] = vars(paired_gap(right[row["kept"]], answers["task"]))
        row["task"]["gain over gradient"] = vars(paired_gap(answers["gradient"], answers["task"]))
        print(name, row, flush=True)
    return {"clean": vars(accuracy(clean)), "ratios": rows, "critical_kept": rows[first]["kept"]}


def judged(
    basis: BlockBasis, judge: classification.Classification, test: LabelledPictures, clean: np.ndarray
) -> tuple[dict, np.ndarray]:
    """What the task makes of reconstructions by the integer codec, closing included; and which it gets right."""
    codec = BlockCodec("sweep", {3: basis, 1: basis}, {})
    seen = np.stack([codec.decode(codec.encode(picture).symbols) for picture in test.pictures])
    right = judge.answered(seen, test.labels).right
    quality = [psnr_db(one, picture) for one, picture in zip(seen, test.pictures, strict=True)]
    figures = {
        "accuracy": vars(accuracy(right)),
        "lost": vars(paired_gap(clean, right)),
        "psnr_db": float(np.mean(quality)),
    }
    return figures, right


def as_colour(data: LabelledPictures) -> LabelledPictures:
    """Grey pictures as RGB, as the tasks see them."""
    return data.with_pictures(np.ascontiguousarray(np.broadcast_to(data.pictures, (*data.pictures.shape[:3], 3))))


def mosaics(data: LabelledPictures) -> list[np.ndarray]:
    """The first pictures, 64 in one: principal components are taken of few large pictures."""
    side = data.pictures.shape[1]
    blocks = data.pictures[: 64 * MOSAICS].reshape(MOSAICS, 8, 8, side, side, 3).swapaxes(2, 3)
    return list(blocks.reshape(MOSAICS, 8 * side, 8 * side, 3))


if __name__ == "__main__":
    main()
