# SPDX-License-Identifier: Apache-2.0
"""What the training loop costs a detector: pictures per second beside a bare PyTorch loop over the same network.

    python -m experiments.speed.detector_training            # results/detector_speed.json, on otherwise idle cores

Both train the network of configs/scenes.yaml at 256x256 from the same start, on the same batches, with the same loss,
optimiser and precision, each on one thread. The bare loop has its batches ready as tensors. Ours makes mosaics, mirrors
and changes colours as the recipe says, and adds all that a run has: Fabric, schedule, seeding, logs, a checkpoint.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from experiments import record
from semstego.datasets.scenes import Scenes, rows_of
from semstego.networks.channels_last import channels_last
from semstego.networks.yolo import YOLO, anchors_at
from semstego.tasks.detection.assignment import targets_of
from semstego.tasks.detection.loss import Gains, detection_loss
from semstego.training import loop, optimiser
from semstego.training.config import read_config
from semstego.training.detector import LARGEST_GRADIENT, DetectionPlan, DetectorTraining
from semstego.training.scene_batches import SceneBatches

CONFIG = record.ROOT / "configs" / "scenes.yaml"
STEPS, ROUNDS, SIDE, SEED = 40, 3, 256, 1


def main() -> None:
    torch.set_num_threads(1)
    plan = read_config(CONFIG, DetectionPlan).model_copy(update={"epochs": 1, "sides": (SIDE,)})
    data = scenes(STEPS * plan.batch)
    timed: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(ROUNDS):
        timed["bare"].append(bare(plan, data))
        timed["ours"].append(ours(plan, data))
    rates = {name: len(data) / float(np.median(seconds)) for name, seconds in timed.items()}
    share = rates["ours"] / rates["bare"]
    print(rates, share)
    record.write(
        "detector_speed",
        {"pictures_per_s": rates, "share": share, "seconds": timed},
        config={"steps": STEPS, "rounds": ROUNDS, "threads": 1, "recipe": str(CONFIG.relative_to(record.ROOT))},
        seed=SEED,
        data=None,
        bars={"share of the bare loop's pictures per second": record.bar(share, at_least=0.95)},
        codecs=(),
    )


def scenes(count: int) -> Scenes:
    """Noise with a box each."""
    rng = np.random.default_rng(SEED)
    starts = rng.integers(0, 100, (count, 1, 2))
    boxes = np.concatenate([starts, starts + rng.integers(100, 150, (count, 1, 2))], 2)
    rows = rows_of(list(rng.integers(0, 10, (count, 1))), list(boxes), [[0]] * count)
    return Scenes(rng.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8), rows, tuple("0123456789"))


def batches_of(plan: DetectionPlan, data: Scenes) -> SceneBatches:
    return SceneBatches(
        data, plan.batch, sides=plan.sides, mosaic=plan.mosaic, flip=True, seed=plan.seed, device=torch.device("cpu")
    )


def bare(plan: DetectionPlan, data: Scenes) -> float:
    """Seconds of a loop with nothing in it but forward, loss, backward and the optimiser's step."""
    torch.manual_seed(plan.seed)
    network = channels_last(YOLO(10, width=plan.width, anchors=anchors_at(SIDE))).train()
    steps, source = optimiser.build(network.parameters(), plan.optimiser), batches_of(plan, data)
    ready = [source.at(step) for step in range(STEPS)]
    start = time.perf_counter()
    for pictures, objects in ready:
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.precision == "bf16-mixed"):
            maps = network(pictures)
        loss = detection_loss(maps, targets_of(objects), network.anchors, Gains(classes=plan.class_gain))
        steps.zero_grad()
        (loss.mean * len(pictures)).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        steps.step()
    return time.perf_counter() - start


def ours(plan: DetectionPlan, data: Scenes) -> float:
    """Seconds of the same epoch by the project's loop; the validation at its end is on one picture."""
    runner = loop.fabric(plan, accelerator="cpu")
    experiment = DetectorTraining(runner, plan, data.first(1))
    batches = batches_of(plan, data)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        loop.fit(runner, experiment, batches, plan, Path(folder), lambda what, share: None)
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
