# SPDX-License-Identifier: Apache-2.0
"""Repetition: every bit as often as any other, order by key, and what the mean over copies is worth."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.errors import ArgumentError
from semstego.message.cipher import Key
from semstego.schemes.spreading import gathered, keyed, seats, spread, tiled

KEY = Key(bytes(32))
KINDS = {
    "tiled": tiled,
    "keyed": lambda payload_bits, carriers: keyed(payload_bits, carriers, KEY, b"picture"),
}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)


@st.composite
def lengths(draw):
    """Bits of a payload, and at least as many carriers."""
    payload_bits = draw(st.integers(1, 300))
    return payload_bits, draw(st.integers(payload_bits, 12 * payload_bits))


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(lengths())
def test_all_bits_have_the_same_number_of_copies_up_to_one(kind, both):
    payload_bits, carriers = both
    positions = KINDS[kind](payload_bits, carriers)
    copies = np.bincount(positions, minlength=payload_bits)
    assert len(positions) == copies.sum() == carriers
    assert len(copies) == payload_bits
    assert copies.max() - copies.min() <= 1
    assert copies.min() >= 1


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(lengths(), st.integers(1, 3), st.integers(0, 1000))
def test_what_was_spread_is_gathered_again(kind, both, pictures, seed):
    payload_bits, carriers = both
    positions = KINDS[kind](payload_bits, carriers)
    payload = torch.randint(2, (pictures, payload_bits), generator=torch.Generator().manual_seed(seed)).float()
    message = spread(payload, positions)
    assert message.shape == (pictures, carriers)
    assert torch.equal(gathered(message, positions, payload_bits), payload)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(lengths(), st.integers(0, 1000))
def test_a_bits_logit_is_the_mean_over_its_copies(kind, both, seed):
    payload_bits, carriers = both
    positions = KINDS[kind](payload_bits, carriers)
    logits = np.random.default_rng(seed).normal(0, 3, (2, carriers))
    found = gathered(torch.from_numpy(logits), positions, payload_bits).numpy()
    for picture in range(2):
        held = [[] for _ in range(payload_bits)]
        for bit, logit in zip(positions.tolist(), logits[picture].tolist(), strict=True):
            held[bit].append(logit)
        assert np.allclose(found[picture], [math.fsum(copies) / len(copies) for copies in held], rtol=0, atol=1e-12)


def test_the_tiled_message_is_the_payload_over_and_over():
    payload = torch.tensor([[1.0, 0, 0], [0.0, 1, 1]])
    message = spread(payload, tiled(3, 8))
    assert message.tolist() == [[1, 0, 0, 1, 0, 0, 1, 0], [0, 1, 1, 0, 1, 1, 0, 1]]


@settings(deadline=None, max_examples=25)
@given(lengths(), st.binary(max_size=9))
def test_a_key_deals_the_same_copies_in_another_order(both, context):
    payload_bits, carriers = both
    dealt = keyed(payload_bits, carriers, KEY, context)
    assert np.array_equal(np.sort(dealt), np.sort(tiled(payload_bits, carriers)))
    assert np.array_equal(dealt, keyed(payload_bits, carriers, Key(bytes(32)), context))


def test_another_key_or_context_deals_anew(key):
    first = keyed(200, 4096, key, b"one")
    for other in (keyed(200, 4096, KEY, b"one"), keyed(200, 4096, key, b"two"), tiled(200, 4096)):
        assert (first == other).mean() < 0.03  # 1 in 200 by chance


def test_the_keyed_copies_of_a_bit_lie_apart_at_random(key):
    """Tiled copies all lie at the same distance, which anybody can find in a stego."""
    distances = {}
    for name, positions in (("tiled", tiled(100, 4000)), ("keyed", keyed(100, 4000, key, b""))):
        places = np.argsort(positions, kind="stable").reshape(100, 40)
        distances[name] = np.diff(places, axis=1)
    assert set(distances["tiled"].ravel()) == {100}
    assert distances["keyed"].mean() == pytest.approx(100, rel=0.1)
    assert distances["keyed"].std() > 50


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
def test_every_bit_has_a_seat_and_the_interior_its_own_place(kernel, more_rows, more_columns):
    edge = kernel - 1
    height, width = 8 * edge + more_rows, 8 * edge + more_columns
    places = seats(height, width, kernel)
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


def test_pictures_of_more_border_than_interior_have_no_seats():
    assert len(seats(14, 14, 3)) == 200
    with pytest.raises(ArgumentError, match="more border than interior"):
        seats(13, 13, 3)
    with pytest.raises(ArgumentError, match="more border than interior"):
        seats(3, 100, 3)
