# SPDX-License-Identifier: Apache-2.0
"""What an audit costs: our SPAM and SRMQ1 beside sealwatch's, and a whole audit, the first time and from its cache.

    python -m experiments.detection.speed data     # results/audit_speed.json; needs data/plain, and an idle machine

Features are measured in processor time on one core, the audit in wall time on two cores.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiments import record
from experiments.speed import files as speed
from semstego.datasets.built import crops
from semstego.steganalysis.features.spam import spam686
from semstego.steganalysis.features.srmq1 import srmq1
from semstego.steganalysis.sealwatch import sealwatch

PLANES = 20  # of 64x64 that we take at once; sealwatch takes one
ROUNDS = 10
AUDIT = (
    "--scheme", "lsb", "--payloads", "0.5", "--detectors", "SPAM", "--pairs", "2000", "--seeds", "1", "--workers", "2",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    folder = parser.parse_args().folder / "plain"
    # One channel of each, in one piece: sealwatch takes nothing else.
    features = feature_seconds(np.ascontiguousarray(crops.load(folder, "test").pictures[:PLANES, :, :, 1]))
    with tempfile.TemporaryDirectory() as cache:
        command = ["audit", *AUDIT, "--data", str(folder), "--cache", cache]
        one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
        runs = ("first", "from_the_cache")
        audit = {run: speed.command_seconds(command, one_thread, repeats=1)["median"] for run in runs}
    print(record.rounded(features | audit))
    record.write(
        "audit_speed",
        {"features": features, "audit_seconds": audit},
        config={"planes": PLANES, "rounds": ROUNDS, "audit": AUDIT},
        seed=0,  # of the audit's one run
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


def feature_seconds(planes: np.ndarray) -> dict[str, dict[str, float]]:
    """Least processor seconds of one of the planes ``(n, h, w)``, ours and sealwatch's in turns."""
    library, found = sealwatch(), {}
    for name, ours, theirs in (("SPAM", spam686, library.spam.extract), ("SRMQ1", srmq1, library.srmq1.extract)):
        ours(planes), theirs(planes[0])  # compiles
        rounds = [(seconds(ours, planes) / len(planes), seconds(theirs, planes[0])) for _ in range(ROUNDS)]
        fast, slow = np.min(rounds, axis=0).tolist()
        found[name] = {"seconds": fast, "seconds_of_sealwatch": slow, "times_as_fast": slow / fast}
    return found


def seconds(function: Callable[[np.ndarray], Any], planes: np.ndarray) -> float:
    start = time.process_time()
    function(planes)
    return time.process_time() - start


if __name__ == "__main__":
    main()
