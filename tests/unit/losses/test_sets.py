# SPDX-License-Identifier: Apache-2.0
"""Which terms a set holds, in which order, and what each is made of, re-derived in NumPy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from semstego.losses.sets import SETS, Outcome, ours, paper8, released9
from semstego.losses.terms import confusion_loss

torch.set_num_threads(1)

PAPER = ["reveal_1", "reveal_2", "features", "cosine", "reconstruction", "semantic", "critic_1", "critic_2"]
RELEASED = ["cover", "semantic", "features", "cosine", "reconstruction", "stage_1", "stage_2", "critic_1", "critic_2"]


class Brightness:
    """A task: is the first, the second or the third colour the brightest?"""

    def task_loss(self, picture, target):
        return functional.cross_entropy(picture.mean((2, 3)), target)

    def task_score(self, picture, target):
        return (picture.mean((2, 3)).argmax(1) == target).float()


@pytest.fixture
def outcome(rng):
    def uniform(low, high, *shape):
        return torch.from_numpy(rng.uniform(low, high, shape)).requires_grad_()

    return Outcome(
        cover=uniform(0, 1, 2, 3, 6, 6).detach(),
        target=torch.tensor([2, 0]),
        cover_features=uniform(-1, 1, 2, 3, 4, 5),
        stego_features=uniform(-1, 1, 2, 3, 4, 5),
        cover_reconstruction=uniform(0, 1, 2, 3, 6, 6),
        stego_reconstruction=uniform(0, 1, 2, 3, 6, 6),
        payload=torch.from_numpy(rng.integers(0, 2, (2, 36)).astype(float)),
        logits_1=uniform(-3, 3, 2, 36),
        logits_2=uniform(-3, 3, 2, 36),
        task=Brightness(),
        critic_logits_1=(uniform(-2, 2, 2, 2), uniform(-2, 2, 2, 2)),
        critic_logits_2=(uniform(-2, 2, 2, 2), uniform(-2, 2, 2, 2)),
    )


def values(losses):
    return {name: loss.item() for name, loss in losses.items()}


def facts(outcome):
    """The pieces as the formulas name them."""

    def array(tensor):
        return tensor.detach().numpy()

    def mse(a, b):
        return np.mean((array(a) - array(b)) ** 2)

    def bce(logits):
        p = 1 / (1 + np.exp(-array(logits)))
        return -np.mean(np.where(array(outcome.payload) == 1, np.log(p), np.log(1 - p)))

    def task(picture):
        scores = array(picture).mean((2, 3))
        return np.mean([np.log(np.exp(row).sum()) - row[t] for row, t in zip(scores, (2, 0), strict=True)])

    def inverse_of_critic(cover, stego):
        right = [np.exp(a[:, k]) / np.exp(a).sum(1) for k, a in enumerate((array(cover), array(stego)))]
        return 1 / (-np.mean(np.log(right)) + 1e-6)

    def cosine(axes):
        a, b = array(outcome.stego_features), array(outcome.cover_features)
        return np.mean(1 - (a * b).sum(axes) / np.sqrt((a * a).sum(axes) * (b * b).sum(axes)))

    return {
        "bce": (bce(outcome.logits_1), bce(outcome.logits_2)),
        "features": mse(outcome.stego_features, outcome.cover_features),
        "cosine": cosine((1, 2, 3)),
        "cosine per position": cosine(1),
        "pair": mse(outcome.stego_reconstruction, outcome.cover_reconstruction),
        "cover": (mse(outcome.cover_reconstruction, outcome.cover), task(outcome.cover_reconstruction)),
        "stego": (mse(outcome.stego_reconstruction, outcome.cover), task(outcome.stego_reconstruction)),
        "critics": (inverse_of_critic(*outcome.critic_logits_1), inverse_of_critic(*outcome.critic_logits_2)),
    }


def test_the_papers_eight_losses(outcome):
    found, fact = values(paper8(outcome)), facts(outcome)
    semantic = 0.99 * fact["stego"][0] + 0.01 * fact["stego"][1]
    expected = [*fact["bce"], fact["features"], fact["cosine"], fact["pair"], semantic, *fact["critics"]]
    assert list(found) == PAPER
    assert list(found.values()) == pytest.approx(expected, rel=1e-9)


def test_ours_asks_the_codec_to_serve_covers_too(outcome):
    found, fact = values(ours(outcome)), facts(outcome)
    assert list(found) == [*PAPER, "cover"]
    assert found.pop("cover") == pytest.approx(0.99 * fact["cover"][0] + 0.01 * fact["cover"][1], rel=1e-9)
    assert found == values(paper8(outcome))


def test_the_released_codes_nine_losses_with_pictures_in_its_units(outcome):
    found, fact = values(released9(outcome)), facts(outcome)
    (cover, cover_task), (stego, stego_task) = fact["cover"], fact["stego"]
    expected = [
        4 * cover + 0.01 * cover_task,
        4 * stego + 0.01 * stego_task,
        fact["features"],
        fact["cosine per position"],
        4 * fact["pair"],
        fact["bce"][0] + fact["features"] + 4 * stego,
        fact["bce"][1] + 4 * fact["pair"] + 4 * stego,
        *fact["critics"],
    ]
    assert list(found) == RELEASED
    assert list(found.values()) == pytest.approx(expected, rel=1e-9)
    signed = {
        name: 2 * getattr(outcome, name) - 1 for name in ("cover", "cover_reconstruction", "stego_reconstruction")
    }
    double = values(released9(replace(outcome, **signed, task=None)))
    assert double["cover"] == pytest.approx(16 * cover, rel=1e-9)  # pictures in [-1, 1] would count twice


@pytest.mark.parametrize("name", SETS)
def test_without_task_and_critics_their_terms_are_left_out(outcome, name):
    bare = replace(outcome, task=None, target=None, critic_logits_1=None, critic_logits_2=None)
    found, fact = values(SETS[name](bare)), facts(outcome)
    assert list(found) == [n for n in values(SETS[name](outcome)) if not n.startswith("critic")]
    scale = 4 if name == "released9" else 1
    assert found["semantic"] == pytest.approx(scale * fact["stego"][0], rel=1e-9)
    assert found.get("cover", scale * fact["cover"][0]) == pytest.approx(scale * fact["cover"][0], rel=1e-9)
    one = SETS[name](replace(outcome, critic_logits_1=None))
    assert "critic_1" not in one
    assert "critic_2" in one


@pytest.mark.parametrize("name", SETS)
def test_confusion_takes_the_place_of_the_papers_adversary(outcome, name):
    paper, other = values(SETS[name](outcome)), values(SETS[name](outcome, confusion_loss))
    assert other.pop("critic_1") == pytest.approx(confusion_loss(*outcome.critic_logits_1).item())
    assert other.pop("critic_2") == pytest.approx(confusion_loss(*outcome.critic_logits_2).item())
    assert other == {key: paper[key] for key in other}


def test_only_sets_with_a_cover_term_train_the_cover_branch_on_the_cover(outcome):
    # Where stego and cover reconstruction agree, the paper's list asks nothing more of the cover branch.
    agreed = replace(outcome, stego_reconstruction=outcome.cover_reconstruction.detach())
    gradients = {}
    for name, losses in SETS.items():
        (gradients[name],) = torch.autograd.grad(sum(losses(agreed).values()), agreed.cover_reconstruction)
    assert gradients["paper8"].abs().max() == 0
    assert gradients["ours"].abs().min() > 0
    assert gradients["released9"].abs().min() > 0


def test_a_task_without_target_is_refused(outcome):
    with pytest.raises(ValueError, match="a task needs a target"):
        replace(outcome, target=None)
