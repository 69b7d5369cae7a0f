# SPDX-License-Identifier: Apache-2.0
"""The payloads of a training: their lengths, their positions, and that each step has its own."""

from collections import namedtuple

import numpy as np
import pytest
import torch

from semstego.training.payload import random_payload
from tests.unit.training.runs import STEPS, TINY, messages_of


def drawn(plan, *shape, seed=0, longest=False):
    """The payload of a batch of pictures ``(b, c, h, w)``."""
    return random_payload(plan, torch.zeros(*shape), torch.Generator().manual_seed(seed), longest=longest)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (32, 32), (17, 23), (64, 64)])
def test_a_tenth_of_a_bit_per_pixel_is_rounded_to_whole_bits(tiny, height, width):
    plan = tiny(payload_bpp=0.1)
    payload = drawn(plan, 3, 3, height, width)
    assert payload.bits.shape == (3, payload.length) == (3, round(0.1 * height * width))
    assert payload.message.shape == (3, 1, height, width)
    assert torch.equal(payload.message.flatten(1), payload.bits[:, payload.positions])
    copies = np.bincount(payload.positions)
    assert copies.max() - copies.min() <= 1  # each bit as often as the others, and not always at the same positions
    assert (drawn(plan, 3, 3, height, width, seed=1).positions != payload.positions).any()


@pytest.mark.parametrize(("settings", "bits"), [({"payload_bpp": 0.0001}, 1), ({}, 768), ({"payload_bpp": 1.5}, 384)])
def test_a_payload_has_a_bit_at_least_and_fills_the_message_if_none_is_given(tiny, settings, bits):
    assert drawn(tiny(architecture={**TINY, "depth": 3}, **settings), 1, 3, 16, 16).length == bits


def test_of_a_range_of_payloads_every_batch_has_another_and_leaves_the_rest_unused(tiny):
    plan, lengths = tiny(payload_bpp=[0.1, 0.6]), []
    for step in range(40):
        payload = drawn(plan, 2, 3, 16, 16, seed=step)
        lengths.append(payload.length)
        assert (payload.message == 0.5).sum() == 2 * (256 - lengths[-1])
        border = torch.ones(16, 16, dtype=torch.bool)
        border[2:-2, 2:-2] = False
        assert (payload.message[0, 0][border] != 0.5).sum() == max(0, lengths[-1] - 144)
    assert min(lengths) >= 26
    assert max(lengths) <= 154
    assert len(set(lengths)) > 20
    assert drawn(plan, 2, 3, 16, 16, longest=True).length == 154


def test_the_logits_of_a_payload_are_found_whatever_was_drawn_in_between(tiny):
    """What a step reveals belongs to its own payload; nothing is kept from one payload to the next."""
    plan = tiny(payload_bpp=[0.1, 0.6])
    first, second = (drawn(plan, 2, 3, 16, 16, seed=seed) for seed in (1, 2))
    expected = first.bits * 2 - 1, 1 - first.bits * 2
    output = namedtuple("Output", ["logits_1", "logits_2"])(first.message * 2 - 1, 1 - first.message * 2)
    assert first.length != second.length
    assert all(torch.equal(one, other) for one, other in zip(first.logits(output), expected, strict=True))


def test_every_step_has_a_message_of_its_own_and_validations_share_one(tiny, tmp_path):
    plan = tiny(epochs=3, payload_bpp=0.5, weights="famo-lagged")
    training, validation = messages_of(plan, tmp_path / "one")
    pictures = torch.cat([message.flatten(1) for message in training])
    assert len(training) == 3 * STEPS
    assert set(pictures.unique().tolist()) == {0, 1}
    assert len(pictures.unique(dim=0)) == 3 * STEPS * 4
    assert pictures.mean().item() == pytest.approx(0.5, abs=0.04)
    apart = (pictures[:-4] != pictures[4:]).float().mean().item()
    assert apart == pytest.approx(0.5, abs=0.04)  # from step to step
    assert len(validation) == 3 * 2  # figures and examples
    assert all(torch.equal(one, validation[place % 2]) for place, one in enumerate(validation))
    again, _ = messages_of(plan, tmp_path / "two")
    assert all(torch.equal(one, other) for one, other in zip(training, again, strict=True))
