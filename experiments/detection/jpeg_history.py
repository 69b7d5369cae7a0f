# SPDX-License-Identifier: Apache-2.0
"""Does `find_jpeg_history` find JPEGs, and nothing else? On test photographs; its threshold comes from training ones.

    python -m experiments.detection.jpeg_history ../shared/photos       # results/jpeg_history.json

    clean     a photograph (itself a JPEG of quality 94 or so), shrunk by 0.75
    JPEG      clean, saved by Pillow at a quality and subsampling, decoded: to be found
    shrunk    that JPEG, of a random quality and subsampling, shrunk by Lanczos at a factor: not to be found
    again     the photograph cut by some pixels and saved as JPEG, not shrunk in between: two grids, to be found

Each is judged whole and as random squares of several sides.
"""

import argparse
import io
import time
import zlib
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from experiments import record
from semstego.io.jpeg_history import FOUND, MOST_BLOCKS, NEAR_ZERO, SHRINK, SPARE, find_jpeg_history, shrunk
from semstego.io.pictures import load_picture
from semstego.metrics.accuracy_gap import accuracy

QUALITIES = (75, 80, 85, 90, 95)
SAMPLINGS = {"grey": 0, "4:4:4": 0, "4:2:0": 2}  # as Pillow numbers them
FACTORS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
SIDES = (64, 128, 256, 512)
SMALL = (32, 48)  # sides below those that the function is for
SEED = 20261129


def decoded(picture: np.ndarray, quality: int, sampling: str) -> np.ndarray:
    """The picture after Pillow's JPEG, uint8 ``(h, w, c)``; grey has one channel."""
    source, file = record.grey(picture) if sampling == "grey" else picture, io.BytesIO()
    Image.fromarray(source).save(file, "JPEG", quality=quality, subsampling=SAMPLINGS[sampling])
    return load_picture(file.getvalue())


def squares(picture: np.ndarray, rng: np.random.Generator):
    """The whole picture and a square of each side that it has, with their names."""
    yield "whole", picture
    for side in (*SMALL, *SIDES):
        if side <= min(picture.shape[:2]):
            top, left = (rng.integers(length - side + 1) for length in picture.shape[:2])
            yield side, picture[top : top + side, left : left + side]


def judged(what: str, of: object, picture: np.ndarray, rng: np.random.Generator, **facts) -> list[dict]:
    rows = []
    for side, square in squares(picture, rng):
        history = find_jpeg_history(square)
        rows.append({"what": what, "of": of, "side": side, "excess": history.excess, "found": history.found} | facts)
    return rows


def one(path: Path) -> list[dict]:
    """All judgements on one photograph."""
    rng = np.random.default_rng([SEED, zlib.crc32(path.name.encode())])
    photograph = np.asarray(Image.fromarray(np.squeeze(load_picture(path, flatten=True))).convert("RGB"))
    clean, rows = shrunk(photograph), []
    for quality, sampling in product(QUALITIES, SAMPLINGS):
        rows += judged("JPEG", sampling, decoded(clean, quality, sampling), rng, quality=quality)
        top, left = rng.integers(1, 8, 2)
        again = decoded(np.ascontiguousarray(photograph[top:, left:]), quality, sampling)
        rows += judged("again", sampling, again, rng, quality=quality)
    for factor in FACTORS:
        quality, sampling = int(rng.integers(75, 96)), str(rng.choice(list(SAMPLINGS)))
        rows += judged("shrunk", factor, shrunk(decoded(photograph, quality, sampling), factor), rng, quality=quality)
    return rows


def counted(rows: list[dict]) -> dict:
    """How many were found, the share with its interval, and the ends of the statistic."""
    found, excess = np.array([row["found"] for row in rows]), [row["excess"] for row in rows]
    share = accuracy(found)
    limits = {"percent": share.percent, "low": share.low, "high": share.high}
    quantiles = {name: float(np.quantile(excess, at)) for name, at in (("least", 0), ("median", 0.5), ("most", 1))}
    return {"pictures": len(rows), "found": int(found.sum())} | limits | {"excess": quantiles}


def tables(rows: list[dict]) -> dict:
    """By kind and size; whole JPEGs and squares by quality and subsampling, shrunk ones by factor."""
    found: dict = {}
    for what, side in product(("JPEG", "again", "shrunk"), ("whole", *SMALL, *SIDES)):
        here = [row for row in rows if (row["what"], row["side"]) == (what, side)]
        if here:
            keys = sorted({key_of(row) for row in here})
            cells = {key: counted([row for row in here if key_of(row) == key]) for key in keys}
            found.setdefault(what, {})[str(side)] = {"all": counted(here)} | cells
    return found


def key_of(row: dict) -> str:
    return f"{row['of']:g}" if row["what"] == "shrunk" else f"{row['of']} {row['quality']}"


def seconds(side: int) -> float:
    """Least time of three for a square of noise."""
    noise = np.random.default_rng(SEED).integers(0, 256, (side, side, 3), dtype=np.uint8)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        find_jpeg_history(noise)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--first", type=int, help="photographs of each part; all of them if left out")
    options = parser.parse_args()
    figures, data = {}, {}
    for part in ("fit", "test"):
        paths = record.photographs(options.photographs, part)[: options.first]
        figures[part] = tables([row for rows in record.spread(one, paths, part) for row in rows])
        data[part] = record.describe(options.photographs, part)
    figures["seconds"] = {"1 megapixel": seconds(1000), "64x64": seconds(64)}
    test = figures["test"]
    record.write(
        "jpeg_history",
        figures,
        config={"qualities": QUALITIES, "samplings": list(SAMPLINGS), "factors": FACTORS, "shrunk_first": SHRINK}
        | {
            "near_zero": NEAR_ZERO,
            "spare": SPARE,
            "found_above": FOUND,
            "blocks": MOST_BLOCKS**2,
            "intervals": "95 %, Wilson",
        },
        seed=SEED,
        data=data,
        bars={
            "whole JPEGs found, percent": record.bar(test["JPEG"]["whole"]["all"]["percent"], at_least=100),
            "whole JPEGs judged": record.bar(test["JPEG"]["whole"]["all"]["pictures"], at_least=200),
            "whole shrunk ones flagged": record.bar(test["shrunk"]["whole"]["all"]["found"], at_most=0),
            "whole shrunk ones judged": record.bar(test["shrunk"]["whole"]["all"]["pictures"], at_least=200),
            "shrunk squares of 64 pixels flagged, percent": record.bar(
                test["shrunk"]["64"]["all"]["percent"], at_most=1
            ),
            "seconds for a megapixel": record.bar(figures["seconds"]["1 megapixel"], at_most=0.3),
        },
    )


if __name__ == "__main__":
    main()
