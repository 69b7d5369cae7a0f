# SPDX-License-Identifier: Apache-2.0
"""One message of 32 bytes by all kinds of schemes through all channels: which of them arrive.

    python -m experiments.robust.schemes ../shared/photos [--workers 2]        # results/channels.json

Test photographs, their short side reduced to 256 pixels: the learned scheme's networks take seconds on larger ones. It
is ``semstego compare channels --side 256 --search`` with the provenance that published figures have.
"""

import argparse
from pathlib import Path

from rich.progress import Progress

from experiments import record
from semstego.codecs import registry
from semstego.datasets import folder
from semstego.evaluation.channels import MOVING, USUAL, Study
from semstego.schemes.base import SCHEMES
from semstego.system.stego_system import StegoSystem

SEED = 16
SIDE, PICTURES, MESSAGE_BYTES = 256, 60, 32
SYSTEMS = (("robust", "cr085"), ("learned", "learned-photo"), ("syndrome", "cr085-plain"), ("certified", "cr085"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    paths = record.photographs(given.photos, "test")[:PICTURES]
    pictures = [folder.reduced(one, SIDE) for one in folder.in_channels(paths, 3)]
    study = Study(USUAL + MOVING, MESSAGE_BYTES, SEED, searching=True)
    found = {}
    with Progress() as bar:
        for scheme, codec in SYSTEMS:
            task = bar.add_task(scheme, total=1.0)
            system = StegoSystem(registry.load(codec), SCHEMES.get(scheme))
            found[scheme] = study.of_system(
                system, pictures, given.workers, lambda _, share, task=task: bar.update(task, completed=share)
            )
    rows = {row["channel"]: row["share"]["mean"] for row in found["learned"]["channels"]}
    wrong = sum(row["wrong"] for one in found.values() for row in one["channels"])
    record.write(
        "channels",
        {"systems": list(found.values())},
        config={"systems": SYSTEMS, "side": SIDE, "message_bytes": MESSAGE_BYTES, "search": True},
        seed=SEED,
        data=record.describe(given.photos, "test") | {"pictures": len(pictures)},
        bars={
            "learned, 256 bits, awgn:20": record.bar(rows["awgn:20"], at_least=0.95),
            "learned, 256 bits, bit-errors:0.001": record.bar(rows["bit-errors:0.001"], at_least=0.95),
            "wrong": record.bar(wrong, at_most=0),
        },
        codecs=[codec for _, codec in SYSTEMS],
    )


if __name__ == "__main__":
    main()
