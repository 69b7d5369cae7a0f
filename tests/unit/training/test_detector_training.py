# SPDX-License-Identifier: Apache-2.0
"""Training of the detector: it learns, it goes on where it was cut, and it refuses pictures without boxes."""

import numpy as np
import pytest
import torch

from semstego.datasets.scenes import Scenes, rows_of
from semstego.errors import DataError
from semstego.training import detector, loop
from semstego.training.config import Data
from semstego.training.detector import DetectionPlan, DetectorTraining
from semstego.training.experiment import Moment
from semstego.training.scene_batches import SceneBatches
from tests.unit.training.runs import changed, logged, parts

SETTINGS = {
    "data": {"set": "scenes", "folder": "nowhere"}, "seed": 1, "epochs": 2, "batch": 4, "width": 0.125, "sides": [64],
    "mosaic": 0.5, "optimiser": {"name": "adam", "learning_rate": 0.01, "schedule": "one-cycle"},
}  # fmt: skip
COLOURS = np.array([[255, 0, 0], [0, 0, 255]], np.uint8)


def scenes(count=16):
    rng = np.random.default_rng(0)
    pictures, boxes = np.full((count, 64, 64, 3), 114, np.uint8), []
    for number in range(count):
        (left, top), size = rng.integers(2, 20, 2), rng.integers(24, 40, 2)
        pictures[number, top : top + size[1], left : left + size[0]] = COLOURS[number % 2]
        boxes.append([[left, top, left + size[0], top + size[1]]])
    return Scenes(pictures, rows_of([[number % 2] for number in range(count)], boxes, [[0]] * count), ("red", "blue"))


def fit(plan, place, stop_at=None):
    place.mkdir(exist_ok=True)
    runner = loop.fabric(plan, accelerator="cpu")
    experiment = DetectorTraining(runner, plan, scenes())
    batches = SceneBatches(
        scenes(), plan.batch, sides=plan.sides, mosaic=plan.mosaic, flip=plan.augmentation.flip, seed=plan.seed,
        device=runner.device,
    )  # fmt: skip
    inner, done = experiment.training_step, iter(range(10**6))

    def step(*arguments):
        if next(done) == stop_at:
            raise KeyboardInterrupt
        return inner(*arguments)

    experiment.training_step = step
    figures = loop.fit(runner, experiment, batches, plan, place, lambda line, share: None)
    return experiment, figures


def test_a_training_that_was_cut_goes_on_as_if_it_had_not_been(tmp_path):
    plan = DetectionPlan.model_validate(SETTINGS)
    straight, _ = fit(plan, tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        fit(plan, tmp_path / "cut", stop_at=5)
    resumed, _ = fit(plan, tmp_path / "cut")
    assert changed(parts(straight), parts(resumed)) == set()
    assert logged(tmp_path / "straight") == logged(tmp_path / "cut")


def test_it_learns_what_two_colours_show(tmp_path):
    settings = SETTINGS | {"epochs": 60, "mosaic": 0.0, "augmentation": {"flip": True}, "class_gain": 5.0}
    _, figures = fit(DetectionPlan.model_validate(settings), tmp_path / "run")
    assert figures["validation_map50"] > 0.6


def test_a_step_gives_the_terms_of_the_loss():
    plan = DetectionPlan.model_validate(SETTINGS)
    experiment = DetectorTraining(loop.fabric(plan, accelerator="cpu"), plan, scenes())
    data = scenes()
    pictures = torch.from_numpy(data.pictures[:4]).permute(0, 3, 1, 2).float() / 255
    figures = experiment.training_step(pictures, torch.from_numpy(data.labels[:4]), Moment(0, 4))
    assert set(figures) == {"box", "objectness", "classes"}
    assert all(value > 0 for value in figures.values())


def test_pictures_without_boxes_are_refused(folders, tmp_path):
    plan = DetectionPlan.model_validate(SETTINGS).model_copy(update={"data": Data(set="crops", folder=folders[8])})
    with pytest.raises(DataError, match="no boxes"):
        detector.train(plan, tmp_path, loop.fabric(plan, accelerator="cpu"), lambda line, share: None)


@pytest.mark.parametrize(
    "changes", [{"sides": [100]}, {"sides": []}, {"augmentation": {"rotation": 5}}, {"width": 0}, {"mosaic": 2}]
)
def test_plans_that_cannot_be_are_refused(changes):
    with pytest.raises(ValueError, match="validation error"):
        DetectionPlan.model_validate(SETTINGS | changes)
