# SPDX-License-Identifier: Apache-2.0
"""Headroom at both ends: what a block codec leaves dry cannot be pushed into clipping, at white as at black."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.codecs import registry
from semstego.codecs.block.basis import ONE

NAMES = ("cr085", "cr050", "cr025", "task")


def near_an_end(seed, channels, end, spread):
    """A ramp that starts at black or white, with noise; it has dry blocks and blocks that clip."""
    rng = np.random.default_rng(seed)
    depth = np.linspace(0, 120, 64)[None, :, None] + rng.normal(0, spread, (48, 64, channels))
    inside = np.clip(depth, 0, 255).astype(np.uint8)
    return inside if end == "black" else 255 - inside


def blocks_of(symbols):
    """Symbols less 128 of all whole blocks, ``(blocks, k)``."""
    return symbols.carriers.reshape(len(symbols.values), -1).T.astype(np.int64) - 128


def pushed(basis, blocks, end):
    """The two changes of each block that move one of its pixels farthest towards an end, made."""
    rows = np.arange(len(blocks))
    values = blocks @ basis.synthesis if end == "black" else -(blocks @ basis.synthesis)
    worst = (values - basis.headroom()).argmin(axis=1)
    moves = basis.synthesis[:, worst].T
    changed = blocks.copy()
    for k in np.abs(moves).argsort(axis=1)[:, -2:].T:
        changed[rows, k] += np.where((moves[rows, k] < 0) == (end == "black"), 1, -1)
    return changed


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10_000),
    st.sampled_from(NAMES),
    st.sampled_from([1, 3]),
    st.sampled_from(["black", "white"]),
    st.floats(0, 20),
)
def test_no_two_changes_of_a_dry_block_reach_an_end(seed, name, channels, end, spread):
    codec = registry.load(name)
    basis, encoding = codec.basis(channels), codec.encode(near_an_end(seed, channels, end, spread))
    rows, columns = encoding.symbols.carrying
    dry = ~encoding.wet[:rows, :columns].ravel()
    blocks = blocks_of(encoding.symbols)
    blocks[dry] = pushed(basis, blocks, end)[dry]
    values = blocks[dry] @ basis.synthesis
    assert values.min(initial=0) >= -128 * ONE
    assert values.max(initial=0) <= 127 * ONE
    changed = encoding.symbols.with_carriers((blocks.T + 128).astype(np.uint8).reshape(-1, rows, columns))
    assert (codec.recover(codec.decode(changed)).carriers == changed.carriers).all()


@pytest.mark.parametrize("end", ["black", "white"])
@pytest.mark.parametrize("name", NAMES)
def test_a_picture_at_an_end_is_wet_and_a_grey_one_is_dry(name, end):
    codec = registry.load(name)
    at_end = np.full((64, 64, 3), 0 if end == "black" else 255, np.uint8)
    assert codec.encode(at_end).wet.all()
    grey = codec.encode(np.full((64, 64, 3), 128, np.uint8))
    rows, columns = grey.symbols.carrying
    assert not grey.wet[:rows, :columns].any()
    assert grey.wet[rows:].all()
    assert grey.wet[:, columns:].all()
