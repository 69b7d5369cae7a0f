# SPDX-License-Identifier: Apache-2.0
"""Training of Es and Ds alone by eq. 3: the paper's semantic communication, without a message."""

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
from semstego.training.experiment import Experiment, Moment

VALIDATION_BATCH = 250
LONGEST_GRADIENT = 0.05  # norm; the loss of a product of four layers has places of very large gradients


class CodecPlan(TiledPlan):
    """A training of Es and Ds."""

    inversion: NotNegative = 0.0
    """Weight of the squared error of features that are disturbed as by a message, decoded and encoded again. The paper
    has no such term, and little asks its codec to keep in the picture what a message has changed in the features."""


class CodecTraining(Experiment):
    """Steps by eq. 3, with a penalty on features that the quantiser would clamp.

    Args:
        runner: Fabric.
        plan: What to train.
        task: The frozen task of eq. 3, or None.
        validation: Pictures that are not trained on.
    """

    def __init__(self, runner: Fabric, plan: CodecPlan, task: Task | None, validation: Batches) -> None:
        torch.manual_seed(plan.seed)
        self.runner, self.plan, self.task, self.held_out = runner, plan, task, validation
        self.bare = channels_last(ConvolutionalCodec(plan.architecture))
        start_near_identity(self.bare.encoder, self.bare.decoder, torch.Generator().manual_seed(plan.seed))
        self.codec, self.optimiser = runner.setup(self.bare, optimiser.build(self.bare.parameters(), plan.optimiser))
        self.networks, self.optimisers = {"codec": self.codec}, {"codec": self.optimiser}
        self.generator = torch.Generator(runner.device)

    def training_step(self, pictures: Tensor, labels: Tensor, moment: Moment) -> dict[str, Tensor]:
        """One step; its figures are ``loss`` and ``squared_error``, of pictures in [0, 1]."""
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, moment.epoch, self.plan.epochs)
        self.generator.manual_seed(torch.initial_seed())  # which the loop has set for this step
        pictures = one_tile(pictures, self.plan.tile)[:, : self.plan.architecture.channels]
        output = self.codec(pictures, self.generator)
        error = functional.mse_loss(output.reconstruction, pictures)
        loss = error
        if self.task is not None:
            loss = semantic_loss(
                output.reconstruction, pictures, labels, self.task, picture_weight=self.plan.picture_weight
            )
        if self.plan.inversion:
            loss = loss + self.plan.inversion * functional.mse_loss(output.reencoded, output.decoded)
        if self.plan.architecture.scale is not None:
            loss = loss + functional.relu(output.features.abs() - self.plan.architecture.scale).square().mean()
        self.optimiser.zero_grad()
        self.runner.backward(loss)
        self.runner.clip_gradients(self.codec, self.optimiser, max_norm=LONGEST_GRADIENT)
        self.optimiser.step()
        return {"loss": loss.detach(), "squared_error": error.detach()}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Figures on the validation pictures.

        Returns:
            By name: the actual ``compression_ratio``; ``validation_psnr_db`` of 8-bit reconstructions, mean over
            pictures [dB]; ``validation_reencoding_steps``, the root mean square error of features that are decoded and
            encoded again [quantisation steps].
        """
        psnr, reencoding = [], []
        for start in range(0, len(self.held_out.labels), VALIDATION_BATCH):
            pictures = self._held_out(start, start + VALIDATION_BATCH)
            output = self.codec(pictures)
            psnr.append(-10 * (output.reconstruction - pictures).square().mean((1, 2, 3)).clamp(min=1e-10).log10())
            reencoding.append(((output.reencoded - output.decoded) / STEP).square().mean((1, 2, 3)))
        height, width = self.held_out.pictures.shape[2:]
        return {
            "compression_ratio": compression_ratio(height, width, self.plan.architecture.kernel),
            "validation_psnr_db": float(torch.cat(psnr).mean()),
            "validation_reencoding_steps": float(torch.cat(reencoding).mean().sqrt()),
        }

    @torch.inference_mode()
    def examples(self) -> Tensor:
        """Three rows of pictures, uint8 ``(h, w, 3)``: originals, reconstructions, and their amplified differences."""
        pictures = self._held_out(0, examples.COUNT)
        reconstruction = self.codec(pictures).reconstruction
        return examples.grid([pictures, reconstruction, examples.amplified(reconstruction, pictures)])

    def _held_out(self, start: int, stop: int) -> Tensor:
        """Validation pictures; grey ones come as RGB of three equal channels."""
        return as_float(self.held_out.pictures[start:stop])[:, : self.plan.architecture.channels]


def train(plan: CodecPlan, task: Task | None, folder: Path, runner: Fabric, progress: Progress) -> ConvolutionalCodec:
    """Train Es and Ds, or go on with the run in ``folder``.

    Args:
        plan: What to train.
        task: The frozen task of eq. 3, on the runner's device; None leaves the task out.
        folder: Of the run; one that holds a checkpoint goes on from there.
        runner: Fabric.
        progress: Is told the figures, and the share of the training that is done.

    Returns:
        The trained codec.

    Raises:
        ConfigError: If the folder holds a training by another plan, or there are too few pictures for one batch.
        DataError: If the data set is not there.
    """
    held_out = loop.held_out_of(runner, plan.load("validation"), task)
    experiment = CodecTraining(runner, plan, task, held_out)
    batches = loop.batches_of(runner, plan, plan.load("train"))
    loop.fit(runner, experiment, batches, plan, folder, progress)
    return experiment.bare
