# SPDX-License-Identifier: Apache-2.0
"""Does the message come back? Random hides in test photographs, each read at both stages with the public API.

    python -m experiments.exactness.hides ../shared/photos                      # results/exactness_certified.json
    python -m experiments.exactness.hides ../shared/photos --scheme syndrome    # results/exactness.json

    cover     a whole test photograph, or a square of 64 px or more cut from one; some as grey; never enlarged; and
              mosaics of 12 megapixels
    message   random bytes, 0.05 to 1 bpp of coded bits; a random key
    outcome   exact: `reveal` gives the bytes from the stream, and from the PNG written to disk and read back
              refused: `hide` said why, and nothing came out
              wrong: anything else

The bars' operating point is cr085: ``count`` hides at uniform rates and an eighth as many at exactly 1 bpp. The other
two have a tenth each. The syndrome scheme takes the points without their dither. After a refusal the length it named is
tried. A cover with less than 5 % of its pixel values at 0 or 255 counts for the refusal bars; every refusal is listed.
"""

import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import semstego
from experiments import record
from semstego.codecs import registry
from semstego.errors import CapacityError, SemstegoError
from semstego.io.pictures import load_picture
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.schemes import base

SEED = 20261122
DEFAULT = "cr085"
RATES = (0.05, 1.0)  # bpp
WHOLE, GREY = 0.15, 0.15  # shares of whole photographs, of grey versions
LEAST_SIDE = 64
MOSAICS, LARGEST, TILE = 3, (3000, 4000), 500  # how many, height and width, and side of their parts [pixels]
OUTCOMES = ("exact", "refused", "wrong")
CLIPPED = 0.05  # share of pixel values at 0 or 255 from which on a refusal counts no more
BINS = {"up to 0.5 bpp": (0, 0.5), "0.5 to 0.9 bpp": (0.5, 0.9), "0.9 to 1 bpp": (0.9, 1.01), "1 bpp": (0.99, 1.01)}


def draw_cover(path: Path, rng: np.random.Generator) -> np.ndarray:
    """A photograph or a square of it, sides of squares drawn evenly in their logarithm."""
    picture = np.squeeze(load_picture(path, flatten=True))
    if picture.ndim == 3 and rng.random() < GREY:
        picture = record.grey(picture)
    height, width = picture.shape[:2]
    if rng.random() < WHOLE:
        return picture
    side = int(np.exp(rng.uniform(np.log(LEAST_SIDE), np.log(min(height, width) + 1))))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def read_back(out: semstego.Hidden, message: bytes, key: Key, folder: str) -> str:
    """Both stages, as the receiver does them."""
    file = Path(folder) / "stego.png"
    file.write_bytes(out.png)
    for source, stage in ((out.stream, "features"), (file, "picture")):
        try:
            found = semstego.reveal(source, key=key)
        except SemstegoError as error:
            return f"wrong: {stage}: {error}"
        if (found.message, found.stage) != (message, stage):
            return f"wrong: {stage}: other bytes"
    return "exact"


def attempt(cover: np.ndarray, message: bytes, key: Key, codec: str, scheme: str) -> tuple[str, dict]:
    """Hide and read back: the outcome, and what there is to say of it."""
    point = registry.load(registry.twin_for(codec, keeps_law=base.SCHEMES.get(scheme).keeps_law))
    try:
        out = semstego.hide(cover, message, key=key, codec=point, scheme=scheme, allow_jpeg_history=True)
    except SemstegoError as error:
        named = error.available if isinstance(error, CapacityError) else None
        return "refused", {"error": type(error).__name__, "reason": str(error), "named_bytes": named}
    except Exception as error:  # no promise of `hide`
        return f"wrong: {type(error).__name__}: {error}", {}
    with tempfile.TemporaryDirectory() as folder:
        outcome = read_back(out, message, key, folder)
    picture = np.atleast_3d(out.picture)
    again = point.recover(picture)
    stego = again.with_values(out.symbols)
    misread = int((again.carriers != stego.carriers).any(axis=0).sum())
    return outcome, {"retries": out.report.retries, "coded_bpp": out.report.bpp, "blocks_misread": misread}


