# SPDX-License-Identifier: Apache-2.0
"""The tables of 5G's LDPC code: sizes, structure, lifting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.coding.base_graphs import base_graph, lifting

SETS = (2, 3, 5, 7, 9, 11, 13, 15)
SIZES = sorted(size for first in SETS for size in (first << power for power in range(8)) if size <= 384)


@pytest.mark.parametrize(("number", "entries", "rows", "columns"), [(1, 316, 46, 68), (2, 197, 42, 52)])
def test_sizes_are_those_of_the_standard(number, entries, rows, columns):
    graph = base_graph(number)
    assert graph.rows.shape == graph.columns.shape == (entries,)
    assert graph.shifts.shape == (entries, 8)
    assert (graph.rows.max() + 1, graph.columns.max() + 1) == (rows, columns)
    assert graph.information == columns - rows
    assert graph.shifts.min() == 0
    assert (graph.shifts.max(axis=0) < [256, 384, 320, 224, 288, 352, 208, 240]).all()


@pytest.mark.parametrize("number", [1, 2])
def test_entries_are_in_order_and_no_place_has_two(number):
    graph = base_graph(number)
    places = list(zip(graph.rows.tolist(), graph.columns.tolist(), strict=True))
    assert places == sorted(set(places))


@pytest.mark.parametrize("number", [1, 2])
def test_each_row_from_the_fifth_on_has_a_parity_column_of_its_own(number):
    graph = base_graph(number)
    for row in range(4, graph.rows.max() + 1):
        own = graph.columns == graph.information + row
        assert graph.rows[own].tolist() == [row]
        assert (graph.shifts[own] == 0).all()
        assert (graph.columns[graph.rows == row] <= graph.information + row).all()


@pytest.mark.parametrize("number", [1, 2])
def test_the_core_can_be_solved_row_by_row(number):
    """The first parity column occurs three times, two of them with one shift; each other one twice, without a shift."""
    graph = base_graph(number)
    core = graph.rows < 4
    for column in range(4):
        shifts = graph.shifts[core & (graph.columns == graph.information + column)]
        assert len(shifts) == (3 if column == 0 else 2)
        if column:
            assert (shifts == 0).all()
        else:
            assert all(len(set(one)) == 2 for one in shifts.T.tolist())


def test_the_tables_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        base_graph(1).shifts[0, 0] = 1


@given(st.integers(1, 384))
def test_the_lifting_size_is_the_smallest_that_is_large_enough(least):
    size, number = lifting(least)
    assert size == SIZES[np.searchsorted(SIZES, least)]
    while size % 2 == 0 and size > 2:
        size //= 2
    assert size in (SETS[number], 1, 2)
    assert (number == 0) == (size <= 2)
