# SPDX-License-Identifier: Apache-2.0
"""What is drawn has exactly the conditional law, carries the message, and is a plain draw where there is none."""

import numpy as np
import pytest

from semstego.coding import polar
from semstego.coding import polar_reference as reference
from semstego.coding.polar_order import public_order
from tests.unit.coding.test_polar import draw_case, indices

NONE = np.zeros(0, np.uint8)
BELOW_ONE = 1 - 2.0**-53


def number(word):
    return int("".join(map(str, word)), 2)


class Sampler:
    """The sampler of one case as a function of its uniform numbers."""

    def __init__(self, parity, chances, bits):
        self.case = parity, chances, public_order(chances.size), bits
        self.size = public_order(chances.size).size

    def word(self, uniform):
        """The number of the word x that these uniform numbers give."""
        moves, _ = polar.sample(*self.case, uniform)
        return number((self.case[0] ^ moves).tolist() + [0] * (self.size - moves.size))

    def law(self):
        """The probability of every word, found by the threshold of every decision.

        The uniform numbers decide one after the other. Where one of them decides, the word at 0 and that just below 1
        differ, whatever the later ones are; in between, bisection finds the threshold.
        """
        found = np.zeros(1 << self.size)
        self._explore(np.zeros(self.size), 0, 1.0, found)
        return found

    def _explore(self, uniform, place, probability, found):
        for at in range(place, self.size):
            low, high = uniform.copy(), uniform.copy()
            high[at] = BELOW_ONE
            first = self.word(low)
            if first != self.word(high):
                threshold = self._threshold(uniform, at, first)
                self._explore(low, at + 1, probability * threshold, found)
                self._explore(high, at + 1, probability * (1 - threshold), found)
                return
        found[self.word(uniform)] += probability

    def _threshold(self, uniform, at, first):
        low, high = 0.0, 1.0
        trial = uniform.copy()
        while high - low > 1e-11:
            trial[at] = (low + high) / 2
            low, high = (trial[at], high) if self.word(trial) == first else (low, trial[at])
        return (low + high) / 2


def difference(symbols, rng, fewest):
    """The largest difference of a word's probability from the exact one, in a case with at least so many bits."""
    parity, chances = draw_case(rng, symbols)
    order = public_order(symbols)
    bits = rng.integers(0, 2, rng.integers(fewest, order.size + 1)).astype(np.uint8)
    message = dict(zip(order[: bits.size].tolist(), bits.tolist(), strict=True))
    wanted = reference.of_symbols(reference.stego(indices(parity, chances), message))
    return np.abs(Sampler(parity, chances, bits).law() - wanted.ravel()).max()


@pytest.mark.parametrize(
    ("symbols", "fewest", "cases"), [(3, 0, 60), (4, 0, 60), (5, 2, 40), (8, 3, 30), (11, 11, 20), (16, 11, 20)]
)
def test_every_word_has_its_conditional_probability(symbols, fewest, cases):
    rng = np.random.default_rng(symbols)
    assert max(difference(symbols, rng, fewest) for _ in range(cases)) < 1e-9


def test_a_sampler_of_other_bits_is_found_out():
    rng = np.random.default_rng(0)
    parity, chances = rng.integers(0, 2, 4).astype(np.uint8), rng.integers(100, 2**13, 4).astype(np.int16)
    wanted = reference.of_symbols(reference.stego(indices(parity, chances), {int(public_order(4)[0]): 0}))
    assert np.abs(Sampler(parity, chances, np.ones(1, np.uint8)).law() - wanted.ravel()).max() > 0.01


def test_without_a_message_every_symbol_moves_by_its_own_chance():
    rng = np.random.default_rng(1)
    parity, chances = draw_case(rng, 1000)
    uniform = rng.random(1024)
    moves, forced = polar.sample(parity, chances, public_order(1000), NONE, uniform)
    p = np.abs(chances) / 2**14
    one = np.where(parity == 1, 1 - p, p)  # probability of an odd symbol
    assert np.array_equal(moves ^ parity, uniform[:1000] >= 1 - one)
    assert forced == 0


