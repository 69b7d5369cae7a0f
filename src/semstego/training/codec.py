# SPDX-License-Identifier: Apache-2.0
"""The plain semantic communication system: Es and Ds under eq. 3, without a message."""

from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional

from semstego.codecs.convolutional.codec import STEP, ConvolutionalCodec
from semstego.codecs.convolutional.networks import compression_ratio, start_near_identity
from semstego.datasets.tensors import as_float
from semstego.losses.semantic import semantic_loss
from semstego.networks.channels_last import channels_last
from semstego.progress import Progress
from semstego.tasks.base import Task
from semstego.training import examples, loop, optimiser
from semstego.training.batches import Batches, one_tile
from semstego.training.config import NotNegative, TiledPlan

VALIDATION_BATCH = 250
LONGEST_GRADIENT = 0.05  # norm; the product of four layers has cliffs


class CodecPlan(TiledPlan):
    """Training of Es and Ds."""

    inversion: NotNegative = 0.0
    """Weight of the squared error of features that are decoded and encoded again, disturbed as by a message. The paper
    has none, and its codec blurs at stage II what a message has done; with it, stage II sees what stage I sees."""


class CodecTraining(loop.Experiment):
    """Equation 3, and a penalty on features that the quantiser would clamp."""

    def __init__(self, runner: Fabric, plan: CodecPlan, task: Task | None, validation: Batches) -> None:
        torch.manual_seed(plan.seed)
        self.runner, self.plan, self.task, self.held_out = runner, plan, task, validation
        self.bare = channels_last(ConvolutionalCodec(plan.architecture))
        start_near_identity(self.bare.encoder, self.bare.decoder, torch.Generator().manual_seed(plan.seed))
        self.codec, self.optimiser = runner.setup(self.bare, optimiser.build(self.bare.parameters(), plan.optimiser))
        self.networks, self.optimisers = {"codec": self.codec}, {"codec": self.optimiser}
        self.generator = torch.Generator(runner.device)

    def training_step(self, pictures: Tensor, labels: Tensor, epoch: float) -> dict[str, Tensor]:
        """One step; figures loss and squared error."""
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, epoch, self.plan.epochs)
        self.generator.manual_seed(torch.initial_seed())  # which the loop has set for this step
        pictures = one_tile(pictures, self.plan.tile)[:, : self.plan.architecture.channels]
        passage = self.codec(pictures, self.generator)
        error = functional.mse_loss(passage.reconstruction, pictures)
        loss = error
        if self.task is not None:
            loss = semantic_loss(
                passage.reconstruction, pictures, labels, self.task, picture_weight=self.plan.picture_weight
            )
        if self.plan.inversion:
            loss = loss + self.plan.inversion * functional.mse_loss(passage.echo, passage.sent)
        if self.plan.architecture.scale is not None:
            loss = loss + functional.relu(passage.features.abs() - self.plan.architecture.scale).square().mean()
        self.optimiser.zero_grad()
        self.runner.backward(loss)
        self.runner.clip_gradients(self.codec, self.optimiser, max_norm=LONGEST_GRADIENT)
        self.optimiser.step()
        return {"loss": loss.detach(), "squared_error": error.detach()}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """PSNR of 8-bit reconstructions, mean over pictures [dB], and the echo's error, root mean square [steps]."""
        psnr, echo = [], []
        for start in range(0, len(self.held_out.labels), VALIDATION_BATCH):
            pictures = self._held_out(start, start + VALIDATION_BATCH)
            passage = self.codec(pictures)
            psnr.append(-10 * (passage.reconstruction - pictures).square().mean((1, 2, 3)).clamp(min=1e-10).log10())
            echo.append(((passage.echo - passage.sent) / STEP).square().mean((1, 2, 3)))
        height, width = self.held_out.pictures.shape[2:]
        return {
            "compression_ratio": compression_ratio(height, width, self.plan.architecture.kernel),
            "validation_psnr_db": float(torch.cat(psnr).mean()),
            "validation_echo_steps": float(torch.cat(echo).mean().sqrt()),
        }

    @torch.inference_mode()
    def examples(self) -> Tensor:
        """Pictures, their reconstructions and the differences."""
        pictures = self._held_out(0, examples.COUNT)
        reconstruction = self.codec(pictures).reconstruction
        return examples.grid([pictures, reconstruction, examples.amplified(reconstruction, pictures)])

    def _held_out(self, start: int, stop: int) -> Tensor:
        """Validation pictures; grey ones come as RGB of three equal channels."""
        return as_float(self.held_out.pictures[start:stop])[:, : self.plan.architecture.channels]


def train(plan: CodecPlan, task: Task | None, folder: Path, runner: Fabric, progress: Progress) -> ConvolutionalCodec:
    """Train, or go on with, the run in ``folder``.

    Raises:
        DataError: If the data set is not there.
    """
    held_out = Batches(plan.load("validation"), 1, seed=0, device=runner.device)
    experiment = CodecTraining(runner, plan, task, held_out)
    batches = loop.shared(runner, plan, plan.load("train"))
    loop.fit(runner, experiment, batches, plan, folder, progress)
    return experiment.bare
