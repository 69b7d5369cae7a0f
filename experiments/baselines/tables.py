# SPDX-License-Identifier: Apache-2.0
"""Tables I and IV of the paper: five robust JPEG methods and ours, behind attacks and semantic communication.

    python -m experiments.baselines.tables ../shared/photos [--workers 2] [--run FOLDER]    # table1.json, table4.json

It is ``semstego compare table1`` and ``table4`` on all test photographs, with the provenance of published figures.
"""

import argparse
from pathlib import Path

from rich.progress import Progress

from experiments import record
from semstego.baselines.base import BASELINES
from semstego.codecs import registry
from semstego.evaluation import table1
from semstego.evaluation.bit_carriers import OfBaseline, OfSystem
from semstego.evaluation.table1 import GREY, LARGE, SMALL, BitStudy
from semstego.evaluation.table1_text import PAPER, table
from semstego.schemes.base import SCHEMES
from semstego.system.stego_system import StegoSystem

SYSTEMS = {
    "table1": (("certified", "cr085"), ("syndrome", "cr085-plain"), ("robust", "cr085"), ("learned", "learned-photo")),
    "table4": (
        *(("certified", "cr085"), ("syndrome", "cr085-plain"), ("robust", "cr085")),
        *(("learned", "learned-010"), ("learned", "learned-photo")),
    ),
}
STUDIES = {"table1": (GREY,), "table4": (SMALL, LARGE)}
SPEED_S = 1.5  # for one picture, hiding and reading
PAPER_PSNR_DB = {(360, "codec:codec-grey"): 38.41, (64, "codec:codec-64"): 38.89, (256, "codec:codec-64"): 38.01}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--run", type=Path, help="folder for results of single pictures; a run that was cut goes on")
    given = parser.parse_args()
    if given.run:
        given.run.mkdir(parents=True, exist_ok=True)
    paths = record.photographs(given.photos, "test")
    for name, studies in STUDIES.items():
        with Progress() as bar:
            task = bar.add_task("starting", total=1.0)
            found = table1.of_studies(
                studies,
                carriers(name),
                paths,
                given.run,
                given.workers,
                lambda what, share, bar=bar, task=task: bar.update(task, description=what, completed=share),
            )
        for one in found:
            print(f"{one['side']}x{one['side']}\n{table(one)}\n")
        record.write(
            name,
            {"studies": found},
            config={"systems": SYSTEMS[name], "attacks": {study.side: study.attacks for study in studies}},
            seed=studies[0].seed,
            data=record.describe(given.photos, "test"),
            bars=bars(found, studies),
            codecs={attack.partition(":")[2] for study in studies for attack in study.attacks if "codec" in attack}
            | {codec for _, codec in SYSTEMS[name]},
        )


def carriers(name: str) -> list:
    """The five methods, and ours."""
    ours = [OfSystem(StegoSystem(registry.load(codec), SCHEMES.get(scheme))) for scheme, codec in SYSTEMS[name]]
    return [*map(OfBaseline, BASELINES.shipped()), *ours]


def bars(found: list[dict], studies: tuple[BitStudy, ...]) -> dict:
    """What semantic communication leaves of pictures; of Table I also what arrives, and the time of one picture."""
    of_codec = {}
    for one in found:
        of_first = one["carriers"][0]["attacks"]
        row = next(row for row in of_first if (one["side"], row["attack"]) in PAPER_PSNR_DB)
        words = f"{one['side']}x{one['side']}: PSNR of semantic communication [dB]"
        of_codec[words] = record.bar(row["psnr_db"], at_least=PAPER_PSNR_DB[one["side"], row["attack"]])
    if studies != STUDIES["table1"]:
        return of_codec
    methods = [one for one in found[0]["carriers"] if one.get("known")]
    rows = {one["carrier"]: {row["attack"]: row for row in one["attacks"]} for one in methods}
    quickest = {one["carrier"]: one["seconds_median"] for one in methods}
    return (
        of_codec
        | {
            f"{name}, no attack: whole messages": record.bar(row["none"]["whole"]["mean"], at_least=1.0)
            for name, row in rows.items()
        }
        | {
            f"{name}, {words}: percent of bits right, the paper's less a point": record.bar(
                100 * rows[name][words]["right_after"]["mean"], at_least=share - 1
            )
            for words in ("jpeg:50", table1.NOISE)
            for name, share in PAPER[360, words].items()
        }
        | {f"{name}: CPU seconds": record.bar(seconds, at_most=SPEED_S) for name, seconds in quickest.items()}
    )


if __name__ == "__main__":
    main()
