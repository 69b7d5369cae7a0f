# SPDX-License-Identifier: Apache-2.0
"""The two layers against a second construction of them, from probabilities: the same distortion, layer by layer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import entropy

from semstego.coding import stc, ternary

HEIGHT = 8
SIZE = 4000
KINDS = ("alike", "independent", "nearly one way")


def drawn(seed, kind):
    """Symbols 1 to 254, and costs of +1 and -1."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(1, 255, SIZE, dtype=np.uint8)
    plus, other = rng.gamma(2, 1, (2, SIZE)).astype(np.float32)
    minus = {"alike": plus.copy(), "independent": other, "nearly one way": plus * np.float32(3)}[kind]
    return symbols, plus, minus, rng


def optimal_moves(symbols, plus, minus, bits):
    """Chances of a step within the pair 2k, 2k + 1 and out of it that carry the bits at the least expected cost."""
    up, down = plus.astype(np.float64), minus.astype(np.float64)
    costs = np.stack([np.zeros(SIZE), np.where(symbols % 2, down, up), np.where(symbols % 2, up, down)])

    def chances(log_rate):
        weights = np.exp(-np.exp(log_rate) * costs)
        return weights / weights.sum(axis=0)

    rate = brentq(lambda log_rate: entropy(chances(log_rate), base=2).sum() - bits, -8, 8, xtol=1e-12)
    return chances(rate)[1:]


def cost_of(symbols, stego, plus, minus):
    step = stego.astype(int) - symbols
    return plus[step == 1].sum(dtype=np.float64) + minus[step == -1].sum(dtype=np.float64)


def second_lowest(symbols):
    return symbols >> 1 & 1


def two_layers(symbols, plus, minus, message, upper):
    """Both layers again: what a symbol costs a layer is how unlikely it is that it flips there."""
    _, out = optimal_moves(symbols, plus, minus, message.size)
    unlikely = np.log((1 - out) / out).astype(np.float32)
    moved = stc.embed(second_lowest(symbols), unlikely, message[:upper], HEIGHT) != second_lowest(symbols)
    middle = np.where(moved, np.where(symbols % 2, symbols + 1, symbols - 1), symbols).astype(np.uint8)
    same = np.where(symbols % 2, minus, plus)
    lower = np.where(moved, np.float32(np.inf), same).astype(np.float32)
    flipped = stc.embed(middle & 1, lower, message[upper:], HEIGHT) != (middle & 1)
    return (middle ^ flipped).astype(np.uint8), unlikely


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [0.1, 0.4, 0.8])
def test_both_layers_cost_what_a_second_construction_of_them_costs(kind, rate):
    symbols, plus, minus, rng = drawn(1, kind)
    message = rng.integers(0, 2, round(rate * SIZE), dtype=np.uint8)
    upper = ternary.split(plus, minus, symbols, message.size)
    stego = ternary.embed(symbols, plus, minus, message, upper, HEIGHT)
    other, unlikely = two_layers(symbols, plus, minus, message, upper)
    assert np.array_equal(ternary.extract(other, message.size, upper, HEIGHT), message)
    assert cost_of(symbols, stego, plus, minus) == pytest.approx(cost_of(symbols, other, plus, minus), rel=2e-3)
    for found in (stego, other):  # the upper layer on its own
        moved = second_lowest(found) != second_lowest(symbols)
        least = unlikely[second_lowest(other) != second_lowest(symbols)].sum(dtype=np.float64)
        assert unlikely[moved].sum(dtype=np.float64) == pytest.approx(least, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [0.1, 0.4, 0.8])
def test_the_split_is_the_entropy_of_leaving_the_pair(kind, rate):
    symbols, plus, minus, _ = drawn(2, kind)
    bits = round(rate * SIZE)
    out = optimal_moves(symbols, plus, minus, bits)[1]
    wanted = entropy(np.stack([out, 1 - out]), base=2).sum()
    assert ternary.split(plus, minus, symbols, bits) == pytest.approx(wanted, rel=2e-3, abs=1)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from(KINDS), st.floats(0.05, 0.9))
def test_without_an_upper_layer_every_symbol_costs_what_its_cheaper_direction_costs(seed, kind, rate):
    symbols, plus, minus, rng = drawn(seed, kind)
    message = rng.integers(0, 2, round(rate * SIZE), dtype=np.uint8)
    stego = ternary.embed(symbols, plus, minus, message, 0, HEIGHT)
    cheaper = np.minimum(plus, minus)
    best = stc.embed(symbols & 1, cheaper, message, HEIGHT) != (symbols & 1)
    assert cost_of(symbols, stego, plus, minus) == pytest.approx(cheaper[best].sum(dtype=np.float64), rel=1e-6)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_the_unit_of_the_costs_does_not_matter(unit):
    symbols, plus, minus, rng = drawn(3, "independent")
    message = rng.integers(0, 2, 1600, dtype=np.uint8)
    upper = ternary.split(plus, minus, symbols, message.size)
    stego = ternary.embed(symbols, plus, minus, message, upper, HEIGHT)
    scaled = [(unit * cost).astype(np.float32) for cost in (plus, minus)]
    assert ternary.split(*scaled, symbols, message.size) == pytest.approx(upper, rel=2e-3)
    again = ternary.embed(symbols, *scaled, message, upper, HEIGHT)
    assert cost_of(symbols, again, plus, minus) == pytest.approx(cost_of(symbols, stego, plus, minus), rel=2e-3)
