# SPDX-License-Identifier: Apache-2.0
"""Does a message harm the receiver's task? GoogLeNet on clean pictures, cover and stego reconstructions.

    python -m experiments.tasks.gap data fashion-mnist              # results/task_gap_fashion-mnist.json
    python -m experiments.tasks.gap data objects                    # results/task_gap_objects.json
    python -m experiments.tasks.gap data fashion-mnist --scheme certified    # task_gap_certified_fashion-mnist.json

Every cell hides a fresh random message of exactly the payload in every test picture (1 bpp = 4096 coded bits) and asks
the frozen classifier about the same pictures in all forms. Pictures that cannot carry the payload are counted and left
out of their cell. Cells named in WHOLE use all test pictures, the others the first 1,000. The certified scheme hides
what each picture holds, up to 1 bpp, in all test pictures.
"""

import argparse
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import torch
from rich.progress import Progress, TaskID

from experiments import record
from semstego.codecs import registry
from semstego.datasets import sets
from semstego.evaluation.task_gap import evaluate
from semstego.metrics.accuracy_gap import accuracy
from semstego.schemes import base
from semstego.schemes.base import Scheme
from semstego.system.stego_system import StegoSystem
from semstego.tasks import classification

SHIPPED = (*record.PLAIN_POINTS, "task-plain")

PAYLOADS = (0.1, 0.25, 0.5, 1.0)  # bpp, coded bits
WHOLE = (("cr085-plain", 1.0), ("cr025-plain", 1.0), ("cr025-plain", 0.5))
FEW = 1_000
CODECS = {"fashion-mnist": record.PLAIN_POINTS, "objects": SHIPPED}  # `task` is fitted for the cut-outs
ACCURACY = {"fashion-mnist": 92.5, "objects": 90}  # the bars, percent
UNSEEN_ACCURACY = 55
SEED = 20261123


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("set", choices=ACCURACY)
    parser.add_argument("--scheme", choices=("syndrome", "certified"), default="syndrome")
    options = parser.parse_args()
    torch.set_num_threads(2)
    name, folder, certified = options.set, options.folder / options.set, options.scheme == "certified"
    scheme = base.SCHEMES.get(options.scheme)
    whole = [("cr085", 1.0)] if certified else WHOLE
    plan = whole if certified else list(product(CODECS[name], PAYLOADS))
    with Progress() as bar:
        line = bar.add_task("", total=1.0)
        progress = partial(shown, bar, line)
        found = one_set(name, folder, scheme, plan, whole, progress)
    gap = next(cell for cell in found["cells"] if (cell["codec"], cell["bpp"]) == whole[0])["gap"]
    gap = gap["cover reconstruction to stego reconstruction"]
    bars = {
        "clean accuracy, percent": record.bar(found["clean"]["percent"], at_least=ACCURACY[name]),
        "ACC gap, cr085, 1 bpp: interval contains 0": record.bar(max(gap["low"], -gap["high"]), at_most=0.0),
    }
    if name == "fashion-mnist":
        bars["ACC gap, cr085, 1 bpp: half-width, points"] = record.bar((gap["high"] - gap["low"]) / 2, at_most=0.2)
    elif not certified:
        data = sets.load(name, folder, "test-unseen")
        found["unseen"] = vars(accuracy(classification.load(name).answered(data.pictures, data.labels).right))
        bars["unseen objects, percent"] = record.bar(found["unseen"]["percent"], at_least=UNSEEN_ACCURACY)
    record.write(
        f"task_gap_certified_{name}" if certified else f"task_gap_{name}",
        found,
        config={"scheme": options.scheme, "cells": plan, "whole": whole, "few": FEW},
        seed=SEED,
        data={"set": f"{name}, test, 64x64"},
        bars=bars,
        codecs=dict.fromkeys(codec for codec, _ in plan),
    )


def shown(bar: Progress, line: TaskID, what: str, share: float) -> None:
    """Progress of one line."""
    bar.update(line, description=what, completed=share)


def one_set(name: str, folder: Path, scheme: Scheme, plan: list, whole: list, progress: Callable) -> dict:
    """Clean accuracy on the whole test set, and every cell."""
    task, data = classification.load(name), sets.load(name, folder, "test")
    clean = accuracy(task.answered(data.pictures, data.labels).right)
    print(f"{name}: clean accuracy {clean.percent:.2f} %", flush=True)
    few, cells = data.first(FEW), []
    for codec, bpp in plan:
        chosen, system = data if (codec, bpp) in whole else few, StegoSystem(registry.load(codec), scheme)
        at_most = scheme.keeps_law
        cell = evaluate(task, chosen, system, bpp, seed=SEED, workers=2, progress=progress, at_most=at_most)
        cells.append(cell.figures)
        print(name, cell.figures, flush=True)
    return {"clean": vars(clean), "cells": cells}


if __name__ == "__main__":
    main()
