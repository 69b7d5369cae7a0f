# SPDX-License-Identifier: Apache-2.0
"""Training of the learned scheme: codec, hiding, revealing and critics, in stages or by Algorithm 1 of the paper.

    schedule   what is trained
    --------   -------------------------------------------------------------------------------------------
    staged     in every step the hiding side (E, D1, D2 and, if it learns, the codec), then both critics
    paper      in every epoch one pass for G1, one for G2, and one for the hiding side (Algorithm 1)

A stage is one configuration; the next stage names the weights of the one before as its ``start``.
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
from semstego.losses.terms import ADVERSARIES, adversarial_loss
from semstego.networks.channels_last import channels_last
from semstego.progress import Progress
from semstego.schemes.learned.model import NOT_IN_WEIGHTS, LearnedModel, ModelOutput
from semstego.tasks.base import Task
from semstego.training import examples, loop, optimiser
from semstego.training.batches import Batches, one_tile
from semstego.training.critics import NAMES, Critics
from semstego.training.experiment import Experiment, Moment
from semstego.training.hiding_plan import LearnedPlan
from semstego.training.payload import Payload, random_payload

PASSES = {"staged": ("everything",), "paper": (*NAMES, "hiding")}
VALIDATION_BATCH = 100
MESSAGE_SEED = 20_260_101  # of the messages of the validation, which are the same after every epoch


class LearnedTraining(Experiment):
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

    def training_step(self, pictures: Tensor, labels: Tensor, moment: Moment) -> dict[str, Tensor]:
        """One step of what the present pass trains; see :class:`semstego.training.experiment.Experiment`."""
        pictures = one_tile(pictures, self.plan.tile)[:, : self.plan.architecture.channels]
        # The seed of the step, changed in one bit: the place of the tile is drawn from the seed itself.
        generator = torch.Generator().manual_seed(torch.initial_seed() ^ 1)
        payload = random_payload(self.plan, pictures, generator, longest=False)
        if self.critics is None:
            return self._hiding_step(pictures, labels, payload, moment)
        part = PASSES[self.plan.schedule][moment.pass_index]
        if part in NAMES:
            return self._critics_step(pictures, payload, (part,), moment)
        figures = {}
        if moment.epoch / self.plan.epochs >= self.critics.settings.warm_up:
            figures = self._hiding_step(pictures, labels, payload, moment)
        if part == "everything":
            figures |= self._critics_step(pictures, payload, NAMES, moment)
        return figures

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Figures on the validation pictures, whose messages are the same after every epoch.

        Returns:
            By name: those of :func:`figures_of` with ``validation_`` before them, means over pictures; the actual
            ``compression_ratio``; and the present weight of each loss with ``weight_`` before it.
        """
        self.model.eval()
        generator = torch.Generator().manual_seed(MESSAGE_SEED)
        found: list[dict[str, Tensor]] = []
        counts: list[int] = []
        count = min(len(self.held_out.labels), self.plan.validation_pictures)
        for start in range(0, count, VALIDATION_BATCH):
            pictures = self._held_out(start, min(count, start + VALIDATION_BATCH))
            payload = random_payload(self.plan, pictures, generator, longest=True)
            counts.append(len(pictures))
            found.append(figures_of(pictures, self.model(pictures, payload.message), payload))
        height, width = self.held_out.pictures.shape[2:]
        means = {name: np.average([float(one[name]) for one in found], weights=counts) for name in found[0]}
        figures = {f"validation_{name}": float(mean) for name, mean in means.items()}
        figures["compression_ratio"] = compression_ratio(height, width, self.plan.architecture.kernel)
        return figures | {f"weight_{name}": weight for name, weight in self.weighing.weights().items()}

    @torch.inference_mode()
    def examples(self) -> Tensor:
        """Five rows of pictures: originals, reconstructions of cover and of stego, and differences.

        Returns:
            uint8 ``(h, w, 3)``; the differences are amplified ones, of stego and cover, first of the reconstructions
            and then of the features.
        """
        self.model.eval()
        pictures = self._held_out(0, examples.COUNT)
        payload = random_payload(self.plan, pictures, torch.Generator().manual_seed(MESSAGE_SEED), longest=True)
        output = self.model(pictures, payload.message)
        cover, stego = output.cover_reconstruction, output.stego_reconstruction
        moved = examples.amplified(output.stego_features / 2, output.cover_features / 2)
        return examples.grid([pictures, cover, stego, examples.amplified(stego, cover), moved])

    def state(self) -> dict[str, Any]:
        """Networks, optimisers, and the state of the weights of the losses."""
        return super().state() | {"weighing": self.weighing.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a state that :meth:`state` gave."""
        super().restore(state)
        self.weighing.load_state_dict(state["weighing"])

    def _hiding_step(self, pictures: Tensor, labels: Tensor, payload: Payload, moment: Moment) -> dict[str, Tensor]:
        """One step of E, D1, D2 and, if it learns, the codec."""
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, moment.epoch, self.plan.epochs)
        self.model.train()
        output = self.model(pictures, payload.message, bound=self._bound(moment))
        losses = self._losses(pictures, labels, payload, output)
        if self.plan.weights == "famo-lagged":
            self.weighing.update(self._averaged(losses))
        total = self.weighing.combine(losses)
        self.optimiser.zero_grad()
        self.runner.backward(total)
        self.optimiser.step()
        if self.plan.weights == "famo":
            with torch.no_grad(), batch_statistics_untouched(self.bare):
                with self.runner.autocast():
                    after = self.bare(pictures, payload.message, bound=self._bound(moment))
                self.weighing.update(self._averaged(self._losses(pictures, labels, payload, after)))
        return figures_of(pictures, output, payload)

    def _critics_step(
        self, pictures: Tensor, payload: Payload, names: tuple[str, ...], moment: Moment
    ) -> dict[str, Tensor]:
        """One step of the named critics; the hiding side is in evaluation mode, as Algorithm 1 says."""
        assert self.critics is not None
        self.bare.eval()
        with torch.no_grad(), self.runner.autocast():
            output = self.bare(pictures, payload.message, bound=self._bound(moment))
        return self.critics.learn(output, names, moment.epoch, self.plan.epochs)

    def _losses(self, pictures: Tensor, labels: Tensor, payload: Payload, output: ModelOutput) -> dict[str, Tensor]:
        """The losses that are to be combined, by name."""
        first, second = payload.logits(output)
        critics = {} if self.critics is None else self.critics.logits(output)
        outcome = Outcome(
            cover=pictures,
            **{name: getattr(output, name) for name in output._fields if not name.startswith("logits")},
            payload=payload.bits,
            logits_1=first,
            logits_2=second,
            target=labels,
            task=self.task,
            picture_weight=self.plan.picture_weight,
            critic_logits_1=critics.get("critic_1"),
            critic_logits_2=critics.get("critic_2"),
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
        """The weights of the losses; which losses there are is seen on two pictures.

        Raises:
            ConfigError: If the plan gives a weight to a loss that is not there.
        """
        pictures = self._held_out(0, 2)
        with torch.no_grad(), batch_statistics_untouched(self.bare):
            payload = random_payload(self.plan, pictures, torch.Generator().manual_seed(MESSAGE_SEED), longest=True)
            losses = self._losses(pictures, self.held_out.labels[:2], payload, self.bare(pictures, payload.message))
        if isinstance(self.plan.weights, dict):
            unknown = set(self.plan.weights) - set(losses)
            if unknown:
                raise ConfigError(f"weights of losses that are not there: {', '.join(sorted(unknown))}")
            return FixedWeights(self.plan.weights)
        return Famo(tuple(losses), learning_rate=self.plan.famo_rate, decay=self.plan.famo_decay)

    def _bound(self, moment: Moment) -> float | None:
        """How far a feature may move [quantisation steps]; None for any distance."""
        annealing, last = self.plan.annealing, self.plan.architecture.bound
        return last if annealing is None or last is None else annealing.at(moment.epoch / self.plan.epochs, last)

    def _averaged(self, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """The mean over all processes, so that all of them come to the same weights."""
        if self.runner.world_size == 1:
            return losses
        averaged = self.runner.all_reduce({name: loss.detach() for name, loss in losses.items()}, reduce_op="mean")
        return cast(dict[str, Tensor], averaged)


@torch.no_grad()
def figures_of(pictures: Tensor, output: ModelOutput, payload: Payload) -> dict[str, Tensor]:
    """The five figures that the paper's Table II is about.

    Args:
        pictures: The originals, float ``(b, c, h, w)`` in [0, 1].
        output: What the model made of them.
        payload: The bits that they carried.

    Returns:
        Scalars by name: bit accuracy at both stages (``accuracy_1``, ``accuracy_2``, 0 to 1); PSNR of stego against
        cover, for features (``psnr_1_db``) and reconstructions (``psnr_2_db``); PSNR of the stego reconstruction
        against the original (``psnr_db``). PSNR is the mean over pictures [dB].
    """
    accuracies = [((one > 0) == (payload.bits > 0.5)).float().mean() for one in payload.logits(output)]
    return {
        "accuracy_1": accuracies[0],
        "psnr_1_db": _psnr(output.stego_features / 2, output.cover_features / 2),
        "accuracy_2": accuracies[1],
        "psnr_2_db": _psnr(output.stego_reconstruction, output.cover_reconstruction),
        "psnr_db": _psnr(output.stego_reconstruction, pictures),
    }


def _psnr(one: Tensor, other: Tensor) -> Tensor:
    """PSNR of values in a range of 1, the mean over a batch ``(b, c, h, w)`` [dB]."""
    return -10 * (one - other).square().mean((1, 2, 3)).clamp(min=1e-10).log10().mean()


def starting_model(plan: LearnedPlan) -> LearnedModel:
    """The model that a training begins with: an earlier one, or a new one.

    A new model gets the codec that the plan names, or one that is nearly the identity
    (:func:`semstego.codecs.convolutional.networks.start_near_identity`).

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
        kept = {name: getattr(plan.architecture, name) for name in ("scale", "headroom")}  # its weights fit any of both
        if replace(codec.shape, **kept) != plan.architecture.codec:
            raise ConfigError(f"{plan.codec} has another architecture than the configuration")
        model.codec.load_state_dict(codec.state_dict())
    return model


def train(plan: LearnedPlan, task: Task | None, folder: Path, runner: Fabric, progress: Progress) -> LearnedModel:
    """Train the learned scheme, or go on with the run in ``folder``.

    Args:
        plan: What to train.
        task: The frozen task of loss 6, on the runner's device; None leaves the task out.
        folder: Of the run; one that holds a checkpoint goes on from there.
        runner: Fabric.
        progress: Is told the figures, and the share of the training that is done.

    Returns:
        The trained model.

    Raises:
        ConfigError: If the plan contradicts itself or the pictures.
        DataError: If the data set is not there.
        WeightsError: If a model or codec to begin with is not there.
    """
    held_out = loop.held_out_of(runner, plan.load("validation"), task)
    experiment = LearnedTraining(runner, plan, task, held_out)
    batches = loop.batches_of(runner, plan, plan.load("train"))
    loop.fit(runner, experiment, batches, plan, folder, progress)
    return experiment.bare
