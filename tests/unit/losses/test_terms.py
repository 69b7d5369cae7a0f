# SPDX-License-Identifier: Apache-2.0
"""Every term against the paper's formula in NumPy, and against versions broken on purpose."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from semstego.losses.terms import (
    adversarial_loss,
    confusion_loss,
    cosine_loss,
    critic_loss,
    feature_loss,
    reconstruction_loss,
    reveal_loss,
)

torch.set_num_threads(1)


def entropy(logits, payload):
    p = 1 / (1 + np.exp(-logits))
    return np.mean(-(payload * np.log(p) + (1 - payload) * np.log(1 - p)))


def squared_error(first, second):
    return np.mean((first - second) ** 2)


def angle(first, second):
    return np.mean(
        [1 - np.sum(a * b) / math.sqrt(np.sum(a * a) * np.sum(b * b)) for a, b in zip(first, second, strict=True)]
    )


def odds(logits):
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def critic(cover, stego):
    return -(np.mean(np.log(odds(cover)[:, 0])) + np.mean(np.log(odds(stego)[:, 1]))) / 2


def doubt(cover, stego):
    return -(np.mean(np.log(odds(cover))) + np.mean(np.log(odds(stego)))) / 2 - math.log(2)


def bits(rng):
    return rng.normal(0, 3, (3, 40)), rng.integers(0, 2, (3, 40)).astype(float)


def features(rng):
    return rng.uniform(-1, 1, (3, 3, 5, 4)), rng.uniform(-1, 1, (3, 3, 5, 4))


def pictures(rng):
    return rng.random((3, 3, 5, 4)), rng.random((3, 3, 5, 4))


def logits(rng):
    return rng.normal(0, 2, (3, 2)), rng.normal(0, 2, (5, 2))


CASES = {  # the loss, its formula, what it is fed
    "reveal": (reveal_loss, entropy, bits),
    "features": (feature_loss, squared_error, features),
    "cosine": (cosine_loss, angle, features),
    "reconstruction": (reconstruction_loss, squared_error, pictures),
    "critic": (critic_loss, critic, logits),
    "adversarial": (adversarial_loss, lambda cover, stego: 1 / (critic(cover, stego) + 1e-6), logits),
    "confusion": (confusion_loss, doubt, logits),
}


def by_picture(cover, stego):
    return functional.cross_entropy(torch.cat([cover, stego]), torch.tensor([0] * len(cover) + [1] * len(stego)))


BROKEN = [
    ("reveal", "a sum", lambda a, b: reveal_loss(a, b) * a.numel()),
    ("reveal", "probabilities for logits", lambda a, b: reveal_loss(a.sigmoid(), b)),
    ("reveal", "sign", lambda a, b: reveal_loss(-a, b)),
    ("reveal", "bits of -1 and 1", lambda a, b: reveal_loss(a, 2 * b - 1)),
    ("features", "symbols", lambda a, b: feature_loss(127.5 * a, 127.5 * b)),
    ("features", "a sum per picture", lambda a, b: (a - b).square().sum((1, 2, 3)).mean()),
    ("features", "sign", lambda a, b: -feature_loss(a, b)),
    ("features", "absolute", functional.l1_loss),
    ("cosine", "per position", lambda a, b: (1 - functional.cosine_similarity(a, b, dim=1)).mean()),
    ("cosine", "one vector per batch", lambda a, b: cosine_loss(a.flatten()[None], b.flatten()[None])),
    ("cosine", "a sum", lambda a, b: cosine_loss(a, b) * len(a)),
    ("cosine", "sign", lambda a, b: cosine_loss(a, -b)),
    ("cosine", "symbols with their offset", lambda a, b: cosine_loss(127.5 * (a + 1), 127.5 * (b + 1))),
    ("reconstruction", "grey levels", lambda a, b: reconstruction_loss(255 * a, 255 * b)),
    ("reconstruction", "pictures in [-1, 1]", lambda a, b: reconstruction_loss(2 * a - 1, 2 * b - 1)),
    ("reconstruction", "a sum", lambda a, b: (a - b).square().sum()),
    ("reconstruction", "sign", lambda a, b: -reconstruction_loss(a, b)),
    ("critic", "labels swapped", lambda a, b: critic_loss(a.flip(1), b.flip(1))),
    ("critic", "a sum of the halves", lambda a, b: 2 * critic_loss(a, b)),
    ("critic", "all pictures weigh the same", by_picture),
    ("critic", "probabilities for logits", lambda a, b: critic_loss(a.softmax(1), b.softmax(1))),
    ("adversarial", "sign", lambda a, b: -critic_loss(a, b)),
    ("adversarial", "not the reciprocal", critic_loss),
    ("adversarial", "a sum of the halves", lambda a, b: 1 / (2 * critic_loss(a, b) + 1e-6)),
    ("confusion", "ln 2 stays", lambda a, b: confusion_loss(a, b) + math.log(2)),
    ("confusion", "stego alone", lambda a, b: confusion_loss(b, b)),
    ("confusion", "a sum of the halves", lambda a, b: 2 * confusion_loss(a, b)),
    ("confusion", "sign", lambda a, b: -confusion_loss(a, b)),
]


def agrees(loss, formula, drawn):
    return loss(*map(torch.from_numpy, drawn)).item() == pytest.approx(formula(*drawn), rel=1e-9)


@pytest.mark.parametrize(("loss", "formula", "draw"), CASES.values(), ids=CASES)
def test_a_term_is_the_papers_formula(loss, formula, draw, rng):
    assert all(agrees(loss, formula, draw(rng)) for _ in range(20))
    single = loss(*(torch.from_numpy(a).float() for a in draw(rng)))
    assert single.dtype == torch.float32
    assert single.shape == ()
    assert single.item() >= 0


@pytest.mark.parametrize(("name", "broken"), [(n, b) for n, _, b in BROKEN], ids=[f"{n}: {w}" for n, w, _ in BROKEN])
def test_a_wrong_range_sign_or_reduction_would_be_seen(name, broken, rng):
    _, formula, draw = CASES[name]
    assert not any(agrees(broken, formula, draw(rng)) for _ in range(5))


@pytest.mark.parametrize(("loss", "formula", "draw"), CASES.values(), ids=CASES)
def test_gradients_are_those_of_the_formula(loss, formula, draw, rng):
    drawn = tuple(torch.from_numpy(a) for a in draw(rng))
    free = tuple(a.requires_grad_(loss is not reveal_loss or k == 0) for k, a in enumerate(drawn))  # bits are given
    assert torch.autograd.gradcheck(loss, free)


@pytest.mark.parametrize("loss", [reveal_loss, feature_loss, cosine_loss, reconstruction_loss])
def test_shapes_that_would_broadcast_are_refused(loss):
    with pytest.raises(ValueError, match=r"shapes differ: \(2, 4\) and \(1, 4\)"):
        loss(torch.rand(2, 4), torch.rand(1, 4))


def test_units_are_worth_what_they_are_worth():
    step = torch.full((1, 3, 4, 4), 2 / 255)
    assert feature_loss(step, 0 * step).item() == pytest.approx(6.15e-5, rel=1e-3)
    assert feature_loss(127.5 * step, 0 * step).item() == pytest.approx(1)  # 127.5^2 as much
    assert reveal_loss(torch.zeros(2, 9), torch.ones(2, 9, dtype=torch.uint8)).item() == pytest.approx(math.log(2))


def test_the_cosine_of_nearly_equal_features_is_exact_in_float32_and_never_negative(rng):
    cover = rng.uniform(-1, 1, (8, 10800))
    stego = cover + rng.choice([0, 2 / 255], cover.shape, p=[0.999, 0.001])
    found = cosine_loss(torch.from_numpy(stego).float(), torch.from_numpy(cover).float()).item()
    assert found == pytest.approx(angle(stego, cover), rel=1e-3)
    longer = cosine_loss(torch.from_numpy(1.7 * cover).float(), torch.from_numpy(cover).float()).item()
    assert 0 <= longer < 1e-12


def test_the_adversarial_loss_rewards_a_wrong_critic_and_confusion_an_ignorant_one():
    cover, stego = torch.tensor([[5.0, -5.0]]), torch.tensor([[-5.0, 5.0]])
    right, chance, wrong = (cover, stego), (0 * cover, 0 * stego), (stego, cover)
    assert adversarial_loss(*chance).item() == pytest.approx(1 / math.log(2), rel=1e-5)
    assert adversarial_loss(*wrong) < adversarial_loss(*chance) < adversarial_loss(*right)
    assert confusion_loss(*chance).item() == 0
    assert confusion_loss(*wrong).item() == pytest.approx(confusion_loss(*right).item())
    assert confusion_loss(*right).item() == pytest.approx(math.log(math.cosh(5)))
    certain = 1e3 * cover
    assert adversarial_loss(certain, -certain).item() == pytest.approx(1e6)
    assert adversarial_loss(-certain, certain).item() < 1e-3


def test_confusion_is_never_negative_near_chance_in_float32():
    for logits in torch.randn(200, 64, 2, generator=torch.Generator().manual_seed(1)) * 1e-4:
        assert confusion_loss(logits, logits).item() >= 0


def test_the_slope_of_confusion_is_bounded_and_that_of_the_adversarial_loss_is_huge():
    d = torch.linspace(-20, 20, 801, dtype=torch.float64, requires_grad=True)
    pairs = torch.stack([d, 0 * d], 1)[:, None]
    slopes = {}
    for loss in (confusion_loss, adversarial_loss):
        (gradient,) = torch.autograd.grad(sum(loss(p, p.flip(1)) for p in pairs), d, retain_graph=True)
        slopes[loss] = gradient.abs().max().item()
    assert 0.49 < slopes[confusion_loss] <= 0.5
    assert slopes[adversarial_loss] == pytest.approx(250_000, rel=1e-3)
