# SPDX-License-Identifier: Apache-2.0
"""Does `capacity` tell the truth? What it states, against what `hide` really takes under fresh keys.

    python -m experiments.exactness.capacity ../shared/photos    # results/capacity.json

    cover     100 squares of 64 to 160 px, reduced from larger ones cut from test photographs, some as grey; and 20
              whole photographs, their short side reduced to 512
    stated    `capacity(...).max_message_bytes`
    fits      random bytes of a length are hidden under each of several fresh random keys, and none is refused; lengths
              are the stated one and, as long as all go in, those above it by the shares of LADDER

The share is stated over what fits, and so too large by a step of the ladder at most; it is never below that at the
ladder's end. ``hide`` tries up to 64 nonces for a stated length and 3 for a longer one, so what fits depends on what is
stated: with as many nonces for all lengths, more would. ``hide`` reads each message back at both stages before it
returns. Of the certified scheme the stated length is exact: one byte more must be refused.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

import semstego
from experiments import record
from semstego.errors import CapacityError, EmbeddingError
from semstego.message.cipher import Key

SEED = 20261127
CROPS, PHOTOGRAPHS = 100, 20
SIDES = (64, 160)  # of crops [pixels], evenly in their logarithm
REDUCED = 3  # crops are cut so many times as large, where the photograph allows it
GREY = 0.15  # share of crops that are made grey
KEYS = {"crops": 5, "photographs": 3}
LADDER = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
SCHEMES = ("syndrome", "certified")


def crop(path: Path, rng: np.random.Generator) -> np.ndarray:
    """A square of a photograph, reduced."""
    picture, _ = record.whole(path)
    if picture.ndim == 3 and rng.random() < GREY:
        picture = record.grey(picture)
    side = int(np.exp(rng.uniform(*np.log(SIDES))))
    height, width = picture.shape[:2]
    cut = min(REDUCED * side, height, width)
    top, left = rng.integers(height - cut + 1), rng.integers(width - cut + 1)
    square = Image.fromarray(np.ascontiguousarray(picture[top : top + cut, left : left + cut]))
    return np.asarray(square.resize((side, side), Image.Resampling.LANCZOS))


def goes_in(cover: np.ndarray, length: int, scheme: str, rng: np.random.Generator) -> str:
    """Hide random bytes under a fresh key: ``hidden``, or the refusal's kind and the length that it names."""
    try:
        semstego.hide(cover, rng.bytes(length), key=Key(rng.bytes(32)), scheme=scheme, allow_jpeg_history=True)
    except CapacityError as refusal:
        return f"refused, naming {refusal.available}"
    except EmbeddingError:
        return "not read back"
    return "hidden"


def what_fits(stated: int, keys: int, try_once: Callable[[int], str]) -> tuple[list[str], int, list[str]]:
    """How hiding the stated length ends under each key, the longest length that fits, and refusals above it."""
    ends = [try_once(stated) for _ in range(keys)]
    longest = stated
    for share in LADDER:
        length = int(stated * (1 + share))
        for _ in range(keys):
            if (end := try_once(length)) != "hidden":
                return ends, longest, [end]
        longest = length
    return ends, longest, []


def one(task: tuple[int, str, str], paths: list[Path]) -> dict:
    """One cover and one scheme."""
    index, kind, scheme = task
    rng = np.random.default_rng([SEED, index])
    path = paths[index] if kind == "photographs" else paths[rng.integers(len(paths))]
    cover = record.whole(path)[0] if kind == "photographs" else crop(path, rng)
    start = time.process_time()
    stated = semstego.capacity(cover, scheme=scheme).max_message_bytes
    seconds = time.process_time() - start
    row = {"index": index, "kind": kind, "scheme": scheme, "photograph": path.name, "shape": list(cover.shape)}
    row |= {"clipped_share": record.clipped_share(cover), "stated_bytes": stated, "cpu_seconds": seconds}
    try_once = partial(goes_in, cover, scheme=scheme, rng=rng)
    if scheme == "certified":
        ends, longest, refusals = [try_once(stated)], stated, [try_once(stated + 1)]
    elif stated:
        ends, longest, refusals = what_fits(stated, KEYS[kind], try_once)
    else:
        ends, longest, refusals = [], int(try_once(1) == "hidden"), []
    named_otherwise = sum(end != f"refused, naming {stated}" for end in refusals)
    failed = sum(end != "hidden" for end in ends)
    share = stated / longest if longest else None
    return row | {"fits_bytes": longest, "share": share, "failed": failed, "named_otherwise": named_otherwise}


def figures_of(rows: list[dict], scheme: str, kind: str) -> dict:
    """Shares and failures of a scheme in covers of one kind."""
    here = [row for row in rows if (row["scheme"], row["kind"]) == (scheme, kind)]
    shares = [row["share"] for row in here if row["share"] is not None]
    return {
        "covers": len(here),
        "stated_is_refused": sum(row["failed"] > 0 for row in here),
        "refusals_that_name_another_length": sum(row["named_otherwise"] for row in here),
        "nothing_stated": sum(row["stated_bytes"] == 0 for row in here),
        "share_median": float(np.median(shares)),
        "share_least": float(np.min(shares)),
        "cpu_seconds_median": float(np.median([row["cpu_seconds"] for row in here])),
        "cpu_seconds_most": float(np.max([row["cpu_seconds"] for row in here])),
    }


def main(
    photographs: Path,
    crops: Annotated[int, typer.Option(help="Crops.")] = CROPS,
    whole: Annotated[int, typer.Option(help="Whole photographs.")] = PHOTOGRAPHS,
    workers: Annotated[int | None, typer.Option(help="Processes; as many as there are cores.")] = None,
) -> None:
    """Compare what is stated with what fits."""
    paths = record.photographs(photographs, "test")
    counts = {"crops": crops, "photographs": whole}
    tasks = [(index, kind, scheme) for kind, count in counts.items() for index in range(count) for scheme in SCHEMES]
    rows = list(record.spread(partial(one, paths=paths), tasks, "hiding", workers=workers))
    figures = {scheme: {kind: figures_of(rows, scheme, kind) for kind in counts} for scheme in SCHEMES}
    bars = {}
    for scheme in SCHEMES:
        shares = [row["share"] for row in rows if row["scheme"] == scheme and row["share"] is not None]
        parts = list(figures[scheme].values())
        figures[scheme] |= {"share_median": float(np.median(shares)), "share_least": float(np.min(shares))}
        wrong = sum(part["stated_is_refused"] for part in parts)
        other = sum(part["refusals_that_name_another_length"] for part in parts)
        bars[f"{scheme}_stated_is_refused"] = record.bar(wrong, at_most=0)
        bars[f"{scheme}_refusals_that_name_another_length"] = record.bar(other, at_most=0)
        bars[f"{scheme}_share_median"] = record.bar(figures[scheme]["share_median"], at_least=0.95)
    config = {"crops": crops, "whole": whole, "sides": SIDES, "grey_share": GREY, "keys": KEYS, "ladder": LADDER}
    data = {"test": record.describe(photographs, "test")}
    codecs = ("cr085", "cr085-plain")
    record.write("capacity", figures | {"rows": rows}, config=config, seed=SEED, data=data, bars=bars, codecs=codecs)


if __name__ == "__main__":
    typer.run(main)
