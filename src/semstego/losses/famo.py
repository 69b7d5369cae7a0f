# SPDX-License-Identifier: Apache-2.0
"""The lambdas of eq. 17: many losses made one, by FAMO or by fixed weights.

[Liu2023] B. Liu, Y. Feng, P. Stone, Q. Liu, "FAMO: Fast Adaptive Multitask Optimization", NeurIPS 2023.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.999)  # of Adam, its authors' defaults
ADAM_FLOOR = 1e-8

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class Famo(nn.Module):
    """FAMO [Liu2023]: every loss shall fall by the same share per step, whatever its scale.

    With losses L_i >= 0, D_i = L_i + floor, logits w and z = softmax(w), a training step is

        total = famo.combine(losses)      # sum_i (z_i / c) log D_i,   c = sum_i z_i / D_i without gradient
        total.backward(), optimiser step
        famo.update(losses_after)         # losses that fell by more than the average share lose weight

    The gradient of the total is a convex combination of those of the losses. Its logits are stepped by an Adam of
    their own, on g = z (delta - <z, delta>) + decay w with delta = log D before - log D after.

    ``losses_after`` must come from the same batch, the same message and the same path through the quantiser, in train
    mode and without gradients, within ``batch_statistics_untouched``, else batch normalisation counts every batch
    twice. This second forward pass is about a third of a step. The lagged use does without: call ``update`` with the
    losses of the NEXT step, before its ``combine``. Then delta also holds how much harder one batch is than the other,
    noise that decay and Adam average out. The very first ``update`` has nothing to compare with and does nothing.

    Adam moves a logit by up to the learning rate per step however small the gradient, so some hundred steps can starve
    a loss: log ``entropy``, and raise the decay if it falls far below log K. Several processes must average their
    losses before ``update``, else each goes by weights of its own.

    All state are buffers: ``state_dict`` holds it whole, between ``combine`` and ``update`` too, and no optimiser of
    the networks finds a parameter here.

    Args:
        names: Of the K losses.
        learning_rate: Of the logits.
        decay: gamma, which draws the logits back to equal weights; added to the gradient, as L2 in Adam.
        floor: Added to each loss, so that one at 0 has a logarithm.
    """

    logits: Tensor
    first_moment: Tensor
    second_moment: Tensor
    steps: Tensor
    before: Tensor
    effective: Tensor

    def __init__(
        self, names: Sequence[str], *, learning_rate: float = 0.025, decay: float = 0.01, floor: float = 1e-6
    ) -> None:
        super().__init__()
        self.names, self.learning_rate, self.decay, self.floor = tuple(names), learning_rate, decay, floor
        k = len(self.names)
        self.register_buffer("logits", torch.zeros(k))
        self.register_buffer("first_moment", torch.zeros(k))
        self.register_buffer("second_moment", torch.zeros(k))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.register_buffer("before", torch.full((k,), torch.nan))  # log D of the last combine
        self.register_buffer("effective", torch.full((k,), torch.nan))  # weights of the last combine

    def combine(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The total to go backward from: a scalar in float32, of either sign.

        Args:
            losses: Scalars by name, at least 0.

        Raises:
            ValueError: If a name is missing or unknown, or a loss is negative or not finite.
        """
        shifted = _in_order(self.names, losses) + self.floor
        z, logs = self.logits.softmax(0), shifted.log()
        shares = z / shifted.detach()
        c = shares.sum()
        self.before.copy_(logs.detach())
        self.effective.copy_(shares / c)
        return (z / c * logs).sum()

    @torch.no_grad()
    def update(self, losses_after: Mapping[str, Tensor]) -> None:
        """One step of the logits.

        Args:
            losses_after: The losses of the last ``combine``, taken again after the networks' step.

        Raises:
            ValueError: As ``combine``.
        """
        after = (_in_order(self.names, losses_after) + self.floor).log()
        if self.before.isnan().any():  # nothing was combined yet
            return
        z, delta = self.logits.softmax(0), self.before - after
        self._adam_step(z * (delta - (z * delta).sum()) + self.decay * self.logits)

    def weights(self) -> dict[str, float]:
        """By name, the weight of each loss's gradient in the last ``combine``; sum 1. NaN before the first."""
        return dict(zip(self.names, self.effective.tolist(), strict=True))

    @property
    def entropy(self) -> float:
        """Of z [nat]: log K where all logits are equal, 0 where one loss has everything."""
        return float(-(self.logits.softmax(0) * self.logits.log_softmax(0)).sum())

    def _adam_step(self, gradient: Tensor) -> None:
        self.steps += 1
        self.first_moment.lerp_(gradient, 1 - BETAS[0])
        self.second_moment.lerp_(gradient.square(), 1 - BETAS[1])
        # In double precision: 1 - 0.999 has four digits in float32.
        first, second = (1 - beta ** int(self.steps) for beta in BETAS)
        self.logits -= (
            self.learning_rate * (self.first_moment / first) / ((self.second_moment / second).sqrt() + ADAM_FLOOR)
        )


class FixedWeights(nn.Module):
    """Weights that stay as they are; a training step need not know whether it has these or ``Famo``.

    Args:
        weights: lambda of eq. 17 by name of the loss.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__()
        self._weights = dict(weights)

    def combine(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum, a scalar in float32; losses and errors as in ``Famo.combine``."""
        values = _in_order(tuple(self._weights), losses)
        return (values * values.new_tensor(list(self._weights.values()))).sum()

    def update(self, losses_after: Mapping[str, Tensor]) -> None:
        """Nothing to learn."""

    def weights(self) -> dict[str, float]:
        """The weights by name."""
        return dict(self._weights)


@contextmanager
def batch_statistics_untouched(*modules: nn.Module) -> Iterator[None]:
    """Forward passes inside leave running means, variances and batch counts of batch normalisation as they were.

    Modules in train mode still normalise by the batch, those in evaluation mode by their running statistics. Nothing is
    put back afterwards, because nothing is written: a momentum of 0 would still turn them into NaN on one bad batch.
    """
    norms = [m for module in modules for m in module.modules() if isinstance(m, BATCH_NORMS) and m.track_running_stats]
    try:
        for norm in norms:
            norm.track_running_stats = False
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


def _in_order(names: tuple[str, ...], losses: Mapping[str, Tensor]) -> Tensor:
    """The losses ``(k,)`` in float32, which autocast leaves alone, after a check that they can be combined."""
    if set(losses) != set(names):
        raise ValueError(f"expected the losses {sorted(names)}, not {sorted(losses)}")
    values = torch.stack([losses[name].float().reshape(()) for name in names])
    sound = values.isfinite() & (values >= 0)
    if not sound.all():
        found = dict(zip(names, values.detach().tolist(), strict=True))
        raise ValueError(f"losses must be finite and at least 0: {found}")
    return values
