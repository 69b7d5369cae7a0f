# SPDX-License-Identifier: Apache-2.0
"""Does a message harm detection? mAP50 of the shipped detector on clean pictures, cover and stego reconstructions.

    python -m experiments.tasks.detection data              # results/task_gap_scenes.json; data/scenes must be there

Scenes of 256x256, known objects on photographs that no training saw; the set `test-unseen` has other objects too.
The certified scheme hides all that each picture holds in every test scene; the others 1 bpp, in the first so many that
CELLS says. mAP50 is the mean over classes of the area under the envelope; the 11 points of VOC2007 stand beside it.
Intervals are a bootstrap over the photographs that the scenes' backgrounds are of, paired for gaps.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from experiments import record
from experiments.tasks.gap import shown
from semstego.codecs import registry
from semstego.datasets import sets
from semstego.evaluation.task_gap import evaluate
from semstego.schemes import base
from semstego.system.stego_system import StegoSystem
from semstego.tasks.detection import task as detection
from semstego.tasks.detection.average_precision import judge

CELLS = (
    ("certified", "cr085", 3.0, 5_000),  # more than any picture holds: all that it holds
    ("syndrome", "cr085-plain", 1.0, 1_000),
    ("learned", "learned-256", 1.0, 500),
    ("adversarial", "cr085-plain", 1.0, 1_500),
)
MAP50 = 70.0  # the bars: percent,
HALF_WIDTH = 0.5  # and points
SEED = 20261127


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    parser.add_argument("--schemes", nargs="+", default=[scheme for scheme, *_ in CELLS])
    options = parser.parse_args()
    torch.set_num_threads(2)
    task, folder = detection.load("scenes"), options.folder / "scenes"
    tested = {split: sets.load("scenes", folder, split) for split in ("test", "test-unseen")}
    figures, cells = {}, []
    for split, data in tested.items():
        answers = task.answered(data.pictures, data.labels).of_photographs(data.groups)
        judged = judge(answers.detections, answers.objects, answers.classes)
        precisions = zip(data.classes, map(float, judged.average_precisions()), strict=True)
        points = float(judged.average_precisions("11 points").mean())
        figures[split] = answers.score() | {
            "photographs": len(np.unique(data.groups)),
            "map50_11_points_percent": 100 * points,
            "classes": dict(precisions),
        }
        print(split, figures[split], flush=True)
    with Progress() as bar:
        line = bar.add_task("", total=1.0)
        for scheme, codec, bpp, count in CELLS:
            if scheme in options.schemes:
                system = StegoSystem(registry.load(codec), base.SCHEMES.get(scheme).uncorrected)
                chosen, tell = tested["test"].first(count), partial(shown, bar, line)
                most = scheme == "certified"
                cell = evaluate(task, chosen, system, bpp, seed=SEED, workers=2, progress=tell, at_most=most)
                cells.append(cell.figures)
                print(cell.figures, flush=True)
    record.write(
        "task_gap_scenes",
        figures | {"cells": cells},
        config={"cells": CELLS, "schemes": options.schemes, "detector": "scenes"},
        seed=SEED,
        data={"set": "scenes, test and test-unseen, 256x256"},
        bars=bars(figures, cells),
        codecs=dict.fromkeys(codec for _, codec, *_ in CELLS),
    )


def bars(figures: dict, cells: list[dict]) -> dict:
    """The issue's, by scheme."""
    found = {"mAP50, percent": record.bar(figures["test"]["percent"], at_least=MAP50)}
    for cell in cells:
        gap, name = cell["gap"]["cover reconstruction to stego reconstruction"], cell["scheme"]
        found[f"gap, {name}: interval contains 0"] = record.bar(max(gap["low"], -gap["high"]), at_most=0.0)
        found[f"gap, {name}: half-width, points"] = record.bar((gap["high"] - gap["low"]) / 2, at_most=HALF_WIDTH)
    return found


if __name__ == "__main__":
    main()
