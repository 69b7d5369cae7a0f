# SPDX-License-Identifier: Apache-2.0
"""The network with a label for every value: its residuals, its symmetry, and what reaches its labels."""

import numpy as np
import pytest
import torch

from semstego.networks.dense_labels import STILLNESS, DenseLabels, residual_inputs
from semstego.schemes.syndrome.prediction import JointPredictor


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def maps():
    """Three maps that depend on one another, ``(4, 3, 12, 10)``."""
    rng = np.random.default_rng(1)
    common = rng.integers(60, 190, (4, 1, 12, 10))
    return (common + rng.integers(-6, 7, (4, 3, 12, 10))).astype(np.uint8)


@pytest.fixture(scope="module")
def predictor(maps):
    return JointPredictor.fit(maps)


@pytest.fixture(scope="module")
def network(predictor):
    torch.manual_seed(0)
    return DenseLabels(torch.from_numpy(predictor.weights), width=6).eval()


def test_residuals_are_those_of_the_joint_prediction(maps, predictor, network):
    with torch.no_grad():
        found = network.residuals(torch.from_numpy(maps).float()).numpy()
    assert np.array_equal(found, np.stack([predictor.residuals(one) for one in maps]))


def test_inputs_are_the_residual_its_ratio_to_the_neighbours_and_their_size():
    residuals = torch.from_numpy(np.random.default_rng(2).normal(0, 2, (2, 3, 7, 6)).astype(np.float32))
    found = residual_inputs(residuals).numpy().reshape(2, 3, 3, 7, 6)
    around = residuals[1, 2, 3:6, 1:4].numpy().astype(float) ** 2
    sigma = np.sqrt((around.sum() - around[1, 1]) / 8 + STILLNESS)
    wanted = [residuals[1, 2, 4, 2] / 2, residuals[1, 2, 4, 2] / sigma, np.log(sigma)]
    assert np.allclose(found[1, :, 2, 4, 2], wanted, rtol=1e-5)


def test_inputs_of_still_and_of_wild_maps_are_bounded():
    wild = torch.zeros(1, 2, 5, 5)
    wild[0, 0, 2, 2] = 200
    assert torch.equal(residual_inputs(torch.zeros(1, 2, 5, 5))[:, :4], torch.zeros(1, 4, 5, 5))
    assert residual_inputs(wild).abs().max() < 10
    assert torch.isfinite(residual_inputs(1e-20 * wild)).all()


def test_every_value_but_those_of_the_border_has_three_labels(maps, network):
    with torch.no_grad():
        of_values, of_maps = network.labelled(network.residuals(torch.from_numpy(maps).float()))
    assert of_values.shape == (4, 3, 3, 10, 8)
    assert of_maps.shape == (4, 2)


def test_negated_maps_have_the_same_logits(maps, network):
    """Negation of values less the centre; the constant of the prediction is what a negated map would not have."""
    network.constant.zero_()
    with torch.no_grad():
        plain, negated = (network(torch.from_numpy(one).float()) for one in (maps, (256 - maps.astype(int))))
    assert torch.allclose(plain, negated, atol=1e-5)


def test_a_label_does_not_see_farther_than_the_convolutions_reach(network):
    """The prediction and sigma reach one place each, three 3x3 convolutions three."""
    still = torch.full((1, 3, 21, 21), 128.0)
    moved = still.clone()
    moved[0, 1, 10, 10] += 1
    with torch.no_grad():
        before, after = (network.labelled(network.residuals(one))[0] for one in (still, moved))
    rows = torch.nonzero((before != after).any(dim=(0, 1, 2, 4))).flatten() + 1  # of the map
    assert (rows.min(), rows.max()) == (10 - 5, 10 + 5)


def test_ten_maps_take_about_seventy_thousand_parameters():
    network = DenseLabels(torch.zeros(10, 91))
    assert sum(one.numel() for one in network.parameters()) == pytest.approx(74_000, rel=0.02)
