# SPDX-License-Identifier: Apache-2.0
"""What a robust message survives, by its length and strength.

    python -m experiments.robust.table ../shared/photos [--workers 2]      # results/robust.json

Whole test photographs, their short side of 512 pixels or more reduced to 512. Each has a random message under a key of
its own; it is encoded (``cr085``), drawn by the codec's law, sent, and only then goes through the channel.
"""

import argparse
from pathlib import Path

import numpy as np
from rich.progress import Progress

from experiments import record
from semstego.codecs import registry
from semstego.evaluation.channels import IDENTITY, MOVING, USUAL, Study
from semstego.schemes.robust.scheme import RobustScheme
from semstego.system.stego_system import StegoSystem

SEED = 16
POINTS = ("cr085-plain", "cr050", "cr050-plain", "cr025", "cr025-plain", "task", "task-plain")
REQUIRED = (
    IDENTITY, "jpeg:95", "jpeg:75", "jpeg:50", "jpeg:30", "webp:80", "noise:2", "noise:5", "noise:10", "resize:0.75",
    "resize:0.5", "resize:0.5+jpeg:50", "gamma:0.9", "gamma:1.1", "brightness:10", "contrast:1.1", "awgn:20",
    "bit-errors:0.001",
)  # fmt: skip
MILD = (
    IDENTITY, "jpeg:95", "jpeg:75", "jpeg:50", "noise:2", "noise:5", "resize:0.75", "resize:0.5", "resize:0.5+jpeg:75",
    "gamma:0.9", "gamma:1.1", "brightness:10", "contrast:1.1",
)  # fmt: skip
SEARCHED = tuple(words for words in MOVING if words != "crop:0.7")
LONG_DB = (46.0, 44.0, 43.0, 42.0, 41.0, 40.0, 38.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=1000)
    given = parser.parse_args()
    chosen = [record.whole(path) for path in record.photographs(given.photos, "test")]
    pictures = [np.atleast_3d(picture) for picture, is_large in chosen if is_large][: given.pictures]
    runs = {
        "short": _study(pictures, given.workers, 32, 48.0, USUAL),
        "points": [_study(pictures, given.workers, 32, 48.0, (IDENTITY,), point) for point in POINTS],
        "middle, strong": _study(pictures, given.workers, 128, 42.0, USUAL),
        "middle, weak": _study(pictures, given.workers, 128, 46.0, USUAL),
        "long": [_study(pictures, given.workers, 1024, psnr_db, MILD) for psnr_db in LONG_DB],
        "moved": _study(pictures, given.workers, 32, 48.0, MOVING, searching=True),
    }
    points = [one["channels"][0] for one in runs["points"]]
    short = [row for row in runs["short"]["channels"] if row["channel"] in REQUIRED] + points
    long = {one["asked_psnr_db"]: _all(_rows(one, MILD)) for one in runs["long"]}
    record.write(
        "robust",
        {"runs": runs, "all_of_long_by_psnr_db": {f"{psnr_db:g}": share for psnr_db, share in long.items()}},
        config={"required": REQUIRED, "mild": MILD, "searched": SEARCHED},
        seed=SEED,
        data=record.describe(given.photos, "test") | {"pictures": len(pictures)},
        bars={
            "pictures": record.bar(len(pictures), at_least=60),
            "32 bytes, 48 dB: the worst channel or point": record.bar(_worst(short), at_least=0.95),
            "32 bytes, 48 dB: all of them": record.bar(_all(short), at_least=0.90),
            "32 bytes: PSNR of the marked picture, least": record.bar(
                runs["short"]["least_marked_psnr_db"], at_least=48.0
            ),
            "128 bytes, 42 dB: the worst channel": record.bar(
                _worst(_rows(runs["middle, strong"], REQUIRED)), at_least=0.90
            ),
            "128 bytes, 46 dB: the worst mild channel": record.bar(
                _worst(_rows(runs["middle, weak"], MILD)), at_least=0.90
            ),
            "1,024 bytes: PSNR at which nine in ten survive all mild channels": record.bar(
                max((psnr_db for psnr_db, share in long.items() if share >= 0.9), default=None), at_least=0.0
            ),
            "searched: the worst channel": record.bar(_worst(_rows(runs["moved"], SEARCHED)), at_least=0.95),
            "wrong": record.bar(sum(row["wrong"] for one in _flat(runs) for row in one["channels"]), at_most=0),
        },
        codecs=("cr085", *POINTS),
    )


def _study(
    pictures: list, workers: int, message_bytes: int, psnr_db: float, channels: tuple, codec: str = "cr085", *,
    searching: bool = False,
) -> dict:  # fmt: skip
    """One length at one strength through all channels."""
    system = StegoSystem(registry.load(codec), RobustScheme(psnr_db))
    study = Study(channels, message_bytes, SEED, searching)
    with Progress() as bar:
        task = bar.add_task("", total=1.0)
        found = study.of_system(
            system, pictures, workers, lambda what, share: bar.update(task, description=what, completed=share)
        )
    print(message_bytes, psnr_db, codec, {row["channel"]: row["exact"] for row in found["channels"]}, flush=True)
    return {"message_bytes": message_bytes, "asked_psnr_db": psnr_db} | found


def _rows(found: dict, channels: tuple) -> list:
    return [row for row in found["channels"] if row["channel"] in channels]


def _worst(rows: list) -> float:
    return min(row["share"]["mean"] for row in rows)


def _all(rows: list) -> float:
    """Share of the pictures whose message is exact in all of these."""
    return float(np.mean([set(outcomes) == {"e"} for outcomes in zip(*(row["outcomes"] for row in rows), strict=True)]))


def _flat(runs: dict) -> list:
    return [one for found in runs.values() for one in (found if isinstance(found, list) else [found])]


if __name__ == "__main__":
    main()
