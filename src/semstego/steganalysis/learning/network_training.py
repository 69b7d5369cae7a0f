# SPDX-License-Identifier: Apache-2.0
"""Networks as judges: XuNet and SRNet, trained on pairs, from weights that have learned an easier embedding.

    maps ─▸ coding/prediction.py, fitted to the training covers ─▸ residuals, cut at -8 and 8
    pairs of residuals ─▸ batch of whole pairs ─▸ each pair flipped and turned ─▸ network ─▸ cross entropy ─▸ step
             after every epoch: scores of the validation pairs ─▸ the weights that err least are kept

Given the maps themselves, of ten maps of 32x32 and 2,000 pairs, XuNet errs on LSB matching three times as often: it
filters each map by itself, and a map turned round is not what a codec makes of a picture turned round. Residuals know
the other maps, and take the place of XuNet's own filter.

Optimisers and peak rates are the published ones. Differs from the publications in the schedule, of which a CPU affords
a hundredth: one cycle instead of 120,000 batches at a rate that falls by a tenth every 5,000 (XuNet) or 400,000 batches
at 1e-3 and 100,000 at 1e-4 (SRNet); XuNet learns from 16 pairs at once, not 32, and its classifier does not decay.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD, Adamax, Optimizer

from semstego.networks.channels_last import channels_last
from semstego.networks.srnet import SRNet
from semstego.networks.xunet import XuNet
from semstego.progress import Progress
from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.steganalysis.controls import RATE, lsb_matching
from semstego.steganalysis.detectors.base import Parts, Scores
from semstego.steganalysis.features.joint import residuals_of
from semstego.steganalysis.pairs import Pairs

Weights = Mapping[str, Tensor]
BATCH = 128  # maps that are scored together
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cudnn.allow_tf32 = False  # ten bits of mantissa: see _floats
MOST = np.float32(8)  # of a residual [values]
LESSON_SEED = 0


@dataclass(frozen=True)
class NetworkSettings:
    """How a network learns.

    Attributes:
        width: Of the network; XuNet's published one is 8, SRNet's 16.
        rate: Peak learning rate.
        epochs: At most, from fresh weights.
        epochs_after_start: At most, from the weights of a higher payload; SRNet's authors take a third as well.
        patience: Epochs without a better snapshot after which it stops.
        batch_pairs: Pairs of a batch; the last batches of an epoch are not smaller.
        joint: Whether residuals of the joint prediction are seen, rather than the maps.
    """

    width: int
    rate: float
    epochs: int
    epochs_after_start: int
    patience: int
    batch_pairs: int = 16
    joint: bool = True


XUNET = NetworkSettings(width=8, rate=2e-3, epochs=30, epochs_after_start=12, patience=20)
SRNET = NetworkSettings(width=8, rate=2e-3, epochs=8, epochs_after_start=4, patience=8)


@dataclass(frozen=True, eq=False)
class NetworkJudge:
    """A network that tells covers from stegos, on a GPU if there is one; a :class:`semstego.steganalysis.detectors.base.Judge`.

    Attributes:
        name: Of the network.
        settings: How it learns.
        start: Weights that it starts from; None starts afresh.
    """

    name: Literal["XuNet", "SRNet"]
    settings: NetworkSettings
    start: Weights | None = None

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """See :class:`semstego.steganalysis.detectors.base.Judge`; the pairs must be maps."""
        seen = self.seen(parts)
        return self.scored(seen, self.trained(seen, seed=seed, progress=progress))

    def seen(self, parts: Parts) -> Parts:
        """What the network is given of the maps: residuals, by the predictor of the training covers."""
        if not self.settings.joint:
            return parts
        predictor = JointPredictor.fit(parts.train.cover)
        found = (_residuals(predictor, pairs) for pairs in parts)
        return Parts(*found)

    def trained(self, parts: Parts, *, seed: int, progress: Progress) -> dict[str, Tensor]:
        """Weights that err least on the validation pairs, those it starts from included; the test pairs are not seen.

        Args:
            parts: As :meth:`seen` gives them.
            seed: Of the weights and of the order of pairs.
            progress: Told of every epoch.

        Raises:
            ValueError: If the training pairs do not differ.
        """
        if np.array_equal(parts.train.cover, parts.train.stego):
            raise ValueError("covers and stegos are the same: there is nothing to learn")
        network = self._network(parts, self.start, seed)
        best, least, stale = _copy(network), _error(network, parts.validation), 0
        epochs = self.settings.epochs if self.start is None else self.settings.epochs_after_start
        for epoch in _epochs(network, parts.train, self.settings, epochs, seed):
            error = _error(network, parts.validation)
            stale += 1
            if error < least:
                best, least, stale = _copy(network), error, 0
            progress(self.name, epoch / epochs)
            if stale >= self.settings.patience:
                break
        return best

    def scored(self, parts: Parts, weights: Weights) -> Scores:
        """Scores of the validation and test pairs: the logit of stego minus that of cover, mean over all turns."""
        network = self._network(parts, weights, 0)
        return Scores(*(_all_around(network, maps) for one in parts[1:] for maps in (one.cover, one.stego)))

    def _network(self, parts: Parts, weights: Weights | None, seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            kinds: dict[str, Callable[..., nn.Module]] = {
                "XuNet": partial(XuNet, high_pass=not self.settings.joint),
                "SRNet": SRNet,
            }
            made = kinds[self.name](parts.train.cover.shape[1], width=self.settings.width)
        if weights is not None:
            made.load_state_dict(weights)
        made.to(DEVICE)
        # SRNet decides for itself: narrow ones do not bear channels last in memory.
        return channels_last(made) if self.name == "XuNet" else made


@dataclass(frozen=True, eq=False)
class TaughtJudge:
    """A network that learns LSB matching of the very covers first, and every case from there.

    A faint embedding teaches a fresh network nothing, hence the curricula of SRNet's authors; this one has a lesson
    that any warden can make, and pays for it once for all cases and runs of the same covers: runs differ in messages
    and in the order of pairs, not in where they start.

    Attributes:
        judge: The network, without weights to start from.
    """

    judge: NetworkJudge
    _lessons: dict[tuple[bytes, bytes], Weights] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """That of the network."""
        return self.judge.name

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """See :class:`semstego.steganalysis.detectors.base.Judge`; the pairs must be maps."""
        covers = parts.train.covers_digest(), parts.validation.covers_digest()
        if covers not in self._lessons:
            # The lesson hangs on the covers alone, so that scores do not depend on which case came first.
            rng = np.random.default_rng(LESSON_SEED)
            train, validation = (one.with_stego(lsb_matching(one.cover, RATE, rng)) for one in parts[:2])
            lesson = self.judge.seen(Parts(train, validation, parts.test))
            self._lessons[covers] = self.judge.trained(lesson, seed=LESSON_SEED, progress=progress)
        return replace(self.judge, start=self._lessons[covers]).scores(parts, seed=seed, progress=progress)


def _residuals(predictor: JointPredictor, pairs: Pairs) -> Pairs:
    """Cut: where the prediction is far off, how far says nothing of a change by 1."""
    cover, stego = (np.clip(residuals_of(predictor, maps), -MOST, MOST) for maps in (pairs.cover, pairs.stego))
    return Pairs(cover, stego, pairs.photographs)


def turned(pairs: Tensor, codes: Tensor) -> Tensor:
    """Pairs ``(b, 2, c, h, w)`` flipped or turned, both members of a pair alike.

    Args:
        pairs: Pairs of maps.
        codes: What is done to each, ``(b,)``: bit 0 exchanges left and right, bit 1 top and bottom, bit 2 rows and
            columns, for square maps only; the eight together are all flips and quarter turns.
    """
    changed = pairs.clone()
    left_right, top_bottom, across = ((codes >> bit) % 2 == 1 for bit in range(3))
    changed[left_right] = changed[left_right].flip(-1)
    changed[top_bottom] = changed[top_bottom].flip(-2)
    if across.any():
        changed[across] = changed[across].mT
    return changed


def batches(pairs: Tensor, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """All pairs ``(n, 2, c, h, w)`` in random order, turned at random, in batches of ``size`` or a few more."""
    order = torch.randperm(len(pairs), generator=generator)
    kinds = 8 if pairs.shape[-1] == pairs.shape[-2] else 4
    for rows in torch.tensor_split(order, max(1, len(pairs) // size)):
        yield turned(pairs[rows], torch.randint(kinds, (len(rows),), generator=generator))


def _share_of_rate(share: float) -> float:
    """Of the peak rate after a share of the training: one cycle, up in its first tenth and down along a cosine."""
    return min(share / 0.1, (1 + math.cos(math.pi * (share - 0.1) / 0.9)) / 2)


def _optimiser(network: nn.Module, rate: float) -> Optimizer:
    """As published: SGD with momentum for XuNet; Adamax for SRNet, whose kernels alone decay."""
    if isinstance(network, XuNet):
        return SGD(network.parameters(), rate, momentum=0.9)
    kernels = [one for one in network.parameters() if one.ndim == 4]
    others = [one for one in network.parameters() if one.ndim != 4]
    groups: list[dict[str, Any]] = [{"params": kernels, "weight_decay": 2e-4}, {"params": others}]
    return Adamax(groups, rate)


def _epochs(network: nn.Module, pairs: Pairs, settings: NetworkSettings, epochs: int, seed: int) -> Iterator[int]:
    """Train, and pause after every epoch; counted from 1."""
    generator = torch.Generator().manual_seed(seed)
    both = torch.stack([torch.from_numpy(pairs.cover), torch.from_numpy(pairs.stego)], 1)
    optimiser = _optimiser(network, settings.rate)
    steps = epochs * max(1, len(pairs) // settings.batch_pairs)
    step = 0
    for epoch in range(1, epochs + 1):
        network.train()
        for batch in batches(both, settings.batch_pairs, generator):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * _share_of_rate((step + 0.5) / steps)
            # Cover, stego, cover, stego in one batch: its normalisation must not see which is which.
            logits = network(_floats(batch.flatten(0, 1)))
            loss = functional.cross_entropy(logits, torch.tensor([0, 1], device=DEVICE).repeat(len(batch)))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
        yield epoch


def _error(network: nn.Module, pairs: Pairs) -> float:
    """What chooses the snapshot: cross entropy on validation pairs [nat].

    Steadier than P_E, which moves in steps of half a pair and takes its threshold from the same pairs.
    """
    cover, stego = _scores(network, pairs.cover), _scores(network, pairs.stego)
    return float(np.logaddexp(0, cover).mean() + np.logaddexp(0, -stego).mean()) / 2


def _all_around(network: nn.Module, maps: NDArray[Any]) -> NDArray[np.float64]:
    """Mean of the scores of maps ``(n, c, h, w)`` flipped and turned in every way that training knows."""
    views = [maps, maps[..., ::-1], maps[..., ::-1, :], maps[..., ::-1, ::-1]]
    if maps.shape[-1] == maps.shape[-2]:
        views += [view.swapaxes(-1, -2) for view in views]
    found: NDArray[np.float64] = np.mean([_scores(network, np.ascontiguousarray(view)) for view in views], axis=0)
    return found


@torch.inference_mode()
def _scores(network: nn.Module, maps: NDArray[Any]) -> NDArray[np.float64]:
    """The logit of stego minus that of cover, of maps ``(n, c, h, w)``."""
    network.eval()
    parts = torch.split(torch.from_numpy(maps), BATCH)
    logits = torch.cat([network(_floats(part)) for part in parts]).double().cpu()
    found: NDArray[np.float64] = (logits[:, 1] - logits[:, 0]).numpy()
    return found


def _floats(maps: Tensor) -> Tensor:
    """As the networks want them.

    No bfloat16, with which SRNet would take two thirds of the time: the first convolution of values of up to 255 would
    be rounded to 8 bits, which leave little of a change by 1.
    """
    return maps.to(DEVICE, torch.float32, memory_format=torch.channels_last)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}
