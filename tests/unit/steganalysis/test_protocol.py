# SPDX-License-Identifier: Apache-2.0
"""Shortened protocols have the pairs and runs that were asked for."""

from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.steganalysis.protocol import LEARNING_CURVE, PAPER, RIGOROUS, shortened


@settings(deadline=None)
@given(st.sampled_from([RIGOROUS, PAPER]), st.integers(10, 20_000) | st.none(), st.integers(1, 20) | st.none())
def test_shortened_protocols_rise_to_what_is_asked_for_and_test_enough(protocol, pairs, seeds):
    short = shortened(protocol, pairs, seeds)
    assert short.train[-1] == (pairs or protocol.train[-1])
    assert list(short.train) == sorted(set(short.train))
    assert 10 <= short.validation <= protocol.validation
    assert 10 <= short.test <= protocol.test
    assert (len(short.train) == 1) == (protocol is PAPER or short.train[-1] <= LEARNING_CURVE[0])
    assert set(short.train[:-1]) <= set(LEARNING_CURVE)
    assert len(short.seeds) == (seeds or len(protocol.seeds))
