# SPDX-License-Identifier: Apache-2.0
"""Stage II of the paper's codec: the very symbols of a reconstruction, and what is lost without parts of the search."""

import numpy as np
import pytest
import torch

from semstego.codecs import registry
from semstego.codecs.convolutional import integer_least_squares
from semstego.codecs.convolutional.affine_map import AffineMap
from semstego.codecs.convolutional.tabu_search import Intervals
from semstego.datasets.built.crops import crops

OPEN = ("learned-100", "learned-task", "learned-010", "learned-050", "learned-photo")


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def small(photographs):
    """A crop of CIFAR's kind of each of the bundled photographs in colour."""
    rng = np.random.default_rng(20261122)
    names = ("astronaut", "chelsea", "coffee", "rocket")
    return {name: next(crops(photographs[name], rng, kind="cifar")) for name in names}


def disturbed(symbols, rng):
    """Symbols of which every other one has moved by one, as LSB matching does at full rate."""
    moves = rng.integers(0, 2, symbols.values.shape) * rng.choice([-1, 1], symbols.values.shape)
    return symbols.with_values((symbols.values + moves).astype(np.uint8))


@pytest.mark.parametrize("name", OPEN)
def test_a_shipped_open_codec_gives_back_its_symbols_and_those_of_lsb_matching(name, small, rng):
    codec = registry.load(name)
    plain = codec.encode(small["chelsea"]).symbols
    for symbols in (plain, disturbed(plain, rng)):
        assert np.array_equal(codec.recover(codec.decode(symbols)).values, symbols.values)


def test_clipped_pixels_count_by_the_side_on_which_they_lie(small):
    codec = registry.load("learned-100")
    bright = np.clip(small["rocket"] * 1.3, 0, 255).astype(np.uint8)
    symbols = codec.encode(bright).symbols
    seen = codec.decode(symbols)
    assert np.isin(seen, (0, 255)).sum() > 20
    assert np.array_equal(codec.recover(seen).values, symbols.values)
    intervals = Intervals(np.array([0.0, 255, 128]).repeat(36).reshape(3, 6, 6), AffineMap(codec.network, 2, 2))
    errors = intervals.low[:, 3, 3], intervals.high[:, 3, 3]
    np.testing.assert_array_equal(errors, [[-np.inf, -0.501, -0.501], [0.501, np.inf, 0.501]])


def test_a_picture_that_the_codec_did_not_make_gives_symbols_all_the_same(small):
    codec = registry.load("learned-100")
    found = codec.recover(small["rocket"])
    assert (found.height, found.width, found.values.shape) == (64, 64, (3, 60, 60))


@pytest.mark.parametrize(
    ("broken", "where", "value"),
    [
        ("twenty steps, no feedback", integer_least_squares, {"MOST_STEPS": 20, "HELD": ()}),
        ("no feedback", integer_least_squares, {"HELD": ()}),
        ("no pull", integer_least_squares, {"PULL": 1e-9, "HELD": ()}),
    ],
)
def test_without_a_part_of_the_search_symbols_are_wrong(broken, where, value, small, rng, monkeypatch):
    monkeypatch.setattr(Intervals, "searched", lambda self, symbols: symbols)
    for name, part in value.items():
        monkeypatch.setattr(where, name, part)
    codec = registry.load("learned-100")
    symbols = disturbed(codec.encode(small["chelsea"]).symbols, rng)
    assert (codec.recover(codec.decode(symbols)).values != symbols.values).any(), broken


def test_the_last_search_is_needed_where_ds_shrinks_patterns(small, rng, monkeypatch):
    codec = registry.load("learned-photo")
    symbols = disturbed(codec.encode(small["chelsea"]).symbols, rng)
    monkeypatch.setattr(Intervals, "searched", lambda self, symbols: symbols)
    assert 0 < np.mean(codec.recover(codec.decode(symbols)).values != symbols.values) < 0.02


def test_right_symbols_put_every_pixel_into_its_interval_and_others_do_not(small):
    codec = registry.load("learned-100")
    symbols = codec.encode(small["chelsea"]).symbols.values.astype(float)
    seen = codec.decode(codec.encode(small["chelsea"]).symbols).transpose(2, 0, 1).astype(float)
    intervals = Intervals(seen, AffineMap(codec.network, 60, 60))
    assert intervals.outside(symbols) == 0
    for step in (-1, 1):
        wrong = symbols.copy()
        wrong[1, 30, 30] += step
        assert 0 < intervals.outside(wrong) < 250
        assert np.array_equal(intervals.searched(wrong), symbols)
