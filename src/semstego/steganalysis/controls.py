# SPDX-License-Identifier: Apache-2.0
"""Positive controls: embeddings that a judge must catch before its "nothing found" means anything.

Both change the maps that the warden sees by +1 or -1, as much as a payload of ``rate`` bits for each value takes:
LSB matching every value alike, HILL (Li et al., ICIP 2014) by its cost, at the bound that a perfect code would reach.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from semstego.coding import costs
from semstego.coding.coins import coin_steps

RATE = 0.4  # bits for each value
_HALVINGS = 50  # of the logarithm of the interval that lambda lies in

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
        chances = change_probabilities(rho.reshape(1, -1).astype(np.float64), rate)
        return _moved(one, rng.random(one.shape) < chances.reshape(one.shape), rng)

    return _each(maps, changed)


CONTROLS: dict[str, Control] = {"LSB matching": lsb_matching, "HILL": hill}


def change_probabilities(rho: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Probability of a change, either way, that carries ``rate`` bits a value at the least mean cost.

    Args:
        rho: Costs of +-1, ``(n, values)``, above 0.
        rate: Bits for each value, below log2 3.

    Returns:
        ``(n, values)``: 2 e / (1 + 2 e) with e = exp(-lambda rho), lambda of each row such that the entropies fit.
    """
    # At the lower end every change is as likely as none, at the upper one no change is worth its cost.
    low, high = 1e-4 / rho.max(1, keepdims=True), 700 / rho.min(1, keepdims=True)
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        enough = _entropy(_chance(rho, middle)).mean(1, keepdims=True) > rate
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return _chance(rho, low)


def _each(maps: NDArray[np.uint8], changed: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Picture by picture: the numbers that are drawn take eight times the room of what they change, and more."""
    return np.stack([changed(one) for one in maps])


def _chance(rho: NDArray[np.float64], strength: NDArray[np.float64]) -> NDArray[np.float64]:
    both: NDArray[np.float64] = 2 * np.exp(-np.minimum(strength * rho, 700))
    return both / (1 + both)


def _entropy(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a change by +1 or -1 with together this chance [bit]."""
    inside = np.clip(chance, 1e-300, 1 - 1e-16)
    found: NDArray[np.float64] = inside - inside * np.log2(inside) - (1 - inside) * np.log2(1 - inside)
    return found


def _moved(maps: NDArray[np.uint8], where: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint8]:
    moved: NDArray[np.uint8] = (maps + coin_steps(maps, rng) * where).astype(np.uint8)
    return moved
