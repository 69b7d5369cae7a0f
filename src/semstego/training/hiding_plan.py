# SPDX-License-Identifier: Apache-2.0
"""The settings of a training of the learned scheme."""

from pathlib import Path
from typing import Any, Literal

from pydantic import PositiveFloat, PositiveInt, field_validator, model_validator

from semstego.schemes.learned.model import OLDER_WORD, Architecture
from semstego.training.config import NotNegative, OptimiserSettings, Settings, Share, TiledPlan


class CriticSettings(Settings):
    """G1 on symbols and G2 on pictures, two SRNets (Algorithm 1 of the paper)."""

    width: PositiveInt = 16
    """Channels of layers L2 to L8; the other layers follow. 16 is SRNet as published."""
    warm_up: Share = 0.0
    """Share of the training in which only the critics learn, as gradients of untrained critics are of no use."""
    loss: Literal["paper", "confusion"] = "confusion"
    """Losses 7 and 8. paper: eqs. 15 and 16. confusion: the bounded loss whose optimum is a critic at chance
    (:func:`semstego.losses.terms.confusion_loss`)."""
    optimiser: OptimiserSettings
    """Of either critic."""


class Annealing(Settings):
    """How far a feature may move: by ``first`` in the beginning, then less, as a geometric series."""

    first: PositiveFloat = 8.0
    """The bound at the start of the training [quantisation steps]."""
    until: Share = 0.5
    """Share of the training after which the architecture's own bound is reached."""

    def at(self, share: float, last: float) -> float:
        """The bound at some time of the training.

        Args:
            share: Of the training that is done, 0 to 1.
            last: The architecture's own bound [quantisation steps].

        Returns:
            The bound [quantisation steps].
        """
        done = min(1.0, share / self.until) if self.until else 1.0
        return float(self.first * (last / self.first) ** done)


class LearnedPlan(TiledPlan):
    """A training of the learned scheme.

    Which defaults are the paper's: ``famo`` as its way to combine the losses, with the settings that its authors'
    released code passes to it. The paper's schedule, losses and critics must be asked for; configs/paper-64.yaml does.
    """

    architecture: Architecture = Architecture()
    """Sizes and options of the networks. The word "seats" for ``meeting: slots`` is read too."""
    codec: Path | None = None
    """Weights of Es and Ds to begin with, from ``semstego train-codec``. None takes those of ``start``, or begins with
    Es and Ds that are nearly the identity."""
    start: Path | None = None
    """Weights of a whole model to begin with, from an earlier training; its architecture must be the same."""
    codec_learns: bool = False
    """Whether Es and Ds are trained too; else they stay as they are."""
    schedule: Literal["staged", "paper"] = "staged"
    """staged: every step trains the hiding side and then both critics. paper: Algorithm 1; an epoch has one pass for
    G1, one for G2 and one for the five other networks."""
    payload_bpp: PositiveFloat | tuple[PositiveFloat, PositiveFloat] | None = None
    """Payload of each picture [bits per pixel of the picture], repeated until the message is full; None is D. With a
    range (least, most) every batch has another payload, each bit once, and the rest of the message is unused: the model
    learns to move no features for unused positions, so that a small payload changes few features."""
    annealing: Annealing | None = None
    """A wider bound at the start of the training; None has the architecture's bound from the start."""
    losses: Literal["paper8", "released9", "ours"] = "ours"
    """The set: the paper's eight, the nine of its authors' released code, or ours. paper8 and ours have reveal_1 and
    reveal_2 (eq. 10), features (11a), cosine (12), reconstruction (11c), semantic (13), critic_1 (15) and critic_2
    (16), and ours has cover (3) too; released9 has stage_1 and stage_2 in place of reveal_1 and reveal_2. See
    :mod:`semstego.losses.sets`."""
    weights: dict[str, NotNegative] | Literal["famo", "famo-lagged"] = "famo"
    """Weights of the losses (lambda of eq. 17): fixed ones by name, and 0 for those that are not named; famo, which
    finds them anew after every step; or famo-lagged, which saves the second forward pass by taking the losses of the
    next step."""
    famo_rate: PositiveFloat = 0.025
    """Learning rate of FAMO's logits, as in the released code."""
    famo_decay: NotNegative = 0.01
    """gamma of FAMO, as in the released code."""
    critics: CriticSettings | None = None
    """G1 and G2; None trains without them, and without losses 7 and 8."""
    validation_pictures: PositiveInt = 500
    """At most so many pictures are validated on."""

    @field_validator("architecture", mode="before")
    @classmethod
    def _older_word(cls, given: Any) -> Any:
        """Read the older word for slots."""
        if isinstance(given, dict) and given.get("meeting") == OLDER_WORD:
            return given | {"meeting": "slots"}
        return given

    @model_validator(mode="after")
    def _belong_together(self) -> "LearnedPlan":
        if self.annealing is not None and self.architecture.bound is None:
            raise ValueError("annealing needs an architecture with a bound to end at")
        if isinstance(self.weights, dict) and not any(self.weights.values()):
            raise ValueError("without a weight there is no loss")
        if self.schedule == "paper" and self.critics is None:
            raise ValueError("Algorithm 1 trains critics: say which")
        least, most = self.payloads_bpp
        if least > most:
            raise ValueError("a range of payloads goes from the least to the most")
        if most > self.architecture.depth:
            raise ValueError(f"{self.architecture.depth} bits a pixel are the most that this architecture carries")
        return self

    @property
    def payloads_bpp(self) -> tuple[float, float]:
        """The least and the largest payload [bits per pixel of the picture]."""
        payload = self.architecture.depth if self.payload_bpp is None else self.payload_bpp
        return payload if isinstance(payload, tuple) else (payload, payload)
