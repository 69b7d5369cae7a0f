# SPDX-License-Identifier: Apache-2.0
"""The public order: every index once, the same for ever, and as good as the same order made of floats."""

import hashlib
from math import log

import numpy as np
import pytest

from semstego.coding import polar, polar_order
from semstego.coding.polar_order import public_order

SIZES = [*range(1, 70), 1000, 4096, 6144]


def recursion(values):
    """a b and a + b - a b on all levels that are left of the nodes ``(nodes, length)``."""
    while values.shape[1] > 1:
        a, b = np.split(values, 2, axis=1)
        values = np.stack([a * b, a + b - a * b], axis=1).reshape(-1, a.shape[1])
    return values[:, 0]


def ensemble(symbols, size, wet):
    """Mean bounds of all indices where a share of the symbols is wet, each symbol for itself."""
    half = size // 2
    mean = (1 - wet) / 3 + wet
    plus = (1 - wet) ** 2 * 0.5325978593493471 + 1 - (1 - wet) ** 2
    both = np.arange(half) + half < symbols
    return recursion(np.stack([np.where(both, mean**2, mean), np.where(both, plus, 1)]))


def order_of_floats(symbols):
    """The order by its definition."""
    size = public_order(symbols).size
    found = np.array([ensemble(symbols, size, share * 0.985 / 19) for share in range(20)])
    fails = found > 8e-4 / log(2) / symbols
    rank = np.where(fails.any(axis=0), fails.argmax(axis=0), 20)
    return np.lexsort((found[np.minimum(rank, 19), np.arange(size)], -rank)).astype(np.int32)


@pytest.mark.parametrize("symbols", SIZES)
def test_every_index_comes_once_and_the_code_is_a_power_of_two(symbols):
    order = public_order(symbols)
    assert order.dtype == np.int32
    assert not order.flags.writeable
    assert order.size // 2 < max(2, symbols) <= order.size
    assert np.array_equal(np.sort(order), np.arange(order.size))


def test_a_code_without_symbols_is_refused():
    with pytest.raises(ValueError, match="needs a symbol"):
        public_order(0)


def test_the_first_wet_share_that_is_too_much_ranks_an_index_and_the_bound_there_ranks_its_equals():
    symbols = 100
    keys = polar_order._keys(polar_order._tree(7), symbols, np.uint64(2**62 * 8e-4 / log(2) / symbols))
    bounds = np.array([ensemble(symbols, 128, share * 0.985 / 19) for share in range(20)])
    rank = 20 - (keys >> np.uint64(59)).astype(int)
    assert len(set(rank)) > 10
    assert np.array_equal(rank, np.where(rank == 20, 20, (bounds > 8e-4 / log(2) / symbols).argmax(axis=0)))
    value = (keys & np.uint64(2**59 - 1)) / 2**58
    assert np.allclose(value, bounds[np.minimum(rank, 19), np.arange(128)], rtol=1e-9, atol=1e-15)


def test_products_are_exact_but_for_the_last_digits():
    rng = np.random.default_rng(5)
    one = 2**62
    for a, b in [(one, one), (one, 0), (one, 12345), (one - 1, one - 1), *rng.integers(0, one, (200, 2)).tolist()]:
        found = int(polar_order._product(np.uint64(a), np.uint64(b)))
        assert 0 <= (a * b >> 62) - found <= 2
        assert one not in (a, b) or found == a * b >> 62


@pytest.mark.parametrize("wet", [0.0, 0.4, 0.8])
@pytest.mark.parametrize("symbols", [1000, 4096, 5000])
def test_integers_certify_as_much_as_floats(symbols, wet):
    rng = np.random.default_rng(symbols)
    integers, floats = public_order(symbols), order_of_floats(symbols)
    counts = np.zeros(2)
    for _ in range(8):
        chances = rng.integers(0, 2**14 + 1, symbols) * (rng.random(symbols) >= wet)
        for number, order in enumerate((integers, floats)):
            counts[number] += polar.certificate(chances.astype(np.int16), order, polar.kl_for(0.49)).size
    assert counts[0] > 0.995 * counts[1] > 0
    assert counts[1] > 0.995 * counts[0]


GOLDEN = {
    1: "01acecb507abfe1a354aa8064f4af5d3f1acd019e37db3c11c97523b71c76e9d",
    2: "01acecb507abfe1a354aa8064f4af5d3f1acd019e37db3c11c97523b71c76e9d",
    3: "baed642339816affb3fe8719792d0e4ce82f12db72b7373d244eaa65445800fe",
    96: "a6e41a44c7d3963e68c07c943b73a99713aff97486e523912f8387dc771efb68",
    1000: "4e7c5dfca3b5c1aad2ec6cc8f86e4361be11899745dba1ad1d6b60f61f1688fb",
    4096: "48ac95293f29af35482b50ae9eb634c2d4fea344e54861a66c94a431dad7561e",
    6144: "4c54dd20e4857fd26ba6f73fc4e7c95db09017ac041b915b67074401a883a345",
    40001: "0431702e91f9ed77716440f6f8e134d92bb285018e1f56cdd0213e3a00c0fecc",
    262144: "0cb69df3c888efaa402fee437ee58e3f56342a3043e85db29e083580c9e591af",
    1000000: "8e7971146ba5e548ea7bb0e594b87f87d5b115228da75301521b5bc1065be80b",
}


@pytest.mark.parametrize("symbols", GOLDEN)
def test_the_order_is_the_one_that_was_published(symbols):
    # A failure here means that pictures made before cannot be read any more.
    assert hashlib.sha256(public_order(symbols).astype("<i4").tobytes()).hexdigest() == GOLDEN[symbols]
