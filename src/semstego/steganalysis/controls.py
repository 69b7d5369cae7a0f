# SPDX-License-Identifier: Apache-2.0
"""Positive controls: embeddings that a judge must catch before its "nothing found" means anything.

Both change the maps that the warden sees by +1 or -1, as much as a payload of ``rate`` bits for each value takes:
LSB matching every value alike, HILL (Li et al., ICIP 2014) by its cost, at the bound that a perfect code would reach.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from semstego.coding import ternary
from semstego.coding.coins import coin_steps
from semstego.schemes.syndrome import costs

RATE = 0.4  # bits for each value

Control = Callable[[NDArray[np.uint8], float, np.random.Generator], NDArray[np.uint8]]


def lsb_matching(maps: NDArray[np.uint8], rate: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A share ``rate`` of the values carries a bit each, and half of those have the wrong parity.

    Args:
        maps: uint8 ``(n, c, h, w)``.
        rate: Bits for each value, at most 1.
        rng: Source of all draws.
    """
    return _each(maps, lambda one: _moved(one, rng.random(one.shape) < rate / 2, rng))


def hill(maps: NDArray[np.uint8], rate: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Ternary embedding at the cost of HILL in every channel; arguments as :func:`lsb_matching`."""
    gain = np.ones((1, 1), np.float32)

    def changed(one: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rho = np.stack([costs.hill(plane[:, :, np.newaxis], gain, 1)[0] for plane in one])
        chances = ternary.change_probabilities(rho.ravel(), rate * rho.size)
        return _moved(one, rng.random(one.shape) < chances.reshape(one.shape), rng)

    return _each(maps, changed)


CONTROLS: dict[str, Control] = {"LSB matching": lsb_matching, "HILL": hill}


def _each(maps: NDArray[np.uint8], changed: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Picture by picture: the numbers that are drawn take eight times the room of what they change, and more."""
    return np.stack([changed(one) for one in maps])


def _moved(maps: NDArray[np.uint8], where: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint8]:
    moved: NDArray[np.uint8] = (maps + coin_steps(maps, rng) * where).astype(np.uint8)
    return moved
