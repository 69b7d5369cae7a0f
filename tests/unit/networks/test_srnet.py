# SPDX-License-Identifier: Apache-2.0
"""SRNet, layer by layer against the published table (Boroumand et al. 2019)."""

import math

import pytest
import torch
from torch import nn

from semstego.networks.srnet import Averaged, Halving, Plain, Pooled, Residual, SRNet

# Layer, type, channels out; sides out of pictures of 64 and of features of 60 (paper: 256, which halves alike)
TABLE = [
    ("L1", Plain, 64, 64, 60),
    ("L2", Plain, 16, 64, 60),
    ("L3", Residual, 16, 64, 60),
    ("L4", Residual, 16, 64, 60),
    ("L5", Residual, 16, 64, 60),
    ("L6", Residual, 16, 64, 60),
    ("L7", Residual, 16, 64, 60),
    ("L8", Halving, 16, 32, 30),
    ("L9", Halving, 64, 16, 15),
    ("L10", Halving, 128, 8, 8),
    ("L11", Halving, 256, 4, 4),
    ("L12", Averaged, 512, 1, 1),
]
# Convolutions of each type, in the order of the main path, then the shortcut: kernel, stride
CONVOLUTIONS = {
    Plain: [(3, 1)],
    Residual: [(3, 1), (3, 1)],
    Halving: [(1, 2), (3, 1), (3, 1)],
    Averaged: [(3, 1), (3, 1)],
}


@pytest.fixture(scope="module")
def network():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return SRNet(1)


def small():
    torch.manual_seed(1)
    return SRNet(3, width=4)


@pytest.mark.parametrize(("side", "column"), [(64, 3), (60, 4)])
def test_every_layer_has_the_published_type_width_and_side(network, side, column):
    seen = []
    hooks = [
        layer.register_forward_hook(
            lambda layer, _, maps, name=name: seen.append((name, type(layer), *maps.shape[1:])),
        )
        for name, layer in network.layers.items()
    ]
    with torch.no_grad():
        assert network.eval()(torch.rand(1, 1, side, side) * 255).shape == (1, 2)
    for hook in hooks:
        hook.remove()
    assert seen == [(row[0], row[1], row[2], row[column], row[column]) for row in TABLE]


@pytest.mark.parametrize(("name", "kind"), [row[:2] for row in TABLE])
def test_every_convolution_of_a_layer_is_normalised_on_its_own(network, name, kind):
    modules = list(network.layers[name].modules())
    convolutions = [m for m in modules if isinstance(m, nn.Conv2d)]
    assert [(m.kernel_size[0], m.stride[0]) for m in convolutions] == CONVOLUTIONS[kind]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in modules) == len(convolutions)
    assert sum(isinstance(m, nn.ReLU) for m in modules) == 1  # after the first convolution, never after a sum


@pytest.mark.parametrize(("channels", "parameters"), [(1, 4_779_616), (3, 4_780_768)])
def test_the_published_net_has_the_published_number_of_parameters(channels, parameters):
    assert sum(p.numel() for p in SRNet(channels).parameters()) == parameters


def test_a_residual_layer_adds_its_input_and_does_not_rectify_the_sum(network):
    layer, maps = network.layers["L3"].eval(), torch.randn(1, 16, 9, 9)
    with torch.no_grad():
        got = layer(maps)
        assert torch.equal(got, maps + layer.main(maps))
    assert got.min() < 0


def test_pooling_leaves_the_padding_out_of_the_mean():
    layer = Halving(2, 2).eval()
    layer.main[0], layer.shortcut = nn.Identity(), nn.AvgPool2d(1, 2)
    flat = torch.full((1, 2, 7, 8), 5.0)
    assert torch.equal(layer(flat), torch.full((1, 2, 4, 4), 10.0))  # less at the border if zeros counted


def test_pooling_starts_even_sides_at_the_first_position_and_odd_sides_before_it():
    assert Pooled()(torch.arange(6.0)[None, None, None]).tolist() == [[[[1, 3, 4.5]]]]  # 0 1 2, 2 3 4, 4 5
    assert Pooled()(torch.arange(5.0)[None, None, :, None]).flatten().tolist() == [0.5, 2, 3.5]  # 0 1, 1 2 3, 3 4


def test_every_normalisation_has_the_epsilon_of_the_original(network):
    assert {m.eps for m in network.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}


def test_weights_start_as_published(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            assert torch.all(module.bias == 0.2)
            fan_in = module.weight[0].numel()
            rel = 5 / math.sqrt(2 * module.weight.numel())  # five standard errors
            assert module.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=rel)
    assert network.classifier.bias is None
    assert network.classifier.weight.std().item() == pytest.approx(0.01, rel=0.15)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (37, 51), (16, 9)])
def test_pictures_of_any_size_and_more_channels_are_taken(height, width):
    assert small()(torch.rand(2, 3, height, width) * 255).shape == (2, 2)


def test_the_width_scales_every_layer():
    assert [row[2] for row in TABLE] == [4 * layer for layer in _widths(small())]


def _widths(net):
    widths = []
    for layer in net.layers.values():
        widths.append([m for m in layer.modules() if isinstance(m, nn.BatchNorm2d)][-1].num_features)
    return widths


def test_every_weight_gets_a_gradient():
    net = small().train()
    nn.functional.cross_entropy(net(torch.rand(4, 3, 32, 32) * 255), torch.tensor([0, 0, 0, 1])).backward()
    # A bias before batch normalisation has no effect in training, so its gradient is rounding error alone.
    idle = {id(m.bias) for m in net.modules() if isinstance(m, nn.Conv2d)}
    assert all(p.grad.abs().sum() > 1e-6 for p in net.parameters() if id(p) not in idle)


def test_evaluation_does_not_depend_on_the_batch_and_the_state_dict_holds_all():
    net, pictures = small(), torch.rand(3, 3, 32, 32) * 255
    net.train()(pictures)
    net.eval()
    other = SRNet(3, width=4).eval()
    other.load_state_dict(net.state_dict())
    with torch.no_grad():
        assert torch.equal(net(pictures), other(pictures))
        assert torch.allclose(net(pictures)[:1], net(pictures[:1]), atol=1e-5)


def test_it_learns_to_tell_noise_from_none():
    """Noise of 8 grey levels on flat pictures, seen after a few steps; 1 level takes this net far longer."""
    net = small().train()
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adamax(net.parameters(), 5e-3)
    labels = torch.tensor([0] * 8 + [1] * 8)
    for _ in range(40):
        covers = (torch.rand(8, 3, 1, 1, generator=generator) * 200 + 20).round().expand(8, 3, 16, 16)
        noise = 8 * torch.randint(-1, 2, covers.shape, generator=generator)
        loss = nn.functional.cross_entropy(net(torch.cat([covers, covers + noise])), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.3
