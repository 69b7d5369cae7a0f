# SPDX-License-Identifier: Apache-2.0
"""Does a message harm the receiver's task? Fashion-MNIST, GoogLeNet: clean, cover and stego reconstructions.

    python benchmarks/task_gap.py data/fashion-mnist            # results/task_gap.json

Every cell hides a fresh random message of exactly the payload in every test picture (1 bpp = 4096 coded bits) and asks
the frozen classifier about the same pictures in three forms. Pictures that cannot carry the payload are
counted and left out of their cell. Cells named in WHOLE use all 10,000 test pictures, the others the first 2,000.
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

PAYLOADS = (0.1, 0.25, 0.5, 1.0)  # bpp, coded bits
WHOLE = (("cr085", 1.0), ("cr025", 0.5))
FEW = 2_000
SEED = 20261123


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only-whole", action="store_true", help="the cells of WHOLE alone")
    options = parser.parse_args()
    torch.set_num_threads(2)
    task, data = classification.load("fashion-mnist"), sets.load("fashion-mnist", options.folder, "test")
    clean = accuracy(right_answers(task, data.pictures, data.labels))
    print(f"clean accuracy {clean.percent:.2f} %")
    few = data.first(FEW)
    cells = []
    rest = [] if options.only_whole else [cell for cell in product(SHIPPED, PAYLOADS) if cell not in WHOLE]
    with Progress() as bar:
        line = bar.add_task("", total=1.0)
        for codec, bpp in (*WHOLE, *rest):
            chosen = data if (codec, bpp) in WHOLE else few
            found = evaluate(
                task,
                chosen,
                codec,
                bpp,
                seed=SEED,
                workers=2,
                progress=lambda what, share: bar.update(line, description=what, completed=share),
            )
            cells.append(found.figures)
            print(found.figures, flush=True)
    gap = cells[0]["gap"]["cover reconstruction to stego reconstruction"]
    record.write(
        "task_gap",
        {"clean accuracy": vars(clean), "cells": cells},
        config={
            "task": "fashion-mnist",
            "payloads_bpp": PAYLOADS,
            "whole": WHOLE,
            "few": 0 if options.only_whole else FEW,
        },
        seed=SEED,
        data={"set": "Fashion-MNIST, test", "pictures": len(data), "enlarged to": 64, "range": "32..223"},
        bars={
            "Fashion-MNIST test accuracy, percent": record.bar(clean.percent, at_least=92.5),
            "ACC gap, cr085, 1 bpp: interval contains 0": record.bar(max(gap["low"], -gap["high"]), at_most=0.0),
            "ACC gap, cr085, 1 bpp: half-width, points": record.bar((gap["high"] - gap["low"]) / 2, at_most=0.2),
        },
    )


if __name__ == "__main__":
    main()
