# SPDX-License-Identifier: Apache-2.0
"""The stored columns: their rules, and that nobody changes the format unnoticed."""

import hashlib

import numpy as np
import pytest

from semstego.coding import stc, submatrices
from semstego.coding.submatrix_table import TABLE

WIDTHS = [*range(1, 26), 63, 64, 65, 1024, 1025, 10**6]


@pytest.mark.parametrize("height", stc.HEIGHTS)
def test_first_and_last_row_are_ones_and_columns_differ_while_they_can(height):
    for width in WIDTHS:
        columns = submatrices.cycle(height, width)
        assert columns.dtype == np.uint16
        assert not columns.flags.writeable
        assert (columns & 1).all()
        assert (columns >> (height - 1) == 1).all()
        assert np.unique(columns).size == min(width, 1 << (height - 2))


@pytest.mark.parametrize("height", stc.HEIGHTS)
def test_the_table_has_every_width_to_twenty(height):
    assert [len(row.split()) for row in TABLE[height]] == list(range(1, 21))


def test_wide_blocks_start_with_the_widest_entry():
    assert np.array_equal(submatrices.cycle(10, 100)[:20], submatrices.cycle(10, 20))


def test_the_format_is_the_one_that_was_published():
    # A failure here means that pictures made before cannot be read any more.
    every = b"".join(submatrices.cycle(h, w).astype("<u2").tobytes() for h in stc.HEIGHTS for w in WIDTHS)
    assert hashlib.sha256(every).hexdigest() == "0066ba96d1ce267e790e6993b9fcfe5d47849511c9164771709e514215fd1746"
    bits = np.arange(5000) * 7919 % 104729 % 2
    read = b"".join(
        stc.extract(bits.astype(np.uint8), m, h).tobytes() for h in stc.HEIGHTS for m in (7, 499, 1700, 4999)
    )
    assert hashlib.sha256(read).hexdigest() == "a0ccbeb2b114e279e5ca81d9606e914b5bd8ae6728a71ba31f9aa0f78b1a7b99"
