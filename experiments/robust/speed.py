# SPDX-License-Identifier: Apache-2.0
"""How long marking, reading, simulating and searching take, on one core; wait for an idle machine.

    NUMBA_NUM_THREADS=1 OMP_NUM_THREADS=1 python -m experiments.robust.speed ../shared/photos    # robust_speed.json

Seconds a megapixel, medians over test photographs, kernels compiled. Marking and reading are the scheme's own work: the
band, the slots, the code. ``hide`` and ``reveal`` are the public functions, with the codec, the check of both stages, a
cover to compare with, and the report.
"""

import argparse
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import semstego
from experiments import record
from semstego.channel.words import channel
from semstego.codecs import registry
from semstego.errors import NothingFoundError
from semstego.io.pictures import load_picture
from semstego.message import short_frame
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.progress import no_progress
from semstego.schemes.base import Cover
from semstego.schemes.robust.band import luma_of
from semstego.schemes.robust.layout import Grid, format_for
from semstego.schemes.robust.marking import Marker
from semstego.schemes.robust.reading import Reading
from semstego.schemes.robust.scheme import RobustScheme

SEED = 20261127
KEY, OTHER_KEY = Key(bytes(range(32))), Key(bytes(32))
SURVIVE = ("jpeg:50", "webp:80", "noise:5", "resize:0.5+jpeg:75", "awgn:20")
MOVED = ("crop:0.9", "scale:0.75", "scale:1.5", "rotate:1", "gamma:1.3")
SIZES = ((512, 768), (1200, 1600))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--pictures", type=int, default=3)
    given = parser.parse_args()
    assert os.environ.get("NUMBA_NUM_THREADS") == "1", "one core is what the bars are about"
    paths = record.photographs(given.photos, "test")[: given.pictures]
    _one(paths[0], *SIZES[0])  # compiles
    times = {f"{width}x{height}": [_one(path, height, width) for path in paths] for height, width in SIZES}
    medians = {
        size: {name: float(np.median([one[name] for one in rows])) for name in rows[0]} for size, rows in times.items()
    }
    worst = {name: max(found[name] for found in medians.values()) for name in next(iter(medians.values()))}
    record.write(
        "robust_speed",
        {"seconds_per_megapixel": medians},
        config={"survive": SURVIVE, "moved": MOVED, "sizes": SIZES, "pictures": len(paths)},
        seed=SEED,
        data=record.describe(given.photos, "test"),
        bars={
            "mark": record.bar(worst["mark 32"], at_most=0.25),
            "read": record.bar(worst["read 32"], at_most=0.25),
            "read, 1,024 bytes": record.bar(worst["read 1024"], at_most=0.25),
            "survive, five channels": record.bar(worst["survive"], at_most=4),
            "hide --survive, five channels": record.bar(worst["hide, survive"], at_most=4),
            "search, found": record.bar(worst["search, found"], at_most=4),
            "search, nothing there": record.bar(worst["search, nothing there"], at_most=4),
        },
        codecs=("cr085",),
    )


def _one(path: Path, height: int, width: int) -> dict[str, float]:
    """Seconds a megapixel of one photograph."""
    with Image.fromarray(np.squeeze(load_picture(path, flatten=True))) as image:
        picture = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
    times = {f"mark {most}": _marking(picture, most) for most in short_frame.CLASSES}
    times |= {f"read {most}": _reading(picture, most) for most in short_frame.CLASSES}
    return times | _public(picture)


def _marker(picture: np.ndarray, most_bytes: int) -> Marker:
    frame = short_frame.seal(bytes(most_bytes), None, KEY, bytes(8))
    form = format_for(frame.payload_bits, Grid.of(*picture.shape[:2]))
    return Marker.of(picture, form, KEY, frame.payload(KEY))


def _marking(picture: np.ndarray, most_bytes: int) -> float:
    return _seconds(lambda: _marker(picture, most_bytes).marked(46.0), picture)


def _reading(picture: np.ndarray, most_bytes: int) -> float:
    marked = _marker(picture, most_bytes).marked(42.0)
    return _seconds(lambda: Reading.whole(luma_of(marked), KEY).is_whole, picture)


def _public(picture: np.ndarray) -> dict[str, float]:
    """``survive`` is what the scheme does to embed, with the codec and the simulation; the others, whole functions."""
    scheme, codec = RobustScheme(survive=SURVIVE), registry.load("cr085")
    frame, draws = short_frame.seal(bytes(32), None, KEY, bytes(8)), Draws(bytes(32))
    times = {
        "survive": _seconds(lambda: scheme.embed(Cover(picture, codec), frame, KEY, draws, no_progress), picture),
        "hide, survive": _seconds(lambda: semstego.hide(picture, bytes(32), key=KEY, scheme=scheme), picture),
        "hide": _seconds(lambda: semstego.hide(picture, bytes(32), key=KEY, scheme="robust"), picture),
    }
    hidden = semstego.hide(picture, bytes(32), key=KEY, scheme="robust")
    times["reveal, picture"] = _seconds(lambda: semstego.reveal(hidden.picture, key=KEY, scheme="robust"), picture)
    times["reveal, stream"] = _seconds(lambda: semstego.reveal(hidden.stream, key=KEY, scheme="robust"), picture)
    moved = [channel(one).picture(hidden.picture, np.random.default_rng(SEED)) for one in MOVED]
    found = [_seconds(lambda one=one: _searched(one, KEY), one) for one in moved]
    nothing = [_seconds(lambda one=one: _searched(one, OTHER_KEY), one) for one in moved]
    return times | {"search, found": float(np.median(found)), "search, nothing there": float(np.median(nothing))}


def _searched(picture: np.ndarray, key: Key) -> None:
    with contextlib.suppress(NothingFoundError):
        semstego.reveal(picture, key=key, scheme="robust", search=True)


def _seconds(work: Callable[[], object], picture: np.ndarray) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) / (picture.shape[0] * picture.shape[1] / 1e6)


if __name__ == "__main__":
    main()
