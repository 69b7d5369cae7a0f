# SPDX-License-Identifier: Apache-2.0
"""Polar codes that draw symbols from a law, given that they carry a message; and how far that is from the law alone.

Arikan, IEEE Trans. IT 55(7), 2009; as a sampler that carries a message: Li et al., 2020. The bits x of N = 2^k symbols,
their parities, are independent: d_t = P(x_t = 0) - P(x_t = 1) = +-(1 - 2 p_t), where p_t is the chance that symbol t moves.
With F = [[1, 0], [1, 1]], u = x F^(x)k is its own inverse. Each u_i has, given all u before it, d_i = P(u_i = 0) -
P(u_i = 1), found by successive cancellation: of two halves with a_t and b_t the first, minus, has a_t b_t and the
second, plus, (s_t a_t + b_t) / (1 + s_t a_t b_t), where s_t = 1 - 2 x_t of the first.

:func:`sample` sets u_i to the message at the first indices of a public order and draws every other u_i from d_i. With P the law
of the symbols and Q that of what carries a message of fair coin flips (and "no symbols" where an index is forced, d_i = +-1,
against its bit), the chain rule gives exactly

    KL(P || Q) = ln 2 * sum over message indices of E_P[1 - h2((1 + d_i) / 2)]  <=  ln 2 * sum of E_P[d_i^2]

:func:`certificate` bounds E_P[d_i^2]: d_t^2 at the symbols, a b for minus (exact), and for plus (a + b - 2 a b) / (1 - a b) on the
first level (exact), a + b - a b above it. The bound holds for these very chances; no average over pictures is taken.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["certificate", "kl_for", "p_e_bound", "read", "sample", "transform", "tv_bound"]

_SCALE: Final = 1 << 14  # chances are in units of 2^-14
_LN2: Final = 0.6931471805599454  # rounded up
_SLACK: Final = 1 + 2.0**-24  # more than all rounding of a certificate
_LEAST: Final = 2.0**-900  # more than all that underflows
_BLOCK: Final = 1 << 11  # elements that stay in the first-level cache
_DRAWN: Final = 2  # in place of a message bit


def certificate(chances: NDArray[np.int16], order: NDArray[np.int32], limit: float = np.inf) -> NDArray[np.float64]:
    """Upper bounds on the KL divergence of symbols with 1, 2, ... message bits from symbols without.

    Rounded up. (1 - 2 p)^2 is a multiple of 2^-26, so on the first level all but the division is exact. Above it a product
    adds up the relative errors of its factors, and a + b - a b has at most the larger one; with their own rounding, a level
    at most doubles the error and adds 2^-51. After 2^k symbols it is below 2^(k - 50), the sum adds 2^(k - 53), and the
    factor 1 + 2^-24 is more than that up to 2^24 symbols.

    Args:
        chances: int16 [n], chances that symbols move, in units of 2^-14, in the order of the code; signs do not matter.
        order: int32 [N], the public order for n symbols.
        limit: Where to stop [nats].

    Returns:
        float64 [bits], nats, not falling; as far as they are at most ``limit``, and at most N.

    Raises:
        ValueError: If the order is for another number of symbols.
    """
    _check(chances, order)
    bounds = _bounds(np.require(chances, np.int16, ["C", "W"]), order.size)
    sums = np.cumsum(bounds[order])
    sums += _LEAST
    sums *= _LN2 * _SLACK
    return sums[: np.searchsorted(sums, limit, side="right")].copy()


def sample(
    base_parity: NDArray[np.uint8],
    chances: NDArray[np.int16],
    order: NDArray[np.int32],
    bits: NDArray[np.uint8],
    uniform: NDArray[np.float64],
) -> tuple[NDArray[np.uint8], int]:
    """Draw which symbols move, given the message; with no bits it is a plain draw: each symbol moves by its own chance.

    Args:
        base_parity: uint8 [n] of 0 and 1, the parities of symbols that do not move, in the order of the code.
        chances: int16 [n], chances that symbols move, in units of 2^-14; signs do not matter.
        order: int32 [N], the public order for n symbols.
        bits: uint8 [at most N] of 0 and 1, the message, which takes the first indices of the order.
        uniform: float64 [N], independent and uniform in [0, 1).

    Returns:
        uint8 [n], 1 where a symbol moves, and the number of message bits that could not be set because their index had
        but one possible value. Then the law was followed, and the message is not there.

    Raises:
        ValueError: If the sizes do not fit.
    """
    _check(chances, order)
    if base_parity.shape != chances.shape or uniform.shape != order.shape or bits.size > order.size:
        raise ValueError("parities, chances, message and uniform numbers do not fit the code")
    message = np.full(order.size, _DRAWN, np.uint8)
    message[order[: bits.size]] = bits
    # Read-only arrays, or such with gaps, would make Numba compile once more.
    parity, chance = np.require(base_parity, np.uint8, ["C", "W"]), np.require(chances, np.int16, ["C", "W"])
    moves = np.empty(chances.size, np.uint8)
    forced: int = _cancel(parity, chance, message, np.require(uniform, np.float64, ["C", "W"]), moves)
    return moves, forced


def transform(parities: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """u = x F^(x)k of bits that are filled up with zeros to a power of two, at least 2; its own inverse.

    Args:
        parities: uint8 [n] of 0 and 1, n >= 1.

    Returns:
        uint8 [N] of 0 and 1.
    """
    size = 1 << max(1, (parities.size - 1).bit_length())
    words = np.zeros(max(1, size // 64), "<u8")
    packed = np.packbits(parities, bitorder="little")
    words.view(np.uint8)[: packed.size] = packed
    for half, mask in _WITHIN_WORD:
        if 2 * half <= size:
            words ^= (words >> half) & mask
    half = 1
    while half < words.size:
        pairs = words.reshape(-1, 2, half)
        pairs[:, 0] ^= pairs[:, 1]
        half *= 2
    return np.unpackbits(words.view(np.uint8), count=size, bitorder="little")


_WITHIN_WORD: Final = tuple(
    (np.uint64(half), np.uint64(sum(1 << bit for bit in range(64) if not bit & half))) for half in (1, 2, 4, 8, 16, 32)
)


def read(parity: NDArray[np.uint8], order: NDArray[np.int32]) -> NDArray[np.uint8]:
    """The bits of symbols in the order of the message: the first k are a message of k bits.

    Args:
        parity: uint8 [n], the parities of the symbols in the order of the code.
        order: int32 [N], the public order for n symbols.

    Returns:
        uint8 [N] of 0 and 1.

    Raises:
        ValueError: If the order is for another number of symbols.
    """
    _check(parity, order)
    found: NDArray[np.uint8] = transform(parity)[order]
    return found


def tv_bound(kl: float) -> float:
    """Upper bound on the total variation between what ``hide`` sends and what ``send`` sends: Pinsker's root of kl / 2.

    An index that is forced against its bit makes the sender refuse. That is part of the bound: the certificate bounds the
    divergence from Q with "refused" as one more outcome, of probability r. What is sent has the law Q given that it is
    sent, and KL(P || Q given sent) = KL(P || Q) + ln(1 - r) <= KL(P || Q). As it is not negative, r <= 1 - exp(-kl) <= kl.

    Args:
        kl: A certificate [nats].

    Returns:
        At most 1.
    """
    return min(1.0, float(np.sqrt(kl / 2)) * (1 + 2.0**-50))


def p_e_bound(kl: float) -> float:
    """No detector has a smaller mean of false alarms and misses, P_E, than this, for a certificate [nats]."""
    return 0.5 - tv_bound(kl) / 2


def kl_for(p_e: float) -> float:
    """The largest certificate [nats] whose ``p_e_bound`` is at least ``p_e``, which is from 0 to 0.5; rounded down."""
    return 2 * (1 - 2 * p_e) ** 2 * (1 - 2.0**-40)


def _check(symbols: NDArray[np.int16] | NDArray[np.uint8], order: NDArray[np.int32]) -> None:
    """Refuse an order that is not for so many symbols."""
    if symbols.ndim != 1 or not symbols.size or order.size != 1 << max(1, (symbols.size - 1).bit_length()):
        raise ValueError(f"an order of {order.size} indices is not for symbols {symbols.shape}")


@njit(nogil=True, cache=True, error_model="numpy")
def _bounds(chances: NDArray[np.int16], size: int) -> NDArray[np.float64]:
    """Upper bounds on E[d_i^2] of every index, float64 [size]; symbols beyond the last are fixed."""
    half = size >> 1
    both = chances.size - half
    a = np.empty(size)
    for t in range(both):
        x = (1 - abs(np.float64(chances[t])) * (2 / _SCALE)) ** 2
        y = (1 - abs(np.float64(chances[half + t])) * (2 / _SCALE)) ** 2
        product = x * y
        a[t] = product
        a[half + t] = (x + y - 2 * product) / (1 - product) if product < 1 else 1.0
    for t in range(both, half):
        a[t] = (1 - abs(np.float64(chances[t])) * (2 / _SCALE)) ** 2
        a[half + t] = 1.0
    block = min(half, _BLOCK)
    room = np.empty((2, block))
    for start in range(0, size, block):
        length = start & -start if start else half  # of the longest node that begins here
        while length > block:
            length >>= 1
            for t in range(start, start + length):
                x, y = a[t], a[t + length]
                product = x * y
                a[t], a[t + length] = product, x + y - product
        _split_block(a[start : start + block], room)
    return a


@njit(nogil=True, cache=True)
def _split_block(a: NDArray[np.float64], room: NDArray[np.float64]) -> None:
    """All levels of a block, in place.

    Every level takes elements from the two halves and puts minus and plus side by side. That turns the bits of all indices
    by one place, so that in the end all are where they belong, and no level has short loops.
    """
    half = a.size >> 1
    source, target = a, room[0]
    levels = 0
    while 1 << levels < a.size:
        for t in range(half):
            x, y = source[t], source[half + t]
            product = x * y
            target[2 * t], target[2 * t + 1] = product, x + y - product
        source, target = target, room[1 - levels % 2]
        levels += 1
    if levels:
        a[:] = source


@njit(nogil=True, cache=True, error_model="numpy")
def _cancel(
    base_parity: NDArray[np.uint8],
    chances: NDArray[np.int16],
    message: NDArray[np.uint8],
    uniform: NDArray[np.float64],
    moves: NDArray[np.uint8],
) -> int:
    """Successive cancellation, as :func:`sample` describes it.

    A node none of whose indices has a message bit is drawn as it is, symbol by symbol: its bits are independent, given
    all before it. A node all of whose indices have one is set as it is, unless a symbol of it is forced against that.
    """
    size = message.size
    d = np.empty(2 * size)  # a node of length m, and of all nodes above it, has its values at m .. 2 m - 1
    for t in range(size):
        d[size + t] = 1.0
    for t in range(chances.size):
        d[size + t] = (1 - abs(np.float64(chances[t])) * (2 / _SCALE)) * (1 - 2.0 * base_parity[t])
    before = np.empty(size + 1, np.int32)  # number of message bits
    before[0] = 0
    for i in range(size):
        before[i + 1] = before[i] + (message[i] != _DRAWN)
    x = np.empty(size, np.uint8)
    forced = 0
    i = 0
    while i < size:
        length = size
        if i:
            length = i & -i
            for t in range(length):
                a, b = d[2 * length + t] * (1 - 2.0 * x[i - length + t]), d[3 * length + t]
                d[length + t] = (a + b) / (1 + a * b)
        while True:
            known = before[i + length] - before[i]
            if known == 0:
                for t in range(length):
                    x[i + t] = 2 * uniform[i + t] >= 1 + d[length + t]
                break
            if known == length and _set(message[i : i + length], d[length : 2 * length], x[i : i + length]):
                break
            if length == 1:
                x[i] = d[1] < 0
                forced += 1
                break
            length >>= 1
            for t in range(length):
                d[length + t] = d[2 * length + t] * d[3 * length + t]
        i += length
        while length < size and not i & length:
            for t in range(i - 2 * length, i - length):
                x[t] ^= x[t + length]
            length <<= 1
    for t in range(chances.size):
        moves[t] = x[t] ^ base_parity[t]
    return forced


@njit(nogil=True, cache=True)
def _set(message: NDArray[np.uint8], d: NDArray[np.float64], x: NDArray[np.uint8]) -> bool:
    """The bits of a node that the message gives; False if the law has no room for one of them."""
    length = message.size
    x[:] = message
    half = 1
    while half < length:
        for start in range(0, length, 2 * half):
            for t in range(start, start + half):
                x[t] ^= x[t + half]
        half *= 2
    possible = True
    for t in range(length):
        possible &= d[t] * (1 - 2.0 * x[t]) > -1
    return possible
