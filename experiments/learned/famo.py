# SPDX-License-Identifier: Apache-2.0
"""What FAMO costs a training step, and how far its lagged use, which pays no second forward pass, goes other ways.

    python -m experiments.learned.famo data      # results/famo.json and docs/famo_weights.svg; data/crops must be there

The same scheme in the paper's schedule of losses, trained three times side by side, step by step in turns: with fixed
weights, with FAMO as published, and with FAMO that learns of a step from the losses of the next one.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from experiments import record
from semstego.datasets.labelled import LabelledPictures
from semstego.plots.figures import famo_weights
from semstego.training import loop
from semstego.training.batches import Batches
from semstego.training.experiment import Moment
from semstego.training.hiding import LearnedTraining
from semstego.training.hiding_plan import LearnedPlan

STEPS = 300
SEED = 1
PLAN = {
    "data": {"set": "crops", "folder": "data/crops"},
    "epochs": 1,
    "batch": 8,
    "seed": SEED,
    "tile": 32,
    "codec_learns": True,
    "losses": "paper8",
    "optimiser": {"name": "adam", "learning_rate": 0.001, "schedule": "steps"},
}
NAMES = ("reveal_1", "reveal_2", "features", "cosine", "reconstruction", "semantic")
WEIGHTS = {"fixed": dict.fromkeys(NAMES, 1.0), "famo": "famo", "famo-lagged": "famo-lagged"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    torch.set_num_threads(1)
    seconds, courses, losses = run(LearnedPlan(**PLAN, weights="famo").data, parser.parse_args().folder)
    typical = {name: float(np.median(times)) for name, times in seconds.items()}
    cost = {name: typical[name] / typical["fixed"] for name in ("famo", "famo-lagged")}
    apart = np.abs(courses["famo"] - courses["famo-lagged"])
    target = record.ROOT / "docs" / "famo_weights.svg"
    target.write_bytes(famo_weights(NAMES, courses["famo"], courses["famo-lagged"]))
    record.write(
        "famo",
        {
            "seconds a step, median": typical,
            "times the step with fixed weights": cost,
            "difference of the weights": {
                "mean": float(apart.mean()),
                "largest": float(apart.max()),
                "at the end": dict(zip(NAMES, map(float, apart[-1]), strict=True)),
            },
            "figures, mean of the last 50 steps": losses,
        },
        config={"plan": PLAN, "steps": STEPS, "threads": 1},
        seed=SEED,
        data={"set": "crops, the first training pictures"},
        bars={
            "exact FAMO, times a step with fixed weights": record.bar(cost["famo"], at_most=1.40),
            "lagged FAMO, times a step with fixed weights": record.bar(cost["famo-lagged"], at_most=1.10),
        },
        codecs=(),
    )
    print(target)


def run(source, folder: Path) -> tuple[dict, dict, dict]:
    """Seconds of every step, weights after every step, and where the figures end."""
    data = source.model_copy(update={"folder": folder / "crops"}).load("train")
    few = LabelledPictures(data.pictures[: STEPS * PLAN["batch"]], data.labels[: STEPS * PLAN["batch"]], data.classes)
    batches = Batches(few, PLAN["batch"], seed=SEED, device=torch.device("cpu"))
    trained = {}
    for name, weights in WEIGHTS.items():
        plan = LearnedPlan(**PLAN, weights=weights)
        trained[name] = LearnedTraining(loop.fabric(plan, accelerator="cpu"), plan, None, batches)
    seconds = {name: [] for name in trained}
    courses = {name: np.zeros((STEPS, len(NAMES))) for name in trained}
    losses = {name: [] for name in trained}
    for step in range(STEPS):
        pictures, labels = batches.at(step)
        for name, experiment in trained.items():
            loop.seed_step(SEED, 0, step)
            start = time.perf_counter()
            figures = experiment.training_step(pictures, labels, Moment(step, STEPS))
            seconds[name].append(time.perf_counter() - start)
            courses[name][step] = [experiment.weighing.weights()[one] for one in NAMES]
            losses[name].append({key: float(value) for key, value in figures.items()})
    ends = {
        name: {key: float(np.mean([one[key] for one in course[-50:]])) for key in course[0]}
        for name, course in losses.items()
    }
    return seconds, courses, ends


if __name__ == "__main__":
    main()
