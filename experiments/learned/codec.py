# SPDX-License-Identifier: Apache-2.0
"""Semantic communication without a message, beside the paper's 38.89 dB (64x64) and 38.41 dB (360x360 grey).

    python -m experiments.learned.codec data ../shared/photos colour.safetensors grey.safetensors   # codec.json

The weights are those of `semstego train-codec` with configs/codec-64.yaml and codec-grey.yaml; both learned at 64x64.
Pictures: test crops of DATA_FOLDER/crops, of kind cifar; and central squares of test photographs, reduced. PSNR is that
of 8-bit reconstructions, mean over pictures.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import torch

from experiments import record
from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import ConvolutionalCodec
from semstego.codecs.convolutional.networks import compression_ratio
from semstego.codecs.convolutional.quantiser import to_pictures
from semstego.datasets.built import crops
from semstego.datasets.folder import central_squares, photographs
from semstego.datasets.labelled import LabelledPictures
from semstego.metrics.image import psnr_db

PAPER = {"64x64": 38.89, "360x360 grey": 38.41}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "photographs", "colour", "grey"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    torch.set_num_threads(2)
    files = photographs(options.photographs, record.PARTS / "test.txt")
    squares = {side: central_squares(files, side) for side in (256, 360)}
    rows = [
        row("64x64", options.colour, crops.load(options.data / "crops", "test").pictures[:1000]),
        row("256x256", options.colour, squares[256]),
        row("360x360", options.colour, squares[360]),
        row("256x256 grey", options.grey, squares[256]),
        row("360x360 grey", options.grey, squares[360]),
    ]
    record.write(
        "codec",
        {"rows": rows},
        config={
            "weights": {
                path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (options.colour, options.grey)
            }
        },
        seed=None,
        data=record.describe(options.photographs, "test"),
        bars={
            one["pictures"]: record.bar(one["psnr_db"], at_least=PAPER[one["pictures"]])
            for one in rows
            if one["pictures"] in PAPER
        },
        codecs=(),
    )


def row(name: str, weights: Path, pictures: np.ndarray) -> dict:
    """PSNR of one codec on pictures ``(n, h, w, 3)``."""
    codec = shaped_weights.from_file(weights, ConvolutionalCodec)
    if codec.shape.channels == 1:
        pictures = LabelledPictures(pictures, np.zeros(len(pictures), np.int64), ("any",)).in_grey().pictures
    values = [psnr_db(picture, received(codec, picture)) for picture in pictures]
    height, width = pictures.shape[1:3]
    found = {"pictures": name, "count": len(pictures), "psnr_db": round(float(np.mean(values)), 3)}
    found |= {"compression_ratio": compression_ratio(height, width, codec.shape.kernel)}
    print(found, flush=True)
    return found


@torch.inference_mode()
def received(codec: ConvolutionalCodec, picture: np.ndarray) -> np.ndarray:
    floats = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255
    return to_pictures(codec(floats).reconstruction)[0]


if __name__ == "__main__":
    main()
