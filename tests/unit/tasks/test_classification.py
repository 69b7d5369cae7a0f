# SPDX-License-Identifier: Apache-2.0
"""The frozen classifier and its evaluation, with the shipped weights."""

import hashlib
from importlib import resources

import numpy as np
import pytest
import torch
import yaml

from semstego.codecs import registry
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import WeightsError
from semstego.evaluation.task_gap import evaluate, in_words
from semstego.losses.semantic import semantic_loss
from semstego.plots.task_sheet import draw
from semstego.progress import no_progress
from semstego.system.stego_system import StegoSystem
from semstego.tasks import classification

MAX_WEIGHTS_BYTES = 16 << 20


@pytest.fixture(scope="module")
def classifier():
    torch.set_num_threads(1)
    return classification.load("fashion-mnist")


@pytest.fixture
def data(classifier, rng):
    pictures = rng.integers(32, 224, (3, 8, 8, 1), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    return LabelledPictures(pictures, np.array([0, 1, 2]), classifier.classes)


@pytest.mark.parametrize("name", classification.SHIPPED)
def test_every_shipped_classifier_has_a_card_that_fits_and_is_small_enough(name):
    folder = resources.files("semstego") / "weights"
    content = (folder / f"{name}.safetensors").read_bytes()
    assert yaml.safe_load((folder / f"{name}.yaml").read_text())["sha256"] == hashlib.sha256(content).hexdigest()
    assert len(content) <= MAX_WEIGHTS_BYTES


def test_weights_come_back_from_their_file(classifier, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(classification.to_bytes(classifier.network, classifier.classes))
    again, pictures = classification.load(tmp_path / "w.safetensors"), torch.rand(2, 3, 64, 64)
    assert torch.equal(again.network(pictures), classifier.network(pictures))
    assert again.classes == classifier.classes


def test_other_files_are_refused(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="no weights of a classifier"):
        classification.load(tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="no classifier"):
        classification.load("no-such-net")


def test_the_semantic_loss_weighs_picture_and_task_as_equation_3_says(classifier):
    cover, seen, target = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64, requires_grad=True), torch.tensor([1, 2])
    loss = semantic_loss(seen, cover, target, classifier)
    odds = classifier.network(seen).detach().numpy().astype(float)
    entropy = np.mean([np.log(np.exp(row).sum()) - row[t] for row, t in zip(odds, (1, 2), strict=True)])
    error = np.mean((seen.detach().numpy() - cover.numpy()).astype(float) ** 2)
    assert loss.item() == pytest.approx(0.99 * error + 0.01 * entropy, rel=1e-4)
    loss.backward()
    assert seen.grad.abs().sum() > 0
    assert all(p.grad is None for p in classifier.network.parameters())  # frozen


def measure(task, data, codec, bpp):
    return evaluate(task, data, StegoSystem(registry.load(codec)), bpp, seed=1, workers=1, progress=no_progress)


def test_an_evaluation_compares_the_same_pictures_in_all_forms(classifier, data):
    found = evaluate(
        classifier,
        data,
        StegoSystem(registry.load("cr085")),
        0.25,
        seed=1,
        workers=1,
        progress=lambda what, share: None,
    )
    again = evaluate(
        classifier,
        data,
        StegoSystem(registry.load("cr085")),
        0.25,
        seed=1,
        workers=1,
        progress=lambda what, share: None,
    )
    assert found.figures == again.figures
    forms = ["clean", "undithered reconstruction", "cover reconstruction", "stego reconstruction"]
    assert list(found.figures["accuracy"]) == forms
    assert (found.transmitted.undithered != found.transmitted.covers).any()
    assert found.figures["pictures"] + found.figures["refused"] == len(data)
    assert (found.transmitted.stegos != found.transmitted.covers).any()
    assert "cover reconstruction to stego reconstruction" in in_words(found.figures)
    assert draw(classifier, data, found.transmitted).startswith(b"\x89PNG")


def test_pictures_that_cannot_carry_the_payload_are_counted_and_left_out(classifier, data):
    found = evaluate(
        classifier, data, StegoSystem(registry.load("cr025")), 1.0, seed=1, workers=1, progress=lambda what, share: None
    )
    assert found.figures["refused"] == 3
    assert "accuracy" not in found.figures