@pytest.mark.parametrize("wet", [0.0, 0.35, 0.7])
@pytest.mark.parametrize("symbols", [100, 1000, 8192, 10_000])
def test_the_message_is_read_and_wet_symbols_stay(symbols, wet):
    rng = np.random.default_rng(symbols)
    order = public_order(symbols)
    for _ in range(5):
        chances = (
            rng.integers(1, 2**13, symbols) * rng.choice([-1, 1], symbols) * (rng.random(symbols) >= wet)
        ).astype(np.int16)
        parity = rng.integers(0, 2, symbols).astype(np.uint8)
        count = polar.certificate(chances, order, polar.kl_for(0.49)).size
        bits = rng.integers(0, 2, count).astype(np.uint8)
        moves, forced = polar.sample(parity, chances, order, bits, rng.random(order.size))
        assert forced == 0
        assert np.array_equal(polar.read(parity ^ moves, order)[:count], bits)
        assert not moves[chances == 0].any()
    assert count > 0 or symbols == 100


@pytest.mark.parametrize("symbols", [31, 64, 1000, 5000])
def test_symbols_are_those_of_the_slow_sampler(symbols):
    rng = np.random.default_rng(symbols)
    order, parity = public_order(symbols), rng.integers(0, 2, symbols).astype(np.uint8)
    chances = (rng.integers(0, 2**13, symbols) * (rng.random(symbols) > 0.3)).astype(np.int16)
    for count in (1, polar.certificate(chances, order, polar.kl_for(0.49)).size, symbols // 3):
        message, uniform = np.full(order.size, 2, np.uint8), rng.random(order.size)
        message[order[:count]] = rng.integers(0, 2, count)
        d = np.ones(order.size)
        d[:symbols] = (1 - 2 * chances / 2**14) * (1 - 2.0 * parity)
        moves, forced = polar.sample(parity, chances, order, message[order[:count]], uniform)
        if not forced:
            assert np.array_equal(moves, reference.drawn(d, message, uniform)[:symbols] ^ parity)
        assert forced == 0 or count == symbols // 3


def test_moves_follow_the_chances_when_a_message_is_carried():
    rng = np.random.default_rng(2)
    symbols, draws = 1024, 1500
    order, parity = public_order(symbols), rng.integers(0, 2, symbols).astype(np.uint8)
    chances = (rng.integers(0, 2**13, symbols) * (rng.random(symbols) > 0.3)).astype(np.int16)
    count = polar.certificate(chances, order, polar.kl_for(0.49)).size
    moved = np.zeros(symbols)
    for _ in range(draws):
        bits = rng.integers(0, 2, count).astype(np.uint8)
        moved += polar.sample(parity, chances, order, bits, rng.random(symbols))[0]
    p = chances[chances > 200] / 2**14
    score = (moved[chances > 200] - draws * p) / np.sqrt(draws * p * (1 - p))
    assert (score**2).mean() == pytest.approx(1, abs=0.25)  # five standard deviations of the mean of 700 squares
    assert score.mean() == pytest.approx(0, abs=0.2)


def test_bits_that_cannot_be_set_are_counted_and_the_law_is_followed():
    parity = np.array([1, 0, 0, 1, 1], np.uint8)
    chances = np.array([0, 2**14, 0, 0, -(2**14)], np.int16)  # every symbol has but one value
    order = public_order(5)
    true = polar.read(parity ^ (chances != 0), order)
    for wrong in range(9):
        bits = true.copy()
        bits[np.random.default_rng(wrong).permutation(8)[:wrong]] ^= 1
        moves, forced = polar.sample(parity, chances, order, bits, np.full(8, 0.5))
        assert forced == wrong
        assert np.array_equal(moves, chances != 0)


@pytest.mark.parametrize("part", ["parity", "uniform", "bits"])
def test_parts_that_do_not_fit_are_refused(part):
    sizes = {"parity": 5, "uniform": 8, "bits": 8} | {part: 9}
    with pytest.raises(ValueError, match="do not fit"):
        polar.sample(
            np.zeros(sizes["parity"], np.uint8),
            np.zeros(5, np.int16),
            public_order(5),
            np.zeros(sizes["bits"], np.uint8),
            np.zeros(sizes["uniform"]),
        )


def test_read_only_parts_and_parts_with_gaps_are_as_good_as_others():
    rng = np.random.default_rng(3)
    parity, chances = draw_case(rng, 200)
    uniform, order, bits = rng.random(128), public_order(100), rng.integers(0, 2, 5).astype(np.uint8)
    uniform.flags.writeable = chances.flags.writeable = False
    views = polar.sample(parity[::2], chances[::2], order, bits, uniform)
    copies = polar.sample(parity[::2].copy(), chances[::2].copy(), order, bits, uniform.copy())
    assert np.array_equal(views[0], copies[0])
    assert np.array_equal(polar.certificate(chances[::2], order), polar.certificate(chances[::2].copy(), order))
