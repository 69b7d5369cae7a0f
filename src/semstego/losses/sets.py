# SPDX-License-Identifier: Apache-2.0
"""The sets of losses of the learned scheme: the paper's eight, the nine of its authors' released code, and ours.

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

SIGNED = 4  # MSE of pictures in [-1, 1], as in the released code, divided by that of pictures in [0, 1], as here

Adversary = Callable[[Tensor, Tensor], Tensor]
"""A loss of the logits ``(b, 2)`` that a critic gives for covers and for stegos."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one training step produced, as far as the losses need it.

    Attributes:
        cover: Float RGB ``(b, 3, h, w)`` in [0, 1].
        target: The right answers to the task, first axis ``b``; None without a task.
        cover_features: Dequantised, ``(b, c, h', w')`` in [-1, 1].
        stego_features: Likewise.
        cover_reconstruction: 8-bit pictures as floats, shape and units of ``cover``, with straight-through gradients.
        stego_reconstruction: Likewise.
        payload: The bits that were hidden, 0 or 1, ``(b, l)``.
        logits_1: What stage I revealed, before the sigmoid, ``(b, l)``.
        logits_2: What stage II revealed, likewise.
        task: The frozen task; without one, loss 6 and eq. 3 are the error of the picture alone.
        picture_weight: lambda of eqs. 3 and 13.
        critic_logits_1: Logits ``(b, 2)`` of G1 for the features of cover and stego; None leaves loss 7 out.
        critic_logits_2: Logits of G2 for the reconstructions of cover and stego; None leaves loss 8 out.

    Raises:
        ValueError: If there is a task and no target.
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

    MSE(cover reconstruction, cover) is not on the paper's list. The reconstruction of a cover without a message is
    therefore trained only as the target of losses 3 to 5, and not for its own quality; :func:`ours` adds that term.

    Args:
        outcome: What the step produced.
        adversarial: ``adversarial_loss``, the paper's, or ``confusion_loss``.

    Returns:
        Scalars by name, at least 0; losses 7 and 8 are left out where the outcome has no logits of that critic.
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
    """The losses of :func:`paper8`, and eq. 3 of covers, as the codec has to serve covers without a message too.

    Arguments and result are as in :func:`paper8`; the added loss is named ``cover``.
    """
    return {**paper8(outcome, adversarial), "cover": _semantic(outcome, outcome.cover_reconstruction)}


def released9(outcome: Outcome, adversarial: Adversary = adversarial_loss) -> dict[str, Tensor]:
    """The nine composite losses of the authors' released code, in its order.

    The code has pictures in [-1, 1]. Where the MSE of pictures is added to something else it is converted to these
    units, or the sum would give its parts other weights.

    Args:
        outcome: What the step produced.
        adversarial: ``adversarial_loss``, the code's, or ``confusion_loss``.

    Returns:
        Scalars by name, at least 0; losses 7 and 8 are left out where the outcome has no logits of that critic.
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
    """Equations 3 and 13; without a task, the error of the picture alone."""
    if outcome.task is None or outcome.target is None:
        return functional.mse_loss(reconstruction, outcome.cover)
    weight = outcome.picture_weight
    return semantic_loss(reconstruction, outcome.cover, outcome.target, outcome.task, picture_weight=weight)


def _released_semantic(outcome: Outcome, reconstruction: Tensor) -> Tensor:
    """Equations 3 and 13 as in the released code, where the weight of the picture is 1, not 0.99."""
    distortion = SIGNED * functional.mse_loss(reconstruction, outcome.cover)
    if outcome.task is None or outcome.target is None:
        return distortion
    return distortion + (1 - PICTURE_WEIGHT) * outcome.task.task_loss(reconstruction, outcome.target)


def _critics(outcome: Outcome, adversarial: Adversary) -> dict[str, Tensor]:
    pairs = {"critic_1": outcome.critic_logits_1, "critic_2": outcome.critic_logits_2}
    return {name: adversarial(*pair) for name, pair in pairs.items() if pair is not None}


def _positions(features: Tensor) -> Tensor:
    """``(b, c, h, w)`` to ``(b * h * w, c)``: one row per position."""
    return features.movedim(1, -1).flatten(0, -2)
