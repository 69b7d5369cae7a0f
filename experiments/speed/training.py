# SPDX-License-Identifier: Apache-2.0
"""What the training loop costs: pictures per second beside a bare PyTorch loop over the same network, in turns.

    python -m experiments.speed.training            # results/training_speed.json, on otherwise idle cores

Both train GoogLeNet with its auxiliary heads from the same start, on the same pictures in the same order, with the same
optimiser and precision. Ours adds everything that a run has: Fabric, learning-rate schedule, augmentation as in
configs/fashion-mnist.yaml, seeding of every step, logs, a checkpoint. The bare loop has no augmentation either way.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from experiments import record
from semstego.datasets.labelled import LabelledPictures
from semstego.networks.channels_last import channels_last
from semstego.networks.googlenet import GoogLeNet
from semstego.training import loop, optimiser
from semstego.training.augment import Augmentation
from semstego.training.batches import Batches
from semstego.training.classifier import ClassificationPlan, ClassifierTraining
from semstego.training.config import read_config

CONFIG = record.ROOT / "configs" / "fashion-mnist.yaml"
STEPS = 20
ROUNDS = 2
SEED = 1


def main() -> None:
    torch.set_num_threads(2)
    cells = [cell(precision) for precision in ("32-true", "bf16-mixed")]
    record.write(
        "training_speed",
        {"cells": cells},
        config={"steps": STEPS, "rounds": ROUNDS, "threads": 2, "recipe": str(CONFIG.relative_to(record.ROOT))},
        seed=SEED,
        data=None,
        bars={
            f"{one['precision']}: share of the bare loop's pictures per second": record.bar(
                one["share"]["without augmentation"], at_least=0.95
            )
            for one in cells
        },
        codecs=(),
    )


def cell(precision: str) -> dict:
    """Medians over the rounds; every round times all three."""
    shared = {"precision": precision, "epochs": 1, "sides": (64,)}
    augmented = read_config(CONFIG, ClassificationPlan).model_copy(update=shared)
    plain = augmented.model_copy(update={"augmentation": Augmentation()})
    rng = np.random.default_rng(SEED)
    count = STEPS * plain.batch
    data = LabelledPictures(
        rng.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8), rng.integers(0, 10, count), tuple("0123456789")
    )
    timed = {"bare": [], "without augmentation": [], "with augmentation": []}
    for _ in range(ROUNDS):
        timed["bare"].append(bare(plain, data))
        timed["without augmentation"].append(ours(plain, data))
        timed["with augmentation"].append(ours(augmented, data))
    rates = {name: count / float(np.median(seconds)) for name, seconds in timed.items()}
    share = {name: rate / rates["bare"] for name, rate in rates.items()}
    print(precision, rates, share, flush=True)
    return {"precision": precision, "pictures_per_s": rates, "share": share, "seconds": timed}


def bare(plan: ClassificationPlan, data: LabelledPictures) -> float:
    """Seconds of a loop with nothing in it but forward, backward and the optimiser's step."""
    torch.manual_seed(plan.seed)
    network = channels_last(GoogLeNet(10, auxiliary=True)).train()
    steps = optimiser.build(network.parameters(), plan.optimiser)
    batches = Batches(data, plan.batch, seed=plan.seed, device=torch.device("cpu"))
    start = time.perf_counter()
    for step in range(STEPS):
        pictures, labels = batches.at(step)
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.precision == "bf16-mixed"):
            logits, *auxiliary = network.with_auxiliary(pictures)
        loss = functional.cross_entropy(logits.float(), labels)
        for answer in auxiliary:
            loss = loss + plan.auxiliary_weight * functional.cross_entropy(answer.float(), labels)
        steps.zero_grad()
        loss.backward()
        steps.step()
    return time.perf_counter() - start


def ours(plan: ClassificationPlan, data: LabelledPictures) -> float:
    """Seconds of the same epoch by the project's loop; the validation at its end is on one picture."""
    runner = loop.fabric(plan, accelerator="cpu")
    experiment = ClassifierTraining(runner, plan, data.first(1))
    batches = Batches(data, plan.batch, seed=plan.seed, device=runner.device)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        loop.fit(runner, experiment, batches, plan, Path(folder), lambda what, share: None)
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
