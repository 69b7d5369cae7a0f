# SPDX-License-Identifier: Apache-2.0
"""Networks as detectors, trained on pairs, from weights that were pretrained on an embedding that is easier to detect.

    training covers ─▸ joint prediction, fitted ─▸ residuals of all maps, clipped to -8..8 ─▸ network
    LSB matching of the covers ─▸ pretraining, once for all cases ─▸ training on each case

On the maps themselves, XuNet makes three times as many errors on LSB matching (ten maps of 32x32, 2,000 pairs): it
filters each map separately, and a turned map is not what a codec makes of a turned picture. The residuals use the other
maps too, and take the place of XuNet's own filter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from semstego.progress import Progress
from semstego.schemes.syndrome.prediction import JointPredictor
from semstego.steganalysis.controls import RATE, lsb_matching
from semstego.steganalysis.detectors.base import Detector, Scores, Setting
from semstego.steganalysis.features.joint import residuals_of
from semstego.steganalysis.learning.network_training import (
    DEVICE,
    Loss,
    NetworkSettings,
    cross_entropy,
    epochs_of_training,
    mean_scores,
    seeded,
    validation_error,
)
from semstego.steganalysis.learning.remembered import Remembered
from semstego.steganalysis.pairs import Pairs, Parts
from semstego.steganalysis.protocol import PAPER

Weights = Mapping[str, Tensor]
LARGEST = np.float32(8)  # of a residual [symbol values or grey levels]
PRETRAINING_SEED = 0


@dataclass(frozen=True)
class Architecture:
    """A network, and how it is optimised.

    Attributes:
        name: What tables call the detector.
        build: From the covers of the training pairs, ``(n, c, h, w)``, as the network is given them, and the settings
            to a network with two logits, cover and stego.
        optimiser: From a network and the highest learning rate to the optimiser of its parameters.
        loss: What training minimises.
    """

    name: str
    build: Callable[[NDArray[Any], NetworkSettings], nn.Module]
    optimiser: Callable[[nn.Module, float], Optimizer]
    loss: Loss = cross_entropy


@dataclass(frozen=True, eq=False)
class NetworkDetector(Detector):
    """A network that tells covers from stegos, on a GPU if there is one.

    Attributes:
        architecture: Of the network.
        settings: How it is trained, by all protocols but the paper's.
        paper: How it is trained by the paper's protocol: from random weights, on the maps themselves.
        start: Weights to start from; None starts from random weights.
    """

    architecture: Architecture
    settings: NetworkSettings
    paper: NetworkSettings
    start: Weights | None = None

    @property
    def name(self) -> str:
        """That of the architecture."""
        return self.architecture.name

    def prepared(self, setting: Setting) -> Detector:
        """With pretraining, or as the paper trains if the setting's protocol is the paper's; scores are kept."""
        detector: NetworkDetector | PretrainedNetwork
        if setting.protocol.name == PAPER.name:
            detector = replace(self, settings=self.paper)
            settings = f"from random weights, {self.paper}"
        else:
            detector = PretrainedNetwork(self)
            settings = f"pretrained, {self.settings}"
        arithmetic = f"torch {torch.__version__} {DEVICE}"  # they differ in the last digits
        code = (self.architecture.build, self.architecture.optimiser, self.architecture.loss)
        return Remembered(detector, f"{self.name} {settings} {arithmetic}", setting.cache, code)

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """See :class:`semstego.steganalysis.detectors.base.Detector`; the pairs must be maps."""
        inputs = self.inputs(parts)
        return self.scored(inputs, self.trained(inputs, seed=seed, progress=progress))

    def inputs(self, parts: Parts) -> Parts:
        """What the network is given: the maps, or their residuals by a predictor fitted to the training covers."""
        if not self.settings.joint:
            return parts
        predictor = JointPredictor.fit(parts.train.cover)
        return Parts(*(_residuals(predictor, pairs) for pairs in parts))

    def trained(self, parts: Parts, *, seed: int, progress: Progress) -> dict[str, Tensor]:
        """Train the network; of its weights after each epoch, and those it starts from, the best are kept.

        Args:
            parts: As :meth:`inputs` gives them; the validation pairs choose the best weights, the test pairs are not
                used.
            seed: Of the random weights and of the order of pairs.
            progress: Called after every epoch.

        Returns:
            The weights with the least cross entropy on the validation pairs.

        Raises:
            ValueError: If the training pairs do not differ.
        """
        if np.array_equal(parts.train.cover, parts.train.stego):
            raise ValueError("covers and stegos are the same: there is nothing to learn")
        network = self._network(parts, self.start, seed)
        optimiser = self.architecture.optimiser(network, self.settings.rate)
        best, least, stale = _copy(network), validation_error(network, parts.validation), 0
        epochs = self.settings.epochs if self.start is None else self.settings.epochs_after_start
        loss = self.architecture.loss
        for epoch in epochs_of_training(
            network, parts.train, settings=self.settings, loss=loss, optimiser=optimiser, epochs=epochs, seed=seed
        ):
            error = validation_error(network, parts.validation)
            stale += 1
            if error < least:
                best, least, stale = _copy(network), error, 0
            progress(self.name, epoch / epochs)
            if stale >= self.settings.patience:
                break
        return best

    def scored(self, parts: Parts, weights: Weights) -> Scores:
        """Scores of the validation and test pairs, as :meth:`inputs` gives them, by a network with these weights."""
        network = self._network(parts, weights, 0)
        scored = (maps for one in parts[1:] for maps in (one.cover, one.stego))
        return Scores(*(mean_scores(network, maps, turns=self.settings.turns) for maps in scored))

    def _network(self, parts: Parts, weights: Weights | None, seed: int) -> nn.Module:
        network = seeded(lambda: self.architecture.build(parts.train.cover, self.settings), seed)
        if weights is not None:
            network.load_state_dict(weights)
        return network.to(DEVICE)


@dataclass(frozen=True, eq=False)
class PretrainedNetwork(Detector):
    """A network that is trained on LSB matching of the same covers first, and on every case from there.

    From random weights a network does not learn to detect a faint embedding, which is why SRNet's authors train on
    higher payloads first. LSB matching can be made by any warden. The pretraining is done once for all cases and runs
    with the same covers.

    Attributes:
        detector: The network, without weights to start from.
    """

    detector: NetworkDetector
    _pretrained: dict[tuple[bytes, bytes], Weights] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """That of the network."""
        return self.detector.name

    def scores(self, parts: Parts, *, seed: int, progress: Progress) -> Scores:
        """See :class:`semstego.steganalysis.detectors.base.Detector`; the pairs must be maps."""
        covers = parts.train.covers_digest(), parts.validation.covers_digest()
        if covers not in self._pretrained:
            # Depends on the covers alone, so that scores do not depend on which case came first.
            rng = np.random.default_rng(PRETRAINING_SEED)
            train, validation = (one.with_stego(lsb_matching(one.cover, RATE, rng)) for one in parts[:2])
            inputs = self.detector.inputs(Parts(train, validation, parts.test))
            self._pretrained[covers] = self.detector.trained(inputs, seed=PRETRAINING_SEED, progress=progress)
        return replace(self.detector, start=self._pretrained[covers]).scores(parts, seed=seed, progress=progress)


def _residuals(predictor: JointPredictor, pairs: Pairs) -> Pairs:
    """Clipped: where the prediction is far off, how far it is off does not tell of a change by 1."""
    cover, stego = (np.clip(residuals_of(predictor, maps), -LARGEST, LARGEST) for maps in (pairs.cover, pairs.stego))
    return Pairs(cover, stego, pairs.photographs)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}
