# SPDX-License-Identifier: Apache-2.0
"""A payload of any length on a network that always carries D x H x W bits: repetition, with averaged logits.

    payload ─ positions ─▸ message (every bit several times)          E, channel, D1 or D2
    payload ◂─ mean of its logits ─ positions ─ logits

The paper speaks of 0.1 to 1 bpp on an integer D; its released code tiles the bits, as ``tiled`` does. Under a key the
copies of a bit lie where only the key tells (``keyed``), which costs nothing and parts them from each other.
"""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semstego.errors import ArgumentError
from semstego.message.cipher import Key

Positions = NDArray[np.int64]
"""The payload bit that each carrier holds, ``(carriers,)``."""


def tiled(payload_bits: int, carriers: int) -> Positions:
    """The released code's: the payload again and again, and the rest filled with its beginning."""
    return np.arange(carriers, dtype=np.int64) % payload_bits


def keyed(payload_bits: int, carriers: int, key: Key, context: bytes) -> Positions:
    """The same numbers of copies, dealt by a key.

    Args:
        payload_bits: At least 1.
        carriers: D x H x W.
        key: Of sender and receiver.
        context: What else both know; another one deals anew.
    """
    return tiled(payload_bits, carriers)[key.permutation("spreading", context, carriers)]


@lru_cache
def seats(height: int, width: int, kernel: int) -> Positions:
    """Where h x w bits sit in two maps of the features' size, h' x w' each.

    The first map seats the bits of the interior, each in its place. The second seats those of the border, beyond the
    features, again and again until it is full: a convolution that must carry them in its outermost values fails them.

    Args:
        height: Of the picture [pixels].
        width: Of the picture [pixels].
        kernel: Side of the kernels of Es [pixels], above 1.

    Returns:
        The bit in each seat, ``(2 * h' * w',)``.

    Raises:
        ArgumentError: If the picture has more border than interior.
    """
    numbers, edge = np.arange(height * width, dtype=np.int64).reshape(height, width), kernel - 1
    inside = np.zeros((height, width), bool)
    inside[edge : height - edge, edge : width - edge] = True
    interior, border = numbers[inside], numbers[~inside]
    if not len(border) <= len(interior):
        raise ArgumentError(f"a picture of {width}x{height} has more border than interior for kernels of {kernel}")
    return np.concatenate([interior, np.resize(border, len(interior))])


def spread(payload: Tensor, positions: Positions) -> Tensor:
    """Bits ``(b, l)`` to a message ``(b, carriers)``."""
    return payload[:, torch.from_numpy(positions).to(payload.device)]


def gathered(logits: Tensor, positions: Positions, payload_bits: int) -> Tensor:
    """Logits ``(b, carriers)`` to those of the payload ``(b, l)``: the mean over the copies of each bit."""
    places = torch.from_numpy(positions).to(logits.device)
    sums = logits.new_zeros(len(logits), payload_bits).index_add(1, places, logits)
    return sums / torch.bincount(places, minlength=payload_bits)
