# SPDX-License-Identifier: Apache-2.0
"""Evaluations of a task: its answers are told the photographs of the pictures that carried."""

import numpy as np
import torch

from semstego.codecs import registry
from semstego.datasets.labelled import LabelledPictures
from semstego.evaluation.task_gap import evaluate
from semstego.progress import no_progress
from semstego.schemes import base
from semstego.system.stego_system import StegoSystem
from semstego.tasks.answers import RightAnswers
from semstego.tasks.base import Task


class Told(RightAnswers):
    """Answers that report the photographs they were told as their score."""

    def of_photographs(self, photographs):
        found = Told(self.right)
        object.__setattr__(found, "photographs", photographs)
        return found

    def score(self):
        return super().score() | {"photographs": list(getattr(self, "photographs", ()))}


class Bright(Task):
    """Is the picture bright?"""

    def task_loss(self, picture, target):
        return torch.zeros(())

    def task_score(self, picture, target):
        return ((picture.mean((1, 2, 3)) > 0.5).long() == target).float()

    def answered(self, pictures, targets):
        return Told(super().answered(pictures, targets).right)


def evaluated(photographs, rng):
    pictures = rng.integers(0, 256, (4, 32, 32, 3), np.uint8)
    pictures[1] = 0  # holds nothing
    data = LabelledPictures(pictures, np.zeros(4, np.int64), ("dark", "bright"), photographs)
    system = StegoSystem(registry.load("cr085-plain"), base.SCHEMES.get("lsb"))
    return evaluate(Bright(), data, system, 0.5, seed=1, workers=1, progress=no_progress).figures


def test_answers_are_told_the_photographs_of_the_pictures_that_carried(rng):
    figures = evaluated(np.array([7, 8, 9, 7]), rng)
    assert (figures["pictures"], figures["refused"]) == (3, 1)
    assert [one["photographs"] for one in figures["accuracy"].values()] == [[7, 9, 7]] * 3


def test_of_pictures_of_their_own_they_are_told_nothing(rng):
    assert [one["photographs"] for one in evaluated(None, rng)["accuracy"].values()] == [[]] * 3