def mosaic(paths: list[Path], rng: np.random.Generator) -> np.ndarray:
    """Photographs side by side, 12 megapixels."""
    height, width = LARGEST
    canvas = np.zeros((height, width, 3), np.uint8)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            tile = np.atleast_3d(np.squeeze(load_picture(paths[rng.integers(len(paths))], flatten=True)))
            tile = np.tile(tile, (1 + TILE // tile.shape[0], 1 + TILE // tile.shape[1], 3 // tile.shape[2]))
            rows, columns = min(TILE, height - top), min(TILE, width - left)
            canvas[top : top + rows, left : left + columns] = tile[:rows, :columns]
    return canvas


def one(task: tuple[int, str, float | None], paths: list[Path], scheme: str) -> dict:
    """One hide: where, what, and how it ended."""
    index, codec, rate = task
    rng = np.random.default_rng([SEED, index])
    path = paths[rng.integers(len(paths))]
    cover = mosaic(paths, rng) if index < MOSAICS else draw_cover(path, rng)
    key = Key(rng.bytes(32))
    rate = float(rng.uniform(*RATES)) if rate is None else rate
    pixels = cover.shape[0] * cover.shape[1]
    message = rng.bytes(max(1, int(rate * pixels) // 8 - frame.OVERHEAD_BYTES))
    start = time.perf_counter()
    outcome, facts = attempt(cover, message, key, codec, scheme)
    row = {"index": index, "photograph": path.name, "shape": list(cover.shape), "codec": codec, "bpp": rate}
    row |= {"clipped_share": record.clipped_share(cover), "message_bytes": len(message), "outcome": outcome} | facts
    row["seconds"] = time.perf_counter() - start
    if outcome == "refused":
        wet = registry.load(codec).encode(np.atleast_3d(cover)).wet
        row["wet_share"] = float(wet.mean())
        if row["named_bytes"]:
            row["named_length_works"] = attempt(cover, message[: row["named_bytes"]], key, codec, scheme)[0]
    return row


def shares(rows: list[dict]) -> dict:
    """Outcomes by payload, of covers that are hardly clipped and of all."""
    found = {}
    for name, (low, high) in BINS.items():
        here = [row for row in rows if low < row["bpp"] <= high]
        found[name] = {}
        unclipped = [row for row in here if row["clipped_share"] < CLIPPED]
        for group, chosen in (("below_5_percent_clipped", unclipped), ("all", here)):
            refused = sum(row["outcome"] == "refused" for row in chosen)
            share = refused / len(chosen) if chosen else None
            found[name][group] = {"hides": len(chosen), "refused": refused, "refused_share": share}
    return found


def figures_of(rows: list[dict]) -> dict:
    by_codec = {}
    for codec in record.PICTURE_POINTS:
        here = [row for row in rows if row["codec"] == codec]
        outcomes = Counter(row["outcome"].split(":")[0] for row in here)
        by_codec[codec] = {name: outcomes[name] for name in OUTCOMES} | {"refusals": shares(here)}
    refusals = [row for row in rows if row["outcome"] == "refused"]
    return {
        "hides": len(rows),
        "exact": sum(row["outcome"] == "exact" for row in rows),
        "refused": len(refusals),
        "wrong": sum(row["outcome"].startswith("wrong") for row in rows),
        "by_codec": by_codec,
        "grey": sum(len(row["shape"]) == 2 for row in rows),
        "coded_again": sum(row.get("retries", 0) > 0 for row in rows),
        "blocks_misread": sum(row.get("blocks_misread", 0) for row in rows),
        "largest_megapixels": max(row["shape"][0] * row["shape"][1] for row in rows) / 1e6,
        "seconds_per_hide_and_both_readings": float(np.mean([row["seconds"] for row in rows])),
        "named_length": dict(Counter(row.get("named_length_works", "none named") for row in refusals)),
        "refusals": refusals,
        "wrong_ones": [row for row in rows if row["outcome"].startswith("wrong")],
    }


def bars_of(figures: dict, scheme: str) -> dict:
    default = figures["by_codec"][DEFAULT]
    failed = sum(count for outcome, count in figures["named_length"].items() if outcome not in ("exact", "none named"))
    bars = {
        "wrong": record.bar(figures["wrong"], at_most=0),
        "named_lengths_that_fail": record.bar(failed, at_most=0),
    }
    if scheme == "certified":
        return bars | {
            "hides": record.bar(figures["hides"], at_least=3000),
            "retries": record.bar(figures["coded_again"], at_most=0),
            "blocks_misread": record.bar(figures["blocks_misread"], at_most=0),
        }
    refused = {name: default["refusals"][name]["below_5_percent_clipped"]["refused_share"] for name in BINS}
    return bars | {
        "hides_by_default_codec": record.bar(sum(default[name] for name in OUTCOMES), at_least=2000),
        "refused_up_to_0.5_bpp": record.bar(refused["up to 0.5 bpp"], at_most=0.01),
        "refused_at_1_bpp": record.bar(refused["1 bpp"], at_most=0.05),
    }


def main(
    photographs: Path,
    count: Annotated[int, typer.Option(help="Hides at cr085 and uniform rates.")] = 2300,
    scheme: Annotated[str, typer.Option(help="certified or syndrome.")] = base.DEFAULT,
) -> None:
    """Hide in random pictures and read back."""
    paths = record.photographs(photographs, "test")
    plan = [(DEFAULT, None)] * count + [(DEFAULT, 1.0)] * (count // 8)
    plan += [(codec, None) for codec in record.PICTURE_POINTS[1:] for _ in range(count // 10)]
    tasks = [(index, codec, rate) for index, (codec, rate) in enumerate(plan)]
    tasks = [tasks[i] for i in np.random.default_rng(SEED).permutation(len(tasks))]  # or progress would mean little
    work = partial(one, paths=paths, scheme=scheme)
    rows = sorted(record.spread(work, tasks, "hiding", chunk=8), key=lambda row: row["index"])
    figures = figures_of(rows)
    config = {"scheme": scheme, "default_codec": DEFAULT, "rates_bpp": RATES, "whole_share": WHOLE, "grey_share": GREY}
    config |= {"least_side": LEAST_SIDE, "clipped_limit": CLIPPED, "uniform_hides": count, "mosaics": MOSAICS}
    config["bpp"] = "coded bits of the order; a message has at least one byte"
    data = {"test": record.describe(photographs, "test")}
    name = "exactness_certified" if scheme == "certified" else "exactness"
    record.write(name, figures, config=config, seed=SEED, data=data, bars=bars_of(figures, scheme))


if __name__ == "__main__":
    typer.run(main)
