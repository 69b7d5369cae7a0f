# SPDX-License-Identifier: Apache-2.0
"""Training of the adversarial scheme: E finds costs, moves are drawn by them, G1 and G2 look for the moves.

    picture ─ closed codec ─▸ symbols ─ E ─▸ costs ─▸ probabilities ─ drawn ─▸ stego symbols ─▸ reconstruction
                                                                                  G1                G2, task

An ideal code is simulated, so no message and no D1, D2 take part: the code of the scheme is exact, and comes within a
tenth of the ideal.
"""

from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional

from semstego.codecs.convolutional import shaped_weights
from semstego.errors import ConfigError
from semstego.losses.terms import ADVERSARIES
from semstego.metrics.detection import auc
from semstego.networks import dense_labels
from semstego.networks.channels_last import channels_last
from semstego.networks.dense_labels import DenseLabels
from semstego.progress import Progress
from semstego.schemes.adversarial.network import CostMaps, CostShape
from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.tasks.base import Task
from semstego.training import loop, optimiser
from semstego.training.batches import Batches
from semstego.training.costs_plan import CostPlan
from semstego.training.drawn import MOST_BITS
from semstego.training.experiment import Experiment, Moment
from semstego.training.simulated_embedding import Covers, SimulatedEmbedding, Stegos, costs_by_hand

CRITICS = ("critic_1", "critic_2")
FITTED = 1000  # pictures that the linear predictions are fitted to
VALIDATION_BATCH = 50
VALIDATION_SEED = 20_260_101
LONGEST_GRADIENT = 1.0


