# SPDX-License-Identifier: Apache-2.0
"""Slots: apart from each other, the same wherever a part begins, and evenly spread over the code word."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.message.cipher import Key
from semstego.schemes.robust import layout
from semstego.schemes.robust.layout import BLOCKS, FORMATS, Grid

KEY, OTHER = Key(bytes(range(32))), Key(bytes(32))
GRIDS = st.builds(Grid, st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(1, 4))


@pytest.mark.parametrize("form", FORMATS)
def test_no_coefficient_of_a_cell_is_in_two_slots(form):
    grid = Grid(0, 0, 2, 3)
    known, _ = layout.pilots(KEY, grid, form.order)
    data = layout.data_slots(form, KEY, grid)
    for pilots, slots in zip(known.members, data.members, strict=True):
        used = np.concatenate([pilots.ravel(), slots.ravel()])
        assert len(set(used.tolist())) == used.size
        assert 0 <= used.min() <= used.max() < BLOCKS * layout.frequencies(form.order)


def test_pilots_are_the_same_frequencies_in_every_band():
    """In a band of another order, a coefficient has another number and the same two frequencies."""
    grid, seen = Grid(1, 2, 2, 2), []
    for order in (4, 5, 8):
        block, place = np.divmod(layout.pilots(KEY, grid, order)[0].members, layout.frequencies(order))
        seen.append(np.stack([block, (place + 1) // (order + 1), (place + 1) % (order + 1)]))
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[0], seen[2])
    assert seen[0][1:].max() <= layout.PILOT_ORDER


@settings(max_examples=25)
@given(GRIDS, st.sampled_from(FORMATS))
def test_a_part_has_the_slots_that_the_whole_has_there(grid, form):
    """Which is all that the reader of a crop needs."""
    whole = Grid(0, 0, grid.top + grid.rows, grid.left + grid.columns)

    def cut(values):
        by_cell = values.reshape(whole.rows, whole.columns, *values.shape[1:])
        return by_cell[grid.top :, grid.left :].reshape(grid.cells, *values.shape[1:])

    pairs = [(layout.pilots(KEY, grid)[0], layout.pilots(KEY, whole)[0])]
    pairs.append((layout.data_slots(form, KEY, grid), layout.data_slots(form, KEY, whole)))
    for part, all_of_it in pairs:
        for name in ("members", "signs", "dithers"):
            np.testing.assert_array_equal(getattr(part, name), cut(getattr(all_of_it, name)))
    np.testing.assert_array_equal(layout.places(form, KEY, grid), cut(layout.places(form, KEY, whole)))
    bits, all_bits = layout.pilots(KEY, grid)[1], layout.pilots(KEY, whole)[1]
    for some, every in zip(bits, all_bits, strict=True):
        np.testing.assert_array_equal(some, cut(every))


@settings(max_examples=40)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(4, 12), st.integers(4, 12), st.sampled_from(FORMATS))
def test_every_part_covers_the_code_word_evenly(top, left, rows, columns, form):
    """No eighth of the word has a third more or less than its share, wherever the part lies."""
    found = layout.places(form, KEY, Grid(top, left, rows, columns))
    assert 0 <= found.min() <= found.max() < form.word_bits
    counts = np.bincount(found.ravel() * 64 // form.word_bits, minlength=64)
    assert np.abs(counts / counts.mean() - 1).max() < 1 / 3
    distinct = len(np.unique(found))
    assert distinct > 0.75 * min(found.size, form.word_bits)  # drawn with replacement it would be 0.63


def test_keys_rows_and_formats_have_slots_of_their_own():
    grid = Grid(0, 0, 2, 2)
    mine, theirs = layout.data_slots(FORMATS[0], KEY, grid), layout.data_slots(FORMATS[0], OTHER, grid)
    assert (mine.members != theirs.members).mean() > 0.9
    assert (mine.members[:2] != mine.members[2:]).mean() > 0.9
    assert (layout.pilots(KEY, grid)[0].dithers != layout.pilots(OTHER, grid)[0].dithers).all()
    bits = layout.pilots(KEY, Grid(0, 0, 12, 12))[1].reshape(len(FORMATS), -1)
    for one in range(len(FORMATS)):
        for other in range(one):
            assert 0.4 < (bits[one] == bits[other]).mean() < 0.6


def test_formats_that_survive_most_come_first_and_need_most_room():
    assert layout.format_for(384, Grid(0, 0, 5, 5)).order == 4
    assert layout.format_for(384, Grid(0, 0, 3, 4)).order == 5
    assert layout.format_for(384, Grid(0, 0, 2, 2)).order == 8
    assert layout.format_for(384, Grid(0, 0, 1, 3)) is None
    assert layout.format_for(100, Grid(0, 0, 9, 9)) is None
    assert layout.format_for(8320, Grid(0, 0, 6, 7)).order == 8
    assert layout.format_for(8320, Grid(0, 0, 6, 6)) is None
