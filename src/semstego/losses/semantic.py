# SPDX-License-Identifier: Apache-2.0
"""The loss of semantic communication (eq. 3): the error of the received picture, and the receiver's task."""

from torch import Tensor
from torch.nn import functional

from semstego.tasks.base import Task

PICTURE_WEIGHT = 0.99  # lambda of eq. 3; the rest is the task's


def semantic_loss(
    reconstruction: Tensor,
    cover: Tensor,
    target: Tensor,
    task: Task,
    *,
    picture_weight: float = PICTURE_WEIGHT,
) -> Tensor:
    """Equations 3 and 13: lambda MSE(reconstruction, cover) + (1 - lambda) task_loss(reconstruction, target).

    Args:
        reconstruction: Float RGB ``(b, 3, h, w)`` in [0, 1]; of the cover for eq. 3, of the stego for eq. 13.
        cover: The original picture, same shape and units.
        target: The right answers to the task, first axis ``b``.
        task: The frozen task; gradients pass through it to the reconstruction.
        picture_weight: lambda, in [0, 1].

    Returns:
        A scalar, at least 0, the mean over the batch.
    """
    distortion = functional.mse_loss(reconstruction, cover)
    return picture_weight * distortion + (1 - picture_weight) * task.task_loss(reconstruction, target)
