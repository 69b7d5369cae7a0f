# SPDX-License-Identifier: Apache-2.0
"""The learned scheme beside the paper's Table II, and beside schemes without a network on the same crops.

    python -m experiments.learned.table data full.safetensors tuned-0.1.safetensors=0.1    # results/learned_table.json

The first model carries 1 bpp and is measured at every payload, smaller ones by repetition; a model that is tuned for a
payload is given with it, FILE=BPP, and measured there. LSB matching and ternary syndrome-trellis codes work on the
symbols of the first model's codec, the closed codec cr085 on its own, at three payloads; the two on an open codec are
measured on the first FEW crops, as finding the symbols of a reconstruction takes a fifth of a second.

The crops are those of DATA_FOLDER/crops, of kind cifar, from test photographs; intervals draw photographs.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import torch
from joblib import Parallel, delayed
from rich.progress import track

from experiments import record
from semstego.codecs import registry
from semstego.datasets.built import crops
from semstego.evaluation.table2 import evaluate, table
from semstego.schemes import base
from semstego.system.stego_system import StegoSystem

PAYLOADS = tuple(tenth / 10 for tenth in range(1, 11))  # bpp, coded bits
BESIDE = (0.1, 0.5, 1.0)  # of the schemes without a network
FEW = 100
CODEC = "cr085-plain"
SEED = 20261125
WORKERS = 2
SCHEMES = {"syndrome": "hill", "LSB matching": "lsb", "closed": "syndrome", "learned": "learned", "tuned": "learned"}
PAPER_COLUMNS = (
    "bit_accuracy_1_percent", "psnr1_db", "ssim1", "bit_accuracy_2_percent", "psnr2_db", "ssim2", "acc_gap_points",
    "psnr_sc_db", "ssim_sc",
)  # fmt: skip
PAPER = {  # Table II of Huo et al., TCSVT 2025 (CIFAR-10 enlarged to 64 x 64), as printed; SSIM in percent
    0.1: (99.98, 53.94, 99.65, 99.98, 45.22, 99.22, 0.00, 38.14, 98.14),
    0.2: (99.98, 52.64, 99.57, 99.95, 44.15, 99.04, 0.02, 37.83, 98.14),
    0.3: (99.90, 52.52, 99.56, 99.80, 43.99, 99.01, 0.17, 37.85, 98.14),
    0.4: (99.67, 52.51, 99.56, 99.36, 44.00, 99.01, 0.05, 37.84, 98.13),
    0.5: (98.99, 51.67, 99.47, 98.32, 43.86, 99.00, 0.12, 37.81, 98.13),
    0.6: (98.32, 52.49, 99.56, 97.55, 44.02, 99.02, 0.06, 37.85, 98.14),
    0.7: (98.89, 51.60, 99.46, 97.94, 43.76, 98.98, 0.00, 37.82, 98.98),
    0.8: (98.60, 51.60, 99.46, 97.48, 43.76, 98.98, 0.00, 37.82, 98.13),
    0.9: (98.41, 50.79, 99.46, 97.09, 42.67, 98.98, 0.00, 37.82, 98.13),
    1.0: (98.60, 50.56, 99.32, 97.73, 41.57, 98.37, 0.05, 37.23, 97.39),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    parser.add_argument("models", metavar="MODEL_FILE", nargs="+", help="the first at every payload, others FILE=BPP")
    parser.add_argument("--pictures", type=int, help="the first so many crops")
    options = parser.parse_args()
    folder, full = options.folder / "crops", Path(options.models[0])
    if json.loads((folder / crops.DESCRIPTION).read_text())["kind"] != "cifar":
        parser.error(f"{folder} holds no crops of kind cifar")
    try:
        tuned = [(Path(name), float(bpp)) for name, bpp in (one.rsplit("=", 1) for one in options.models[1:])]
    except ValueError:
        parser.error("a model after the first is given with its payload, FILE=BPP")
    jobs = list(cells_wanted(full, tuned))
    work = (delayed(cell)(folder, options.pictures, *job) for job in jobs)
    done = Parallel(n_jobs=WORKERS, return_as="generator")(work)
    cells = list(track(done, "cells", total=len(jobs)))
    paper = {f"{bpp:g}": beside(row) for bpp, row in PAPER.items()}
    rows = [{"carrier": "paper", "bpp": float(bpp), "refused": 0, "columns": row} for bpp, row in paper.items()]
    print(table([*cells, *rows]))
    print(f"{cells[-1]['pictures']:,} crops of {cells[-1]['photographs']:,} photographs")
    record.write(
        "learned_table",
        {"cells": cells, "paper": paper},
        config={
            "payloads_bpp": PAYLOADS, "payloads_beside_bpp": BESIDE, "pictures": options.pictures, "few": FEW,
            "torch": version("torch"),
            "models": [{"file": path.name, "bpp": bpp, "sha256": sha256(path)} for path, bpp in ((full, 1.0), *tuned)],
        },
        seed=SEED,
        data={
            "set": "crops, test, kind cifar, 64x64",
            "sha256": sha256(folder / "test.npz"),
            "description_sha256": sha256(folder / crops.DESCRIPTION),
        },
        bars=bars(cells),
        codecs=(CODEC,),
    )  # fmt: skip


def cells_wanted(full: Path, tuned: list[tuple[Path, float]]) -> Iterator[tuple[str, Path, float]]:
    """Scheme, model and payload of every cell; the slow ones first, so that no worker ends alone with one."""
    yield from (("syndrome", full, bpp) for bpp in BESIDE)
    yield from (("LSB matching", full, bpp) for bpp in BESIDE)
    yield from (("learned", full, bpp) for bpp in PAYLOADS)
    yield from (("tuned", path, bpp) for path, bpp in tuned)
    yield from (("closed", full, bpp) for bpp in BESIDE)


def cell(folder: Path, pictures: int | None, scheme: str, path: Path, bpp: float) -> dict:
    """One cell, in a process of its own."""
    torch.set_num_threads(1)
    data = crops.load(folder, "test")
    count = FEW if scheme in ("syndrome", "LSB matching") else len(data)
    chosen = data.first(count if pictures is None else min(count, pictures))
    codec = registry.load(CODEC if scheme == "closed" else path)
    system = StegoSystem(codec, base.SCHEMES.get(SCHEMES[scheme]).uncorrected)
    found = evaluate(system, chosen, bpp, seeds=[SEED], name=scheme, progress=lambda what, share: None)
    return found | {"model": None if scheme == "closed" else path.name}


def bars(cells: list[dict]) -> dict:
    """The paper's figures at 1 and 0.1 bpp, for the model that is tuned to the payload, or the only one."""
    wanted = {}
    for bpp in (1.0, 0.1):
        fitting = [one for one in cells if one["bpp"] == bpp and one["carrier"] in ("learned", "tuned")]
        columns = max(fitting, key=lambda one: one["carrier"])["columns"]  # "tuned" comes after "learned"
        for name in ("bit_accuracy_1_percent", "psnr1_db", "bit_accuracy_2_percent", "psnr2_db", "psnr_sc_db"):
            least = PAPER[bpp][PAPER_COLUMNS.index(name)]
            wanted[f"{bpp:g} bpp: {name}"] = record.bar(columns[name]["mean"], at_least=least)
    return wanted


def beside(row: tuple[float, ...]) -> dict[str, dict[str, float]]:
    """A row of the paper's under our names and in our units."""
    named = zip(PAPER_COLUMNS, row, strict=True)
    return {name: {"mean": value / 100 if name.startswith("ssim") else value} for name, value in named}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
