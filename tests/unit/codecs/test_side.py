# SPDX-License-Identifier: Apache-2.0
"""Rounding errors that a block codec tells the sender: of every block, in steps, and with the right sign."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.codecs import registry
from semstego.codecs.base import SIDE_SCALE
from semstego.codecs.block.basis import ONE

NAMES = ("cr085", "cr050", "cr025", "task")


def exact_symbols(codec, picture):
    """Symbols of whole blocks before rounding, ``(k, rows, columns)``, by NumPy."""
    basis = codec.basis(picture.shape[2])
    rows, columns = (side // basis.block for side in picture.shape[:2])
    cut = picture[: rows * basis.block, : columns * basis.block].astype(np.float64) - 128
    blocks = cut.reshape(rows, basis.block, columns, basis.block, -1).swapaxes(1, 2).reshape(rows, columns, -1)
    return np.einsum("kn,rcn->krc", basis.analysis / ONE, blocks) + 128


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from(NAMES), st.sampled_from([1, 3]), st.integers(32, 60))
def test_the_error_is_the_value_before_rounding_less_the_symbol(seed, name, channels, width):
    """Away from black and white nothing has to be closed, so every block has its error."""
    codec = registry.load(name)
    picture = np.random.default_rng(seed).integers(96, 160, (48, width, channels), np.uint8)
    encoding = codec.encode(picture)
    rows, columns = encoding.symbols.carrying
    side = encoding.side[:, :rows, :columns] / SIDE_SCALE
    np.testing.assert_allclose(side, exact_symbols(codec, picture) - encoding.symbols.carriers, atol=1e-4)
    assert np.abs(encoding.side.astype(int)).max() <= SIDE_SCALE // 2
    assert np.abs(side).mean() > 0.2  # errors of noise are even between -1/2 and 1/2


@pytest.mark.parametrize("name", NAMES[:3])
def test_where_closing_moved_a_block_nothing_is_known(name):
    codec = registry.load(name)
    picture = (np.random.default_rng(1).integers(0, 2, (96, 96, 3)) * 255).astype(np.uint8)
    encoding = codec.encode(picture)
    rows, columns = encoding.symbols.carrying
    exact = exact_symbols(codec, picture)
    moved = (np.floor(exact + 0.5) != encoding.symbols.carriers).any(axis=0)
    assert moved.any()
    side = encoding.side[:, :rows, :columns]
    assert not side[:, moved].any()
    np.testing.assert_allclose(side[:, ~moved] / SIDE_SCALE, (exact - encoding.symbols.carriers)[:, ~moved], atol=1e-4)
