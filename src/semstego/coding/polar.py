# SPDX-License-Identifier: Apache-2.0
"""Polar codes that draw symbols from a law, given that they carry a message; and how far that is from the law alone.

Arikan, IEEE Trans. IT 55(7), 2009; for steganography: Li et al., 2020. The parities x_t of N = 2^k symbols are
independent, and d_t = P(x_t = 0) - P(x_t = 1) = +-(1 - 2 p_t), where p_t is the chance that symbol t moves. With F =
[[1, 0], [1, 1]], u = x F^(x)k is its own inverse. Given all u before it, each u_i has d_i = P(u_i = 0) - P(u_i = 1),
found by successive cancellation: of halves with differences a_t and b_t the first, minus, has a_t b_t, and the second,
plus, has (s_t a_t + b_t) / (1 + s_t a_t b_t), where s_t is 1 or -1 for a bit 0 or 1 of the first.

:func:`sample` sets u_i to the message at the first indices of a public order, and draws every other u_i from d_i. Let P
be the law of the symbols, and Q that of what carries a message of fair coin flips, with "refused" as one more outcome
for when an index is forced, d_i = +-1, against its bit. By the chain rule the divergence is exactly

    KL(P || Q) = sum over message indices of E_P[ln 2 - entropy of u_i given d_i]  <=  ln 2 * sum of E_P[d_i^2]

:func:`certificate` bounds E_P[d_i^2]: it is d_t^2 at the symbols, a b for minus (exact), and for plus on the first
level (a + b - 2 a b) / (1 - a b) (exact), above it a + b - a b. That holds for these very chances: nothing is averaged
over pictures.
"""

from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from semstego.coding import polar_tree

__all__ = ["certificate", "kl_for", "p_e_bound", "read", "sample", "transform", "tv_bound"]

Scalar = TypeVar("Scalar", bound=np.generic)

_NATS: Final = 0.6931471805599453 * (1 + 2.0**-24)  # in a bit, and more than what rounding takes from a certificate
_UNDERFLOW: Final = 2.0**-900  # more than all that underflows in a certificate
MOST_P_E: Final = 0.49999995  # below 1/2 by half of what follows
_ARITHMETIC: Final = 1e-7  # more total variation than rounding in the sampler adds: 1e-16 a symbol, by 2^27 symbols

_STEPS: Final = tuple(  # within 64 bits: the distance, and the bits that have a partner so far above them
    (np.uint64(half), np.uint64(sum(1 << bit for bit in range(64) if not bit & half))) for half in (1, 2, 4, 8, 16, 32)
)


def certificate(chances: NDArray[np.int16], order: NDArray[np.int32], limit: float = np.inf) -> NDArray[np.float64]:
    """Upper bounds on the KL divergence of symbols with 1, 2, ... message bits from symbols without.

    They are rounded up. (1 - 2 p)^2 is a multiple of 2^-26, so all of the first level but its division is exact. Above
    it, a product has the sum of the relative errors of its factors, and a + b - a b at most the larger one; with its
    own rounding a level doubles the error at most and adds 2^-51. After k levels that is less than 2^(k - 50), the sum
    over 2^k indices adds less than 2^(k - 52), and the factor 1 + 2^-24 is more than both up to k = 25.

    Args:
        chances: int16 [n], chances that symbols move, in units of 2^-14, in the order of the code; signs do not matter.
        order: int32 [N], the public order for n symbols.
        limit: Where to stop [nats].

    Returns:
        float64 [bits], nats, never falling: for every number of bits up to N whose bound is at most ``limit``.

    Raises:
        ValueError: If the order is for another number of symbols.
    """
    _check(chances, order)
    values = polar_tree.bounds(_plain(chances, np.int16), order.size)
    values[order[0]] += _UNDERFLOW
    sums: NDArray[np.float64] = polar_tree.prefix_sums(values, _plain(order, np.int32), _NATS, float(limit))
    return sums


def sample(
    base_parity: NDArray[np.uint8],
    chances: NDArray[np.int16],
    order: NDArray[np.int32],
    bits: NDArray[np.uint8],
    uniform: NDArray[np.float64],
) -> tuple[NDArray[np.uint8], int]:
    """Draw which symbols move, given the message; without bits every symbol moves by its own chance.

    Args:
        base_parity: uint8 [n] of 0 and 1, the parities of symbols that do not move, in the order of the code.
        chances: int16 [n], chances that symbols move, in units of 2^-14; signs do not matter.
        order: int32 [N], the public order for n symbols.
        bits: uint8 [at most N] of 0 and 1, the message, which takes the first indices of the order.
        uniform: float64 [N], independent and uniform in [0, 1).

    Returns:
        uint8 [n], 1 where a symbol moves; and the number of message bits that could not be set, because their index had
        one possible value only. There the law was followed, and the message is not in the symbols.

    Raises:
        ValueError: If the sizes do not fit.
    """
    _check(chances, order)
    if base_parity.shape != chances.shape or uniform.shape != order.shape or bits.size > order.size:
        raise ValueError("parities, chances, message and uniform numbers do not fit the code")
    message = np.full(order.size, polar_tree.DRAWN, np.uint8)
    message[order[: bits.size]] = bits
    parity, x = _plain(base_parity, np.uint8), np.empty(order.size, np.uint8)
    forced = polar_tree.draw(parity, _plain(chances, np.int16), message, _plain(uniform, np.float64), x)
    return x[: parity.size] ^ parity, int(forced)


