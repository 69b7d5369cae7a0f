# SPDX-License-Identifier: Apache-2.0
"""FAMO against its published algorithm in NumPy, and what it promises."""

import io
import math

import numpy as np
import pytest
import torch
from torch import nn

from semstego.losses.famo import Famo, FixedWeights, batch_statistics_untouched

torch.set_num_threads(1)

NAMES = ("reveal", "features", "critic")


def named(values):
    return {name: torch.tensor(float(value)) for name, value in zip(NAMES, values, strict=True)}


def falling(rng, steps=20):
    """Losses of very different sizes before and after each step."""
    before = 10.0 ** rng.uniform(-5, 1, (steps, 3))
    return before, before * rng.uniform(0.7, 1.2, (steps, 3))


def published(before, after, *, rate=0.025, decay=0.01, floor=1e-6):
    """Algorithm of Liu et al. 2023, in double precision: totals, gradient weights and z of each step."""
    w, m, v = np.zeros((3, before.shape[1]))
    for t, (old, new) in enumerate(zip(before + floor, after + floor, strict=True), 1):
        z = np.exp(w) / np.exp(w).sum()
        c = np.sum(z / old)
        delta = np.log(old) - np.log(new)
        jacobian = np.diag(z) - np.outer(z, z)
        g = jacobian.T @ delta + decay * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        yield np.sum(z / c * np.log(old)), z / old / c, np.exp(w) / np.exp(w).sum()


def test_twenty_steps_are_those_of_the_published_algorithm(rng):
    before, after = falling(rng)
    famo = Famo(NAMES)
    for old, new, (total, weights, z) in zip(before, after, published(before, after), strict=True):
        assert famo.combine(named(old)).item() == pytest.approx(total, rel=1e-5)
        assert list(famo.weights().values()) == pytest.approx(weights, rel=1e-5)
        famo.update(named(new))
        assert famo.logits.softmax(0).tolist() == pytest.approx(z, rel=1e-5)
        assert famo.entropy == pytest.approx(-np.sum(z * np.log(z)), rel=1e-5)
    assert famo.entropy < math.log(3) - 1e-4  # it did move


def test_it_agrees_with_another_implementation(rng):
    theirs = pytest.importorskip("torchjd.scalarization").FAMO(3, lr=0.025, weight_decay=0.01)
    famo = Famo(NAMES, floor=1e-8)
    for old, new in zip(*falling(rng), strict=True):
        assert famo.combine(named(old)).item() == pytest.approx(theirs(torch.tensor(old).float()).item(), rel=1e-5)
        famo.update(named(new))
        theirs.update(torch.tensor(new).float())


def test_the_lagged_use_compares_each_step_with_the_next(rng):
    losses, _ = falling(rng)
    famo = Famo(NAMES)
    for values in losses:
        famo.update(named(values))  # the first has nothing to compare with
        famo.combine(named(values))
    *_, (_, _, z) = published(losses[:-1], losses[1:])
    assert famo.logits.softmax(0).tolist() == pytest.approx(z, rel=1e-5)


def test_the_gradient_is_a_convex_combination_of_the_losses_gradients(rng):
    famo, point = Famo(NAMES), torch.from_numpy(rng.normal(size=5)).float().requires_grad_()
    famo.logits.copy_(torch.tensor([1.0, -2.0, 0.5]))
    losses = {"reveal": point.exp().sum(), "features": 1e-4 * point.square().mean(), "critic": point.sigmoid().mean()}
    each = {name: torch.autograd.grad(loss, point, retain_graph=True)[0] for name, loss in losses.items()}
    (found,) = torch.autograd.grad(famo.combine(losses), point)
    weights = famo.weights()
    torch.testing.assert_close(found, sum(weights[name] * each[name] for name in NAMES))
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) > 0


def test_a_loss_that_falls_more_than_the_others_loses_weight():
    famo = Famo(NAMES)
    for _ in range(10):
        famo.combine(named([1, 1e-4, 5]))
        famo.update(named([0.5, 0.9e-4, 4.5]))
    z = dict(zip(NAMES, famo.logits.softmax(0).tolist(), strict=True))
    assert z["reveal"] < 1 / 3 < z["features"]
    assert z["critic"] > 1 / 3
    assert famo.entropy < math.log(3)


