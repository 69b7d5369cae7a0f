# SPDX-License-Identifier: Apache-2.0
"""Semantic communication without a message, beside the paper's 38.89 dB (64x64) and 38.41 dB (360x360 grey).

    python -m experiments.learned.codec data ../shared/photos       # results/codec.json

The codecs that ship as channels of Tables I and IV, by `semstego train-codec` with the configurations of their names.
Pictures: test crops of DATA_FOLDER/crops, of kind cifar; and central squares of test photographs, reduced. PSNR is that
of 8-bit reconstructions, mean over pictures.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from experiments import record
from semstego.codecs import registry
from semstego.datasets.built import crops
from semstego.datasets.folder import central_squares, photographs
from semstego.metrics.image import psnr_db

PAPER = {("codec-64", 64): 38.89, ("codec-grey", 360): 38.41}
SIDES = (("codec-64", 64), ("codec-64", 256), ("codec-256", 256), ("codec-grey", 360), ("codec-grey-085", 360))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "photographs"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    torch.set_num_threads(2)
    files = photographs(options.photographs, record.PARTS / "test.txt")
    pictures = {side: central_squares(files, side) for side in (256, 360)}
    pictures[64] = crops.load(options.data / "crops", "test").pictures[:1000]
    rows = [row(name, side, pictures[side]) for name, side in SIDES]
    record.write(
        "codec",
        {"rows": rows},
        config={"pictures": SIDES},
        seed=None,
        data=record.describe(options.photographs, "test"),
        bars={
            f"{one['codec']}, {one['side']}x{one['side']}": record.bar(
                one["psnr_db"], at_least=PAPER[one["codec"], one["side"]]
            )
            for one in rows
            if (one["codec"], one["side"]) in PAPER
        },
        codecs=sorted({name for name, _ in SIDES}),
    )


def row(name: str, side: int, pictures: np.ndarray) -> dict:
    """PSNR of one codec on pictures ``(n, side, side, 3)``, which one for grey sees in grey."""
    codec = registry.load(name)
    if codec.network.shape.channels == 1:
        pictures = np.stack([record.grey(picture)[:, :, None] for picture in pictures])
    sent = [codec.encode(picture).symbols for picture in pictures]
    values = [psnr_db(picture, codec.decode(one)) for picture, one in zip(pictures, sent, strict=True)]
    found = {"codec": name, "side": side, "count": len(pictures), "psnr_db": round(float(np.mean(values)), 3)}
    found |= {"compression_ratio": sent[0].compression_ratio}
    print(found, flush=True)
    return found


if __name__ == "__main__":
    main()