def transform(parities: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The product u = x F^(x)k of bits, filled up with zeros to a power of two that is at least 2; its own inverse.

    Args:
        parities: uint8 [n] of 0 and 1, n >= 1.

    Returns:
        uint8 [N] of 0 and 1.
    """
    size = 1 << max(1, (parities.size - 1).bit_length())
    words = np.zeros(max(1, size // 64), "<u8")
    packed = np.packbits(parities, bitorder="little")
    words.view(np.uint8)[: packed.size] = packed
    for half, lower in _STEPS:
        if half < size:
            words ^= (words >> half) & lower
    for level in range((words.size - 1).bit_length()):
        pairs = words.reshape(-1, 2, 1 << level)
        pairs[:, 0] ^= pairs[:, 1]
    return np.unpackbits(words.view(np.uint8), count=size, bitorder="little")


def read(parity: NDArray[np.uint8], order: NDArray[np.int32]) -> NDArray[np.uint8]:
    """The bits of symbols in the order of the message: the first k are the message of k bits.

    Args:
        parity: uint8 [n] of 0 and 1, the parities of the symbols in the order of the code.
        order: int32 [N], the public order for n symbols.

    Returns:
        uint8 [N] of 0 and 1.

    Raises:
        ValueError: If the order is for another number of symbols.
    """
    _check(parity, order)
    return transform(parity)[order]


def tv_bound(kl: float) -> float:
    """Upper bound on the total variation between what is sent with and without a message: Pinsker's inequality.

    A sender who has to refuse, because an index is forced against its bit, is within the bound. Let r be the
    probability of that. "Refused" is an outcome of Q that P has not, and KL(P || Q) counts it. And what is sent has the
    law Q given that it is sent, for which KL(P || Q given sent) = KL(P || Q) + ln(1 - r) is smaller still; as it is
    not negative, r <= 1 - exp(-kl) <= kl.

    Args:
        kl: A certificate, or the sum of several [nats].

    Returns:
        sqrt(kl / 2) and what rounding in the sampler may add, at most 1.
    """
    return min(1.0, float(np.sqrt(kl / 2)) * (1 + 2.0**-50) + _ARITHMETIC)


def p_e_bound(kl: float) -> float:
    """No detector's P_E, the mean of its false alarms and misses, is below this, for a certificate in nats."""
    return 0.5 - tv_bound(kl) / 2


def pictures_for(kl: float, p_e: float) -> int:
    """The largest number of pictures, each with such a certificate, among which no detector's P_E is below ``p_e``.

    Divergences add up, and so does what rounding in the sampler may add: sqrt(n kl / 2) + n 10^-7 <= 1 - 2 p_e.
    """
    root, allowed = float(np.sqrt(kl / 2)) * (1 + 2.0**-50), max(0.0, 1 - 2 * p_e)
    # The solution of a quadratic equation in the root of n, as it does not cancel for small divergences.
    return int((2 * allowed / (root + np.sqrt(root**2 + 4 * _ARITHMETIC * allowed))) ** 2 * (1 - 2.0**-30))


def kl_for(p_e: float) -> float:
    """The largest certificate [nats], rounded down, whose ``p_e_bound`` is at least ``p_e``, which is from 0 to 0.5."""
    return float(2 * max(0.0, 1 - 2 * p_e - _ARITHMETIC) ** 2 * (1 - 2.0**-30))


def _check(symbols: NDArray[np.int16] | NDArray[np.uint8], order: NDArray[np.int32]) -> None:
    """Refuse an order that is not for so many symbols."""
    if symbols.ndim != 1 or not symbols.size or order.size != 1 << max(1, (symbols.size - 1).bit_length()):
        raise ValueError(f"an order of {order.size} indices is not for symbols {symbols.shape}")


def _plain(array: NDArray[Any], dtype: type[Scalar]) -> NDArray[Scalar]:
    """Without gaps and writable: for any other kind of array Numba would compile once more."""
    return np.require(array, dtype, ["C", "W"])
