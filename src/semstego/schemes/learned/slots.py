# SPDX-License-Identifier: Apache-2.0
"""Where the bits of a payload lie in a message, and where the bits of a message lie in maps of the features' size.

    payload ─ positions ─▸ message, D x H x W ─ slots ─▸ two maps of H' x W' for each of the D          E
    payload ◂─ the mean over the copies of a bit ─ logits, D x H x W ◂─ the mean over its slots ─       D1, D2

A position is one of the D x H x W bits of a message. The network always carries all of them, but a payload may be
shorter: then each of its bits is repeated at several positions, or fills some of them and leaves the others unused.
The paper's payloads of 0.1 to 1 bpp need this, as its D is an integer; its released code repeats the bits. A message
changes the features least where each bit has one to three positions and the rest is unused, because E then moves few
features and the decoders read only the positions that carry. Callers assign the bits to positions in a random order
under a key, which also keeps the copies of a bit apart.

A slot is one place in a map of the features' size. Es shrinks a picture, so that the bits of its border have no place
of their own in such a map: see :func:`slot_bits`.
"""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from semstego.errors import ArgumentError

Positions = NDArray[np.int64]
"""The number of the payload bit at each position, ``(positions,)``; the number of bits for an unused position."""


def repeated(payload_bits: int, count: int, used: int | None = None) -> Positions:
    """The payload again and again until the positions are full, the last time perhaps in part; as the released code.

    Args:
        payload_bits: Bits of the payload, at least 1.
        count: Positions of the message, D x H x W.
        used: So many positions carry bits, and the rest is unused; None uses all of them.

    Returns:
        The bit at each position, ``(count,)``.

    Raises:
        ArgumentError: If there are more bits than positions for them.
    """
    used = count if used is None else used
    if not payload_bits <= used <= count:
        raise ArgumentError(f"{payload_bits} bits do not fit {used} of {count} positions")
    positions = np.arange(count, dtype=np.int64) % payload_bits
    positions[used:] = payload_bits
    return positions


def interior_first(order: NDArray[np.int64], depth: int, height: int, width: int, kernel: int) -> NDArray[np.int64]:
    """An order of positions with those at the border moved behind all others, which keep their order.

    The bits at the border are revealed with the most errors, and take the most slots. Where positions are left over,
    it should be those.

    Args:
        order: Numbers of positions, ``(..., d * h * w)``.
        depth: Bits per pixel of the picture, D.
        height: Of the picture [pixels].
        width: Of the picture [pixels].
        kernel: Side of the kernels of Es, w [pixels]; the border is w - 1 pixels wide.

    Returns:
        The same numbers in the new order, same shape.
    """
    of_border = ~np.broadcast_to(_interior(height, width, kernel), (depth, height, width)).reshape(-1)
    return np.take_along_axis(order, np.argsort(of_border[order], axis=-1, kind="stable"), -1)


def _interior(height: int, width: int, kernel: int) -> NDArray[np.bool_]:
    """The pixels ``(h, w)`` that the features lie on."""
    edge, inside = kernel - 1, np.zeros((height, width), bool)
    inside[edge : height - edge, edge : width - edge] = True
    return inside


@lru_cache
def slot_bits(height: int, width: int, kernel: int) -> Positions:
    """The bit in each slot, for h x w bits in two maps of the features' size h' x w'.

    In the first map each bit of the interior has the slot at its own place. In the second the bits of the border,
    which lie beyond the features, are repeated until the map is full. (A convolution that has to carry them in its
    outermost values alone loses them.)

    Args:
        height: Of the picture, h [pixels].
        width: Of the picture, w [pixels].
        kernel: Side of the kernels of Es [pixels], above 1.

    Returns:
        ``(2 * h' * w',)``, the first map before the second, each row by row; bits are numbered row by row too.

    Raises:
        ArgumentError: If the picture has more pixels in its border than in its interior.
    """
    numbers = np.arange(height * width, dtype=np.int64).reshape(height, width)
    inside = _interior(height, width, kernel)
    interior, border = numbers[inside], numbers[~inside]
    if not len(border) <= len(interior):
        raise ArgumentError(f"a picture of {width}x{height} has more border than interior for kernels of {kernel}")
    return np.concatenate([interior, np.resize(border, len(interior))])


def spread(payload: Tensor, positions: Positions) -> Tensor:
    """Copy bits to their positions.

    Args:
        payload: Bits ``(b, l)``, float 0 or 1.
        positions: The bit at each position, ``(positions,)``.

    Returns:
        Messages ``(b, positions)``, 0.5 at unused positions.
    """
    return functional.pad(payload, (0, 1), value=0.5)[:, torch.from_numpy(positions).to(payload.device)]


def gathered(logits: Tensor, positions: Positions, payload_bits: int) -> Tensor:
    """Logits of a payload from those of a message: the mean over the copies of each bit.

    Args:
        logits: Of messages, ``(b, positions)``.
        positions: The bit at each position, ``(positions,)``.
        payload_bits: Bits of the payload, l; each has a position.

    Returns:
        Logits ``(b, l)``.
    """
    places = torch.from_numpy(positions).to(logits.device)
    sums = logits.new_zeros(len(logits), payload_bits + 1).index_add(1, places, logits)
    return (sums / torch.bincount(places, minlength=payload_bits + 1))[:, :payload_bits]
