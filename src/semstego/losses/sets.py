# SPDX-License-Identifier: Apache-2.0
"""Which losses one training step of the learned scheme balances: the paper's, its authors' released code's, ours.

| name           | paper8, ours                       | released9                                        |
|----------------|------------------------------------|--------------------------------------------------|
| reveal_1       | eq. 10a, stage I                   |                                                  |
| reveal_2       | eq. 10b, stage II                  |                                                  |
| stage_1        |                                    | eq. 10a + eq. 11a + MSE of the stego branch      |
| stage_2        |                                    | eq. 10b + eq. 11c + MSE of the stego branch      |
| features       | eq. 11a                            | eq. 11a                                          |
| cosine         | eq. 12, one vector per picture     | eq. 12, one vector per position                  |
| reconstruction | eq. 11c                            | eq. 11c                                          |
| semantic       | eq. 13, 0.99 MSE + 0.01 task       | 1 MSE + 0.01 task, of the stego branch           |
| cover          | ours alone: eq. 3                  | 1 MSE + 0.01 task, of the cover branch           |
| critic_1       | eq. 15, critic of features         | eq. 15                                           |
| critic_2       | eq. 16, critic of reconstructions  | eq. 16                                           |
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from semstego.losses.semantic import PICTURE_WEIGHT, semantic_loss
from semstego.losses.terms import adversarial_loss, cosine_loss, feature_loss, reconstruction_loss, reveal_loss
from semstego.tasks.base import Task

SIGNED = 4  # an MSE of pictures in [-1, 1], as the released code has them, over that of ours in [0, 1]

Adversary = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that one training step produced.

    Attributes:
        cover: Float RGB ``(b, 3, h, w)`` in [0, 1].
        target: What the task compares with, first axis ``b``; None without a task.
        cover_features: Dequantised, ``(b, c, h', w')`` in [-1, 1].
        stego_features: Likewise.
        cover_reconstruction: As ``cover``, after the straight-through rounding to 8 bits.
        stego_reconstruction: Likewise.
        payload: The bits that were hidden, 0 or 1, ``(b, l)``.
        logits_1: What stage I revealed, before the sigmoid, ``(b, l)``.
        logits_2: What stage II revealed.
        task: The frozen task; None leaves its terms out, lambda is 1.
        picture_weight: lambda.
        critic_logits_1: Verdicts ``(b, 2)`` on the features of cover and stego; None leaves the critic out.
        critic_logits_2: Verdicts on the reconstructions of cover and stego.
    """

    cover: Tensor
    cover_features: Tensor
    stego_features: Tensor
    cover_reconstruction: Tensor
    stego_reconstruction: Tensor
    payload: Tensor
    logits_1: Tensor
    logits_2: Tensor
    target: Tensor | None = None
    task: Task | None = None
    picture_weight: float = PICTURE_WEIGHT
    critic_logits_1: tuple[Tensor, Tensor] | None = None
    critic_logits_2: tuple[Tensor, Tensor] | None = None

    def __post_init__(self) -> None:
        if self.task is not None and self.target is None:
            raise ValueError("a task needs a target")


def paper8(outcome: Outcome, adversarial: Adversary = adversarial_loss) -> dict[str, Tensor]:
    """The eight losses of the paper, in its order (section III-B).

    MSE(cover reconstruction, cover) is not on the paper's list, so nothing asks the codec to serve a cover: the cover
    branch is reached only as what the stego branch is compared with. ``ours`` adds it.

    Args:
        outcome: What the step produced.
        adversarial: ``adversarial_loss``, the paper's, or ``confusion_loss``.

    Returns:
        Scalars, at least 0; without the critics that the outcome lacks.
    """
    return {
        "reveal_1": reveal_loss(outcome.logits_1, outcome.payload),
        "reveal_2": reveal_loss(outcome.logits_2, outcome.payload),
        "features": feature_loss(outcome.stego_features, outcome.cover_features),
        "cosine": cosine_loss(outcome.stego_features, outcome.cover_features),
        "reconstruction": reconstruction_loss(outcome.stego_reconstruction, outcome.cover_reconstruction),
        "semantic": _semantic(outcome, outcome.stego_reconstruction),
        **_critics(outcome, adversarial),
    }


def ours(outcome: Outcome, adversarial: Adversary = adversarial_loss) -> dict[str, Tensor]:
    """``paper8`` and, last, eq. 3 on the cover branch, because the codec must serve covers too."""
    return {**paper8(outcome, adversarial), "cover": _semantic(outcome, outcome.cover_reconstruction)}


def released9(outcome: Outcome, adversarial: Adversary = adversarial_loss) -> dict[str, Tensor]:
    """The nine composite losses of the authors' released code, in its order.

    Its pictures live in [-1, 1]; where a picture's MSE is added to something else it is brought to those units, or the
    sum would weigh its parts differently.

    Args:
        outcome: What the step produced.
        adversarial: ``adversarial_loss``, the code's, or ``confusion_loss``.

    Returns:
        Scalars, at least 0; without the critics that the outcome lacks.
    """
    features = feature_loss(outcome.stego_features, outcome.cover_features)
    reconstruction = SIGNED * reconstruction_loss(outcome.stego_reconstruction, outcome.cover_reconstruction)
    stego = SIGNED * functional.mse_loss(outcome.stego_reconstruction, outcome.cover)
    return {
        "cover": _released_semantic(outcome, outcome.cover_reconstruction),
        "semantic": _released_semantic(outcome, outcome.stego_reconstruction),
        "features": features,
        "cosine": cosine_loss(_positions(outcome.stego_features), _positions(outcome.cover_features)),
        "reconstruction": reconstruction,
        "stage_1": reveal_loss(outcome.logits_1, outcome.payload) + features + stego,
        "stage_2": reveal_loss(outcome.logits_2, outcome.payload) + reconstruction + stego,
        **_critics(outcome, adversarial),
    }


SETS = {"paper8": paper8, "released9": released9, "ours": ours}


def _semantic(outcome: Outcome, reconstruction: Tensor) -> Tensor:
    """Equations 3 and 13; lambda is 1 without a task."""
    if outcome.task is None or outcome.target is None:
        return functional.mse_loss(reconstruction, outcome.cover)
    weight = outcome.picture_weight
    return semantic_loss(reconstruction, outcome.cover, outcome.target, outcome.task, picture_weight=weight)


def _released_semantic(outcome: Outcome, reconstruction: Tensor) -> Tensor:
    """The released code's equations 3 and 13: the picture weighs 1, not 0.99."""
    distortion = SIGNED * functional.mse_loss(reconstruction, outcome.cover)
    if outcome.task is None or outcome.target is None:
        return distortion
    return distortion + (1 - PICTURE_WEIGHT) * outcome.task.task_loss(reconstruction, outcome.target)


def _critics(outcome: Outcome, adversarial: Adversary) -> dict[str, Tensor]:
    verdicts = {"critic_1": outcome.critic_logits_1, "critic_2": outcome.critic_logits_2}
    return {name: adversarial(*logits) for name, logits in verdicts.items() if logits is not None}


def _positions(features: Tensor) -> Tensor:
    """``(b, c, h, w)`` to ``(b * h * w, c)``: one row per position."""
    return features.movedim(1, -1).flatten(0, -2)
