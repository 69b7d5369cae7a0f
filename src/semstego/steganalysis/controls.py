# SPDX-License-Identifier: Apache-2.0
"""Positive controls: embeddings that a detector must detect before "nothing was detected" means anything.

Both change the maps that the warden sees by +1 or -1, as often as a payload of ``rate`` bits for each value takes: LSB
matching every value with the same probability, HILL (Li et al., ICIP 2014) with probabilities by its cost, at the
rate-distortion bound.
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
    """LSB matching: a share ``rate`` of the values carries a bit each, and half of those must change their parity.

    Args:
        maps: uint8 ``(n, c, h, w)``.
        rate: Bits for each value, at most 1.
        rng: Of all random choices.

    Returns:
        The changed maps, in the same shape.
    """
    return _each(maps, lambda one: _moved(one, rng.random(one.shape) < rate / 2, rng))


def hill(maps: NDArray[np.uint8], rate: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Ternary embedding at the cost of HILL in every channel; arguments as those of :func:`lsb_matching`."""
    footprint = np.ones((1, 1, 1, 1), np.float32)

    def changed(one: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rho = np.stack([costs.hill(plane[:, :, np.newaxis], footprint)[0] for plane in one])
        chances = ternary.change_probabilities(rho.ravel(), rate * rho.size)
        return _moved(one, rng.random(one.shape) < chances.reshape(one.shape), rng)

    return _each(maps, changed)


CONTROLS: dict[str, Control] = {"LSB matching": lsb_matching, "HILL": hill}


def _each(maps: NDArray[np.uint8], changed: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Picture by picture, since the random numbers take eight times the memory of the values, and more."""
    return np.stack([changed(one) for one in maps])


def _moved(maps: NDArray[np.uint8], where: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint8]:
    moved: NDArray[np.uint8] = (maps + coin_steps(maps, rng) * where).astype(np.uint8)
    return moved
