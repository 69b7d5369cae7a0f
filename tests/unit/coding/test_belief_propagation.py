# SPDX-License-Identifier: Apache-2.0
"""Belief propagation: exact where the checks form a tree, and well behaved where they do not."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.coding.belief_propagation import propagated


def checks_of(*checks):
    """Checks by the numbers of their bits, as the kernel takes them."""
    starts = np.cumsum([0, *map(len, checks)])
    return starts.astype(np.int64), np.array([bit for check in checks for bit in check], dtype=np.int64)


def posteriors(evidence, checks):
    """log p(0) / p(1) of each bit over all words that meet the checks, by adding them up."""
    words = np.array(
        [
            word
            for word in product((0, 1), repeat=len(evidence))
            if all(not sum(word[b] for b in check) % 2 for check in checks)
        ]
    )
    weights = np.exp(-(words * evidence).sum(axis=1))
    ones = (words * weights[:, None]).sum(axis=0)
    return np.log((weights.sum() - ones) / ones)


TREES = [
    [(0, 1)],
    [(0, 1, 2)],
    [(0, 1, 2), (2, 3)],
    [(0, 1, 2), (2, 3, 4), (4, 5)],
    [(0, 1, 2, 3), (3, 4, 5), (3, 6), (6, 7, 8)],
]


@given(tree=st.sampled_from(TREES), data=st.data())
@settings(deadline=None)
def test_on_a_tree_beliefs_are_the_exact_posteriors(tree, data):
    bits = 1 + max(max(check) for check in tree)
    evidence = np.array(data.draw(st.lists(st.floats(-3, 3), min_size=bits, max_size=bits)))
    never = (bits,)  # a check of one bit that is surely 1 does not hold, so that all turns are taken
    found = propagated(np.append(evidence, -1000), *checks_of(*tree, never), 10)
    assert np.allclose(found[:-1], posteriors(evidence, tree), atol=1e-8)


def test_what_is_not_known_follows_from_what_is():
    beliefs = propagated(np.array([5.0, -4.0, 0.0]), *checks_of((0, 1, 2)), 1)
    assert beliefs[2] == pytest.approx(-2 * np.arctanh(np.tanh(2.5) * np.tanh(2.0)))


def test_where_nothing_is_known_nothing_is_said():
    assert not propagated(np.zeros(4), *checks_of((0, 1, 2), (2, 3)), 5).any()


def test_evidence_is_left_alone():
    evidence = np.array([5.0, -4.0, 0.5])
    propagated(evidence, *checks_of((0, 1, 2)), 3)
    assert evidence.tolist() == [5.0, -4.0, 0.5]


def test_it_ends_as_soon_as_the_checks_hold():
    evidence = np.array([3.0, 2.0, -0.5, 1.0])
    checks = checks_of((0, 1, 2), (1, 2, 3))
    assert np.array_equal(propagated(evidence, *checks, 1), propagated(evidence, *checks, 100))
    evidence = np.array([0.5, -0.6, 0.7, 0.1])
    assert not np.array_equal(propagated(evidence, *checks, 0), propagated(evidence, *checks, 100))


@given(
    st.lists(st.sampled_from([0.0, 1e-300, 0.3, 20.0, 40.0, 1e3, 1e300]), min_size=6, max_size=6), st.integers(0, 63)
)
@settings(deadline=None)
def test_no_evidence_is_too_large_or_too_small(magnitudes, signs):
    evidence = np.array(magnitudes) * (1 - 2 * (signs >> np.arange(6) & 1))
    beliefs = propagated(evidence, *checks_of((0, 1, 2, 3), (2, 3, 4), (0, 4, 5), (1, 5)), 30)
    assert np.isfinite(beliefs).all()
