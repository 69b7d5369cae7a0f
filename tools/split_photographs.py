# SPDX-License-Identifier: Apache-2.0
"""Divide the photographs of a manifest into fit, validation and test, by photograph and before the first fit.

    python -m tools.split_photographs ../shared/photos/manifest.csv

A photograph's part follows from the SHA-256 of its file name alone, so that adding pictures never moves another
one. One exception: the photographs from PyPI packages, of which the bundled demo pictures are some, are all test.
"""

import csv
import hashlib
import sys
from pathlib import Path

PARTS = Path(__file__).parent / "split"
SHARES = {"fit": 0.5, "validation": 0.15, "test": 0.35}


def part_of(row: dict[str, str]) -> str:
    """Name of the part a manifest row belongs to."""
    if row["package"].startswith("PyPI"):
        return "test"
    draw = int.from_bytes(hashlib.sha256(row["file"].encode()).digest()[:8], "big") / 2**64
    bound = 0.0
    for part, share in SHARES.items():
        bound += share
        if draw < bound:
            return part
    return "test"


def main(manifest: str) -> None:
    with open(manifest, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"] != "file"]
    PARTS.mkdir(exist_ok=True)
    for part in SHARES:
        names = sorted(row["file"] for row in rows if part_of(row) == part)
        (PARTS / f"{part}.txt").write_text("\n".join(names) + "\n")
        print(f"{part}: {len(names)} photographs")


if __name__ == "__main__":
    main(sys.argv[1])
