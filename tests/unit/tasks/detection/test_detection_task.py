# SPDX-License-Identifier: Apache-2.0
"""The frozen detector: a task like others, its weights as a file, pictures whose sides are no multiples of 32."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save

from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.scenes import Scenes, rows_of
from semstego.errors import ArgumentError, DataError, WeightsError
from semstego.networks.yolo import YOLO, anchors_at
from semstego.tasks import base, classification
from semstego.tasks.detection import task as detection
from semstego.tasks.detection.task import Detection
from semstego.testing.tasks import check_task

CLASSES = ("ball", "cube", "cone")
ROWS = rows_of(
    [[0, 1], [2], []], [[[4, 4, 30, 40], [20, 8, 60, 60]], [[0, 0, 64, 64]], np.zeros((0, 4))], [[0, 0], [1], []]
)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return YOLO(3, width=0.125, anchors=anchors_at(64)).eval().requires_grad_(False)


def test_it_is_a_task(network):
    check_task(Detection(network, CLASSES), torch.from_numpy(ROWS))


def test_weights_come_back(network, tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(detection.to_bytes(network, CLASSES))
    found = base.TASKS.get("detection").prepared(str(path), "scenes")
    assert found.classes == CLASSES
    assert not found.network.training
    pictures = torch.rand(1, 3, 64, 64)
    for here, there in zip(found.network(pictures), network(pictures), strict=True):
        torch.testing.assert_close(here, there, atol=0.02, rtol=0.02)  # half precision


def test_equal_networks_give_equal_files(network):
    assert len({detection.to_bytes(network, CLASSES) for _ in range(8)}) == 1


@pytest.mark.parametrize("classes", [["a" * 65], ["\n"], [""], ["\ud800"], "abc", None, 5, {"a": 1}, [1, 2, 3], []])
def test_names_of_classes_that_cannot_be_shown_are_refused(network, tmp_path, classes):
    path = tmp_path / "bad.safetensors"
    facts = {"format": detection.FORMAT, "width": network.width, "classes": classes}
    path.write_bytes(save(dict(network.state_dict()), {"semstego": json.dumps(facts)}))
    with pytest.raises(WeightsError, match=r"bad\.safetensors"):
        detection.load(path)


@pytest.mark.parametrize(
    ("name", "value"), [("anchors", -1.0), ("anchors", float("inf")), ("heads.0.bias", float("nan"))]
)
def test_weights_that_are_no_numbers_are_refused(network, tmp_path, name, value):
    weights = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    weights[name][...] = value
    path = tmp_path / "bad.safetensors"
    facts = {"format": detection.FORMAT, "width": network.width, "classes": list(CLASSES)}
    path.write_bytes(save(weights, {"semstego": json.dumps(facts)}))
    with pytest.raises(WeightsError, match=r"bad\.safetensors"):
        detection.load(path)


def test_pictures_of_other_kinds_are_refused_before_any_work(network):
    task, pictures = Detection(network, CLASSES), np.zeros((3, 64, 64, 3), np.uint8)
    task.check(Scenes(pictures, ROWS, CLASSES))
    with pytest.raises(DataError, match="other classes"):
        task.check(Scenes(pictures, ROWS, ("ball", "cube", "pyramid")))
    with pytest.raises(DataError, match="boxes"):
        task.check(LabelledPictures(pictures, np.zeros(3, np.int64), CLASSES))
    with pytest.raises(DataError, match="boxes"):
        classification.load("objects").check(Scenes(pictures, ROWS, CLASSES))
    with pytest.raises(DataError, match="10 classes"):
        classification.load("objects").check(LabelledPictures(pictures, np.zeros(3, np.int64), tuple("abcdefghijk")))


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"format": "semstego googlenet 1"},
        {"format": detection.FORMAT},
        {"format": detection.FORMAT, "classes": "[", "width": "1"},
        {"format": detection.FORMAT, "classes": "[]", "width": "1"},
        {"format": detection.FORMAT, "classes": json.dumps(CLASSES), "width": "nan"},
        {"format": detection.FORMAT, "classes": json.dumps(CLASSES), "width": "1e9"},
        {"format": detection.FORMAT, "classes": json.dumps(CLASSES), "width": "0.125"},
        {"format": detection.FORMAT, "classes": json.dumps(["x"] * 10**6), "width": "1"},
    ],
)
def test_other_files_are_refused(tmp_path, facts):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(save({"x": torch.zeros(1)}, facts))
    with pytest.raises(WeightsError, match=r"bad\.safetensors"):
        detection.load(path)
    path.write_bytes(b"no weights")
    with pytest.raises(WeightsError):
        detection.load(path)


def test_missing_weights_name_those_that_ship(tmp_path):
    with pytest.raises(WeightsError, match="scenes"):
        detection.load(tmp_path / "none")
    with pytest.raises(ArgumentError, match="prepare"):
        Detection().task_loss(torch.zeros(1, 3, 32, 32), torch.from_numpy(ROWS[:1]))


def test_sides_that_are_no_multiples_are_filled_up(network):
    task = Detection(network, CLASSES)
    pictures = np.random.default_rng(0).integers(0, 256, (1, 50, 70, 3), np.uint8)
    filled = np.full((1, 64, 96, 3), 114, np.uint8)
    filled[:, :50, :70] = pictures
    (here,), (there,) = task.detections(pictures), task.detections(filled)
    np.testing.assert_array_equal(here.boxes, there.boxes)
    np.testing.assert_array_equal(here.scores, there.scores)


def test_a_picture_without_objects_has_a_loss(network):
    loss = Detection(network, CLASSES).task_loss(torch.rand(1, 3, 64, 64), torch.from_numpy(ROWS[2:]))
    assert torch.isfinite(loss)


def test_words_name_what_is_certain(network, monkeypatch):
    monkeypatch.setattr("semstego.tasks.detection.task.CERTAIN", 0.0)
    task = Detection(network, CLASSES)
    (words,) = task.answers(np.zeros((1, 64, 64, 3), np.uint8))
    assert words == "nothing" or any(name in words for name in CLASSES)
