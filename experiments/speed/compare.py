# SPDX-License-Identifier: Apache-2.0
"""Are hide and reveal as fast, and as small, as those of an earlier commit? Both in turns, in fresh processes.

    python -m experiments.speed.compare 559a60a ../shared/photos      # results/speed_compare.json

A mosaic of test photographs carries 0.2 bpp; a process hides, reads the stream, or reads the picture, once to warm the
kernels up and once to be timed. The other commit's sources are checked out beside the tree and put before ours on
Python's path; both compile their kernels into folders of their own. Ratios are ours over the other's, of medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.progress import track

from experiments import record
from experiments.speed.files import fresh, make_mosaic

RUNS = 9
SHAPE = (1000, 1500)
BPP = 0.2
MOST = 1.03
SEED = 20261122
ONE_RUN = """
import json, resource, sys, time
from pathlib import Path
import semstego
cover, folder, what = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
key = semstego.Key(bytes(range(32)))
message = bytes(range(256)) * (int(sys.argv[4]) // 256)
names = [path.stem for path in (Path(semstego.__file__).parent / "schemes").iterdir()]
plain = {"scheme": "syndrome", "codec": "cr085-plain"} if "certified" in names else {}  # the default of earlier commits
if "allow_jpeg_history" in semstego.hide.__kwdefaults__:
    plain["allow_jpeg_history"] = True
def hide():
    out = semstego.hide(cover, message, key=key, nonce=bytes(8), **plain)
    (folder / "out.sem").write_bytes(out.stream)
    (folder / "out.png").write_bytes(out.png)
act = {"hide": hide, "features": lambda: semstego.reveal(folder / "out.sem", key=key),
       "picture": lambda: semstego.reveal(folder / "out.png", key=key)}[what]
act()
start = time.perf_counter()
act()
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit")
    parser.add_argument("photos", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = ["git", "-C", str(record.ROOT), "worktree"]
        subprocess.run([*command, "add", "--detach", str(folder / "other"), options.commit], check=True)
        try:
            found = measured(folder, options.photos)
        finally:
            subprocess.run([*command, "remove", "--force", str(folder / "other")], check=True)
    bars = {
        f"{what}, {figure}: ours over the other's": record.bar(found[what][figure]["ratio"], at_most=MOST)
        for what in found
        for figure in ("seconds", "peak_mb")
    }
    config = {"commit": options.commit, "runs": RUNS, "shape": SHAPE, "bpp": BPP, "most": MOST}
    data = {"test": record.describe(options.photos, "test")}
    record.write("speed_compare", found, config=config, seed=SEED, data=data, bars=bars, codecs=["cr085"])


def measured(folder: Path, photos: Path) -> dict:
    """Seconds and megabytes of both, by what is done."""
    sources = {"ours": record.ROOT / "src", "other": folder / "other" / "src"}
    for side in sources:
        (folder / side).mkdir(exist_ok=True)
    fresh(make_mosaic, photos, SHAPE, folder / "cover.png")
    kinds = ("hide", "features", "picture")
    seen: dict = {what: {side: [] for side in sources} for what in kinds}
    turns = [(turn, what) for turn in range(-1, RUNS) for what in kinds]
    for turn, what in track(turns, "in turns"):
        sides = list(sources) if turn % 2 else list(sources)[::-1]
        for side in sides:
            row = one_run(sources[side], folder, side, what)
            if turn >= 0:  # the first one compiles
                seen[what][side].append(row)
    return {what: compared(rows) for what, rows in seen.items()}


def one_run(source: Path, folder: Path, side: str, what: str) -> dict:
    """One process."""
    environment = os.environ | {"PYTHONPATH": str(source), "NUMBA_CACHE_DIR": str(folder / f"numba-{side}")}
    size = int(BPP * np.prod(SHAPE)) // 8
    command = [sys.executable, "-c", ONE_RUN, str(folder / "cover.png"), str(folder / side), what, str(size)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compared(rows: dict[str, list[dict]]) -> dict:
    """Medians of both sides and their ratio, with all runs."""
    found = {}
    for figure in ("seconds", "peak_mb"):
        values = {side: [row[figure] for row in of_side] for side, of_side in rows.items()}
        medians = {side: statistics.median(of_side) for side, of_side in values.items()}
        found[figure] = {"ratio": medians["ours"] / medians["other"], "medians": medians, "runs": values}
    return found


if __name__ == "__main__":
    main()
