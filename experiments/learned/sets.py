# SPDX-License-Identifier: Apache-2.0
"""The learned scheme's shipped models on other pictures: sharp crops, and cut-outs whose class a task must still see.

    python -m experiments.learned.sets data task=runs/task-64.safetensors      # results/learned_sets.json

data/plain holds crops of kind plain, data/objects the cut-outs, here of CIFAR's kind (--detail 32). The ACC gap is that
of eq. 19, in points, by the shipped classifier `objects`. Further models, NAME=FILE, go through the cut-outs, too.
"""

import argparse
import hashlib
from pathlib import Path

from rich.progress import track

from experiments import record
from semstego.codecs import registry
from semstego.datasets.built import crops, objects
from semstego.datasets.enlarge import softened
from semstego.evaluation.table2 import evaluate, table
from semstego.schemes import base
from semstego.system.stego_system import StegoSystem
from semstego.tasks import classification

PICTURES = 1000
DETAIL = 32
SEED = 20261125
PLAIN = (("learned-photo", 0.1), ("learned-photo", 0.25), ("learned-photo", 0.5), ("learned-photo", 1.0))
OBJECTS = (("learned-010", 0.1), ("learned-050", 0.5), ("learned-100", 1.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    parser.add_argument("models", metavar="NAME=FILE", nargs="*")
    options = parser.parse_args()
    more = dict(one.split("=", 1) for one in options.models)
    jobs = [("plain", name, name, bpp) for name, bpp in PLAIN]
    jobs += [("objects", name, name, bpp) for name, bpp in OBJECTS]
    jobs += [("objects", name, file, 1.0) for name, file in more.items()]
    cells = [cell(options.folder, *job) for job in track(jobs, "cells")]
    print(table(cells))
    digests = {name: hashlib.sha256(Path(file).read_bytes()).hexdigest() for name, file in more.items()}
    record.write(
        "learned_sets",
        {"cells": cells},
        config={"pictures": PICTURES, "detail": DETAIL, "classifier": "objects", "models": digests},
        seed=SEED,
        data={"sets": "plain: crops, test, kind plain; objects: test"},
        bars={},
        codecs=(),
    )


def cell(folder: Path, kind: str, name: str, file: str, bpp: float) -> dict:
    system, task = StegoSystem(registry.load(file), base.SCHEMES.get("learned").uncorrected), None
    if kind == "plain":
        data = crops.load(folder / kind, "test").first(PICTURES)
    else:
        data, task = objects.load(folder / kind, "test").first(PICTURES), classification.load("objects")
        data = data.with_pictures(softened(data.pictures, DETAIL))
    found = evaluate(system, data, bpp, seeds=[SEED], name=name, task=task, progress=lambda what, share: None)
    return {"pictures_of": kind, "model": name} | found


if __name__ == "__main__":
    main()
