# SPDX-License-Identifier: Apache-2.0
"""What a training of the learned scheme can be told."""

from pathlib import Path
from typing import Literal

from pydantic import PositiveFloat, PositiveInt, model_validator

from semstego.schemes.learned.model import Architecture
from semstego.training.config import NotNegative, OptimiserSettings, Settings, Share, TiledPlan


class CriticSettings(Settings):
    """G1 on symbols and G2 on pictures, two SRNets."""

    width: PositiveInt = 16
    """Of their layers; 16 is SRNet as published."""
    warm_up: Share = 0.0
    """For this share of the training they alone learn: their first verdicts teach nothing."""
    loss: Literal["paper", "confusion"] = "confusion"
    """Eqs. 15 and 16, or the bounded one whose optimum is chance."""
    optimiser: OptimiserSettings


class Annealing(Settings):
    """How far a feature may move: as far as ``first`` in the beginning, then less and less, geometrically."""

    first: PositiveFloat = 8.0
    """[quantisation steps]"""
    until: Share = 0.5
    """Share of the training after which the architecture's own bound is reached."""

    def at(self, share: float, last: float) -> float:
        """The bound after this share of the training [quantisation steps]."""
        done = min(1.0, share / self.until) if self.until else 1.0
        return float(self.first * (last / self.first) ** done)


class LearnedPlan(TiledPlan):
    """Training of the learned scheme."""

    architecture: Architecture = Architecture()
    codec: Path | None = None
    """Es and Ds to begin with, of ``semstego train-codec``. None: those of ``start``, or nearly the identity."""
    start: Path | None = None
    """A whole model to begin with, of an earlier training; its architecture must be the same."""
    codec_learns: bool = False
    """Else Es and Ds stay as they are."""
    schedule: Literal["staged", "paper"] = "staged"
    """paper: Algorithm 1, three passes an epoch: G1, G2, everything else."""
    payload_bpp: PositiveFloat | tuple[PositiveFloat, PositiveFloat] | None = None
    """Payload that each picture carries, repeated to fill the message; None fills it with D bits a pixel. Of a range
    every batch takes another payload, each bit once, and the rest of the message is silent: the model learns to leave
    alone what carries nothing, and a small payload costs little."""
    annealing: Annealing | None = None
    """Of the architecture's bound; None keeps to it from the start."""
    losses: Literal["paper8", "released9", "ours"] = "ours"
    weights: dict[str, NotNegative] | Literal["famo", "famo-lagged"] = "famo"
    """Of the losses by name, fixed; or FAMO's, which are found anew after every step, or from the next one's losses."""
    famo_rate: PositiveFloat = 0.025
    famo_decay: NotNegative = 0.01
    critics: CriticSettings | None = None
    validation_pictures: PositiveInt = 500

    @model_validator(mode="after")
    def _belong_together(self) -> "LearnedPlan":
        if self.annealing is not None and self.architecture.bound is None:
            raise ValueError("annealing needs an architecture with a bound to end at")
        if self.weights == {}:
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
        """The least and the most."""
        payload = self.architecture.depth if self.payload_bpp is None else self.payload_bpp
        return payload if isinstance(payload, tuple) else (payload, payload)
