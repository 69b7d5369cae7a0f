# SPDX-License-Identifier: Apache-2.0
"""Every bit is repeated as often as any other, the border comes last, and the mean over copies pays off."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.errors import ArgumentError
from semstego.schemes.learned.slots import gathered, interior_first, repeated, slot_bits, spread


def shuffled(payload_bits, count):
    """Repeated, and then in random order, as under a key."""
    return np.random.default_rng(payload_bits).permutation(repeated(payload_bits, count))


KINDS = {"repeated": repeated, "shuffled": shuffled}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)


@st.composite
def lengths(draw):
    """Bits of a payload, and at least as many positions."""
    payload_bits = draw(st.integers(1, 300))
    return payload_bits, draw(st.integers(payload_bits, 12 * payload_bits))


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(lengths())
def test_all_bits_have_the_same_number_of_copies_up_to_one(kind, both):
    payload_bits, count = both
    positions = KINDS[kind](payload_bits, count)
    copies = np.bincount(positions, minlength=payload_bits)
    assert len(positions) == copies.sum() == count
    assert len(copies) == payload_bits
    assert copies.max() - copies.min() <= 1
    assert copies.min() >= 1


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(lengths(), st.integers(1, 3), st.integers(0, 1000))
def test_what_was_spread_is_gathered_again(kind, both, pictures, seed):
    payload_bits, count = both
    positions = KINDS[kind](payload_bits, count)
    payload = torch.randint(2, (pictures, payload_bits), generator=torch.Generator().manual_seed(seed)).float()
    message = spread(payload, positions)
    assert message.shape == (pictures, count)
    assert torch.equal(gathered(message, positions, payload_bits), payload)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(lengths(), st.integers(0, 1000))
def test_a_bits_logit_is_the_mean_over_its_copies(kind, both, seed):
    payload_bits, count = both
    positions = KINDS[kind](payload_bits, count)
    logits = np.random.default_rng(seed).normal(0, 3, (2, count))
    found = gathered(torch.from_numpy(logits), positions, payload_bits).numpy()
    for picture in range(2):
        held = [[] for _ in range(payload_bits)]
        for bit, logit in zip(positions.tolist(), logits[picture].tolist(), strict=True):
            held[bit].append(logit)
        assert np.allclose(found[picture], [math.fsum(copies) / len(copies) for copies in held], rtol=0, atol=1e-12)


def test_the_repeated_message_is_the_payload_over_and_over():
    payload = torch.tensor([[1.0, 0, 0], [0.0, 1, 1]])
    message = spread(payload, repeated(3, 8))
    assert message.tolist() == [[1, 0, 0, 1, 0, 0, 1, 0], [0, 1, 1, 0, 1, 1, 0, 1]]


@settings(deadline=None, max_examples=25)
@given(lengths(), st.integers(0, 3600), st.integers(0, 1000))
def test_unused_positions_hold_no_bit_and_are_not_read(both, unused, seed):
    payload_bits, used = both
    positions = np.random.default_rng(seed).permutation(repeated(payload_bits, used + unused, used))
    payload = torch.randint(2, (2, payload_bits), generator=torch.Generator().manual_seed(seed)).float()
    message = spread(payload, positions)
    empty = message[0] == 0.5
    assert int(empty.sum()) == unused
    assert torch.equal(message[1] == 0.5, empty)
    filled = torch.where(message == 0.5, torch.tensor(1e6), message)
    assert torch.equal(gathered(filled, positions, payload_bits), payload)


@pytest.mark.parametrize("used", [99, 1001])
def test_more_bits_than_positions_are_refused(used):
    with pytest.raises(ArgumentError, match=f"100 bits do not fit {used} of 1000"):
        repeated(100, 1000, used)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 3), st.integers(9, 20), st.integers(9, 20), st.integers(2, 4), st.integers(0, 1000))
def test_the_border_comes_last_and_nothing_else_changes(depth, height, width, kernel, seed):
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(depth * height * width), (2, 1)), axis=1)
    found = interior_first(order, depth, height, width, kernel)
    assert np.array_equal(np.sort(found, 1), np.sort(order, 1))
    for before, after in zip(order.tolist(), found.tolist(), strict=True):
        inside = [
            kernel - 1 <= place // width % height <= height - kernel and kernel - 1 <= place % width <= width - kernel
            for place in after
        ]
        assert inside == sorted(inside, reverse=True)
        for wanted in (True, False):
            kept = [place for place, within in zip(after, inside, strict=True) if within == wanted]
            assert kept == [place for place in before if place in set(kept)]


@pytest.mark.parametrize("kind", KINDS)
def test_ten_copies_under_noise_are_worth_what_the_normal_distribution_says(kind):
    noise, generator = 1.5, torch.Generator().manual_seed(7)
    payload = torch.randint(2, (10, 1000), generator=generator).float()
    errors = {}
    for copies in (1, 10):
        positions = KINDS[kind](1000, 1000 * copies)
        clean = spread(payload, positions) * 2 - 1
        received = clean + noise * torch.randn(clean.shape, generator=generator)
        errors[copies] = ((gathered(received, positions, 1000) > 0) != (payload > 0.5)).float().mean().item()
        assert errors[copies] == pytest.approx(math.erfc(math.sqrt(copies / 2) / noise) / 2, abs=0.015)
    assert errors[10] < errors[1] / 10


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 5), st.integers(0, 40), st.integers(0, 40))
def test_every_bit_has_a_slot_and_the_interior_its_own_place(kernel, more_rows, more_columns):
    edge = kernel - 1
    height, width = 8 * edge + more_rows, 8 * edge + more_columns
    places = slot_bits(height, width, kernel)
    copies = np.bincount(places, minlength=height * width).reshape(height, width)
    inside = (slice(edge, height - edge), slice(edge, width - edge))
    first, second = places.reshape(2, height - 2 * edge, width - 2 * edge)
    rows, columns = np.divmod(first, width)
    assert np.array_equal(rows, np.broadcast_to(np.arange(edge, height - edge)[:, None], rows.shape))
    assert np.array_equal(columns, np.broadcast_to(np.arange(edge, width - edge), columns.shape))
    assert (copies[inside] == 1).all()
    border = np.ones((height, width), bool)
    border[inside] = False
    assert copies[border].min() >= 1
    assert np.ptp(copies[border]) <= 1
    assert border.ravel()[second.ravel()].all()


def test_pictures_of_more_border_than_interior_have_no_slots():
    assert len(slot_bits(14, 14, 3)) == 200
    with pytest.raises(ArgumentError, match="more border than interior"):
        slot_bits(13, 13, 3)
    with pytest.raises(ArgumentError, match="more border than interior"):
        slot_bits(3, 100, 3)
