# SPDX-License-Identifier: Apache-2.0
"""What a task of the receiver offers: a loss to train with, and a score that the tables report.

    reconstruction ─task_loss──▶ loss 6 of the paper (eq. 13), and eq. 3: differentiable
                   └task_score─▶ the accuracy that is compared between clean, cover and stego pictures (eq. 19)

A task is frozen: it is trained beforehand, and no training of this package changes its weights. Whatever has the two
methods is a task. A class may also derive from :class:`Task`; then it cannot be built before it has both methods.
"""

from abc import abstractmethod
from typing import Protocol

from torch import Tensor


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
        ...

    @abstractmethod
    def task_score(self, picture: Tensor, target: Tensor) -> Tensor:
        """How well the task is solved on each picture; tables report the mean over all pictures.

        Args:
            picture: Float RGB ``(b, 3, h, w)`` in [0, 1].
            target: The right answers, first axis ``b``.

        Returns:
            Float ``(b,)`` in [0, 1]; for classification 1 where the answer is right and 0 elsewhere.
        """
        ...
