# SPDX-License-Identifier: Apache-2.0
"""All of Algorithm 1 at 64x64: pictures per second, operations per picture, and the share of the machine's peak.

    python -m experiments.learned.algorithm_1 data      # results/algorithm_1_speed.json; data/crops must be there

One step of each pass in turns, as configs/paper-64-ours.yaml says: critic G1, critic G2, the hiding side with FAMO and
the frozen classifier of loss 6. A picture is done when all three passes have seen it. Operations are those that torch
counts in convolutions and matrix products, forward and backward, an addition and a multiplication counted as two. The
peak is what products of large float32 matrices reach in the same run, on the same threads.
"""

import argparse
import time
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from experiments import record
from semstego.tasks import classification
from semstego.training import loop
from semstego.training.batches import Batches
from semstego.training.config import Data, read_config
from semstego.training.experiment import Moment
from semstego.training.hiding import PASSES, LearnedTraining
from semstego.training.hiding_plan import LearnedPlan

CONFIG = record.ROOT / "configs" / "paper-64-ours.yaml"
ROUNDS = 3
BATCH = 16
SIDE = 2048  # of the matrices
THREADS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    crops = Data(set="crops", folder=parser.parse_args().folder / "crops", limit=BATCH)
    torch.set_num_threads(THREADS)
    plan = read_config(CONFIG, LearnedPlan).model_copy(update={"data": crops, "task": "objects", "batch": BATCH})
    peak = peak_gflops()
    passes = measured(plan)
    seconds, gigas = (sum(one[name] for one in passes.values()) for name in ("seconds_a_picture", "gflop_a_picture"))
    whole = {"pictures_per_s": 1 / seconds, "gflop_a_picture": gigas, "share_of_peak": gigas / seconds / peak}
    print(whole)
    record.write(
        "algorithm_1_speed",
        {"passes": passes, "all": whole, "peak_gflop_per_s": peak},
        config={"plan": CONFIG.name, "batch": BATCH, "rounds": ROUNDS, "threads": THREADS, "device": "CPU"},
        seed=plan.seed,
        data={"set": "crops, the first training pictures"},
        bars={},
        codecs=(),
    )


def measured(plan: LearnedPlan) -> dict[str, dict[str, float]]:
    """Of each pass: the median seconds and the operations of a picture."""
    batches = Batches(plan.data.load("train"), BATCH, seed=plan.seed, device=torch.device("cpu"))
    experiment = LearnedTraining(loop.fabric(plan, accelerator="cpu"), plan, classification.load(plan.task), batches)
    pictures, labels = batches.at(0)
    found = {}
    for place, name in enumerate(PASSES["paper"]):
        moment = Moment(place, len(PASSES["paper"]), len(PASSES["paper"]))
        with FlopCounterMode(display=False) as counter:
            experiment.training_step(pictures, labels, moment)
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            experiment.training_step(pictures, labels, moment)
            times.append(time.perf_counter() - start)
        seconds, gigas = sorted(times)[ROUNDS // 2] / BATCH, counter.get_total_flops() / 1e9 / BATCH
        found[name] = {"seconds_a_picture": seconds, "gflop_a_picture": gigas}
        print(name, found[name], flush=True)
    return found


def peak_gflops() -> float:
    """Best of some products."""
    one, best = torch.randn(SIDE, SIDE), float("inf")
    for _ in range(8):
        start = time.perf_counter()
        one @ one
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best / 1e9


if __name__ == "__main__":
    main()
