# SPDX-License-Identifier: Apache-2.0
"""A frame in the learned scheme's message: masked, ordered by the key, and read by it alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.errors import InfeasibleError, NothingFoundError
from semstego.message.cipher import Key
from semstego.message.frame import HEADER_BITS
from semstego.schemes.learned.message_layout import MessageLayout
from semstego.schemes.learned.slots import repeated

SHAPE, KERNEL = (3, 32, 40), 3
KEYS = [Key(bytes([number] * 32)) for number in range(1, 4)]
BODY = 240  # bits


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)


def layout(key=KEYS[0], shape=SHAPE):
    return MessageLayout(shape, KERNEL, key)


def payload(seed, body=BODY):
    return np.random.default_rng(seed).integers(0, 2, HEADER_BITS + body, dtype=np.uint8)


def logits_of(message, sure=4.0):
    return sure * (2 * message - 1)


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("key", KEYS)
def test_a_payload_of_equal_bits_looks_like_fair_coins(key, value):
    """Zeros are a code word of zeros; without a mask anybody could count them."""
    message = layout(key).corrected(np.full(HEADER_BITS + BODY, value, np.uint8)).numpy()
    carried = message[message != 0.5]
    assert set(np.unique(carried).tolist()) == {0.0, 1.0}
    assert carried.size > 1500
    assert carried.mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(carried.size))


def test_nothing_of_a_payload_can_be_seen_in_what_two_keys_make_of_it():
    messages = [layout(key).corrected(payload(1)).numpy().ravel() for key in KEYS]
    both = (messages[0] != 0.5) & (messages[1] != 0.5)
    agree = (messages[0] == messages[1])[both].mean()
    assert agree == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(both.sum()))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(1, 30), st.sampled_from(KEYS))
def test_what_is_written_is_read_under_its_key_alone(seed, body_bytes, key):
    sent = payload(seed, 8 * body_bytes)
    logits = logits_of(layout(key).corrected(sent))
    assert np.array_equal(layout(key).corrected_reader(logits)(len(sent)), sent)
    other = next(one for one in KEYS if one != key)
    reader = layout(other).corrected_reader(logits)
    assert (reader(HEADER_BITS) != sent[:HEADER_BITS]).mean() > 0.2
    with pytest.raises(NothingFoundError):
        reader(len(sent))


def test_noise_is_corrected_and_places_that_carry_nothing_are_not_listened_to():
    rng, sent = np.random.default_rng(1), payload(1)
    message = layout().corrected(sent)
    logits = logits_of(message, 2.0) + torch.from_numpy(rng.normal(0, 2, message.shape).astype(np.float32))
    assert ((logits > 0) != (message > 0.5))[message != 0.5].float().mean() > 0.1
    logits[message == 0.5] = 50.0
    assert np.array_equal(layout().corrected_reader(logits)(len(sent)), sent)


def test_a_header_that_can_be_decoded_is_believed_and_one_of_noise_is_not():
    rng, plan, sent = np.random.default_rng(3), layout(), payload(1)
    message = plan.corrected(sent)
    decoded = 0
    for noise in np.repeat(np.linspace(2, 6, 9), 4):  # all, and hardly any, are decoded
        logits = logits_of(message, 2.0) + torch.from_numpy(rng.normal(0, noise, message.shape).astype(np.float32))
        reader = plan.corrected_reader(logits)
        if np.array_equal(reader(HEADER_BITS), sent[:HEADER_BITS]):
            assert len(reader(len(sent))) == len(sent)
            decoded += 1
        flips = torch.from_numpy(rng.normal(0, noise, message.shape).astype(np.float32))
        with pytest.raises(NothingFoundError):
            plan.corrected_reader(flips)(len(sent))
    assert 12 <= decoded <= 32, decoded


def test_the_border_is_used_last():
    message = layout().corrected(payload(1)).numpy()
    edge = KERNEL - 1
    assert (message != 0.5).any()
    border = np.ones(SHAPE, bool)
    border[:, edge:-edge, edge:-edge] = False
    assert (message[0][border] == 0.5).all()


def test_as_many_bits_as_it_says_have_a_code_and_no_more():
    plan = layout()
    most = plan.corrected_bits
    assert (plan.corrected(payload(1, most - HEADER_BITS)) != 0.5).all()
    with pytest.raises(InfeasibleError):
        plan.corrected(payload(1, most - HEADER_BITS + 16))
    reader = plan.corrected_reader(logits_of(plan.corrected(payload(1, 400))))
    assert len(reader(HEADER_BITS + 400)) == HEADER_BITS + 400
    with pytest.raises(NothingFoundError):
        reader(HEADER_BITS + 8 * plan.count)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 400), st.sampled_from([None, *KEYS]))
def test_repeated_bits_come_back_and_lie_where_the_key_says(seed, count, key):
    bits = np.random.default_rng(seed).integers(0, 2, count, dtype=np.uint8)
    plan = layout(key)
    positions = repeated(count, plan.count)
    message = plan.repeated(bits, positions)
    assert message.shape == (1, *SHAPE)
    assert np.array_equal(plan.averaged(logits_of(message), positions, count), bits)
    if key is None:  # as in the released code
        assert message.numpy().ravel().tolist() == np.resize(bits, plan.count).tolist()
