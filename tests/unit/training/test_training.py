# SPDX-License-Identifier: Apache-2.0
"""The training loop: resumed runs, checkpoints, configurations, and the shipped YAML files."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ConfigError, WeightsError
from semstego.training import checkpoint, loop
from semstego.training.batches import Batches
from semstego.training.classifier import ClassificationPlan, ClassifierTraining
from semstego.training.config import read_config
from semstego.training.experiment import Moment

OTHERS = (
    "task-",
    "codec-",
    "hiding-",
    "learned-",
    "critics-",
    "paper-",
    "costs-",
    "scenes",
    "voc",
)  # tested beside them
CONFIGS = [
    path for path in sorted((Path(__file__).parents[3] / "configs").glob("*.yaml")) if not path.stem.startswith(OTHERS)
]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    labels = np.arange(16) % 2
    pictures = rng.integers(0, 128, (16, 32, 32, 3), dtype=np.uint8) + (100 * labels[:, None, None, None]).astype("u1")
    return LabelledPictures(pictures, labels, ("dark", "bright"))


def plan_of(config, **changed):
    small = {"epochs": 2, "batch": 8, "sides": (32,), **changed}
    return read_config(config, ClassificationPlan).model_copy(update=small)


def run(plan, data, folder, stop_at=None):
    torch.set_num_threads(1)
    runner = loop.fabric(plan, accelerator="cpu")
    experiment = ClassifierTraining(runner, plan, data)
    batches = Batches(data, plan.batch, seed=plan.seed, device=runner.device)
    if stop_at is not None:
        inner, steps = experiment.training_step, iter(range(stop_at))

        def dies(*arguments):
            if next(steps, None) is None:
                raise KeyboardInterrupt
            return inner(*arguments)

        experiment.training_step = dies
    figures = loop.fit(runner, experiment, batches, plan, folder, lambda what, share: None)
    return figures, experiment.bare.state_dict()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_trains(config, data, tmp_path):
    figures, _ = run(plan_of(config, epochs=1), data, tmp_path)
    assert 0 <= figures["validation_accuracy"] <= 1
    assert (tmp_path / "log.csv").read_text().startswith("step,name,value\n")


def test_a_killed_run_goes_on_bit_for_bit(data, tmp_path, monkeypatch):
    plan = plan_of(CONFIGS[0], epochs=3)
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    _, whole = run(plan, data, tmp_path / "whole")
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)  # a checkpoint after every step
    with pytest.raises(KeyboardInterrupt):
        run(plan, data, tmp_path / "cut", stop_at=3)
    _, resumed = run(plan, data, tmp_path / "cut")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize(("precision", "kind"), [("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)])
def test_the_precision_asked_for_is_the_one_computed_in(precision, kind, data):
    torch.set_num_threads(1)
    plan = plan_of(CONFIGS[0], precision=precision)
    experiment = ClassifierTraining(loop.fabric(plan, accelerator="cpu"), plan, data)
    seen = []
    experiment.bare.stem[0][0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    pictures, labels = Batches(data, plan.batch, seed=0, device=torch.device("cpu")).at(0)
    terms = experiment.training_step(pictures, labels, Moment(0, 1))
    assert seen == [kind]
    assert terms["loss"].dtype == torch.float32


def test_a_run_under_another_configuration_is_not_continued(data, tmp_path):
    run(plan_of(CONFIGS[0], epochs=1), data, tmp_path)
    with pytest.raises(ConfigError, match="another configuration"):
        run(plan_of(CONFIGS[0], epochs=2), data, tmp_path)


def test_checkpoints_come_back_as_they_were(tmp_path):
    state = {"a": [1, 2.5, None, True], 3: {"x": torch.arange(4)}, "t": (torch.ones(2, dtype=torch.int64), "word")}
    checkpoint.save(tmp_path / "c.safetensors", state)
    found = checkpoint.load(tmp_path / "c.safetensors", torch.device("cpu"))
    assert (found["a"], found["t"][1]) == (state["a"], "word")
    assert torch.equal(found[3]["x"], state[3]["x"])
    assert torch.equal(found["t"][0], state["t"][0])


def test_what_is_no_checkpoint_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "c.safetensors").write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="no checkpoint"):
        checkpoint.load(tmp_path / "c.safetensors", torch.device("cpu"))


@pytest.mark.parametrize("place", [-1, -9, 100])  # in either tensor, and in the metadata
def test_a_checkpoint_with_a_damaged_bit_is_refused(tmp_path, place):
    checkpoint.save(tmp_path / "c.safetensors", {"a": torch.ones(2), "b": torch.zeros(2), "step": 7})
    data = bytearray((tmp_path / "c.safetensors").read_bytes())
    data[place] ^= 1
    (tmp_path / "c.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match="no checkpoint"):
        checkpoint.load(tmp_path / "c.safetensors", torch.device("cpu"))


def test_a_configuration_names_all_its_faults_at_once(tmp_path):
    text = CONFIGS[0].read_text().replace("epochs:", "epoch:").replace("batch: ", "batch: -")
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "bad.yaml", ClassificationPlan)
    assert {line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]} == {"epochs", "epoch", "batch"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("just words", "1 fault\n  must be keys with their values"),
        (
            CONFIGS[0].read_text().replace("sides: [64]", "sides: [16]"),
            "1 fault\n  sides below 32 pixels leave GoogLeNet's last maps empty",
        ),
    ],
)
def test_a_fault_of_several_keys_is_said_without_a_key(tmp_path, text, said):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "bad.yaml", ClassificationPlan)
    assert str(caught.value).endswith(said)


def test_processes_share_every_batch_without_overlap(data):
    def seen(rank):
        return Batches(data, 8, seed=1, device=torch.device("cpu"), rank=rank, processes=2).at(1)[0]

    whole = Batches(data, 8, seed=1, device=torch.device("cpu")).at(1)[0]
    assert torch.equal(torch.cat([seen(0), seen(1)]), whole)


SCRIPT = """
import sys, numpy as np
from pathlib import Path
import test_training as t
from semstego.training import loop
from semstego.training.batches import Batches
import torch
torch.set_num_threads(1)
rng = np.random.default_rng(0)
data = t.LabelledPictures(rng.integers(0, 255, (16, 32, 32, 3), dtype=np.uint8), np.arange(16) % 2, ("a", "b"))
plan = t.plan_of(t.CONFIGS[0], epochs=1)
runner = loop.fabric(plan, accelerator="cpu", devices=2)
experiment = t.ClassifierTraining(runner, plan, data)
batches = Batches(data, 8, seed=0, device=runner.device, rank=runner.global_rank, processes=2)
loop.fit(runner, experiment, batches, plan, Path(sys.argv[1]), lambda what, share: None)
weights = torch.cat([p.detach().flatten() for p in experiment.bare.parameters()])
assert torch.equal(runner.broadcast(weights, 0), weights)
print("equal", runner.global_rank)
"""


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path):
    (tmp_path / "two.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(tmp_path / "two.py"), str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
        env={"PYTHONPATH": str(Path(__file__).parent), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "equal 0" in done.stdout
