# SPDX-License-Identifier: Apache-2.0
"""The commands of the task, end to end on little data: a codec fitted to a task hides and reveals."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from semstego.codecs import registry

SEMSTEGO = Path(sys.executable).parent / "semstego"


def run(*arguments, status=0, folder=None):
    done = subprocess.run(
        [SEMSTEGO, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "OMP_NUM_THREADS": "1", "SEMSTEGO_PASSPHRASE": "pass"},
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def folder(tmp_path, photographs, rng):
    """Photographs, a labelled set of 32 x 32 pictures, and a configuration for both."""
    (tmp_path / "photographs").mkdir()
    for name in ("coffee", "chelsea"):
        Image.fromarray(photographs[name]).save(tmp_path / "photographs" / f"{name}.png")
    (tmp_path / "objects").mkdir()
    for split in ("train", "validation"):
        np.savez(
            tmp_path / "objects" / f"{split}.npz",
            pictures=rng.integers(0, 256, (64, 32, 32, 3), np.uint8),
            labels=rng.integers(0, 10, 64),
            boxes=np.zeros((64, 4), np.int16),
            stamps=np.zeros(64, np.int16),
            backgrounds=np.zeros(64, np.int16),
        )
    plan = {
        "data": {"set": "objects", "folder": "objects"}, "task": "fashion-mnist", "epochs": 1, "batch": 16,
        "optimiser": {"name": "adam", "learning_rate": 0.003, "schedule": "one-cycle"},
    }  # fmt: skip
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(plan))
    return tmp_path


@pytest.mark.slow
def test_a_codec_is_fitted_to_a_task_and_hides(folder):
    command = ["fit-codec", "photographs", "-o", "mine.safetensors", "--like", "cr025", "--task", "task.yaml"]
    assert "go together" in run(*command, status=2, folder=folder).stderr
    run(*command, "--run", "run", folder=folder)
    card = yaml.safe_load((folder / "mine.yaml").read_text())
    assert card["colour basis moved under eq. 3"]["task"] == "fashion-mnist"
    assert "--task task.yaml" in card["command"]
    fitted, shipped = registry.load(folder / "mine.safetensors"), registry.load("cr025")
    assert fitted.basis(3).kept == shipped.basis(3).kept
    (folder / "message").write_text("by task")
    run("hide", "photographs/coffee.png", "message", "-o", "out.sem", "--picture", "out.png",
        "--codec", "mine.safetensors", folder=folder)  # fmt: skip
    for source in ("out.sem", "out.png"):
        assert run("reveal", source, "--codec", "mine.safetensors", "-o", "-", folder=folder).stdout == "by task"


def test_faults_of_a_configuration_are_one_message_and_leave_nothing(folder):
    (folder / "task.yaml").write_text("task: fashion-mnist\nepochs: -1\n")
    command = ["fit-codec", "photographs", "-o", "mine.safetensors", "--task", "task.yaml", "--run", "run"]
    assert "epochs" in run(*command, status=1, folder=folder).stderr
    assert not (folder / "mine.safetensors").exists()


def test_evaluate_refuses_what_it_does_not_know(folder):
    assert "agreement" in run("evaluate", "--task", "driving", "--data", ".", status=2, folder=folder).stderr
    missing = run("evaluate", "--task", "classification", "--data", "none", status=1, folder=folder).stderr
    assert len(missing.splitlines()) == 1