class CostTraining(Experiment):
    """Steps of the costs and of both critics.

    Args:
        runner: Fabric.
        plan: What to train.
        task: The frozen task of loss 6, or None.
        training: Pictures, of which some fit the linear predictions.
        validation: Pictures that are not trained on.

    Raises:
        ConfigError: If the codec does not suit, or holds less than the plan's largest payload.
    """

    shown = ("changed", "critic_1_auc", "critic_2_auc", "critic_1", "critic_2")

    def __init__(
        self, runner: Fabric, plan: CostPlan, task: Task | None, training: Batches, validation: Batches
    ) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.runner, self.task, self.held_out = plan, runner, task, validation
        self.embedding = SimulatedEmbedding(plan.codec, runner.device)
        covers = self.embedding.covers(training.pictures[:FITTED])
        most = MOST_BITS * covers.symbols[0].numel() / training.pictures[0, 0].numel()
        if plan.payload_bpp[1] > most:
            raise ConfigError(f"payload_bpp: pictures in {plan.codec} hold at most {most:g} bits per pixel")
        pictures = np.stack([self.embedding.codec.decode(one.symbols).transpose(2, 0, 1) for one in covers.encodings])
        maps = (covers.symbols.cpu().numpy().astype(np.uint8), pictures)
        self._predictions = [torch.from_numpy(JointPredictor.fit(one).weights) for one in maps]
        self.bare = channels_last(_starting(plan, covers.symbols.shape[1], self._predictions[0]))
        self.network, self.optimiser = runner.setup(self.bare, optimiser.build(self.bare.parameters(), plan.optimiser))
        self.networks, self.optimisers = {"costs": self.network}, {"costs": self.optimiser}
        self.teaches = dict.fromkeys(CRITICS, False)
        self.critics: dict[str, DenseLabels] = {}
        self._take_new_critics()

    def training_step(self, pictures: Tensor, labels: Tensor, moment: Moment) -> dict[str, Tensor]:
        """One step of the costs, if a critic teaches, and of both critics."""
        every = self.plan.critics.fresh_every
        if every and self.taught >= every * moment.per_epoch:
            self._take_new_critics()
        generator = torch.Generator(self.runner.device).manual_seed(torch.initial_seed())
        covers = self.embedding.covers((pictures * 255).round().byte())
        imitates = moment.epoch < self.plan.imitation * self.plan.epochs
        learns = not imitates and any(on and getattr(self.plan.weights, name) for name, on in self.teaches.items())
        self.taught += learns
        figures = self._imitation_step(covers, moment) if imitates else {}
        self.network.train(learns)
        with torch.set_grad_enabled(learns):
            stegos = self._stegos(covers, self._bits(pictures, generator), generator)
        figures["changed"] = torch.tensor(stegos.changed)
        if learns:
            figures |= self._costs_step(covers, stegos, labels, moment)
        return figures | self._critics_step(covers, stegos, moment, generator)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """AUC of either critic at the largest payload, and the share of symbols that move; it decides who teaches."""
        self.network.eval()
        generator = torch.Generator(self.runner.device).manual_seed(VALIDATION_SEED)
        scores: dict[str, list[Tensor]] = {name: [] for name in CRITICS}
        changed = []
        for raw in torch.split(self.held_out.pictures[: self.plan.validation_pictures], VALIDATION_BATCH):
            covers = self.embedding.covers(raw)
            bits = raw.new_full((len(raw),), self.plan.payload_bpp[1], dtype=torch.float32) * raw[0, 0].numel()
            stegos = self._stegos(covers, bits, generator)
            changed.append(stegos.changed)
            for name, (cover, stego) in _inputs(covers, stegos).items():
                logits = self.critics[name].eval()(torch.cat([cover, stego]))
                scores[name].append((logits[:, 1] - logits[:, 0]).view(2, -1))
        found = {}
        for name, parts in scores.items():
            of_covers, of_stegos = torch.cat(parts, 1).cpu().numpy()
            found[f"{name}_auc"] = auc(of_covers, of_stegos)
            self.teaches[name] |= found[f"{name}_auc"] >= self.plan.critics.least_auc
        return (
            found
            | {"validation_changed": float(np.mean(changed))}
            | {f"{name}_teaches": float(on) for name, on in self.teaches.items()}
        )

    def state(self) -> dict[str, object]:
        """Networks, optimisers, who teaches, and since when."""
        return super().state() | {"teaches": self.teaches, "taught": self.taught}

    def restore(self, state: dict[str, object]) -> None:
        """Take over a state that :meth:`state` gave."""
        super().restore(state)
        self.teaches = dict(state["teaches"])  # type: ignore[call-overload]
        self.taught = int(state["taught"])  # type: ignore[call-overload]

    def _stegos(self, covers: Covers, bits: Tensor, generator: torch.Generator) -> Stegos:
        """Moves at the present costs."""
        return self.embedding.stegos(self.network(covers.symbols, covers.errors), covers, bits, generator)

    def _imitation_step(self, covers: Covers, moment: Moment) -> dict[str, Tensor]:
        """One step towards the costs of the scheme ``syndrome``, but for a factor of each picture."""
        wanted = torch.from_numpy(np.stack([costs_by_hand(one) for one in covers.originals])).to(self.runner.device)
        found = self.network.train()(covers.symbols, covers.errors)
        dry = covers.dry[:, None].expand_as(found)
        count = dry.flatten(1).sum(1).clamp(min=1).view(-1, 1, 1, 1, 1)
        ratio = torch.where(dry, found.log() - wanted.log(), 0.0)
        ratio = torch.where(dry, ratio - ratio.sum((1, 2, 3, 4), keepdim=True) / count, 0.0)
        loss = ratio.square().sum() / count.sum()
        self._improve(loss, moment)
        return {"imitation": loss.detach()}

    def _improve(self, loss: Tensor, moment: Moment) -> None:
        """A step of the costs' optimiser."""
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, moment.epoch, self.plan.epochs)
        self.optimiser.zero_grad()
        self.runner.backward(loss)
        self.runner.clip_gradients(self.network, self.optimiser, max_norm=LONGEST_GRADIENT)
        self.optimiser.step()

    def _costs_step(self, covers: Covers, stegos: Stegos, labels: Tensor, moment: Moment) -> dict[str, Tensor]:
        """One step of the costs, by the critics that teach and what else has a weight."""
        losses = self._losses(covers, stegos, labels)
        self._improve(
            torch.stack([getattr(self.plan.weights, name) * loss for name, loss in losses.items()]).sum(), moment
        )
        return {name: loss.detach() for name, loss in losses.items()}

    def _losses(self, covers: Covers, stegos: Stegos, labels: Tensor) -> dict[str, Tensor]:
        """Losses 5 to 8, those that have a weight, and a critic that teaches."""
        weights, losses = self.plan.weights, {}
        for name, (cover, stego) in _inputs(covers, stegos).items():
            if self.teaches[name] and getattr(weights, name):
                critic = self.critics[name].eval().requires_grad_(False)
                with torch.no_grad():
                    of_cover = critic(cover)
                losses[name] = ADVERSARIES[self.plan.critics.loss](of_cover, critic(stego))
        received = stegos.pictures / 255
        if weights.reconstruction:
            losses["reconstruction"] = functional.mse_loss(received, stegos.covers / 255)
        if self.task is not None and weights.semantic:
            losses["semantic"] = self.task.task_loss(received, labels)
        return losses

    def _critics_step(
        self, covers: Covers, stegos: Stegos, moment: Moment, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """One step of both critics: labels of all values, and labels of the pair."""
        figures = {}
        for name, (cover, stego) in _inputs(covers, stegos).items():
            self.critics[name].train().requires_grad_(True)
            chosen = self.optimisers[name]
            optimiser.set_learning_rate(chosen, self.plan.critics.optimiser, moment.epoch, self.plan.epochs)
            loss = dense_labels.loss(self.critics[name], torch.stack([cover, stego.detach()], 1), generator)
            chosen.zero_grad()
            self.runner.backward(loss)
            chosen.step()
            figures[f"{name}_loss"] = loss.detach()
        return figures

    def _take_new_critics(self) -> None:
        """Critics that have seen nothing yet."""
        self.taught = 0  # steps in which these critics taught
        for name, prediction in zip(CRITICS, self._predictions, strict=True):
            bare = channels_last(DenseLabels(prediction, width=self.plan.critics.width))
            chosen = optimiser.build(bare.parameters(), self.plan.critics.optimiser)
            self.networks[name], self.optimisers[name] = self.runner.setup(bare, chosen)
            self.critics[name], self.teaches[name] = bare, False

    def _bits(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """A payload for each picture of a batch [bits]."""
        least, most = self.plan.payload_bpp
        shares = torch.rand(len(pictures), generator=generator, device=pictures.device)
        return (least + (most - least) * shares) * pictures[0, 0].numel()


def _inputs(covers: Covers, stegos: Stegos) -> dict[str, tuple[Tensor, Tensor]]:
    """What each critic takes, of covers and of stegos."""
    return {"critic_1": (covers.symbols, stegos.symbols), "critic_2": (stegos.covers, stegos.pictures)}


def _starting(plan: CostPlan, maps: int, prediction: Tensor) -> CostMaps:
    """The network that a training begins with.

    Raises:
        ConfigError: If the weights to begin with have other sizes.
        WeightsError: If they cannot be read.
    """
    shape = CostShape(maps, plan.width, plan.depth)
    if plan.start is None:
        network = CostMaps(shape)
        network.prediction.copy_(prediction)
        return network
    network = shaped_weights.from_file(plan.start, CostMaps).requires_grad_(True)
    if network.shape != shape:
        raise ConfigError(f"{plan.start} has other sizes than the configuration")
    return network


def train(plan: CostPlan, task: Task | None, folder: Path, runner: Fabric, progress: Progress) -> CostMaps:
    """Train costs, or go on with the run in ``folder``.

    Args:
        plan: What to train.
        task: The frozen task of loss 6, on the runner's device; None leaves the task out.
        folder: Of the run; one that holds a checkpoint goes on from there.
        runner: Fabric.
        progress: Is told the figures, and the share of the training that is done.

    Returns:
        The trained network.

    Raises:
        ConfigError: If the plan contradicts itself or the pictures, or there are several processes.
        DataError: If the data set is not there.
        WeightsError: If codec or weights to begin with are not there.
    """
    if runner.world_size > 1:
        raise ConfigError("costs are trained in one process, for its critics are not shared with others")
    batches = loop.batches_of(runner, plan, plan.data.load("train"))
    held_out = loop.held_out_of(runner, plan.data.load("validation"), task)
    experiment = CostTraining(runner, plan, task, batches, held_out)
    loop.fit(runner, experiment, batches, plan, folder, progress)
    return experiment.bare
