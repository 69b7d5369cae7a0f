# SPDX-License-Identifier: Apache-2.0
"""Training of a network on pairs, and its scores.

    pairs ─▸ batch of whole pairs ─▸ each pair flipped and turned ─▸ loss of the network ─▸ step of the optimiser
             after every epoch: cross entropy of the validation pairs ─▸ the best weights are kept

All pairs of a part are on the device at once, in the type that they come in.

Differs from the publications in the schedule, of which a CPU affords a hundredth: one cycle of the learning rate.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from semstego.steganalysis.pairs import Pairs

BATCH = 128  # maps that are scored together
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cudnn.allow_tf32 = False  # its mantissa of ten bits would lose changes by 1; see _as_floats


@dataclass(frozen=True)
class NetworkSettings:
    """How a network is trained.

    Attributes:
        width: Number of channels of the network's first layers; the published one is 8 for XuNet and 16 for SRNet.
        rate: Highest learning rate.
        epochs: Number of epochs from random weights, at most.
        epochs_after_start: Number of epochs from pretrained weights, at most.
        patience: Number of epochs without better weights after which training stops.
        batch_pairs: Pairs of a batch; a batch may have a few more, so that none is smaller.
        joint: True if the network is given residuals of the joint prediction, False if it is given the maps.
        turns: True if pairs are flipped and turned in training, and scores are means over all flips and turns.
    """

    width: int
    rate: float
    epochs: int
    epochs_after_start: int
    patience: int
    batch_pairs: int = 16
    joint: bool = True
    turns: bool = True


Loss = Callable[
    [nn.Module, Tensor, torch.Generator], Tensor
]  # of a network on a batch of pairs, float32 (b, 2, c, h, w)


def cross_entropy(network: nn.Module, batch: Tensor, generator: torch.Generator) -> Tensor:
    """Mean cross entropy of the labels cover and stego [nat], the loss of a network with two logits."""
    del generator
    # Cover, stego, cover, stego in one batch: batch normalisation must not know which is which.
    return functional.cross_entropy(network(as_inputs(batch)), picture_labels(batch))


def as_inputs(batch: Tensor) -> Tensor:
    """Maps ``(2 b, c, h, w)`` of a batch of pairs, in turns cover and stego, in the fastest order in memory."""
    return batch.flatten(0, 1).contiguous(memory_format=torch.channels_last)


def picture_labels(batch: Tensor) -> Tensor:
    """Labels of these maps, 0 for cover and 1 for stego, int64 ``(2 b,)``."""
    return torch.arange(2, device=batch.device).repeat(len(batch))


def turned(pairs: Tensor, codes: Tensor) -> Tensor:
    """Pairs flipped or turned, both members of a pair alike.

    Args:
        pairs: Pairs of maps, ``(b, 2, c, h, w)``.
        codes: What is done to each pair, integers ``(b,)``: bit 0 exchanges left and right, bit 1 top and bottom, bit 2
            rows and columns, for square maps only. The eight codes are all flips and quarter turns.

    Returns:
        The same shape.
    """
    changed = pairs.clone()
    left_right, top_bottom, across = ((codes >> bit) % 2 == 1 for bit in range(3))
    changed[left_right] = changed[left_right].flip(-1)
    changed[top_bottom] = changed[top_bottom].flip(-2)
    if across.any():
        changed[across] = changed[across].mT
    return changed


def batches(pairs: Tensor, size: int, generator: torch.Generator, *, turns: bool = True) -> Iterator[Tensor]:
    """All pairs in random order, flipped and turned at random.

    Args:
        pairs: Pairs of maps, ``(n, 2, c, h, w)``.
        size: Number of pairs of a batch; batches may have a few more.
        generator: Of all random choices.
        turns: False leaves all pairs as they are.

    Yields:
        Batches ``(b, 2, c, h, w)``.
    """
    order = torch.randperm(len(pairs), generator=generator)
    kinds = 8 if pairs.shape[-1] == pairs.shape[-2] else 4
    for rows in torch.tensor_split(order, max(1, len(pairs) // size)):
        batch = pairs[rows.to(pairs.device)]
        yield turned(batch, torch.randint(kinds, (len(rows),), generator=generator)) if turns else batch


def epochs_of_training(
    network: nn.Module,
    pairs: Pairs,
    *,
    settings: NetworkSettings,
    loss: Loss,
    optimiser: Optimizer,
    epochs: int,
    seed: int,
) -> Iterator[int]:
    """Train a network, and pause after every epoch.

    Args:
        network: Is changed.
        pairs: Training pairs of maps or residuals.
        settings: Learning rate, size of batches, and whether they are turned.
        loss: What is minimised.
        optimiser: Of the network's parameters.
        epochs: Number of epochs of the cycle of the learning rate.
        seed: Of the order of pairs, of their turns, and of what the loss draws.

    Yields:
        The number of epochs done, from 1.
    """
    generator = torch.Generator().manual_seed(seed)
    both = torch.stack([torch.from_numpy(pairs.cover), torch.from_numpy(pairs.stego)], 1).to(DEVICE)
    steps = epochs * max(1, len(pairs) // settings.batch_pairs)
    step = 0
    for epoch in range(1, epochs + 1):
        network.train()
        for batch in batches(both, settings.batch_pairs, generator, turns=settings.turns):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * _share_of_rate((step + 0.5) / steps)
            error = loss(network, batch.float(), generator)
            optimiser.zero_grad()
            error.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
        yield epoch


def validation_error(network: nn.Module, pairs: Pairs) -> float:
    """Cross entropy of pairs [nat], by which the best weights are chosen.

    P_E would be less suitable: it changes in steps of half a pair, and takes its threshold from the same pairs.
    """
    cover, stego = _scores(network, pairs.cover), _scores(network, pairs.stego)
    return float(np.logaddexp(0, cover).mean() + np.logaddexp(0, -stego).mean()) / 2


def mean_scores(network: nn.Module, maps: NDArray[Any], *, turns: bool = True) -> NDArray[np.float64]:
    """Scores of maps: logit of stego minus logit of cover, the mean over all flips and turns that training uses.

    Args:
        network: In any mode; it is switched to evaluation.
        maps: Maps or residuals ``(n, c, h, w)``.
        turns: False if training uses none.

    Returns:
        ``(n,)``.
    """
    if not turns:
        return _scores(network, maps)
    views = [maps, maps[..., ::-1], maps[..., ::-1, :], maps[..., ::-1, ::-1]]
    if maps.shape[-1] == maps.shape[-2]:
        views += [view.swapaxes(-1, -2) for view in views]
    mean: NDArray[np.float64] = np.mean([_scores(network, np.ascontiguousarray(view)) for view in views], axis=0)
    return mean


def seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A network with random weights of this seed; torch's own random state stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return build()


def _share_of_rate(share: float) -> float:
    """Learning rate after a share of the training, as a share of the highest: a rise, then the fall of a cosine."""
    return min(share / 0.1, (1 + math.cos(math.pi * (share - 0.1) / 0.9)) / 2)


@torch.inference_mode()
def _scores(network: nn.Module, maps: NDArray[Any]) -> NDArray[np.float64]:
    network.eval()
    parts = torch.split(torch.from_numpy(maps), BATCH)
    logits = torch.cat([network(_as_floats(part)) for part in parts]).double().cpu()
    difference: NDArray[np.float64] = (logits[:, 1] - logits[:, 0]).numpy()
    return difference


def _as_floats(maps: Tensor) -> Tensor:
    """Maps as float32 on the device, in the order in memory that convolutions are fastest in.

    bfloat16 would be faster, but rounds values of up to 255 to 8 bits, and so loses changes by 1.
    """
    return maps.to(DEVICE, torch.float32, memory_format=torch.channels_last)
