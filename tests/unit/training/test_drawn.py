# SPDX-License-Identifier: Apache-2.0
"""Moves drawn by costs: the payload is kept, wet symbols stay, gradients go through lambda too."""

import numpy as np
import pytest
import torch

from semstego.coding import ternary
from semstego.training.drawn import drawn, entropy, logits_of

SHAPE = (2, 3, 8, 8)


def costs_of(seed):
    generator = torch.Generator().manual_seed(seed)
    costs = torch.randn((SHAPE[0], 2, *SHAPE[1:]), generator=generator).exp()
    dry = torch.rand(SHAPE, generator=generator) > 0.2
    return costs, dry, torch.tensor([40.0, 90.0])


@pytest.mark.parametrize("seed", range(3))
def test_the_payload_is_kept(seed):
    costs, dry, bits = costs_of(seed)
    torch.testing.assert_close(entropy(logits_of(costs, dry, bits)), bits, rtol=1e-3, atol=0)


@pytest.mark.parametrize("share", [0.3, 0.1, 0.02, 0.0])
def test_a_picture_with_few_symbols_that_may_move_is_given_what_these_hold(share):
    """A payload beyond that has no lambda, and gradients without a bound."""
    costs, _, bits = costs_of(7)
    dry = torch.rand(SHAPE, generator=torch.Generator().manual_seed(8)) < share
    costs.requires_grad_(True)
    logits = logits_of(costs, dry, bits)
    torch.testing.assert_close(entropy(logits), bits.minimum(dry.flatten(1).sum(1)), rtol=1e-3, atol=1e-3)
    (logits.softmax(1)[:, 1] * torch.randn(SHAPE, generator=torch.Generator().manual_seed(9))).sum().backward()
    assert costs.grad.abs().max() < 10  # without a limit 1e9 and more


def test_probabilities_are_those_of_the_code():
    """The code's own solver, in float64, is the oracle."""
    costs, dry, bits = costs_of(5)
    costs[:, 1] = costs[:, 0]
    chances = logits_of(costs, torch.ones_like(dry), bits).softmax(1)[0, 1:].sum(0)
    expected = ternary.change_probabilities(costs[0, 0].numpy().ravel(), float(bits[0]))
    np.testing.assert_allclose(chances.numpy().ravel(), expected, rtol=0.02, atol=1e-9)


def test_moves_come_as_often_as_they_should_and_wet_symbols_stay():
    costs, dry, bits = costs_of(1)
    logits = logits_of(costs, dry, bits)
    generator = torch.Generator().manual_seed(2)
    moves = torch.stack([drawn(logits, generator) for _ in range(4000)])
    assert set(moves.unique().tolist()) <= {-1.0, 0.0, 1.0}
    assert (moves[:, ~dry] == 0).all()
    chances = logits.softmax(1)
    for move, place in ((1, 1), (-1, 2)):
        np.testing.assert_allclose((moves == move).float().mean(0), chances[:, place], atol=0.04)


def test_a_cheaper_symbol_moves_at_the_expense_of_others():
    costs, dry, bits = costs_of(3)
    dry[:] = True
    costs.requires_grad_(True)
    chance = logits_of(costs, dry, bits).softmax(1)[0, 1, 0, 0, 0]
    others = logits_of(costs, dry, bits).softmax(1)[0, 1, 1:].sum()
    own, of_others = torch.autograd.grad(chance, costs, retain_graph=True)[0], torch.autograd.grad(others, costs)[0]
    assert own[0, 0, 0, 0, 0] < 0 < of_others[0, 0, 0, 0, 0]


def test_gradients_are_those_of_finite_differences():
    costs, dry, bits = costs_of(4)
    costs, weights = costs.double(), torch.randn(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def value(costs):
        return (logits_of(costs, dry, bits.double()).softmax(1)[:, 1] * weights).sum()

    at = costs.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(value(at), at)
    for place in ((0, 0, 0, 0, 0), (1, 1, 2, 3, 4), (0, 1, 1, 7, 7)):
        step = torch.zeros_like(costs)
        step[place] = 1e-3
        slope = (value(costs + step) - value(costs - step)) / 2e-3
        assert gradient[place].item() == pytest.approx(slope.item(), rel=0.05, abs=1e-4)


def test_gradients_reach_the_costs_through_moves_and_are_finite():
    costs, dry, bits = costs_of(6)
    costs.requires_grad_(True)
    moves = drawn(logits_of(costs, dry, bits), torch.Generator().manual_seed(0))
    (moves * torch.randn(SHAPE)).sum().backward()
    assert torch.isfinite(costs.grad).all()
    assert costs.grad.abs().sum() > 0
