# SPDX-License-Identifier: Apache-2.0
"""Two-layer +-1 embedding: round trips, limits, degenerate cases and the ternary bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import brentq
from scipy.stats import entropy

from semstego.coding import ternary
from semstego.errors import InfeasibleError


def draw_case(seed, n, kind="symmetric", wet=0.0):
    rng = np.random.Generator(np.random.PCG64(seed))
    symbols = rng.integers(0, 256, n, dtype=np.uint8)
    symbols[rng.random(n) < 0.1] = 0
    symbols[rng.random(n) < 0.1] = 255
    plus = rng.random(n, dtype=np.float32)
    minus = plus.copy() if kind == "symmetric" else rng.random(n, dtype=np.float32)
    if kind == "free":
        plus[:], minus[:] = 0, 0
    if kind == "huge":
        plus = np.float32(10) ** (70 * plus - 35)
    plus[rng.random(n) < wet] = np.inf
    minus[rng.random(n) < wet] = np.inf
    return symbols, plus, minus, rng


def cost_of(symbols, stego, plus, minus):
    """Total cost; fails if a symbol moved by more than one."""
    step = stego.astype(int) - symbols
    assert abs(step).max(initial=0) <= 1
    return float(plus[step == 1].astype(np.float64).sum() + minus[step == -1].astype(np.float64).sum())


def ternary_bound(symbols, plus, minus, m):
    """Least expected cost of m bits, from scratch in float64 by bisection."""
    up = np.where(symbols == 255, np.inf, plus.astype(np.float64))
    down = np.where(symbols == 0, np.inf, minus.astype(np.float64))
    costs = np.stack([np.zeros_like(up), up, down])
    low, high = -10.0, 10.0
    for _ in range(60):
        weights = np.exp(-np.exp((low + high) / 2) * costs)
        p = weights / weights.sum(axis=0)
        entropy = -np.sum(p * np.log2(np.where(p > 0, p, 1)))
        low, high = ((low + high) / 2, high) if entropy > m else (low, (low + high) / 2)
    move = np.where(symbols % 2 == 0, p[2], p[1])
    upper = -np.sum(move * np.log2(np.where(move > 0, move, 1)) + (1 - move) * np.log2(1 - move))
    return float(np.sum(p * np.where(np.isfinite(costs), costs, 0))), float(upper)


@given(
    n=st.integers(1, 900),
    part=st.floats(0, 1),
    share=st.one_of(st.none(), st.floats(0, 1)),
    height=st.integers(6, 12),
    kind=st.sampled_from(["symmetric", "asymmetric", "free", "huge"]),
    wet=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=200)
def test_round_trip_within_one_step_and_never_a_forbidden_one(n, part, share, height, kind, wet, seed):
    symbols, plus, minus, rng = draw_case(seed, n, kind, wet)
    m = round(n * part)
    message = rng.integers(0, 2, m, dtype=np.uint8)
    before = symbols.copy()
    try:
        upper = ternary.split(plus, minus, symbols, m) if share is None else round(m * share)
        stego = ternary.embed(symbols, plus, minus, message, upper, height)
    except InfeasibleError:
        return
    assert np.array_equal(symbols, before)
    assert stego.dtype == np.uint8
    assert np.isfinite(cost_of(symbols, stego, plus, minus))  # inf = a forbidden direction or a wet symbol
    assert np.array_equal(ternary.extract(stego, m, upper, height), message)


def test_infeasible_is_not_the_normal_answer():
    symbols, plus, minus, rng = draw_case(1, 3000, "asymmetric", 0.1)
    for m in (0, 1, 2, 30, 300, 1500, 2400):
        upper = ternary.split(plus, minus, symbols, m)
        stego = ternary.embed(symbols, plus, minus, rng.integers(0, 2, m, dtype=np.uint8), upper, 10)
        assert np.isfinite(cost_of(symbols, stego, plus, minus))


def test_ends_of_the_range_never_wrap():
    n = 4000
    symbols = np.repeat(np.array([0, 255], dtype=np.uint8), n // 2)
    ones = np.ones(n, dtype=np.float32)
    message = np.random.Generator(np.random.PCG64(2)).integers(0, 2, 1200, dtype=np.uint8)
    assert ternary.split(ones, ones, symbols, 1200) == 0  # one direction each, and it stays in its pair
    stego = ternary.embed(symbols, ones, ones, message, 0, 9)
    assert set(np.unique(stego[: n // 2])) == {0, 1}
    assert set(np.unique(stego[n // 2 :])) == {254, 255}


def test_upper_zero_is_binary_embedding_in_the_cheaper_direction():
    symbols, plus, minus, rng = draw_case(3, 5000, "asymmetric")
    inner = (symbols > 0) & (symbols < 255)
    stego = ternary.embed(symbols, plus, minus, rng.integers(0, 2, 2000, dtype=np.uint8), 0, 9)
    changed = inner & (stego != symbols)
    assert np.array_equal(stego[changed] > symbols[changed], (plus <= minus)[changed])


@pytest.mark.parametrize(("kind", "factor"), [("symmetric", 0.75), ("asymmetric", 0.98)])
def test_two_layers_cost_less_than_one_at_half_a_bit(kind, factor):
    symbols, plus, minus, rng = draw_case(4, 20_000, kind)
    message = rng.integers(0, 2, 10_000, dtype=np.uint8)
    upper = ternary.split(plus, minus, symbols, message.size)
    both = cost_of(symbols, ternary.embed(symbols, plus, minus, message, upper, 9), plus, minus)
    binary = cost_of(symbols, ternary.embed(symbols, plus, minus, message, 0, 9), plus, minus)
    assert both < factor * binary


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5, 1.0])
def test_the_split_is_the_entropy_of_the_upper_layer_and_the_cost_is_near_the_bound(rate):
    symbols, plus, minus, rng = draw_case(5, 30_000, "asymmetric", 0.05)
    m = round(rate * symbols.size)
    bound, upper_bits = ternary_bound(symbols, plus, minus, m)
    upper = ternary.split(plus, minus, symbols, m)
    assert upper == pytest.approx(upper_bits, rel=0.01)
    stego = ternary.embed(symbols, plus, minus, rng.integers(0, 2, m, dtype=np.uint8), upper, 10)
    assert bound * 0.97 < cost_of(symbols, stego, plus, minus) < bound * 1.25


def test_no_message_returns_a_copy():
    symbols, plus, minus, _ = draw_case(6, 100)
    stego = ternary.embed(symbols, plus, minus, np.zeros(0, dtype=np.uint8), 0, 8)
    assert np.array_equal(stego, symbols)
    assert stego is not symbols
    assert ternary.split(plus, minus, symbols, 0) == 0


def test_more_bits_than_the_ternary_entropy_are_infeasible():
    symbols, plus, minus, _ = draw_case(7, 1000)
    with pytest.raises(InfeasibleError):
        ternary.split(plus, minus, symbols, 1600)
    infinite = np.full(1000, np.inf, dtype=np.float32)
    with pytest.raises(InfeasibleError):
        ternary.split(infinite, infinite, symbols, 1)


@pytest.mark.parametrize("upper", [-1, 6])
def test_an_impossible_split_raises(upper):
    symbols, plus, minus, rng = draw_case(8, 100)
    with pytest.raises(ValueError, match="upper"):
        ternary.embed(symbols, plus, minus, rng.integers(0, 2, 5, dtype=np.uint8), upper, 8)
    with pytest.raises(ValueError, match="upper"):
        ternary.extract(symbols, 5, upper, 8)


def test_negative_costs_and_wrong_shapes_raise():
    symbols, plus, minus, rng = draw_case(9, 100)
    message = rng.integers(0, 2, 5, dtype=np.uint8)
    with pytest.raises(ValueError, match="costs"):
        ternary.embed(symbols, -plus, minus, message, 2, 8)
    with pytest.raises(ValueError, match="costs"):
        ternary.split(plus * np.float32(np.nan), minus, symbols, 5)
    with pytest.raises(ValueError, match="n symbols"):
        ternary.embed(symbols, plus[:-1], minus, message, 2, 8)


COSTS = arrays(np.float32, st.integers(2, 60), elements=st.floats(0.001953125, 1e6, width=32))
RATES = st.floats(0.1, 1.5)


def bits(chance):
    """Of a change by +1 or -1, by SciPy."""
    return entropy(np.stack([chance / 2, chance / 2, 1 - chance]), base=2)


@settings(deadline=None)
@given(COSTS, RATES, st.floats(0.01, 100))
def test_change_probabilities_carry_the_bits_in_any_unit_and_cheap_symbols_change_more(rho, rate, unit):
    chances = ternary.change_probabilities(rho, rate * rho.size)
    # Lambda is known to a quarter of a per cent, and few bits in few symbols depend on it by ten times as much.
    assert bits(chances).mean() == pytest.approx(rate, rel=0.05)
    assert (chances >= 0).all()
    assert (chances <= 2 / 3).all()
    assert (np.diff(chances[np.argsort(rho, kind="stable")]) <= 1e-15).all()
    other = ternary.change_probabilities((unit * rho).astype(np.float32), rate * rho.size)
    assert bits(other).mean() == pytest.approx(rate, rel=0.05)


@pytest.mark.parametrize("rate", [0.05, 0.4, 1.2])
def test_change_probabilities_are_those_that_brentq_finds(rate):
    rho = np.random.default_rng(1).gamma(2, 3, 500).astype(np.float32)

    def chance(strength):
        return 2 * np.exp(-strength * rho) / (1 + 2 * np.exp(-strength * rho))

    strength = brentq(lambda strength: bits(chance(strength)).mean() - rate, 1e-9, 1e3, xtol=1e-14)
    np.testing.assert_allclose(ternary.change_probabilities(rho, rate * rho.size), chance(strength), rtol=0.02)


def test_no_other_way_of_carrying_the_rate_costs_less():
    rng = np.random.default_rng(2)
    rho = rng.gamma(1, 1, 50).astype(np.float32)
    best = ternary.change_probabilities(rho, 20)
    for _ in range(50):
        other = ternary.change_probabilities(rho * rng.lognormal(0, 0.3, rho.shape), 20)
        assert (rho * other).sum() > (rho * best).sum()


def test_more_bits_than_changes_have_are_refused():
    with pytest.raises(InfeasibleError, match="more than"):
        ternary.change_probabilities(np.ones(10, np.float32), 16)
