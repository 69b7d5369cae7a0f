# SPDX-License-Identifier: Apache-2.0
"""The lambdas of eq. 17: a weighted sum of losses, by FAMO or by fixed weights.

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
    """FAMO [Liu2023]: weights such that every loss falls by the same share per step, whatever its scale.

    With losses L_i >= 0, D_i = L_i + floor, logits w and z = softmax(w), a training step is

        total = famo.combine(losses)      # sum_i (z_i / c) log D_i,   c = sum_i z_i / D_i without gradient
        total.backward(), optimiser step
        famo.update(losses_after)         # losses that fell by more than the average share lose weight

    The gradient of the total is a convex combination of the gradients of the losses. The logits have an Adam optimiser
    of their own, with the gradient g = z (delta - <z, delta>) + decay w, where delta = log D before - log D after.

    ``losses_after`` must come from the same batch, the same message and the same quantiser, in train mode and without
    gradients. Take them within :func:`batch_statistics_untouched`, else batch normalisation counts every batch twice.
    This second forward pass takes about a third of the time of a step. The lagged use saves it: call ``update`` with
    the losses of the NEXT step, before its ``combine``. Then delta also contains the difference between the two
    batches, a noise that decay and Adam average out. The first ``update`` has nothing to compare with and does nothing.

    Adam moves a logit by up to the learning rate in each step, however small the gradient is, so within some hundred
    steps the weight of a loss can come near 0: log ``entropy``, and raise the decay if it falls far below log K.
    Several processes must average their losses before ``update``, else their weights differ.

    The whole state is kept in buffers: ``state_dict`` holds all of it, between ``combine`` and ``update`` too, and
    there are no parameters that an optimiser of the networks could find.

    Args:
        names: Names of the K losses.
        learning_rate: Of the logits; 0.025 as in the FAMO authors' code.
        decay: gamma, L2 regularisation of the logits, which draws the weights towards equal ones; 0.01 likewise.
        floor: Added to each loss, so that a loss of 0 has a logarithm.
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
        """The total of the losses, whose gradient trains the networks.

        Args:
            losses: Scalars by name, at least 0.

        Returns:
            A scalar in float32; it may be negative.

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
        """Change the weights by what the networks' step did to each loss: one step of the logits.

        Args:
            losses_after: The losses of the last ``combine``, computed again after the networks' step.

        Raises:
            ValueError: As :meth:`combine`.
        """
        after = (_in_order(self.names, losses_after) + self.floor).log()
        if self.before.isnan().any():  # nothing was combined yet
            return
        z, delta = self.logits.softmax(0), self.before - after
        self._adam_step(z * (delta - (z * delta).sum()) + self.decay * self.logits)

    def weights(self) -> dict[str, float]:
        """The weight of each loss's gradient in the last ``combine``, by name; their sum is 1. NaN before the first."""
        return dict(zip(self.names, self.effective.tolist(), strict=True))

    @property
    def entropy(self) -> float:
        """The entropy of z [nat]: log K if all logits are equal, 0 if one loss has all the weight."""
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
    """Weights that stay as they are, with the same methods as :class:`Famo`.

    Args:
        weights: lambda of eq. 17, by name of the loss.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__()
        self._weights = dict(weights)

    def combine(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum, a scalar in float32; arguments and errors as in :meth:`Famo.combine`."""
        values = _in_order(tuple(self._weights), losses)
        return (values * values.new_tensor(list(self._weights.values()))).sum()

    def update(self, losses_after: Mapping[str, Tensor]) -> None:
        """Do nothing: fixed weights do not change."""

    def weights(self) -> dict[str, float]:
        """The weights, by name of the loss."""
        return dict(self._weights)


@contextmanager
def batch_statistics_untouched(*modules: nn.Module) -> Iterator[None]:
    """A context in which forward passes do not change the running statistics of batch normalisation.

    Modules in train mode still normalise by the batch, those in evaluation mode by their running statistics. Means,
    variances and counts are not written at all, so there is nothing to restore. (With a momentum of 0 they would be
    written, and one batch with a NaN would make them NaN.)

    Args:
        modules: The networks whose statistics are to stay.
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
