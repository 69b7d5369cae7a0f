# SPDX-License-Identifier: Apache-2.0
"""GoogLeNet, layer by layer against Table 1 of Szegedy et al. 2015."""

import pytest
import torch
from torch import nn

from semstego.networks.googlenet import GoogLeNet

OUTPUTS = {"3a": 256, "3b": 480, "4a": 512, "4b": 512, "4c": 512, "4d": 528, "4e": 832, "5a": 832, "5b": 1024}
SIDES = {"3a": 8, "3b": 8, "4a": 4, "4b": 4, "4c": 4, "4d": 4, "4e": 4, "5a": 2, "5b": 2}
# Table 1, "params", in thousands of weights, rounded as printed there
THOUSANDS = {"3a": 159, "3b": 380, "4a": 364, "4b": 437, "4c": 463, "4d": 580, "4e": 840, "5a": 1072, "5b": 1388}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return GoogLeNet(10, auxiliary=True)


def test_every_block_has_the_published_width_and_the_side_it_has_at_64_pixels(network):
    seen = {}
    for name, block in network.blocks.items():
        block.register_forward_hook(lambda _, __, maps, name=name: seen.update({name: tuple(maps.shape[1:])}))
    network.eval()(torch.rand(1, 3, 64, 64))
    assert seen == {name: (OUTPUTS[name], SIDES[name], SIDES[name]) for name in OUTPUTS}


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_block_has_the_published_number_of_weights(network, name):
    weights = sum(p.numel() for p in network.blocks[name].parameters() if p.ndim == 4)
    printed = THOUSANDS[name]
    # The table's own figures are off by up to 9 % (3a to 4d count no pooling projection, 4c has a known misprint).
    assert weights / 1000 == pytest.approx(printed, rel=0.12)


def test_every_convolution_is_normalised_and_rectified(network):
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    normalisations = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(convolutions) == len(normalisations) == 3 + 9 * 6 + 2
    assert all(m.bias is None for m in convolutions)
    assert all(m.eps == 1e-3 for m in normalisations)


def test_the_heads_answer_in_training_only_where_they_were_built(network):
    assert [a.shape for a in network.train().with_auxiliary(torch.rand(2, 3, 64, 64))] == [(2, 10)] * 3
    assert len(GoogLeNet(10).with_auxiliary(torch.rand(2, 3, 32, 32))) == 1


def test_every_weight_gets_a_gradient(network):
    sum(answer.square().sum() for answer in network.train().with_auxiliary(torch.rand(2, 3, 64, 64))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
