# SPDX-License-Identifier: Apache-2.0
"""Two-layer +-1 embedding in bytes: three choices per symbol from two binary trellis codes.

Filler, Judas, Fridrich, IEEE TIFS 6(3), 2011, section VII. A symbol can stay, or go up or down by
one. Exactly one of the two moves also flips the second-lowest bit ("move": down from an even
symbol, up from an odd one); the other flips the lowest bit only ("same" pair 2k, 2k + 1).

    upper layer   second-lowest bit of every symbol    carries the first ``upper`` message bits
    lower layer   lowest bit, given the upper layer    carries the rest; moved symbols are fixed

With probabilities p ~ exp(-lambda cost) whose entropies add up to the message length, the upper
cost is ln(p_stay_in_pair / p_move) = lambda move + ln(1 + exp(-lambda same)) and the lower cost is
lambda same. Both are used divided by lambda: a common factor changes nothing, and they keep the
scale of the caller's costs.

Differs from the paper in: symbols that moved are wet in the lower layer, hence no fourth value
x + 2 with a large cost; the caller permutes the symbols, once for both layers.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.coding import stc
from semstego.compiled import compiled
from semstego.errors import InfeasibleError

__all__ = ["change_probabilities", "embed", "extract", "split"]

_TOLERANCE = 1e-3  # relative; an error of lambda costs distortion only in second order
_LAST_STEP = 0.05  # of ln(lambda); after a Newton step that short the error is its square
_WIDEST = 200.0  # largest |ln(lambda)|
_ATTEMPTS = 4  # at a lower layer that cannot carry its bits
_GOLDEN = 0.6180339887498949  # multiples of it are spread evenly modulo 1
_SAMPLE = 2048  # symbols that give the first guess of lambda


def embed(
    symbols: NDArray[Any],
    cost_plus: NDArray[Any],
    cost_minus: NDArray[Any],
    message: NDArray[Any],
    upper: int,
    height: int,
) -> NDArray[np.uint8]:
    """Change symbols by at most one so that :func:`extract` reads the message.

    Args:
        symbols: uint8 [n].
        cost_plus: float32 [n], cost of symbol + 1, >= 0; ``inf`` = forbidden. 255 never goes up.
        cost_minus: float32 [n], cost of symbol - 1, likewise. 0 never goes down.
        message: uint8 [m] of 0 or 1.
        upper: Number of message bits in the second-lowest bits; :func:`split` gives the best one.
            0 = binary embedding in the lowest bits, each change in its cheaper direction.
        height: Constraint height of both layers, 6 to 12.

    Returns:
        uint8 [n], the stego symbols.

    Raises:
        InfeasibleError: If a layer cannot carry its bits; another ``upper`` or order may do.
        ValueError: If a shape, a cost or a number is not allowed.
    """
    cover = np.ascontiguousarray(symbols, dtype=np.uint8)
    bits = np.ascontiguousarray(message, dtype=np.uint8)
    same, move = _by_pair(cover, cost_plus, cost_minus)
    if not 0 <= upper <= bits.size:
        raise ValueError(f"upper must be 0 to {bits.size}, got {upper}")
    if bits.size == 0:
        return cover.copy()
    if upper == 0:
        lowest = _bit(cover, 0)
        changed = stc.embed(lowest, np.minimum(same, move), bits, height) ^ lowest
        return _apply(cover, changed, move < same)
    rate = _solve(same, move, bits.size)
    second = _bit(cover, 1)
    upper_costs = _upper_costs(same, move, rate)
    for attempt in range(_ATTEMPTS):
        tried = upper_costs * _jitter(cover.size, attempt) if attempt else upper_costs
        moved = stc.embed(second, tried, bits[:upper], height) ^ second
        now = _apply(cover, moved, moved == 1)
        try:
            lower = stc.embed(_bit(now, 0), np.where(moved == 1, np.float32(np.inf), same), bits[upper:], height)
        except InfeasibleError:
            continue  # too many moved side by side; other moves leave other symbols to the lower layer
        return _apply(now, lower ^ _bit(now, 0), moved == 1)
    raise InfeasibleError(f"{bits.size - upper} bits do not fit the lower layer, whichever symbols the upper one moves")


def extract(symbols: NDArray[Any], m: int, upper: int, height: int) -> NDArray[np.uint8]:
    """Read the message.

    Args:
        symbols: uint8 [n], as the sender left them.
        m: Message length [bit].
        upper: Bits among them in the second-lowest layer, the sender's number.
        height: The sender's constraint height.

    Returns:
        uint8 [m], the message bits.

    Raises:
        ValueError: If a number is not allowed.
    """
    stego = np.ascontiguousarray(symbols, dtype=np.uint8)
    if not 0 <= upper <= m:
        raise ValueError(f"upper must be 0 to {m}, got {upper}")
    first = stc.extract(_bit(stego, 1), upper, height)
    return np.concatenate([first, stc.extract(_bit(stego, 0), m - upper, height)])


def split(cost_plus: NDArray[Any], cost_minus: NDArray[Any], symbols: NDArray[Any], m: int) -> int:
    """Number of message bits that belong in the upper layer: its share of the entropy.

    Args:
        cost_plus: float32 [n], as for :func:`embed`.
        cost_minus: float32 [n].
        symbols: uint8 [n].
        m: Message length [bit].

    Returns:
        ``upper``, 0 to m.

    Raises:
        InfeasibleError: If even free changes have less entropy than m bits.
        ValueError: If a shape or a cost is not allowed.
    """
    same, move = _by_pair(np.ascontiguousarray(symbols, dtype=np.uint8), cost_plus, cost_minus)
    if m == 0:
        return 0
    return min(m, int(_upper_entropy(same, move, _solve(same, move, m))))


def change_probabilities(cost: NDArray[Any], bits: float) -> NDArray[np.float64]:
    """How probable a change of each symbol is, either way, where a perfect code carries the bits at the least cost.

    Args:
        cost: float32 [n], of +1 and of -1 alike, >= 0.
        bits: Number of bits, below n log2 3.

    Returns:
        float64 [n], 2 e / (1 + 2 e) with e = exp(-lambda cost).

    Raises:
        InfeasibleError: If the bits are too many.
    """
    rho = np.ascontiguousarray(cost, dtype=np.float32)
    both: NDArray[np.float64] = 2 * np.exp(-np.minimum(_solve(rho, rho, bits) * rho.astype(np.float64), 700))
    return both / (1 + both)


def _bit(symbols: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
    """One binary layer of the symbols, uint8 [n] of 0 or 1."""
    return np.asarray(symbols >> np.uint8(place) & np.uint8(1), dtype=np.uint8)


def _by_pair(
    symbols: NDArray[np.uint8], cost_plus: NDArray[Any], cost_minus: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sort the two costs into the step inside the pair 2k, 2k + 1 and the step out of it; float32 [n] each."""
    plus = np.ascontiguousarray(cost_plus, dtype=np.float32)
    minus = np.ascontiguousarray(cost_minus, dtype=np.float32)
    if symbols.ndim != 1 or plus.shape != symbols.shape or minus.shape != symbols.shape:
        raise ValueError(f"expected n symbols and costs, got {symbols.shape}, {plus.shape}, {minus.shape}")
    same, move, valid = _sort(symbols, plus, minus)
    if not valid:
        raise ValueError("costs must be 0 or more, and no NaN")
    return same, move


