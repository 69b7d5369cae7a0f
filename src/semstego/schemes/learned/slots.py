# SPDX-License-Identifier: Apache-2.0
"""A payload of any length on a network that always carries D x H x W bits: repetition, with averaged logits.

    payload ─ positions ─▸ message (every bit several times)          E, channel, D1 or D2
    payload ◂─ mean of its logits ─ positions ─ logits

The paper speaks of 0.1 to 1 bpp on an integer D; its released code tiles the bits, as ``tiled`` does. What costs least
is a place or three for each bit and silence elsewhere: the features that move are then few, and the decoders look where
they are. Callers deal the places by a key, which costs nothing and parts the copies of a bit from each other.
"""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from semstego.errors import ArgumentError

Positions = NDArray[np.int64]
"""The payload bit that each carrier holds, ``(carriers,)``; one past the last for a silent carrier."""


def tiled(payload_bits: int, carriers: int, used: int | None = None) -> Positions:
    """The released code's: the payload again and again, and the rest filled with its beginning.

    Args:
        payload_bits: At least 1.
        carriers: D x H x W.
        used: So many carriers hold bits and the rest are silent; None uses all.

    Raises:
        ArgumentError: If there are more bits than carriers for them.
    """
    used = carriers if used is None else used
    if not payload_bits <= used <= carriers:
        raise ArgumentError(f"{payload_bits} bits do not fit {used} of {carriers} carriers")
    positions = np.arange(carriers, dtype=np.int64) % payload_bits
    positions[used:] = payload_bits
    return positions


def interior_first(order: NDArray[np.int64], depth: int, height: int, width: int, kernel: int) -> NDArray[np.int64]:
    """An order of carriers ``(..., d * h * w)`` with those of the border moved behind all others.

    The border is read worst and, with seats, takes most room: where carriers are left over, let it be those.
    """
    of_border = ~np.broadcast_to(_interior(height, width, kernel), (depth, height, width)).reshape(-1)
    return np.take_along_axis(order, np.argsort(of_border[order], axis=-1, kind="stable"), -1)


def _interior(height: int, width: int, kernel: int) -> NDArray[np.bool_]:
    """The pixels ``(h, w)`` that features lie on."""
    edge, inside = kernel - 1, np.zeros((height, width), bool)
    inside[edge : height - edge, edge : width - edge] = True
    return inside


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
    numbers = np.arange(height * width, dtype=np.int64).reshape(height, width)
    inside = _interior(height, width, kernel)
    interior, border = numbers[inside], numbers[~inside]
    if not len(border) <= len(interior):
        raise ArgumentError(f"a picture of {width}x{height} has more border than interior for kernels of {kernel}")
    return np.concatenate([interior, np.resize(border, len(interior))])


def spread(payload: Tensor, positions: Positions) -> Tensor:
    """Bits ``(b, l)`` to a message ``(b, carriers)``, 0.5 where a carrier is silent."""
    return functional.pad(payload, (0, 1), value=0.5)[:, torch.from_numpy(positions).to(payload.device)]


def gathered(logits: Tensor, positions: Positions, payload_bits: int) -> Tensor:
    """Logits ``(b, carriers)`` to those of the payload ``(b, l)``: the mean over the copies of each bit."""
    places = torch.from_numpy(positions).to(logits.device)
    sums = logits.new_zeros(len(logits), payload_bits + 1).index_add(1, places, logits)
    return (sums / torch.bincount(places, minlength=payload_bits + 1))[:, :payload_bits]