def test_two_goals_of_different_scale_fall_at_the_same_rate():
    def left(balance, step):
        point = torch.zeros(2, requires_grad=True)
        optimiser = torch.optim.SGD([point], lr=step)

        def losses():
            return {"large": 100 * (point[0] - 1) ** 2, "small": 1e-2 * (point[1] - 1) ** 2}

        for _ in range(60):
            optimiser.zero_grad()
            balance.combine(losses()).backward()
            optimiser.step()
            with torch.no_grad():
                balance.update(losses())
        return [loss.item() / first for loss, first in zip(losses().values(), (100, 1e-2), strict=True)]

    large, small = left(FixedWeights({"large": 0.5, "small": 0.5}), 5e-3)
    assert small > 0.9 > large
    large, small = left(Famo(["large", "small"]), 1)
    assert max(large, small) < 0.2
    assert large == pytest.approx(small, rel=0.1)


def test_a_checkpoint_between_combine_and_update_goes_on_alike(rng):
    before, after = falling(rng, 12)
    first, second, file = Famo(NAMES), Famo(NAMES), io.BytesIO()
    for k, (old, new) in enumerate(zip(before, after, strict=True)):
        first.combine(named(old))
        if k == 5:
            torch.save(first.state_dict(), file)
            file.seek(0)
            second.load_state_dict(torch.load(file, weights_only=True))
            assert second.weights() == first.weights()
        elif k > 5:
            assert torch.equal(second.combine(named(old)), first.combine(named(old)))
        first.update(named(new))
        if k >= 5:
            second.update(named(new))
    assert all(torch.equal(a, second.state_dict()[name]) for name, a in first.state_dict().items())
    assert not list(first.parameters())  # nothing for an optimiser to find


@pytest.mark.parametrize("balance", [Famo(NAMES), FixedWeights(dict.fromkeys(NAMES, 1.0))])
def test_losses_that_cannot_be_combined_are_refused(balance):
    for bad in (-1e-3, math.nan, math.inf):
        with pytest.raises(ValueError, match="finite and at least 0"):
            balance.combine(named([1, bad, 1]))
    with pytest.raises(ValueError, match="expected the losses"):
        balance.combine({"reveal": torch.tensor(1.0), "features": torch.tensor(1.0)})
    with pytest.raises(ValueError, match="expected the losses"):
        balance.combine({**named([1, 1, 1]), "another": torch.tensor(1.0)})


def test_a_bad_loss_after_the_step_is_refused_and_a_loss_of_0_is_not():
    famo = Famo(NAMES)
    assert math.isfinite(famo.combine(named([1, 0, 1])))
    with pytest.raises(ValueError, match="finite and at least 0"):
        famo.update(named([1, math.nan, 1]))
    famo.update(named([1, 0, 0]))
    assert famo.logits.isfinite().all()


def test_sums_are_taken_in_float32_under_autocast():
    losses = {name: loss.bfloat16() for name, loss in named([0.7, 1e-5, 1.44]).items()}
    for balance in (Famo(NAMES), FixedWeights(dict.fromkeys(NAMES, 1.0))):
        outside = balance.combine({name: loss.float() for name, loss in losses.items()})
        with torch.autocast("cpu", torch.bfloat16):
            inside = balance.combine(losses)
        assert inside.dtype == torch.float32
        assert torch.equal(inside, outside)


def test_fixed_weights_are_a_weighted_sum_that_stays():
    balance = FixedWeights({"reveal": 1.0, "features": 10.0, "critic": 0.1})
    assert balance.combine(named([1, 2, 3])).item() == pytest.approx(21.3)
    balance.update(named([0, 0, 0]))
    assert balance.combine(named([1, 2, 3])).item() == pytest.approx(21.3)
    assert balance.weights()["features"] == 10
    assert not balance.state_dict()


@pytest.mark.parametrize("momentum", [0.1, None])
def test_batch_statistics_stay_bit_for_bit_while_batches_are_normalised(momentum):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=momentum), nn.Flatten(), nn.BatchNorm1d(64))
    batch = torch.randn(5, 3, 6, 6)
    first = net(batch)
    state = {name: value.clone() for name, value in net.state_dict().items()}
    with batch_statistics_untouched(net, net[1]):
        assert torch.equal(net(batch), first)
        assert net(torch.full_like(batch, math.nan)).isnan().all()
        net.eval()
        assert not torch.equal(net(batch), first)
        net.train()
    with pytest.raises(ValueError, match="4D input"), batch_statistics_untouched(net):
        net[1](torch.rand(3, 4))
    assert all(value.equal(state[name]) for name, value in net.state_dict().items())
    net(batch + 1)
    assert net[1].num_batches_tracked == 2  # counting again
    assert not torch.equal(net[1].running_mean, state["1.running_mean"])
