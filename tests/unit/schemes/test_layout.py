# SPDX-License-Identifier: Apache-2.0
"""The keyed layout: a partition, the same for sender and receiver, different for every picture, key and nonce."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.message.cipher import Key
from semstego.schemes.syndrome.layout import SEGMENT_SYMBOLS, Layout

KEY = Key(bytes(32))


def layout(kept, blocks, key=KEY, seed=0):
    return Layout(np.random.default_rng(seed).integers(0, 256, (kept, blocks), np.uint8), key)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([(48, 16), (8, 100), (10, 256), (10, 1024), (24, 700), (10, 20_000)]),
    st.binary(min_size=8, max_size=8),
)
def test_anchors_header_and_body_are_a_partition(shape, nonce):
    plan = layout(*shape)
    body = [plan.segment(nonce, i, blocks) for i, blocks in enumerate(plan.body_blocks(nonce))]
    places = np.concatenate([plan.header, *body])
    assert len(np.unique(places)) == len(places) == len(plan.header) + plan.body_symbols
    anchors = np.setdiff1d(np.arange(np.prod(shape)), places)
    assert len(anchors) >= shape[0]
    assert max(len(segment) for segment in body) <= SEGMENT_SYMBOLS + shape[0]


def test_changing_header_and_body_symbols_changes_no_position():
    sender = layout(10, 1024)
    changed = sender.carriers.copy().ravel()
    everything = np.concatenate([sender.header, *sender.body_blocks(b"nonce 12")])
    changed[sender.header] ^= 1
    receiver = Layout(changed.reshape(10, 1024), KEY)
    assert len(everything)
    assert (receiver.header == sender.header).all()


@pytest.mark.parametrize("other", [layout(10, 20_000, seed=1), layout(10, 20_000, Key(bytes(31) + b"1"))])
def test_other_pictures_and_keys_share_header_positions_only_by_chance(other):
    first, second = set(layout(10, 20_000).header.tolist()), set(other.header.tolist())
    by_chance = len(first) * len(second) / 200_000
    assert len(first & second) < 2 * by_chance


def test_another_nonce_moves_the_body():
    plan = layout(10, 1024)
    first, second = (plan.segment(nonce, 0, plan.body_blocks(nonce)[0]) for nonce in (b"nonce  1", b"nonce  2"))
    assert (first != second).mean() > 0.9


@given(st.integers(0, 10_000))
def test_every_bit_has_its_segment(count):
    plan = layout(10, 20_000)
    bounds = plan.bounds(count)
    assert bounds[0] == 0
    assert bounds[-1] == count
    assert all(a <= b for a, b in pairwise(bounds))
