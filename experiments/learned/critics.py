# SPDX-License-Identifier: Apache-2.0
r"""E before, while and after it learned from critics, as schemes that an audit takes by their place.

    python -m experiments.detection.table data --name audit_adversarial --schemes syndrome adversarial \
        experiments.learned.critics:new experiments.learned.critics:scratch --payloads 0.1 1.0 --pairs 800 300 800 \
        --detectors SPAM joint --seeds 3                     # results/audit_adversarial.json

    new        the network before its training: all changes cost the same, which is LSB matching with a code
    scratch    after configs/costs-64.yaml, from `new` against critics alone; runs/costs-64.safetensors
    adversarial    what ships: after configs/costs-64-imitated.yaml
    paper_losses   as that, by the paper's losses 7 and 8; runs/costs-64-paper-losses.safetensors. Its audit:

    python -m experiments.detection.table data --name audit_losses --schemes adversarial \
        experiments.learned.critics:paper_losses --payloads 1.0 --pairs 800 300 800 --detectors SPAM joint --seeds 3

    python -m experiments.learned.critics                    # results/critics.json: what the critics saw

The judges, SPAM and joint, had no part in the training.
"""

import csv
from pathlib import Path

from experiments import record
from semstego.schemes.adversarial.scheme import AdversarialScheme
from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import SyndromeScheme

RUNS = {
    "scratch": "costs-64",
    "later": "costs-64-later",
    "imitated": "costs-64-imitated",
    "paper losses": "costs-64-paper-losses",
}
LEAST_AUC = 0.9  # before a critic teaches


def new() -> SyndromeScheme:
    """Uniform costs."""
    return SyndromeScheme(costs.uniform, side_informed=False, name="new")


def scratch() -> AdversarialScheme:
    """Costs that were learned from critics alone."""
    return AdversarialScheme(weights=record.ROOT / "runs" / "costs-64.safetensors", name="scratch")


def paper_losses() -> AdversarialScheme:
    """Costs that were learned as those that ship, but by 1 / (cross-entropy + epsilon)."""
    return AdversarialScheme(weights=record.ROOT / "runs" / "costs-64-paper-losses.safetensors", name="paper losses")


def main() -> None:
    courses = {name: course(record.ROOT / "runs" / run / "log.csv") for name, run in RUNS.items()}
    first = next(epoch for epoch in courses["scratch"] if epoch["critic_1_teaches"] or epoch["critic_2_teaches"])
    record.write(
        "critics",
        {"courses": courses},
        config={"runs": RUNS, "critics": "dense labels, width 24, validated at 1 bpp on 400 crops"},
        seed=None,
        data={"set": "crops of kind plain, 64x64: train and validation"},
        bars={
            f"AUC of {name} before it teaches": record.bar(first[f"{name}_auc"], at_least=LEAST_AUC)
            for name in ("critic_1", "critic_2")
        },
        codecs=("cr085-plain",),
    )


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
