# SPDX-License-Identifier: Apache-2.0
"""How much likelier symbols are with a message in them than without: the statistic of a warden who knows the law.

The sampler of :mod:`.polar` draws every u_i from d_i = P(u_i = 0) - P(u_i = 1), given all u before it, and sets it to a
fair coin at the message indices instead. So with P the law of the symbols and Q that of symbols with a message

    Q / P = product over message indices of 1 / (1 + s_i d_i),    s_i = 1 - 2 u_i

By the lemma of Neyman and Pearson no statistic of the symbols tells Q from P better. All u_i are known here, so each
level of successive cancellation is one step for all nodes at once.
"""

import numpy as np
from numpy.typing import NDArray

from semstego.coding.polar import transform
from semstego.coding.polar_tree import SCALE

__all__ = ["differences", "log2_ratios"]


def differences(d: NDArray[np.float64], x: NDArray[np.uint8]) -> NDArray[np.float64]:
    """P(u_i = 0) - P(u_i = 1) of every index, given all before it, where the symbols have the bits ``x``.

    Args:
        d: P(x_t = 0) - P(x_t = 1), float64 [N], N a power of two.
        x: Of each word, uint8 [words, N] of 0 and 1, possible ones.

    Returns:
        float64 [words, N].
    """
    words, size = x.shape
    values, bits = np.broadcast_to(d, x.shape), x
    half = size
    while half > 1:
        half //= 2
        halves, bits_of = values.reshape(words, -1, 2, half), bits.reshape(words, -1, 2, half)
        a, b = halves[:, :, 0], halves[:, :, 1]
        minus_bits = bits_of[:, :, 0] ^ bits_of[:, :, 1]
        signed = np.where(minus_bits, -a, a)
        values = np.stack([a * b, (signed + b) / (1 + signed * b)], 2).reshape(words, size)
        bits = np.stack([minus_bits, bits_of[:, :, 1]], 2).reshape(words, size)
    return values


def log2_ratios(
    base_parity: NDArray[np.uint8],
    chances: NDArray[np.int16],
    moves: NDArray[np.uint8],
    order: NDArray[np.int32],
    bits: int,
) -> NDArray[np.float64]:
    """log2 Q / P of words, for messages of this length.

    Args:
        base_parity: uint8 [n] of 0 and 1, the parities of symbols that do not move, in the order of the code.
        chances: int16 [n], chances that symbols move, in units of 2^-14; signs do not matter.
        moves: Of each word, uint8 [words, n], 1 where a symbol has moved; possible ones.
        order: int32 [N], the public order for n symbols.
        bits: Length of the message, at most N.

    Returns:
        float64 [words].
    """
    d = np.ones(order.size)
    d[: chances.size] = (1 - np.abs(chances.astype(np.float64)) * (2 / SCALE)) * (1 - 2.0 * base_parity)
    x = np.zeros((len(moves), order.size), np.uint8)
    x[:, : chances.size] = moves ^ base_parity
    u, found = np.stack([transform(word) for word in x]), differences(d, x)
    message = order[:bits]
    ratios: NDArray[np.float64] = -np.log2(1 + (1 - 2.0 * u[:, message]) * found[:, message]).sum(1)
    return ratios
