# SPDX-License-Identifier: Apache-2.0
"""On a closed codec both stages read the very bits, and the stego is what it is said to be."""

import numpy as np
import pytest
from scipy.stats import binom

from semstego.codecs.base import Symbols
from semstego.codecs.block import operating_point
from semstego.errors import ArgumentError
from semstego.evaluation.closed_carriers import Closed, ClosedLsbMatching
from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import SyndromeScheme

BITS = 1600
CARRIERS = {
    "lsb": ClosedLsbMatching("cr085"),
    "syndrome": Closed("cr085"),
    "hill": Closed("cr085", SyndromeScheme(side_informed=False)),
    "suniward": Closed("cr085", SyndromeScheme(costs.suniward, side_informed=False)),
}


@pytest.fixture(scope="module")
def pictures(photographs):
    return np.stack([photographs[name][50:114, 100:164] for name in ("coffee", "chelsea", "astronaut")])


@pytest.fixture(scope="module")
def hidden(pictures):
    """By name, three pictures with their messages."""
    return {name: one.hide(pictures, BITS, np.random.default_rng(1)) for name, one in CARRIERS.items()}


def changes(found):
    return found.stego_symbols.astype(int) - found.cover_symbols


@pytest.mark.parametrize("name", CARRIERS)
def test_both_stages_read_every_bit(hidden, name):
    found = hidden[name]
    assert found.carried.all()
    assert found.payload.shape == (3, BITS)
    np.testing.assert_array_equal(found.read_1, found.payload)
    np.testing.assert_array_equal(found.read_2, found.payload)
    assert abs(found.payload.mean() - 0.5) < 0.05  # encrypted, or drawn
    assert (found.payload[0] != found.payload[1]).any()


@pytest.mark.parametrize("name", CARRIERS)
def test_pictures_are_the_reconstructions_of_the_symbols_and_encode_to_them_again(hidden, name):
    found, codec = hidden[name], operating_point.load("cr085").codec
    for symbols, seen in ((found.cover_symbols, found.covers), (found.stego_symbols, found.stegos)):
        for values, picture in zip(symbols, seen, strict=True):
            np.testing.assert_array_equal(codec.decode(Symbols(values, 64, 64, 3)), picture)
    for values, picture in zip(found.stego_symbols, found.stegos, strict=True):
        np.testing.assert_array_equal(codec.encode(picture).values, values)


@pytest.mark.parametrize("name", CARRIERS)
def test_symbols_change_by_one_and_never_where_they_must_not(hidden, pictures, name):
    found, codec = hidden[name], operating_point.load("cr085").codec
    assert np.abs(changes(found)).max() == 1
    for picture, change in zip(pictures, changes(found), strict=True):
        assert not (change * codec.encode_for_hiding(picture).wet).any()


def test_lsb_matching_changes_half_of_its_bits_and_syndromes_far_fewer(hidden):
    counts = {name: np.count_nonzero(changes(found), (1, 2, 3)) for name, found in hidden.items()}
    low, high = binom.interval(1 - 1e-6, BITS, 0.5)
    assert ((counts["lsb"] >= low) & (counts["lsb"] <= high)).all()
    for name in ("syndrome", "hill", "suniward"):
        assert (counts[name] < 0.7 * counts["lsb"]).all()


def test_without_side_information_costs_alone_decide(hidden):
    assert (hidden["hill"].stego_symbols != hidden["syndrome"].stego_symbols).any()
    assert (hidden["hill"].stego_symbols != hidden["suniward"].stego_symbols).any()


@pytest.mark.parametrize("name", ["lsb", "syndrome"])
def test_the_same_draws_give_the_same_stegos_and_others_do_not(pictures, hidden, name):
    again, other = (CARRIERS[name].hide(pictures, BITS, np.random.default_rng(seed)) for seed in (1, 2))
    np.testing.assert_array_equal(again.stego_symbols, hidden[name].stego_symbols)
    assert (other.stego_symbols != again.stego_symbols).any()


@pytest.mark.parametrize("bits", [8, 20_000])
def test_a_payload_that_does_not_fit_leaves_the_cover_and_says_so(pictures, hidden, bits):
    found = CARRIERS["syndrome"].hide(pictures[:1], bits, np.random.default_rng(1))
    assert not found.carried.any()
    np.testing.assert_array_equal(found.stego_symbols, hidden["syndrome"].cover_symbols[:1])
    np.testing.assert_array_equal(found.stegos, found.covers)
    assert found.payload.shape == (1, bits)


def test_lsb_matching_leaves_pictures_alone_whose_dry_symbols_are_too_few(pictures):
    half_white = pictures.copy()
    half_white[0, :, :40] = 255
    codec = operating_point.load("cr085").codec
    wet = codec.encode_for_hiding(half_white[0]).wet.mean()
    assert 0.3 < wet < 1
    symbols = codec.encode(half_white[0]).values.size
    found = CARRIERS["lsb"].hide(half_white, int(0.9 * symbols) // 8 * 8, np.random.default_rng(1))
    assert not found.carried[0]
    np.testing.assert_array_equal(found.stego_symbols[0], found.cover_symbols[0])
    with pytest.raises(ArgumentError, match="carries up to"):
        CARRIERS["lsb"].hide(pictures, symbols + 8, np.random.default_rng(1))
