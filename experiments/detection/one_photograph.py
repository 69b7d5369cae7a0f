# SPDX-License-Identifier: Apache-2.0
"""Does the audit find copies of one photograph, and does it keep different ones apart?

python -m experiments.detection.one_photograph ../shared/photos        # results/one_photograph.json

copies       of 20 photographs in each way of ``COPIES``, among all 416 photographs: to be found
photographs  all of them: to be kept apart, but for ``KNOWN``, which are in the set twice
crops        8 squares of 64x64 pixels of each photograph: those of different photographs are to be kept apart
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from experiments import record
from semstego.io.pictures import load_picture
from semstego.steganalysis.sources import photographs as one

COUNT = 20  # photographs that are copied
SIDE, CROPS = 64, 8
KNOWN = (  # files of one photograph under two names: the pictures are equal but for JPEG
    ("gcompris-qt-data__brandenburgGate.jpg", "gcompris-qt-data__monuments_brandenburgGate.jpg"),
    ("gcompris-qt-data__colosseum.jpg", "gcompris-qt-data__monuments_colosseum.jpg"),
    ("gcompris-qt-data__greatPyramidOfGiza.jpg", "gcompris-qt-data__monuments_greatPyramid.jpg"),
)
SEED = 20261127


def jpeg(quality: int) -> Callable:
    def copied(picture: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        return load_picture(file.getvalue())

    return copied


def levels(gain: float, offset: float) -> Callable:
    return lambda picture: np.clip(128 + gain * (picture.astype(float) - 128) + offset, 0, 255).astype(np.uint8)


def scaled(factor: float) -> Callable:
    def copied(picture: np.ndarray) -> np.ndarray:
        height, width = (round(factor * length) for length in picture.shape[:2])
        return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))

    return copied


def cut(top: float, right: float, bottom: float, left: float) -> Callable:
    """Shares of the sides are cut off."""

    def copied(picture: np.ndarray) -> np.ndarray:
        height, width = picture.shape[:2]
        return picture[
            round(top * height) : height - round(bottom * height), round(left * width) : width - round(right * width)
        ]

    return copied


COPIES: dict[str, Callable] = {
    "equal pixels": np.copy,
    "JPEG 90": jpeg(90),
    "JPEG 50": jpeg(50),
    "20 levels brighter": levels(1, 20),
    "contrast times 0.8": levels(0.8, 0),
    "half the size": scaled(0.5),
    "0.9 of the size": scaled(0.9),
    "mirrored": lambda picture: picture[:, ::-1],
    "2 % cut off each edge": cut(0.02, 0.02, 0.02, 0.02),
    "5 % cut off each edge": cut(0.05, 0.05, 0.05, 0.05),
    "4 % cut off one edge": cut(0, 0, 0, 0.04),
    "8 % cut off one edge": cut(0, 0, 0, 0.08),
    "8 % cut off each edge": cut(0.08, 0.08, 0.08, 0.08),
    "turned by 3 degrees": lambda picture: np.asarray(Image.fromarray(picture).rotate(3, Image.Resampling.BICUBIC)),
}


def crops(pictures: list[np.ndarray], rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
    """Squares at random places, and the photograph of each."""
    found, of = [], []
    for number, picture in enumerate(pictures):
        for _ in range(CROPS):
            top, left = (rng.integers(length - SIDE + 1) for length in picture.shape[:2])
            found.append(picture[top : top + SIDE, left : left + SIDE])
            of.append(number)
    return found, np.array(of)


def merged(signatures: list[one.Signature], of: np.ndarray) -> dict:
    """How many pictures are taken for one photograph with those of another."""
    groups = one.photographs_of(signatures)
    wrong = sum(int(np.sum(groups == group)) for group in np.unique(groups) if len(set(of[groups == group])) > 1)
    return {"pictures": len(of), "taken_for_another": wrong, "photographs_found": len(np.unique(groups))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    options = parser.parse_args()
    parts = ("fit", "validation", "test")
    paths = [path for part in parts for path in record.photographs(options.photographs, part)]
    pictures = [
        np.asarray(Image.fromarray(np.squeeze(load_picture(path, flatten=True))).convert("RGB")) for path in paths
    ]
    rng = np.random.default_rng(SEED)
    signatures = [one.signature(picture) for picture in pictures]
    names = {path.name: place for place, path in enumerate(paths)}
    of = np.arange(len(paths))
    for first, second in KNOWN:
        of[names[second]] = names[first]
    chosen = rng.choice(len(paths), COUNT, replace=False)
    figures: dict = {"photographs": merged(signatures, of) | {"different": len(set(of.tolist()))}, "copies": {}}
    for name, copied in COPIES.items():
        groups = one.photographs_of([*signatures, *(one.signature(copied(pictures[place])) for place in chosen)])
        found = int(np.sum(groups[len(paths) :] == groups[chosen]))
        figures["copies"][name] = {"copies": COUNT, "found": found, "missed": COUNT - found}
    squares, of_squares = crops(pictures, rng)
    figures["crops"] = merged([one.signature(square) for square in squares], of[of_squares])
    ten = [figures["copies"][name]["missed"] for name in list(COPIES)[:10]]
    record.write(
        "one_photograph",
        figures,
        config={"alike": one.ALIKE, "brightness": one.BRIGHTNESS, "contrast": one.CONTRAST, "known": KNOWN},
        seed=SEED,
        data={part: record.describe(options.photographs, part) for part in parts},
        bars={
            "copies missed in the first ten ways": record.bar(sum(ten), at_most=0),
            "photographs taken for another": record.bar(figures["photographs"]["taken_for_another"], at_most=0),
        },
        codecs=(),
    )


if __name__ == "__main__":
    main()
