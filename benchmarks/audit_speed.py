# SPDX-License-Identifier: Apache-2.0
"""What an audit costs: our SPAM and SRMQ1 beside sealwatch's, and a whole audit, the first time and from its cache.

python benchmarks/audit_speed.py data     # results/audit_speed.json; data/plain must be there, the machine idle
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import record
from semstego.data import crops
from semstego.steganalysis.extraction import sealwatch
from semstego.steganalysis.spam import spam686
from semstego.steganalysis.srmq1 import srmq1

SIDE, PLANES = 64, 20  # of planes [pixels]; that we take at once, sealwatch takes one
ROUNDS = 5
PAIRS, SEED = 2000, 20261125
AUDIT = (
    "--scheme", "lsb", "--payloads", "0.5", "--judges", "SPAM", "--seeds", "1", "--pairs", str(PAIRS), "--json",
    "--workers", "2",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    folder = parser.parse_args().folder / "plain"
    features = feature_seconds(folder)
    with tempfile.TemporaryDirectory() as cache:
        audit = {run: audit_seconds(folder, Path(cache)) for run in ("first", "from_the_cache")}
    print(record.rounded(features | audit))
    record.write(
        "audit_speed",
        {"features": features, "audit_seconds": audit},
        config={"side": SIDE, "planes": PLANES, "rounds": ROUNDS, "audit": AUDIT},
        seed=SEED,
        data={"set": "crops, 64x64: test for the features; train, validation and test for the audit"},
        bars={
            **{
                f"{name}, times as fast as sealwatch's": record.bar(one["times_as_fast"], at_least=20)
                for name, one in features.items()
            },
            "first audit, seconds": record.bar(audit["first"], at_most=240),
            "audit from the cache, seconds": record.bar(audit["from_the_cache"], at_most=20),
        },
        codecs=["cr085"],
    )


def feature_seconds(folder: Path) -> dict[str, dict[str, float]]:
    """Least processor seconds of a plane, ours and sealwatch's in turns, on one core."""
    planes = np.ascontiguousarray(crops.read(folder, "test")["pictures"][:PLANES, :, :, 1])
    library, found = sealwatch(), {}
    for name, ours, theirs in (("SPAM", spam686, library.spam.extract), ("SRMQ1", srmq1, library.srmq1.extract)):
        ours(planes)  # compiles
        rounds = [(seconds(ours, planes) / PLANES, seconds(theirs, planes[0])) for _ in range(ROUNDS)]
        fast, slow = np.min(rounds, axis=0).tolist()
        found[name] = {"seconds": fast, "seconds_of_sealwatch": slow, "times_as_fast": slow / fast}
    return found


def seconds(function: Callable[[np.ndarray], Any], planes: np.ndarray) -> float:
    start = time.process_time()
    function(planes)
    return time.process_time() - start


def audit_seconds(folder: Path, cache: Path) -> float:
    """One run of the command, start of Python included."""
    semstego = Path(sys.executable).parent / "semstego"
    command = [semstego, "audit", *AUDIT, "--data", folder, "--cache", cache]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
