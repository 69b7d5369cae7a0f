# SPDX-License-Identifier: Apache-2.0
"""The likelihood ratio of hiding against sending, against sums over all words of short codes."""

from itertools import product

import numpy as np
import pytest

from semstego.coding import polar
from semstego.coding.polar_likelihood import differences, log2_ratios
from semstego.coding.polar_order import public_order

SCALE = 1 << 14


def code(seed, count):
    """Parities, chances with wet and certain moves among them, and the order of a code."""
    rng = np.random.default_rng(seed)
    chances = rng.integers(1, SCALE, count).astype(np.int16)
    chances[rng.random(count) < 0.2] = 0
    chances[rng.random(count) < 0.1] = SCALE
    signs = rng.choice((-1, 1), count)
    return rng.integers(0, 2, count).astype(np.uint8), (chances * signs).astype(np.int16), public_order(count)


def possible_words(parity, chances):
    """All moves that the law allows, ``(words, n)``, and their probabilities."""
    p = np.abs(chances.astype(float)) / SCALE
    words = np.array(list(product((0, 1), repeat=len(chances))), np.uint8)
    weights = np.where(words == 1, p, 1 - p).prod(1)
    return words[weights > 0], weights[weights > 0]


def transformed(parity, moves):
    return np.stack([polar.transform(one) for one in moves ^ parity])


@pytest.mark.parametrize(("seed", "count"), [(0, 4), (1, 7), (2, 8), (3, 8), (4, 11)])
def test_differences_are_those_of_the_conditional_probabilities(seed, count):
    parity, chances, order = code(seed, count)
    words, weights = possible_words(parity, chances)
    u = transformed(parity, words)
    d = np.ones(order.size)
    d[:count] = (1 - 2 * np.abs(chances.astype(float)) / SCALE) * (1 - 2.0 * parity)
    x = np.zeros((len(words), order.size), np.uint8)
    x[:, :count] = words ^ parity
    found = differences(d, x)
    for i in range(order.size):
        for row in range(0, len(words), 5):
            same = (u[:, :i] == u[row, :i]).all(1)
            zero = weights[same & (u[:, i] == 0)].sum() / weights[same].sum()
            assert found[row, i] == pytest.approx(2 * zero - 1, abs=1e-9)


@pytest.mark.parametrize(("seed", "count"), [(5, 7), (6, 8), (7, 9)])
def test_a_ratio_weighs_the_law_to_what_hides_fair_bits(seed, count):
    """The sampler's law is enumerated: fair message bits, and every other index by the law given all before it."""
    parity, chances, order = code(seed, count)
    chances[chances == 0] = 3000  # so that no index is forced, and every message is possible
    chances[np.abs(chances) == SCALE] = -9000
    words, weights = possible_words(parity, chances)
    u, bits = transformed(parity, words), 3
    hidden = np.empty(len(words))
    for row in range(len(words)):
        chance = 1.0
        for i in range(order.size):
            same = (u[:, :i] == u[row, :i]).all(1)
            own = weights[same & (u[:, i] == u[row, i])].sum() / weights[same].sum()
            chance *= 0.5 if i in order[:bits] else own
        hidden[row] = chance
    ratios = log2_ratios(parity, chances, words, order, bits)
    assert hidden.sum() == pytest.approx(1)
    assert np.allclose(2.0**ratios, hidden / weights, rtol=1e-9)


def test_without_a_message_there_is_no_ratio():
    parity, chances, order = code(8, 50)
    rng = np.random.default_rng(0)
    moves = (rng.random((20, 50)) * SCALE < np.abs(chances)).astype(np.uint8)
    assert np.array_equal(log2_ratios(parity, chances, moves, order, 0), np.zeros(20))


def test_what_the_sampler_hides_has_a_larger_ratio_than_what_it_sends():
    """Beyond any certificate the mean of the logarithm tells them apart, as Gibbs' inequality demands."""
    parity, chances, order = code(9, 250)
    rng, means = np.random.default_rng(1), []
    for bits in (0, 150):
        drawn = [
            polar.sample(parity, chances, order, rng.integers(0, 2, bits).astype(np.uint8), rng.random(order.size))
            for _ in range(100)
        ]
        possible = np.stack([moves for moves, forced in drawn if not forced])
        means.append(log2_ratios(parity, chances, possible, order, 150).mean())
    assert means[0] < 0 < means[1]
