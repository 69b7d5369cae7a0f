# SPDX-License-Identifier: Apache-2.0
"""The block codec as a layer that learns: an orthonormal basis, moved by gradients of eq. 3.

    picture ─blocks─ x - 128 ─ rows / steps ─ round ─ steps * rows ─ + 128 ─ round, clip ─ picture
                                       (rounding passes gradients straight through)

The basis stays orthonormal and its steps follow the rule of :mod:`semstego.codec.basis`, so whatever is learned is a
closed codec still. Closing of clipped blocks is left to the codec itself and has no part in the fit.
"""

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from semstego.codec.basis import BlockBasis
from semstego.losses.semantic import PICTURE_WEIGHT, Task, semantic_loss
from semstego.training import fit, optimiser
from semstego.training.batches import Batches, as_float
from semstego.training.config import OptimiserSettings, Plan, Share

VALIDATION_BATCH = 250


class TaskCodecPlan(Plan):
    """Fit of one basis under eq. 3."""

    epochs: int = 1
    batch: int = 64
    optimiser: OptimiserSettings = OptimiserSettings(
        name="adam", learning_rate=0.01, schedule="one-cycle", warm_up=0.05
    )
    picture_weight: Share = PICTURE_WEIGHT
    """lambda of eq. 3."""


class BlockTransform(nn.Module):
    """Encoder and decoder of a block codec, differentiable in its basis."""

    def __init__(self, basis: BlockBasis, rows: NDArray[np.float64]) -> None:
        super().__init__()
        self.block, self.channels = basis.block, basis.channels
        self.free = nn.Parameter(torch.from_numpy(rows).float())

    def rows(self) -> Tensor:
        """The orthonormal basis ``(k, n)``: Gram-Schmidt of the free parameters."""
        directions, triangle = torch.linalg.qr(self.free.T)
        basis: Tensor = (directions * triangle.diagonal().sign()).T
        return basis

    def forward(self, pictures: Tensor) -> Tensor:
        """What the receiver sees of pictures ``(b, 3, h, w)`` in [0, 1]; sides are multiples of the block."""
        count, _, height, width = pictures.shape
        rows = self.rows()
        steps = rows.abs().sum(1) * (128 / 127)
        grid = (count, self.channels, height // self.block, self.block, width // self.block, self.block)
        blocks = pictures[:, : self.channels].reshape(grid).permute(0, 2, 4, 3, 5, 1)
        values = blocks.flatten(3) * 255 - 128
        symbols = _rounded(values @ rows.T / steps)
        decoded = _rounded((symbols * steps) @ rows + 128).clamp(0, 255) / 255
        shaped = decoded.reshape(*decoded.shape[:3], self.block, self.block, self.channels).permute(0, 5, 1, 3, 2, 4)
        seen: Tensor = shaped.reshape(count, self.channels, height, width).expand(-1, 3, -1, -1)
        return seen


class TaskCodecTraining(fit.Experiment):
    """Equation 3 with a frozen task."""

    def __init__(self, runner: Fabric, plan: TaskCodecPlan, basis: BlockBasis, task: Task, validation: Batches) -> None:
        self.runner, self.plan, self.task, self.held_out = runner, plan, task, validation
        self.bare = BlockTransform(basis, rows_of(basis))
        chosen = optimiser.build(self.bare.parameters(), plan.optimiser)
        self.transform, self.optimiser = runner.setup(self.bare, chosen)
        self.networks, self.optimisers = {"transform": self.transform}, {"transform": self.optimiser}

    def training_step(self, pictures: Tensor, labels: Tensor, epoch: float) -> dict[str, Tensor]:
        """One step; figures loss and squared error."""
        optimiser.set_learning_rate(self.optimiser, self.plan.optimiser, epoch, self.plan.epochs)
        seen = self.transform(pictures)
        loss = semantic_loss(seen, pictures, labels, self.task, picture_weight=self.plan.picture_weight)
        self.optimiser.zero_grad()
        self.runner.backward(loss)
        self.optimiser.step()
        with torch.no_grad():
            self.bare.free.copy_(self.bare.rows())  # back onto the manifold, where the next gradient is taken
        return {"loss": loss.detach(), "squared_error": (seen.detach() - pictures).square().mean()}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Score of the task on reconstructions of the validation set, and their PSNR over all pixels [dB]."""
        scores, errors = [], []
        for start in range(0, len(self.held_out.labels), VALIDATION_BATCH):
            pictures = as_float(self.held_out.pictures[start : start + VALIDATION_BATCH])
            seen = self.transform(pictures)
            scores.append(self.task.task_score(seen, self.held_out.labels[start : start + VALIDATION_BATCH]))
            errors.append((seen - pictures).square().mean((1, 2, 3)))
        error = float(torch.cat(errors).mean())
        return {"validation_score": float(torch.cat(scores).mean()), "validation_psnr_db": -10 * float(np.log10(error))}


def rows_of(basis: BlockBasis) -> NDArray[np.float64]:
    """The orthonormal rows behind a basis, ``(k, n)``."""
    rows = basis.analysis / np.linalg.norm(basis.analysis, axis=1, keepdims=True)
    directions, triangle = np.linalg.qr(rows.T)
    exact: NDArray[np.float64] = (directions * np.sign(np.diag(triangle))).T
    return exact


def _rounded(values: Tensor) -> Tensor:
    return values + (values.round() - values).detach()
