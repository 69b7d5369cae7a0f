# SPDX-License-Identifier: Apache-2.0
"""What every task must do, checked on random pictures: ``check_task(MyTask(), targets)``."""

import torch
from torch import Tensor

from semstego.tasks.answers import Answers
from semstego.tasks.base import TASKS, Task
from semstego.testing.parts import check_part

SEED = 20261125


def check_task(task: Task, targets: Tensor, side: int = 64) -> None:
    """Check a task that has its network.

    The loss is a finite scalar, at least 0, whose gradient reaches the pictures; scores are one for each picture, in
    [0, 1]; neither changes the pictures, and both repeat; answers are judged and put into words, one for each picture.

    Args:
        task: Any.
        targets: Of some pictures, first axis ``b``.
        side: Of the pictures [pixels].

    Raises:
        AssertionError: With what is wrong.
    """
    check_part(TASKS, task)
    count = len(targets)
    pictures = torch.rand((count, 3, side, side), generator=torch.Generator().manual_seed(SEED)).requires_grad_()
    before = pictures.detach().clone()
    loss = task.task_loss(pictures, targets)
    assert loss.shape == (), f"the loss has the shape {tuple(loss.shape)}, and is no scalar"
    assert torch.isfinite(loss), "the loss is not finite"
    assert loss >= 0, "the loss is negative"
    (gradient,) = torch.autograd.grad(loss, pictures, allow_unused=True)
    assert gradient is not None, "no gradient reaches the pictures"
    assert torch.isfinite(gradient).all(), "the gradient is not finite"
    with torch.inference_mode():
        scores, again = task.task_score(before, targets), task.task_score(before, targets)
        assert torch.equal(task.task_loss(before, targets), task.task_loss(before, targets)), "the loss does not repeat"
    assert scores.shape == (count,), f"scores have the shape {tuple(scores.shape)}, not ({count},)"
    assert ((scores >= 0) & (scores <= 1)).all(), "a score is outside of 0 to 1"
    assert torch.equal(scores, again), "scores do not repeat"
    assert torch.equal(pictures.detach(), before), "the task changes the pictures"
    pixels = (before * 255).byte().permute(0, 2, 3, 1).numpy()
    answered = task.answered(pixels, targets.numpy())
    assert answered.right.shape == (count,), f"{answered.right.shape} answers judged, not ({count},)"
    _check_answers(answered)
    words = task.answers(pixels)
    assert len(words) == count, f"{len(words)} answers in words to {count} pictures"


def _check_answers(answered: Answers) -> None:
    assert isinstance(answered.measure, str), "answers do not say what their score is"
    lacking = {"pictures", "percent", "low", "high"} - set(answered.score())
    assert not lacking, f"the score lacks {', '.join(sorted(lacking))}"
    gap = type(answered).joined([answered]).gap(answered)
    lacking = {"pictures", "points", "low", "high", "lost", "gained"} - set(gap)
    assert not lacking, f"the gap lacks {', '.join(sorted(lacking))}"
    assert gap["points"] == 0, "answers differ from themselves"
