# SPDX-License-Identifier: Apache-2.0
"""A sender's random numbers: pinned for a seed, even, and never the same twice."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.message import cipher
from semstego.message.draws import Draws

SEED = bytes(range(32))


def test_numbers_are_the_keystream_of_the_seed():
    stream = cipher.keystream(SEED, 16 + 5 * 8)
    draws = Draws(SEED)
    assert draws.bits(128).tolist() == np.unpackbits(np.frombuffer(stream[:16], np.uint8)).tolist()
    wanted = [(int.from_bytes(stream[16 + 8 * i :][:8], "little") >> 11) / 2**53 for i in range(5)]
    assert draws.uniform((5,)).tolist() == wanted


@given(st.lists(st.integers(0, 7), max_size=3).map(tuple))
def test_uniform_numbers_have_the_shape_and_lie_in_0_to_1(shape):
    found = Draws(SEED).uniform(shape)
    assert found.shape == shape
    assert ((found >= 0) & (found < 1)).all()


@given(st.integers(0, 50))
def test_as_many_bits_as_are_asked_for(count):
    found = Draws(SEED).bits(count)
    assert found.shape == (count,)
    assert set(found.tolist()) <= {0, 1}


def test_numbers_are_even():
    draws = Draws(hashlib.sha256(b"even").digest())
    counts = np.histogram(draws.uniform((20_000,)), 20, (0, 1))[0]
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)
    assert draws.bits(20_000).mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(20_000))


def test_one_draw_is_not_the_next_and_fresh_ones_differ():
    draws = Draws(SEED)
    assert draws.uniform((4,)).tolist() != draws.uniform((4,)).tolist()
    assert Draws.fresh().uniform((4,)).tolist() != Draws.fresh().uniform((4,)).tolist()
