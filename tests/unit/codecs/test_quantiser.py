# SPDX-License-Identifier: Apache-2.0
"""The quantiser of Eq. 9: our correction of it, what the literal formula does wrong, and gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semstego.codecs.convolutional.quantiser import Quantiser, Variant, picture_to_8_bit
from semstego.errors import ArgumentError

EVERY_BYTE = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
ONE = torch.ones(1)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)


def feature(value):
    return torch.full((1, 1, 1, 1), value)


@pytest.mark.parametrize("scale", range(1, 256))
def test_every_symbol_survives_the_way_through_features(scale):
    quantiser, scales = Quantiser(), torch.tensor([float(scale)])
    features = quantiser.to_features(EVERY_BYTE, scales)
    assert features.min() == -scale
    assert features.max() == scale
    assert torch.equal(quantiser.to_symbols(features, scales), EVERY_BYTE)


@given(
    symbols=arrays(np.uint8, (2, 3, 4, 5)),
    scales=st.lists(st.integers(1, 255), min_size=2, max_size=2),
    seed=st.integers(0, 1000),
)
def test_symbols_survive_whatever_moves_features_by_less_than_half_a_step(symbols, scales, seed):
    quantiser, scale = Quantiser(), torch.tensor(scales, dtype=torch.float32)
    symbols = torch.from_numpy(symbols)
    moved = torch.rand(symbols.shape, generator=torch.Generator().manual_seed(seed)) * 0.98 - 0.49  # steps
    features = quantiser.to_features(symbols, scale) + moved * 2 * scale.view(-1, 1, 1, 1) / 255
    assert torch.equal(quantiser.to_symbols(features, scale), symbols)


@pytest.mark.parametrize("scale", [1, 2, 77, 255])
def test_a_feature_in_range_moves_by_at_most_half_a_step(scale):
    quantiser, scales = Quantiser(), torch.tensor([float(scale)])
    features = torch.linspace(-scale, scale, 20001).view(1, 1, 1, -1)
    steps = (quantiser.straight_through(features, scales) - features) / (2 * scale / 255)
    assert steps.abs().max() <= 0.5 + 1e-3
    assert steps.abs().max() > 0.49
    assert steps.mean().abs() < 1e-3


def test_ties_go_to_the_even_symbol():
    # Scale 255 makes symbol = feature / 2 + 127.5, exact in floats.
    tied = torch.tensor([-255.0, -4.0, -2.0, 0.0, 2.0, 4.0]).view(1, 1, 1, -1)
    symbols = Quantiser(fixed_scale=255).to_symbols(tied, torch.tensor([255.0]))
    assert symbols.flatten().tolist() == [0, 126, 126, 128, 128, 130]


def test_ours_clamps_what_leaves_the_range():
    quantiser = Quantiser()
    assert quantiser.to_symbols(feature(1.3), ONE).item() == 255
    assert quantiser.to_symbols(feature(-7.0), ONE).item() == 0


def test_the_papers_ceil_shifts_all_features_up_by_half_a_step():
    features = torch.linspace(-1, 1, 20001).view(1, 1, 1, -1)
    steps = (Quantiser(Variant.PAPER).straight_through(features, ONE) - features) * 255 / 2
    assert steps.mean().item() == pytest.approx(0.5, abs=1e-3)
    assert steps.max().item() == pytest.approx(1.0, abs=1e-2)  # twice the largest error of ours
    assert steps.min() > -1e-4


@pytest.mark.parametrize(
    ("value", "symbol", "arrives"),
    [(1.0, 255, 1.0), (1.001, 0, -1.0), (1.01, 1, -0.992), (-1.0, 0, -1.0), (-1.01, 255, 1.0), (-1.5, 193, 0.514)],
)
def test_the_papers_modulus_turns_an_overflow_into_the_largest_error(value, symbol, arrives):
    """A stego feature 0.001 above the largest of its cover arrives as the smallest: an error of 2 scales."""
    quantiser = Quantiser(Variant.PAPER)
    assert quantiser.to_symbols(feature(value), ONE).item() == symbol
    assert quantiser.straight_through(feature(value), ONE).item() == pytest.approx(arrives, abs=1e-3)


def test_the_papers_ceil_does_not_return_its_own_symbols():
    quantiser = Quantiser(Variant.PAPER)
    worst = 0
    for scale in range(1, 256):
        scales = torch.tensor([float(scale)])
        again = quantiser.to_symbols(quantiser.to_features(EVERY_BYTE, scales), scales)
        worst = max(worst, (again != EVERY_BYTE).sum().item())
    assert 8 <= worst <= 64  # 32 of 256 where this was written


def test_the_scale_of_each_picture_is_taken_alone_and_fits_in_a_byte():
    features = torch.zeros(5, 2, 3, 3)
    features[1, 0, 0, 0] = -1.2
    features[2, 1, 2, 2] = 4.0
    features[3, 1, 2, 2] = 1000.0
    features[4, 0, 1, 1] = 0.9
    assert Quantiser(fixed_scale=None).scale(features).tolist() == [1, 2, 4, 255, 1]
    assert Quantiser().scale(features).tolist() == [1] * 5
    assert Quantiser(fixed_scale=3).scale(features).tolist() == [3] * 5


def test_pictures_of_a_batch_are_quantised_by_their_own_scales():
    quantiser = Quantiser(fixed_scale=None)
    features = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1, 5, 30.0]).view(
        -1, 1, 1, 1
    )
    scale = quantiser.scale(features)
    together = quantiser.straight_through(features, scale)
    for index in range(3):
        alone = slice(index, index + 1)
        assert torch.equal(quantiser.straight_through(features[alone], scale[alone]), together[alone])
    assert ((together - features).abs() <= scale.view(-1, 1, 1, 1) / 255 * 1.001).all()


@pytest.mark.parametrize("scale", [0, 256, -1])
def test_a_scale_that_does_not_fit_in_a_byte_is_refused(scale):
    with pytest.raises(ArgumentError, match="one byte"):
        Quantiser(fixed_scale=scale)


@pytest.mark.parametrize("variant", Variant)
def test_the_gradient_is_that_of_the_identity_also_out_of_range(variant):
    quantiser = Quantiser(variant)
    features = torch.linspace(-3, 3, 48).view(1, 3, 4, 4).requires_grad_()
    received = quantiser.straight_through(features, ONE)
    assert torch.equal(received, quantiser.to_features(quantiser.to_symbols(features, ONE), ONE))
    (received * torch.arange(48.0).view_as(received)).sum().backward()
    assert torch.equal(features.grad.flatten(), torch.arange(48.0))
    assert not quantiser.scale(features).requires_grad


def test_a_picture_in_8_bit_holds_multiples_of_a_255th_and_passes_the_gradient():
    picture = torch.linspace(-0.2, 1.2, 300).view(1, 3, 10, 10).requires_grad_()
    stored = picture_to_8_bit(picture)
    expected = (picture.detach().double() * 255).round().clamp(0, 255)
    assert torch.equal((stored.detach() * 255).double().round(), expected)
    assert torch.equal(stored.detach(), expected.float() / 255)
    assert torch.equal(picture_to_8_bit(stored), stored)
    stored.sum().backward()
    assert torch.equal(picture.grad, torch.ones_like(picture))
