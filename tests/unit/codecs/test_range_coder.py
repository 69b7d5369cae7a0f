# SPDX-License-Identifier: Apache-2.0
"""The range coder writes the words of constriction, reads them alike, and refuses what constriction refuses."""

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.codecs.block.entropy import range_coder

queue = constriction.stream.queue


def laws_of(frequencies):
    return [constriction.stream.model.Categorical(row / 2**16, perfect=False) for row in frequencies]


def some_frequencies(rng, count):
    """Distributions of all kinds: one symbol has nearly all, a few have, or all have the like."""
    rows = []
    for _ in range(count):
        weights = rng.gamma(rng.choice([1e-3, 0.05, 5]), size=256) + 1e-300
        row = 1 + np.floor(weights / weights.sum() * (2**16 - 256)).astype(int)
        row[row.argmax()] += 2**16 - row.sum()
        rows.append(row)
    return np.array(rows, np.uint16)


@st.composite
def messages(draw):
    """Frequencies, symbols and the distribution of each."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frequencies = some_frequencies(rng, draw(st.integers(1, 4)))
    which = rng.integers(0, len(frequencies), draw(st.integers(1, 120))).astype(np.uint8)
    if draw(st.booleans()):
        values = [rng.choice(256, p=frequencies[row] / 2**16) for row in which]
    else:
        values = rng.choice([0, 1, 255, frequencies[0].argmax()], len(which))
    return frequencies, np.array(values, np.uint8), which


def written(frequencies, values, which, room=1000):
    """The words of our coder, or None if there was no room for them."""
    state, words = range_coder.writer(), np.zeros(room, np.uint32)
    bounds, order = range_coder.boundaries(frequencies), np.arange(len(which), dtype=np.int32)
    if not range_coder.encode(values, which, order, bounds, state, words):
        return None
    return range_coder.finish(state, words)


def read(frequencies, which, words):
    """Symbols, and whether the words may end there; None if no symbol begins so."""
    state, values = range_coder.reader(words), np.zeros(len(which), np.uint8)
    bounds, order = range_coder.boundaries(frequencies), np.arange(len(which), dtype=np.int32)
    if not range_coder.decode(which, order, bounds, state, words, values):
        return None
    return values.tolist(), range_coder.is_finished(state, words)


def written_by_constriction(frequencies, values, which):
    encoder, laws = queue.RangeEncoder(), laws_of(frequencies)
    for value, row in zip(values.tolist(), which, strict=True):
        encoder.encode(value, laws[row])
    return encoder.get_compressed()


def read_by_constriction(frequencies, which, words):
    decoder, laws = queue.RangeDecoder(words), laws_of(frequencies)
    try:
        return [decoder.decode(laws[row]) for row in which], decoder.maybe_exhausted()
    except AssertionError:
        return None


@settings(max_examples=200, deadline=None)
@given(messages())
def test_words_are_those_of_constriction(message):
    words = written(*message)
    assert np.array_equal(words, written_by_constriction(*message))
    assert read(message[0], message[2], words) == (message[1].tolist(), True)


@settings(max_examples=200, deadline=None)
@given(messages(), st.lists(st.sampled_from([0, 1, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1), max_size=40))
def test_any_words_are_read_or_refused_as_by_constriction(message, words):
    frequencies, _, which = message
    array = np.array(words, np.uint32)
    assert read(frequencies, which, array) == read_by_constriction(frequencies, which, array)


@settings(max_examples=200, deadline=None)
@given(messages(), st.integers(0, 2**32 - 1), st.integers(0, 31), st.integers(-2, 2))
def test_damaged_words_are_read_or_refused_as_by_constriction(message, where, bit, longer):
    frequencies, _, which = message
    words = written(*message)
    words[where % len(words)] ^= np.uint32(1 << bit)
    words = np.append(words, np.zeros(2, np.uint32))[: max(0, len(words) + longer)]
    assert read(frequencies, which, words) == read_by_constriction(frequencies, which, words)


@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_carry_goes_through_all_words_that_are_full(length):
    """Symbols of the number 0.05FFFF..., and at its end the last symbol, which is beyond it."""
    frequencies = np.full((1, 256), 256, np.uint16)
    full = np.array([5, *[2**32 - 1] * length, 2**31], np.uint32)
    which = np.zeros(4 * length + 6, np.uint8)
    values = np.array(read(frequencies, which, full)[0], np.uint8)
    carried = 0
    for end in range(4 * length, len(values) + 1):
        beyond = np.append(values[: end - 1], [255] * 8).astype(np.uint8)
        words = written(frequencies, beyond, np.zeros(len(beyond), np.uint8))
        assert np.array_equal(words, written_by_constriction(frequencies, beyond, np.zeros(len(beyond), np.uint8)))
        carried += words[0] == 6 and not words[1:length].any()
    assert carried


@given(messages())
@settings(max_examples=50, deadline=None)
def test_too_little_room_is_noticed(message):
    needed = len(written(*message))
    assert len(written(*message, room=needed)) == needed
    for room in range(max(0, needed - 3), needed):
        words = written(*message, room=room)
        assert words is None or len(words) > room


def test_boundaries_leave_no_symbol_without_a_part():
    bounds = range_coder.boundaries(some_frequencies(np.random.default_rng(1), 20))
    assert (bounds[:, 0] == 0).all()
    assert (bounds[:, -1] == 2**24).all()
    assert (np.diff(bounds.astype(int)) >= 1).all()
