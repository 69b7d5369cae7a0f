# SPDX-License-Identifier: Apache-2.0
"""Does damage ever pass for a robust message? Attacked, foreign and unmarked pictures, revealed with the public API.

    python -m experiments.robust.reveals ../shared/photos           # results/robust_reveals.json

Each picture, a part of a test photograph, is marked once and gives 20 reveals:

    12  behind a chain of one to four channels with drawn strengths, a quarter of them far too harsh
     3  the same by a receiver with another key
     3  the unmarked cover, as it is and behind a chain
     2  noise; and the marked picture with a rectangle of another one, or a tenth of it, pasted in

One reveal in fifty searches. An outcome is exact, nothing, or wrong: other bytes than those that were hidden in it.
"""

import argparse
import hashlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

import semstego
from experiments import record
from semstego.channel.words import channel
from semstego.codecs.base import MIN_SIDE
from semstego.errors import NothingFoundError, SemstegoError
from semstego.io.pictures import load_picture
from semstego.message import short_frame
from semstego.message.cipher import Key
from semstego.schemes.robust.layout import Grid, format_for
from semstego.schemes.robust.marking import Marker

SEED = 20261127
LEAST_SIDE, MOST_SIDE = 128, 384
SEARCHED = 0.02  # share of the reveals
HARSH = 0.25  # share of the chains
LENGTHS = (0, 16, 32, 100, 128, 600, 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    paths = record.photographs(given.photos, "test")
    work = partial(reveals_of, paths)
    outcomes = Counter()
    for found in record.spread(work, range(given.pictures), "revealing", workers=given.workers, chunk=5):
        outcomes.update(found)
    kinds = sorted({kind for kind, _ in outcomes})
    table = {kind: {one: outcomes[kind, one] for one in ("exact", "nothing", "wrong")} for kind in kinds}
    total = sum(outcomes.values())
    record.write(
        "robust_reveals",
        {"reveals": total, "outcomes": table},
        config={"searched": SEARCHED, "harsh": HARSH, "sides": (LEAST_SIDE, MOST_SIDE), "lengths": LENGTHS},
        seed=SEED,
        data=record.describe(given.photos, "test"),
        bars={
            "reveals": record.bar(total, at_least=20_000),
            "wrong": record.bar(sum(one["wrong"] for one in table.values()), at_most=0),
        },
    )


def reveals_of(paths: list[Path], number: int) -> Counter:
    """Outcomes of one picture, by kind."""
    rng = np.random.default_rng((SEED, number))
    cover = _cover(paths, rng)
    key, other = (Key(hashlib.sha256(rng.bytes(32)).digest()) for _ in range(2))
    message, marked = _marked(cover, key, rng)
    noise = rng.integers(0, 256, cover.shape, dtype=np.uint8)
    pasted = marked.copy()
    strange = _cover(paths, rng)
    sides = zip(marked.shape[:2], strange.shape[:2], strict=True)
    height, width = (int(min(side) * rng.uniform(0.1, 1)) for side in sides)
    pasted[:height, :width] = strange[:height, :width, :1]
    jobs = [("attacked", _chained(marked, rng), key) for _ in range(12)]
    jobs += [("another key", _chained(marked, rng), other) for _ in range(3)]
    jobs += [("unmarked", cover, key)] + [("unmarked", _chained(cover, rng), key) for _ in range(2)]
    jobs += [("noise", noise, key), ("pasted", pasted, key)]
    return Counter((kind, _outcome(picture, one, message, rng)) for kind, picture, one in jobs)


def _cover(paths: list[Path], rng: np.random.Generator) -> np.ndarray:
    """A part of a photograph, in colour or grey."""
    picture = load_picture(paths[rng.integers(len(paths))], flatten=True)
    height, width = (min(side, int(rng.integers(LEAST_SIDE, MOST_SIDE + 1))) for side in picture.shape[:2])
    top, left = (int(rng.integers(a - b + 1)) for a, b in zip(picture.shape[:2], (height, width), strict=True))
    part = np.ascontiguousarray(picture[top : top + height, left : left + width])
    return np.atleast_3d(record.grey(part)) if part.shape[2] == 3 and rng.random() < 0.15 else part


def _marked(cover: np.ndarray, key: Key, rng: np.random.Generator) -> tuple[bytes, np.ndarray]:
    """A message and the picture with it, at a strength that is drawn; the cover itself if it has no room."""
    message = rng.bytes(int(rng.choice(LENGTHS)))
    while True:
        frame = short_frame.seal(message, None, key, bytes(8))
        form = format_for(frame.payload_bits, Grid.of(*cover.shape[:2]))
        if form is not None:
            return message, Marker.of(cover, form, key, frame.payload(key)).marked(float(rng.uniform(36, 52)))
        if not message:
            return message, cover
        message = message[: len(message) // 8]


def _chained(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture behind a chain that is drawn."""
    harsh = rng.random() < HARSH
    links = {
        "jpeg": lambda: int(rng.integers(2, 20) if harsh else rng.integers(30, 96)),
        "webp": lambda: int(rng.integers(0, 30) if harsh else rng.integers(50, 96)),
        "noise": lambda: round(float(rng.uniform(10, 80) if harsh else rng.uniform(1, 8)), 2),
        "resize": lambda: round(float(rng.uniform(0.1, 0.4) if harsh else rng.uniform(0.5, 1.5)), 3),
        "scale": lambda: round(float(rng.uniform(0.4, 2)), 3),
        "crop": lambda: round(float(rng.uniform(0.5, 1)), 3),
        "rotate": lambda: round(float(rng.uniform(-3, 3)), 2),
        "gamma": lambda: round(float(rng.uniform(0.4, 2.5)), 2),
        "contrast": lambda: round(float(rng.uniform(0.3, 2)), 2),
        "brightness": lambda: round(float(rng.uniform(-60, 60)), 1),
    }
    names = rng.choice(sorted(links), size=int(rng.integers(1, 5)))
    try:
        arrived = channel("+".join(f"{name}:{links[name]()}" for name in names)).picture(picture, rng)
    except SemstegoError:  # smaller than a link takes
        return picture
    return arrived if min(arrived.shape[:2]) >= MIN_SIDE else picture


def _outcome(picture: np.ndarray, key: Key, message: bytes, rng: np.random.Generator) -> str:
    try:
        found = semstego.reveal(picture, key=key, scheme="robust", search=bool(rng.random() < SEARCHED))
    except NothingFoundError:
        return "nothing"
    return "exact" if found.message == message else "wrong"


if __name__ == "__main__":
    main()
