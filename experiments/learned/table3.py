# SPDX-License-Identifier: Apache-2.0
"""All schemes beside the paper's Table III: scenes of 256x256, ten payloads, the detector as the receiver's task.

    python -m experiments.learned.table3 data               # results/table3.json; data/scenes must be there

`learned-256` and `adversarial` are one model each for all payloads. `repeated` is learned-256 with every bit repeated
until the message is full, as the paper's authors' released code does; as it ships, a bit has two places at most and a
small payload moves few features. Bits are those of the frame, counted before any correction. The gap of each cell is
that of its own few scenes; experiments/tasks/detection.py measures it on many.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from joblib import Parallel, delayed
from rich.progress import track

from experiments import record
from experiments.learned.table import PAPER_COLUMNS, PAYLOADS, beside
from semstego.codecs import registry
from semstego.codecs.convolutional import shaped_weights
from semstego.datasets import sets
from semstego.evaluation.table2 import evaluate, table
from semstego.schemes import base
from semstego.schemes.base import Scheme
from semstego.schemes.learned.model import LearnedModel
from semstego.schemes.learned.scheme import LearnedScheme
from semstego.system.stego_system import StegoSystem
from semstego.tasks.detection import task as detection

SOME = (0.1, 0.5, 1.0)
SCHEMES = {  # codec, payloads [bpp], scenes
    "learned": ("learned-256", PAYLOADS, 12),
    "repeated": ("learned-256", PAYLOADS, 12),
    "adversarial": ("cr085-plain", PAYLOADS, 60),
    "syndrome": ("cr085-plain", SOME, 60),
    "certified": ("cr085", SOME, 60),
}
SEED = 20261127
WORKERS = 2
PAPER = {  # Table III of Huo et al., TCSVT 2025 (VOC2007 at 256 x 256), as printed; SSIM and mAP50 in percent
    0.1: (99.97, 53.99, 99.70, 99.97, 45.62, 98.78, 0.49, 37.57, 97.33),
    0.2: (99.80, 53.99, 99.70, 99.78, 45.65, 98.79, 0.52, 37.58, 97.34),
    0.3: (99.33, 54.00, 99.70, 99.26, 45.62, 98.78, 0.45, 37.57, 97.33),
    0.4: (98.50, 54.00, 99.70, 98.35, 45.63, 98.79, 0.57, 37.57, 97.33),
    0.5: (97.28, 53.99, 99.69, 97.00, 45.69, 98.80, 0.51, 37.59, 97.36),
    0.6: (96.16, 53.99, 99.70, 95.90, 45.62, 98.79, 0.50, 37.58, 97.34),
    0.7: (94.91, 54.00, 99.70, 94.60, 45.67, 98.80, 0.44, 37.58, 97.34),
    0.8: (94.00, 54.00, 99.70, 93.57, 45.67, 98.79, 0.42, 37.58, 97.34),
    0.9: (93.52, 53.99, 99.70, 92.98, 45.62, 98.79, 0.47, 37.58, 97.34),
    1.0: (93.00, 53.97, 99.70, 92.23, 45.65, 98.80, 0.45, 37.59, 97.35),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    parser.add_argument("--schemes", nargs="+", default=list(SCHEMES), choices=SCHEMES)
    folder, schemes = (options := parser.parse_args()).folder / "scenes", options.schemes
    jobs = [(name, bpp) for name in schemes for bpp in SCHEMES[name][1]]
    done = Parallel(n_jobs=WORKERS, return_as="generator")(delayed(cell)(folder, *job) for job in jobs)
    cells = list(track(done, "cells", total=len(jobs)))
    paper = {f"{bpp:g}": beside(row) for bpp, row in PAPER.items()}
    rows = [{"carrier": "paper", "bpp": float(bpp), "refused": 0, "columns": row} for bpp, row in paper.items()]
    print(table([*cells, *rows]))
    record.write(
        "table3",
        {"cells": cells, "paper": paper},
        config={"schemes": {name: SCHEMES[name] for name in schemes}, "detector": "scenes"},
        seed=SEED,
        data={"set": "scenes, test, 256x256, the first so many"},
        bars=dict(bars(cells)),
        codecs=dict.fromkeys(SCHEMES[name][0] for name in schemes),
    )


def cell(folder: Path, name: str, bpp: float) -> dict:
    """One cell, in a process of its own."""
    torch.set_num_threads(1)
    codec, _, count = SCHEMES[name]
    data = sets.load("scenes", folder, "test").first(count)
    system = StegoSystem(registry.load(codec), scheme_of(name))
    task = detection.load("scenes")
    return evaluate(system, data, bpp, seeds=[SEED], name=name, task=task, progress=lambda what, share: None)


def scheme_of(name: str) -> Scheme:
    if name != "repeated":
        return base.SCHEMES.get(name).uncorrected
    model = shaped_weights.from_file(registry.load(SCHEMES[name][0]).weights, LearnedModel)
    model.shape = replace(model.shape, copies=None)
    return LearnedScheme(model, corrected=False)


def bars(cells: list[dict]) -> Iterator[tuple[str, dict]]:
    """The paper's figures at 1 and 0.1 bpp, for each model of all payloads."""
    for one in cells:
        if one["carrier"] in ("learned", "repeated", "adversarial") and one["bpp"] in (0.1, 1.0):
            for name in ("bit_accuracy_1_percent", "psnr1_db", "bit_accuracy_2_percent", "psnr2_db", "psnr_sc_db"):
                least = PAPER[one["bpp"]][PAPER_COLUMNS.index(name)]
                measured = one["columns"][name]["mean"]
                yield f"{one['carrier']}, {one['bpp']:g} bpp: {name}", record.bar(measured, at_least=least)


if __name__ == "__main__":
    main()
