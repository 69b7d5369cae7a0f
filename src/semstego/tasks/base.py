# SPDX-License-Identifier: Apache-2.0
"""What a task of the receiver offers: a loss to train with, and a score that the tables report.

    reconstruction ─task_loss──▶ loss 6 of the paper (eq. 13), and eq. 3: differentiable
                   └task_score─▶ the accuracy that is compared between clean, cover and stego pictures (eq. 19)

A task is frozen: it is trained beforehand, and no training of this package changes its weights. Whatever has these
methods is a task; a class that derives from :class:`Task` may leave out those that have a body.
"""

from abc import abstractmethod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semstego.datasets import sets
from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.tensors import batch
from semstego.errors import WeightsError
from semstego.registry import Registry
from semstego.tasks.answers import Answers, RightAnswers

BATCH = 250
WITH_WEIGHTS = ("classification", "detection")


class Task(Protocol):
    """What the receiver does with a picture, such as to classify it.

    Pictures are float RGB ``(b, 3, h, w)`` in [0, 1]. A target is what the task compares its answer with; its first
    axis is ``b``. For classification it is the number of the class, int64 ``(b,)``.
    """

    @abstractmethod
    def task_loss(self, picture: Tensor, target: Tensor) -> Tensor:
        """The loss of the task, through which gradients reach the pictures.

        Args:
            picture: Float RGB ``(b, 3, h, w)`` in [0, 1].
            target: The right answers, first axis ``b``.

        Returns:
            A scalar, the mean over the batch, at least 0; for classification the cross-entropy [nat].
        """

    @abstractmethod
    def task_score(self, picture: Tensor, target: Tensor) -> Tensor:
        """How well the task is solved on each picture; tables report the mean over all pictures.

        Args:
            picture: Float RGB ``(b, 3, h, w)`` in [0, 1].
            target: The right answers, first axis ``b``.

        Returns:
            Float ``(b,)`` in [0, 1]; for classification 1 where the answer is right and 0 elsewhere.
        """

    def prepared(self, weights: str | None, data_set: str) -> "Task":
        """The task with its network, in evaluation mode; without a body of its own, the task as it is.

        Args:
            weights: Name or file of the network's weights, if the user names one.
            data_set: Name of the set that it is evaluated on, which may have weights that belong to it.

        Raises:
            WeightsError: If the weights are not there.
        """
        return self

    def to(self, device: torch.device) -> None:
        """Move the network to a device; without a body of its own, nothing is moved."""

    def examples(self, folder: Path, data_set: str, split: str) -> LabelledPictures:
        """Pictures to evaluate on, with their targets; without a body of its own, a split of a labelled set.

        Args:
            folder: Where the set lies.
            data_set: Its name.
            split: Which of its pictures.

        Raises:
            DataError: If it is not there.
        """
        return sets.load(data_set, folder, split)

    def check(self, data: LabelledPictures) -> None:
        """Refuse pictures that the task cannot be asked about; without a body of its own, it takes any.

        Raises:
            DataError: If so, before any work is done.
        """

    @torch.inference_mode()
    def answered(self, pictures: NDArray[np.uint8], targets: NDArray[Any]) -> Answers:
        """What the task says of pictures, judged; without a body of its own, a score above 1/2 is a right answer.

        Args:
            pictures: uint8 ``(n, h, w, c)``.
            targets: The right answers, first axis n.
        """
        starts = range(0, len(pictures), BATCH)
        parts = ((batch(pictures[at : at + BATCH]), torch.from_numpy(targets[at : at + BATCH])) for at in starts)
        scores = [self.task_score(*part).numpy() for part in parts]
        return RightAnswers(np.concatenate([np.zeros(0, np.float32), *scores]) > 0.5)

    def answers(self, pictures: NDArray[np.uint8]) -> list[str]:
        """What the task says of pictures ``(n, h, w, c)``, in words for picture sheets; empty where it has none."""
        return [""] * len(pictures)

    def marked(self, pictures: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Pictures ``(n, h, w, c)`` as sheets show them, such as with boxes; without a body of its own, as they are."""
        return list(pictures)


MEMBERS = ("task_loss", "task_score", "prepared", "to", "check", "examples", "answered", "answers", "marked")
TASKS = Registry[Task]("task", "semstego.tasks", "TASK", beside=("answers", "base", "weights"), members=MEMBERS)


def frozen(name: str) -> Task:
    """The task in a training's loss: a task's name or ``package:Object``, else weights of a classifier or a detector.

    Raises:
        ArgumentError: If an object of this name cannot be had.
        WeightsError: If there are no such weights.
    """
    if ":" in name or name in TASKS.names():
        return TASKS.get(name).prepared(None, "")
    faults = []
    for task in WITH_WEIGHTS:
        try:
            return TASKS.get(task).prepared(name, "")
        except WeightsError as error:
            faults.append(str(error))
    raise WeightsError("; ".join(faults))
