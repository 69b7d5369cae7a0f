# SPDX-License-Identifier: Apache-2.0
"""Training of the learned scheme: codec, hiding, revealing and critics, staged or by Algorithm 1 of the paper.

staged   every step: hiding side, then both critics          a stage is a configuration; the next `start`s from it
paper    every epoch: a pass for G1, one for G2, one for the hiding side
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import ConvolutionalCodec
from semstego.codecs.convolutional.networks import compression_ratio
from semstego.datasets.tensors import as_float
from semstego.errors import ConfigError
from semstego.losses.famo import Famo, FixedWeights, batch_statistics_untouched
from semstego.losses.sets import SETS, Outcome
from semstego.losses.terms import adversarial_loss, confusion_loss
from semstego.networks.channels_last import channels_last
from semstego.progress import Progress
from semstego.schemes.learned import slots as spreading
from semstego.schemes.learned.model import NOT_IN_WEIGHTS, LearnedModel, Passage
from semstego.tasks.base import Task
from semstego.training import examples, loop, optimiser
from semstego.training.batches import Batches, one_tile
from semstego.training.critics import NAMES, Critics
from semstego.training.hiding_plan import LearnedPlan

PASSES = {"staged": ("everything",), "paper": (*NAMES, "hiding")}
ADVERSARIES = {"paper": adversarial_loss, "confusion": confusion_loss}
VALIDATION_BATCH = 100
MESSAGE_SEED = 20_260_101  # of the validation's messages, alike in every epoch


class LearnedTraining(loop.Experiment):
    """Steps of hiding and revealing, and of the critics where there are any.

    Args:
        runner: Fabric.
        plan: What to train.
        task: The frozen task of loss 6, or None.
        validation: Pictures that are not trained on.
    """

    shown = ("compression_ratio", "accuracy_1", "psnr_1_db", "accuracy_2", "psnr_2_db", "psnr_db")

    def __init__(self, runner: Fabric, plan: LearnedPlan, task: Task | None, validation: Batches) -> None:
        torch.manual_seed(plan.seed)
        self.runner, self.plan, self.task, self.held_out = runner, plan, task, validation
        self.passes = len(PASSES[plan.schedule])
        self.bare = channels_last(starting_model(plan))
        self.bare.codec.requires_grad_(plan.codec_learns)
        learning = [p for p in self.bare.parameters() if p.requires_grad]
        self.model, self.optimiser = runner.setup(self.bare, optimiser.build(learning, plan.optimiser))
        self.networks, self.optimisers = {"model": self.model}, {"model": self.optimiser}
        self.critics = None if plan.critics is None else Critics(runner, plan.critics, plan.architecture.channels)
        if self.critics is not None:
            self.networks |= self.critics.networks
            self.optimisers |= self.critics.optimisers
        self.weighing = self._weighing().to(runner.device)

    def training_step(self, pictures: Tensor, labels: Tensor, epoch: float) -> dict[str, Tensor]:
        """One step of what this pass trains."""
        pictures = one_tile(pictures, self.plan.tile)[:, : self.plan.architecture.channels]
        # A step is a fraction of an epoch in binary digits: a hair is added, or the last pass would get one too many.
        passed = PASSES[self.plan.schedule][int(epoch * self.passes + 1e-6) % self.passes]
        payload, message = self._message(pictures)
        if self.critics is None:
            return self._hiding_step(pictures, labels, payload, message, epoch)
        if passed in NAMES:
            return self._critics_step(pictures, message, (passed,), epoch)
        figures = {}
        if epoch / self.plan.epochs >= self.critics.settings.warm_up:
            figures = self._hiding_step(pictures, labels, payload, message, epoch)
        if passed == "everything":
            figures |= self._critics_step(pictures, message, NAMES, epoch)
        return figures

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """The five figures on validation pictures, messages always the same; and where the weighing stands."""
        self.model.eval()
        generator = torch.Generator().manual_seed(MESSAGE_SEED)
        found: list[dict[str, Tensor]] = []
        weights: list[int] = []
        count = min(len(self.held_out.labels), self.plan.validation_pictures)
        for start in range(0, count, VALIDATION_BATCH):
            pictures = self._held_out(start, min(count, start + VALIDATION_BATCH))
            payload, message = self._message(pictures, generator)
            passage = self.model(pictures, message)
            weights.append(len(pictures))
            found.append(figures_of(pictures, passage, payload, self._logits(passage)))
        height, width = self.held_out.pictures.shape[2:]
        means = {name: np.average([float(one[name]) for one in found], weights=weights) for name in found[0]}
        figures = {f"validation_{name}": float(mean) for name, mean in means.items()}
        figures["compression_ratio"] = compression_ratio(height, width, self.plan.architecture.kernel)
        return figures | {f"weight_{name}": weight for name, weight in self.weighing.weights().items()}

    @torch.inference_mode()
    def examples(self) -> Tensor:
        """Covers, their reconstructions without and with a message, and what it changed there and in the features."""
        self.model.eval()
        pictures = self._held_out(0, examples.COUNT)
        _, message = self._message(pictures, torch.Generator().manual_seed(MESSAGE_SEED))
        passage = self.model(pictures, message)
        cover, stego = passage.cover_reconstruction, passage.stego_reconstruction
        moved = examples.amplified(passage.stego_features / 2, passage.cover_features / 2)
        return examples.grid([pictures, cover, stego, examples.amplified(stego, cover), moved])

    def state(self) -> dict[str, Any]:
        """Networks, optimisers, and the weighing of the losses."""
        return super().state() | {"weighing": self.weighing.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """The inverse."""
        super().restore(state)
        self.weighing.load_state_dict(state["weighing"])

    def _hiding_step(
        self, pictures: Tensor, labels: Tensor, payload: Tensor, message: Tensor, epoch: float
    ) -> dict[str, Tensor]:
        """One step of E, D1, D2 and, if it learns, the codec."""
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, epoch, self.plan.epochs)
        self.model.train()
        passage = self.model(pictures, message, bound=self._bound(epoch))
        losses = self._losses(pictures, labels, payload, passage)
        if self.plan.weights == "famo-lagged":
            self.weighing.update(self._averaged(losses))
        total = self.weighing.combine(losses)
        self.optimiser.zero_grad()
        self.runner.backward(total)
        self.optimiser.step()
        if self.plan.weights == "famo":
            with torch.no_grad(), batch_statistics_untouched(self.bare):
                with self.runner.autocast():
                    after = self.bare(pictures, message, bound=self._bound(epoch))
                self.weighing.update(self._averaged(self._losses(pictures, labels, payload, after)))
        return figures_of(pictures, passage, payload, self._logits(passage))

    def _critics_step(
        self, pictures: Tensor, message: Tensor, names: tuple[str, ...], epoch: float
    ) -> dict[str, Tensor]:
        """One step of critics; the hiding side is in evaluation mode, as Algorithm 1 says."""
        assert self.critics is not None
        self.bare.eval()
        with torch.no_grad(), self.runner.autocast():
            passage = self.bare(pictures, message, bound=self._bound(epoch))
        return self.critics.learn(passage, names, epoch, self.plan.epochs)

    def _losses(self, pictures: Tensor, labels: Tensor, payload: Tensor, passage: Passage) -> dict[str, Tensor]:
        """Those that are to be combined."""
        first, second = self._logits(passage)
        verdicts = {} if self.critics is None else self.critics.verdicts(passage)
        outcome = Outcome(
            cover=pictures,
            **{name: getattr(passage, name) for name in passage._fields if not name.startswith("logits")},
            payload=payload,
            logits_1=first,
            logits_2=second,
            target=labels,
            task=self.task,
            picture_weight=self.plan.picture_weight,
            critic_logits_1=verdicts.get("critic_1"),
            critic_logits_2=verdicts.get("critic_2"),
        )
        adversary = ADVERSARIES[self.plan.critics.loss] if self.plan.critics else adversarial_loss
        losses = SETS[self.plan.losses](outcome, adversary)
        if not self.plan.codec_learns:
            losses.pop("cover", None)  # nothing that learns can change it
        if isinstance(self.plan.weights, dict):
            losses = {name: loss for name, loss in losses.items() if name in self.plan.weights}
        return losses

    def _held_out(self, start: int, stop: int) -> Tensor:
        """Validation pictures; grey ones come as RGB of three equal channels."""
        return as_float(self.held_out.pictures[start:stop])[:, : self.plan.architecture.channels]

    def _weighing(self) -> Famo | FixedWeights:
        """Of the losses that two pictures show to be there.

        Raises:
            ConfigError: If the plan weighs one that is not.
        """
        pictures = self._held_out(0, 2)
        with torch.no_grad(), batch_statistics_untouched(self.bare):
            payload, message = self._message(pictures)
            losses = self._losses(pictures, self.held_out.labels[:2], payload, self.bare(pictures, message))
        if isinstance(self.plan.weights, dict):
            unknown = set(self.plan.weights) - set(losses)
            if unknown:
                raise ConfigError(f"weights of losses that are not there: {', '.join(sorted(unknown))}")
            return FixedWeights(self.plan.weights)
        return Famo(tuple(losses), learning_rate=self.plan.famo_rate, decay=self.plan.famo_decay)

    def _message(self, pictures: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """A fresh payload ``(b, l)``, and the message ``(b, d, h, w)`` that it fills, copies dealt anew as by a key."""
        (count, _, height, width), depth = pictures.shape, self.plan.architecture.depth
        # Not of the seed itself, by which the place of the tile is drawn.
        source = generator or torch.Generator().manual_seed(torch.initial_seed() ^ 1)
        carriers = depth * height * width
        least, most = (max(1, round(bpp * height * width)) for bpp in self.plan.payloads_bpp)
        self.length = int(torch.randint(least, most + 1, (), generator=source)) if generator is None else most
        used = self.length if isinstance(self.plan.payload_bpp, tuple) else carriers
        self.positions = spreading.tiled(self.length, carriers, used)
        if self.length < carriers:
            order = torch.randperm(carriers, generator=source).numpy()
            order = spreading.interior_first(order, depth, height, width, self.plan.architecture.kernel)
            self.positions = self.positions[np.argsort(order)]
        payload = torch.randint(2, (count, self.length), generator=source).float().to(pictures.device)
        return payload, spreading.spread(payload, self.positions).view(count, depth, height, width)

    def _logits(self, passage: Passage) -> list[Tensor]:
        """Of the payload that :meth:`_message` dealt last, at both stages."""
        both = (passage.logits_1.flatten(1), passage.logits_2.flatten(1))
        return [spreading.gathered(logits, self.positions, self.length) for logits in both]

    def _bound(self, epoch: float) -> float | None:
        annealing, last = self.plan.annealing, self.plan.architecture.bound
        return last if annealing is None or last is None else annealing.at(epoch / self.plan.epochs, last)

    def _averaged(self, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """Over the processes, so that all of them go by the same weights."""
        if self.runner.world_size == 1:
            return losses
        averaged = self.runner.all_reduce({name: loss.detach() for name, loss in losses.items()}, reduce_op="mean")
        return cast(dict[str, Tensor], averaged)


@torch.no_grad()
def figures_of(pictures: Tensor, passage: Passage, payload: Tensor, logits: list[Tensor]) -> dict[str, Tensor]:
    """The five figures that matter: bit accuracy and PSNR at both stages, PSNR of what the receiver sees [dB]."""
    accuracies = [((one > 0) == (payload > 0.5)).float().mean() for one in logits]
    return {
        "accuracy_1": accuracies[0],
        "psnr_1_db": _psnr(passage.stego_features / 2, passage.cover_features / 2),
        "accuracy_2": accuracies[1],
        "psnr_2_db": _psnr(passage.stego_reconstruction, passage.cover_reconstruction),
        "psnr_db": _psnr(passage.stego_reconstruction, pictures),
    }


def _psnr(one: Tensor, other: Tensor) -> Tensor:
    """Mean over the pictures of a batch [dB], of values in a range of 1."""
    return -10 * (one - other).square().mean((1, 2, 3)).clamp(min=1e-10).log10().mean()


def starting_model(plan: LearnedPlan) -> LearnedModel:
    """A model to train: an earlier one, or a new one around a codec that is there or begins near the identity.

    Raises:
        ConfigError: If an earlier model has another architecture.
        WeightsError: If a file cannot be read, or holds something else.
    """
    model = LearnedModel(plan.architecture)
    if plan.start is None:
        model.start_near_identity(torch.Generator().manual_seed(plan.seed))
    else:
        start = shaped_weights.from_file(plan.start, LearnedModel)
        kept = {name: getattr(plan.architecture, name) for name in NOT_IN_WEIGHTS}
        if replace(start.shape, **kept) != plan.architecture:
            raise ConfigError(f"{plan.start} has another architecture than the configuration")
        model.load_state_dict(start.state_dict())
    if plan.codec is not None:
        codec = shaped_weights.from_file(plan.codec, ConvolutionalCodec)
        if (
            replace(codec.shape, scale=plan.architecture.scale, headroom=plan.architecture.headroom)
            != plan.architecture.codec
        ):
            raise ConfigError(f"{plan.codec} has another architecture than the configuration")
        model.codec.load_state_dict(codec.state_dict())  # it serves at any scale
    return model


def train(plan: LearnedPlan, task: Task | None, folder: Path, runner: Fabric, progress: Progress) -> LearnedModel:
    """Train, or go on with, the run in ``folder``.

    Raises:
        ConfigError: If the plan contradicts itself or the pictures.
        DataError: If the data set is not there.
        WeightsError: If a model or codec to begin with is not there.
    """
    held_out = Batches(plan.load("validation"), 1, seed=0, device=runner.device)
    experiment = LearnedTraining(runner, plan, task, held_out)
    batches = loop.shared(runner, plan, plan.load("train"))
    loop.fit(runner, experiment, batches, plan, folder, progress)
    return experiment.bare
