# SPDX-License-Identifier: Apache-2.0
"""The yardstick without training: it knows what it sees, and agrees with itself less the worse the picture."""

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from semstego.cli.main import app
from semstego.errors import DataError, PictureError
from semstego.tasks import agreement


@pytest.fixture(scope="module")
def task():
    torch.set_num_threads(1)
    return agreement.TASK.prepared(None, "")


@pytest.fixture
def squares(tmp_path, photographs):
    """The bundled photographs, large enough for the network."""
    for name, picture in photographs.items():
        image = Image.fromarray(np.squeeze(picture)).convert("RGB")
        scale = 256 / min(image.size)
        image.resize((round(image.width * scale), round(image.height * scale))).save(tmp_path / f"{name}.png")
    return tmp_path


def test_it_knows_a_tripod_and_a_cup_of_coffee(task, squares):
    data = task.examples(squares, "", "")
    names = [task.classes[label] for label in data.labels]
    assert data.pictures.shape == (5, 224, 224, 3)
    assert (names[1], names[3]) == ("tripod", "espresso")


def test_noise_ends_the_agreement(task, squares, rng):
    data = task.examples(squares, "", "")
    assert task.answered(data.pictures, data.labels).right.all()
    assert not task.answered(rng.integers(0, 256, data.pictures.shape, np.uint8), data.labels).right.any()
    assert (task.labels(data.pictures)[1] <= 1).all()
    assert task.answers(data.pictures)[1].endswith("tripod")


def test_a_folder_of_tiny_pictures_and_a_missing_package_are_named(task, tmp_path, monkeypatch):
    Image.new("RGB", (100, 300)).save(tmp_path / "small.png")
    with pytest.raises(PictureError, match="224"):
        task.examples(tmp_path, "", "")
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(DataError, match=r"semstego\[semantic\]"):
        agreement.TASK.prepared(None, "")


def test_the_command_writes_figures_and_a_sheet(squares, tmp_path):
    command = ["evaluate", "--task", "agreement", "--data", str(squares), "--codec", "cr085", "--bpp", "0.1"]
    written = ["-o", str(tmp_path / "out.json"), "--sheet", str(tmp_path / "sheet.png"), "--json"]
    result = CliRunner().invoke(app, command + written, catch_exceptions=False)
    assert result.exit_code == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert json.loads(result.stdout) == found
    assert found["cells"][0]["pictures"] + found["cells"][0]["refused"] == 5
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size[1] > 5 * 190
    again = CliRunner().invoke(app, command + written)
    assert "exists already" in str(again.exception)
