# SPDX-License-Identifier: Apache-2.0
"""Does a message harm the receiver's task? GoogLeNet on clean pictures, cover and stego reconstructions.

    python benchmarks/task_gap.py data            # results/task_gap.json; data holds fashion-mnist and objects

Every cell hides a fresh random message of exactly the payload in every test picture (1 bpp = 4096 coded bits) and asks
the frozen classifier about the same pictures in three forms. Pictures that cannot carry the payload are counted and
left out of their cell. Cells named in WHOLE use all test pictures, the others the first 2,000.
"""

import argparse
from itertools import product
from pathlib import Path

import torch
from rich.progress import Progress

import record
from semstego.codec.operating_point import SHIPPED
from semstego.data import sets
from semstego.metrics.task import accuracy
from semstego.tasks import classification
from semstego.tasks.evaluation import evaluate, right_answers

SETS = ("fashion-mnist", "objects")
PAYLOADS = (0.1, 0.25, 0.5, 1.0)  # bpp, coded bits
WHOLE = (("cr085", 1.0), ("cr025", 1.0), ("cr025", 0.5))
FEW = 2_000
SEED = 20261123


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(2)
    with Progress() as bar:
        line = bar.add_task("", total=1.0)

        def progress(what: str, share: float) -> None:
            bar.update(line, description=what, completed=share)

        found = {name: one_set(name, options.folder / name, progress) for name in SETS}
    unseen = sets.load("objects", options.folder / "objects", "test-unseen")
    answers = right_answers(classification.load("objects"), unseen.pictures, unseen.labels)
    strangers = accuracy(answers)
    gap = next(cell for cell in found["fashion-mnist"]["cells"] if (cell["codec"], cell["bpp"]) == ("cr085", 1.0))
    gap = gap["gap"]["cover reconstruction to stego reconstruction"]
    clean = {name: figures["clean"]["percent"] for name, figures in found.items()}
    record.write(
        "task_gap",
        {"sets": found, "unseen objects": vars(strangers)},
        config={"sets": SETS, "payloads_bpp": PAYLOADS, "whole": WHOLE, "few": FEW},
        seed=SEED,
        data={"sets": "Fashion-MNIST test at 64x64, range 32..223; cut-outs at 64x64, test and test-unseen"},
        bars={
            "Fashion-MNIST test accuracy, percent": record.bar(clean["fashion-mnist"], at_least=92.5),
            "cut-outs, known objects, percent": record.bar(clean["objects"], at_least=90),
            "cut-outs, objects never seen, percent": record.bar(strangers.percent, at_least=55),
            "ACC gap, cr085, 1 bpp: interval contains 0": record.bar(max(gap["low"], -gap["high"]), at_most=0.0),
            "ACC gap, cr085, 1 bpp: half-width, points": record.bar((gap["high"] - gap["low"]) / 2, at_most=0.2),
        },
    )


def one_set(name: str, folder: Path, progress) -> dict:
    """Clean accuracy on the whole test set, and every cell."""
    task, data = classification.load(name), sets.load(name, folder, "test")
    clean = accuracy(right_answers(task, data.pictures, data.labels))
    print(f"{name}: clean accuracy {clean.percent:.2f} %", flush=True)
    few, cells = data.first(FEW), []
    for codec, bpp in product(SHIPPED, PAYLOADS):
        chosen = data if (codec, bpp) in WHOLE else few
        cell = evaluate(task, chosen, codec, bpp, seed=SEED, workers=2, progress=progress)
        cells.append(cell.figures)
        print(name, cell.figures, flush=True)
    return {"clean": vars(clean), "cells": cells}


if __name__ == "__main__":
    main()
