# SPDX-License-Identifier: Apache-2.0
"""What the critics saw of E, epoch by epoch, in the trainings of experiments/learned/critics.py.

    python -m experiments.learned.courses                   # results/critics.json; the runs must be in runs/

Bars are those of `scratch`, whose critics had to detect before they taught.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from experiments import record
from semstego.training.config import read_config
from semstego.training.costs import CRITICS
from semstego.training.costs_plan import CostPlan

CONFIGS = record.ROOT / "configs"
RUNS = {"scratch": "costs-64", "adversarial": "costs-64-imitated", "paper losses": "costs-64-paper-losses"}
LEAST_AUC = 0.9  # before a critic teaches


def main() -> None:
    courses = {name: course(record.ROOT / "runs" / run / "log.csv") for name, run in RUNS.items()}
    record.write(
        "critics",
        {"courses": courses},
        config={"runs": RUNS, "critics": "dense labels, width 24, validated at 1 bpp on 400 crops"},
        seed={name: read_config(CONFIGS / f"{run}.yaml", CostPlan).seed for name, run in RUNS.items()},
        data={"set": "crops of kind plain, 64x64: train and validation"},
        bars=dict(bars(courses["scratch"])),
        codecs=("cr085-plain",),
    )


def bars(validations: list[dict]) -> Iterator[tuple[str, dict]]:
    """The AUC of each critic when it began to teach; of one that never did, the largest that it reached."""
    for name in CRITICS:
        taught = [one[f"{name}_auc"] for one in validations if one[f"{name}_teaches"]]
        reached = taught[0] if taught else max(one[f"{name}_auc"] for one in validations)
        yield f"AUC of {name} when it began to teach", record.bar(reached, at_least=LEAST_AUC)


def course(log: Path) -> list[dict]:
    """The figures of each validation of a run."""
    epochs: dict[int, dict] = {}
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["name"].endswith(("_auc", "_teaches")):
                epochs.setdefault(int(row["step"]) + 1, {})[row["name"]] = float(row["value"])
    return [{"step": step} | figures for step, figures in sorted(epochs.items())]


if __name__ == "__main__":
    main()
