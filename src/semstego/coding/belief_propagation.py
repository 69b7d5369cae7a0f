# SPDX-License-Identifier: Apache-2.0
"""Belief propagation on any parity-check matrix, check by check: the decoder of :mod:`semstego.coding.block_code`.

The checks take turns (layered decoding). Each reads the beliefs that those before it have left, less what it said
itself when it last had its turn, and says anew what its other bits tell about each of its bits:

    tanh(said / 2) = product over the other bits of tanh(heard / 2)

This is the exact rule, without the approximation by the smallest. It ends as soon as all checks hold.

Beliefs are log p(0) / p(1): positive for a 0. The functions are kept small: whoever reveals for the first time waits
until they are compiled.
"""

from math import exp, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = ["propagated"]

_HEARD: Final = 40.0  # beyond, tanh(x / 2) is 1 in double precision
_SAID: Final = 0.9999999958776927  # tanh(10): a check says 20 at most


@compiled
def _holds(beliefs: NDArray[np.float64], starts: NDArray[np.int64], bits: NDArray[np.int64]) -> bool:
    """Whether the signs of the beliefs are a code word."""
    for check in range(starts.size - 1):
        odd = False
        for edge in range(starts[check], starts[check + 1]):
            odd ^= beliefs[bits[edge]] < 0
        if odd:
            return False
    return True


@compiled
def propagated(
    evidence: NDArray[np.float64], starts: NDArray[np.int64], bits: NDArray[np.int64], rounds: int
) -> NDArray[np.float64]:
    """What all checks and the channel together tell about each bit.

    Args:
        evidence: From the channel alone, float64 ``(n,)``, log p(0) / p(1); 0 where nothing is known.
        starts: Where the bits of each check begin, int64 ``(checks + 1,)``, from 0 to ``edges``.
        bits: The bits of all checks, one check after the other, int64 ``(edges,)``, 0 to n - 1.
        rounds: How often all checks have their turn at most.

    Returns:
        Beliefs, float64 ``(n,)``.
    """
    beliefs, said, ratios = evidence.copy(), np.zeros(bits.size), np.empty(bits.size)
    for _ in range(rounds):
        for check in range(starts.size - 1):
            others = 1.0  # the product over the bits before this one, and then over those behind it
            for edge in range(starts[check], starts[check + 1]):
                heard = beliefs[bits[edge]] - said[edge]
                beliefs[bits[edge]] = heard
                odds = exp(-min(max(heard, -_HEARD), _HEARD))
                ratios[edge] = (1 - odds) / (1 + odds)
                said[edge] = others
                others *= ratios[edge]
            others = 1.0
            for edge in range(starts[check + 1] - 1, starts[check] - 1, -1):
                ratio = min(max(said[edge] * others, -_SAID), _SAID)
                said[edge] = log((1 + ratio) / (1 - ratio))
                beliefs[bits[edge]] += said[edge]
                others *= ratios[edge]
        if _holds(beliefs, starts, bits):
            break
    return beliefs