def _solve(same: NDArray[np.float32], move: NDArray[np.float32], m: float) -> float:
    """Lambda whose entropies add up to m bits; a sample of the symbols gives the first guess."""
    few_same, few_move = same[:: max(1, same.size // _SAMPLE)], move[:: max(1, same.size // _SAMPLE)]
    paid = few_move[(few_move > 0) & (few_move < np.inf)]
    guess = 1.0 / float(paid.mean(dtype=np.float64)) if paid.size else 1.0
    if few_same.size < same.size:
        share = m * few_same.size / same.size
        guess = _find(np.ascontiguousarray(few_same), np.ascontiguousarray(few_move), share, guess)[0] or guess
    rate, total = _find(same, move, float(m), guess)
    if rate == 0.0:
        raise InfeasibleError(f"{m:.0f} bits are more than the {total:.0f} bits that +-1 changes can carry here")
    return float(rate)


@compiled
def _sort(
    symbols: NDArray[np.uint8], plus: NDArray[np.float32], minus: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], bool]:
    """Costs inside and out of the pair, and whether all are numbers >= 0."""
    same = np.empty(symbols.size, dtype=np.float32)
    move = np.empty(symbols.size, dtype=np.float32)
    valid = True
    for i in range(symbols.size):
        up, down = plus[i], minus[i]
        valid &= up >= 0 and down >= 0
        odd = symbols[i] & 1
        same[i] = down if odd else up
        move[i] = up if odd else down
        # 0 is even and 255 odd: the step over the edge is always the one out of the pair.
        if symbols[i] == 0 or symbols[i] == 255:
            move[i] = np.inf
    return same, move, valid


@compiled
def _entropy(same: NDArray[np.float32], move: NDArray[np.float32], rate: float) -> tuple[float, float]:
    """Sum of the ternary entropies [nat], and minus its derivative by ln(lambda)."""
    total = 0.0
    slope = 0.0
    for i in range(same.size):
        s, v = rate * same[i], rate * move[i]
        a = math.exp(-s) if s < 700.0 else 0.0
        b = math.exp(-v) if v < 700.0 else 0.0
        s, v = min(s, 700.0), min(v, 700.0)  # 0 times inf
        z = 1.0 + a + b
        mean = (a * s + b * v) / z
        total += math.log(z) + mean
        slope += (a * s * s + b * v * v) / z - mean * mean
    return total, slope


@compiled
def _find(same: NDArray[np.float32], move: NDArray[np.float32], bits: float, rate: float) -> tuple[float, float]:
    """Newton steps in ln(lambda), kept in a shrinking bracket.

    Returns lambda and the sum of entropies [bit]; lambda = 0 if the bits are too many, the
    largest lambda tried if free changes alone (cost 0) carry more.
    """
    target = bits * math.log(2.0)
    low, high = -_WIDEST, _WIDEST
    reach = 2.0
    u = math.log(rate)
    total = 0.0
    for _ in range(80):
        total, slope = _entropy(same, move, math.exp(u))
        if abs(total - target) <= _TOLERANCE * target or high - low < 1e-6:
            break
        if total > target:
            low = u
        else:
            high = u
        step = (total - target) / slope if slope > 0 else math.copysign(math.inf, total - target)
        if abs(step) < _LAST_STEP:
            return math.exp(u + step), bits
        if abs(step) > reach:  # far away or on a plateau, where Newton says nothing
            step = math.copysign(reach, step)
            reach *= 2.0
        u = u + step if low < u + step < high else 0.5 * (low + high)
    if total < target * (1.0 - 2 * _TOLERANCE) and low == -_WIDEST:
        return 0.0, total / math.log(2.0)
    return math.exp(u), total / math.log(2.0)


@compiled
def _upper_entropy(same: NDArray[np.float32], move: NDArray[np.float32], rate: float) -> float:
    """Sum of the binary entropies of "moves out of its pair" [bit]."""
    total = 0.0
    for i in range(same.size):
        v = rate * move[i]
        if v < 700.0:
            stay = 1.0 + math.exp(-min(rate * same[i], 700.0))
            b = math.exp(-v)
            total += math.log(stay + b) - (stay * math.log(stay) - b * v) / (stay + b)
    return total / math.log(2.0)


@compiled
def _upper_costs(same: NDArray[np.float32], move: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """ln(p_stay_in_pair / p_move) / lambda, float32 [n]."""
    out = np.empty(same.size, dtype=np.float32)
    for i in range(same.size):
        out[i] = move[i] + math.log1p(math.exp(-min(rate * same[i], 700.0))) / rate
    return out


def _jitter(size: int, attempt: int) -> NDArray[np.float32]:
    """Factors of 1 or more on costs, another set for every attempt, float32 [size]."""
    factors: NDArray[np.float32] = (1 + 0.5 * (np.arange(size) * (attempt * _GOLDEN) % 1)).astype(np.float32)
    return factors


@compiled
def _apply(symbols: NDArray[np.uint8], change: NDArray[np.uint8], out_of_pair: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Symbols with every change of 1 made, inside the pair or out of it; uint8 [n]."""
    out = symbols.copy()
    for i in range(symbols.size):
        if change[i]:
            odd = symbols[i] & 1
            out[i] = symbols[i] + 1 if odd == out_of_pair[i] else symbols[i] - 1
    return out
