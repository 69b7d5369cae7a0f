# SPDX-License-Identifier: Apache-2.0
"""The syndrome scheme with costs of changes that a network learned against detectors (E of the paper, with a code).

    symbols, rounding errors ─ E ─▸ costs of +1 and -1 ─┐
    frame ──────────────────────────────────────────────┴─ STC ─▸ stego symbols ─ STC ─▸ frame

The network is the sender's alone. A receiver reads as that of :mod:`semstego.schemes.syndrome`, exactly at both stages,
and nothing it does depends on floating point. Torch is imported inside the methods.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import SIDE_SCALE, within
from semstego.errors import ArgumentError, SemstegoError, WeightsError
from semstego.schemes.base import Cover
from semstego.schemes.syndrome.layout import Indices
from semstego.schemes.syndrome.scheme import ChangeCosts, SyndromeScheme

if TYPE_CHECKING:
    from semstego.schemes.adversarial.network import CostMaps

WEIGHTS = "adversarial"
TILE = 256  # rows and columns of symbols that the network sees at once
HALO = 2  # rows and columns around a tile that its prediction, and how large residuals are there, reach; beside the
# network's depth


@dataclass(frozen=True, eq=False)
class LearnedCosts(ChangeCosts):
    """Costs of +1 and of -1, float32 ``(2, k * blocks)``."""

    costs: NDArray[np.float32]

    def at(self, where: Indices) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Those of some positions."""
        return self.costs[0, where], self.costs[1, where]


@dataclass(frozen=True)
class AdversarialScheme(SyndromeScheme):
    """Exact; what it costs to be found was learned from those who look.

    Attributes:
        weights: Of the network; None takes those that ship.
    """

    weights: Path | None = None
    name: str = "adversarial"

    def change_costs(self, cover: Cover) -> LearnedCosts:
        """What the network says of each carrier.

        Raises:
            ArgumentError: If it was trained for another number of maps.
            SemstegoError: If torch is not installed.
            WeightsError: If the weights are not there, or none.
        """
        network = self._network()
        encoding = cover.encoding
        symbols, side = encoding.symbols.carriers, within(encoding.symbols, encoding.side)
        if len(symbols) != network.shape.maps:
            raise ArgumentError(
                f"the scheme {self.name} knows colour pictures in codecs of {network.shape.maps} maps, such as "
                f"{self.default_codec}; of this picture {cover.codec.name!r} makes {len(symbols)}"
            )
        return LearnedCosts(_tile_wise(network, symbols, side))

    def _network(self) -> "CostMaps":
        try:
            import torch  # noqa: F401 -- said here in plain words
        except ImportError:
            raise SemstegoError(f"the scheme {self.name} needs torch: pip install 'semstego[learned]'") from None
        if self.weights is not None:
            return _read(self.weights, self.weights.stat().st_mtime_ns if self.weights.is_file() else 0)
        with resources.as_file(resources.files("semstego") / "weights" / f"{WEIGHTS}.safetensors") as path:
            return _read(path, 0)


def _tile_wise(network: "CostMaps", symbols: NDArray[np.uint8], side: NDArray[np.int16]) -> NDArray[np.float32]:
    """Costs ``(2, k * rows * columns)``, tile by tile, so that large pictures need little memory.

    Raises:
        WeightsError: If the network finds something else than costs.
    """
    import torch

    found = np.empty((2, *symbols.shape), np.float32)
    halo = HALO + network.shape.depth
    for place in product(*(range(0, side, TILE) for side in symbols.shape[1:])):
        inner = tuple(slice(at, at + TILE) for at in place)
        outer = tuple(slice(max(0, at - halo), at + TILE + halo) for at in place)
        values = torch.from_numpy(symbols[:, *outer].astype(np.float32))[None]
        errors = torch.from_numpy(side[:, *outer].astype(np.float32) / np.float32(SIDE_SCALE))[None]
        with torch.inference_mode():
            costs = network(values, errors)[0].numpy()
        shifts = (at - whole.start for at, whole in zip(place, outer, strict=True))
        found[:, :, *inner] = costs[:, :, *(slice(shift, shift + TILE) for shift in shifts)]
    if not np.isfinite(found).all():
        raise WeightsError("the network of the scheme adversarial finds no costs: its weights cannot be used")
    return found.reshape(2, -1)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> "CostMaps":
    """The network in a file; when it was changed tells it from another that took its place."""
    del changed
    from semstego.codecs.convolutional import shaped_weights
    from semstego.schemes.adversarial.network import CostMaps

    return shaped_weights.from_file(path, CostMaps)


SCHEME = AdversarialScheme()
