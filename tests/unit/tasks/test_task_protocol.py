# SPDX-License-Identifier: Apache-2.0
"""The protocol of tasks: by its methods or by descent, and never with one of them missing."""

import pytest
import torch

from semstego.losses.semantic import semantic_loss
from semstego.tasks.base import Task


class Brightness(Task):
    """Derives from the protocol and has both methods."""

    def task_loss(self, picture, target):
        return (picture.mean((1, 2, 3)) - target).square().mean()

    def task_score(self, picture, target):
        return 1 - (picture.mean((1, 2, 3)) - target).abs()


class Half(Task):
    """Lacks the score."""

    def task_loss(self, picture, target):
        return picture.mean()


def test_a_task_may_derive_from_the_protocol():
    pictures, target = torch.full((2, 3, 4, 4), 0.5), torch.tensor([0.5, 0.25])
    loss = semantic_loss(pictures, pictures, target, Brightness(), picture_weight=0.5)
    assert loss.item() == pytest.approx(0.5 * 0.25**2 / 2)
    assert Brightness().task_score(pictures, target).tolist() == [1.0, 0.75]


def test_a_task_that_lacks_a_method_cannot_be_built():
    with pytest.raises(TypeError, match="task_score"):
        Half()
