# SPDX-License-Identifier: Apache-2.0
"""XuNet, layer by layer against the published table (Xu et al. 2016)."""

import copy
import math

import pytest
import torch
from torch import nn

from semstego.networks.xunet import HighPass, Magnitude, XuNet

MEAN = (nn.AvgPool2d, 5, 2, 2, True)  # kernel, stride, padding, does the padding count?
ALL = (nn.AdaptiveAvgPool2d, 1)
# Group: channels in and out; kernel, stride, padding of the convolution; what follows it; the pooling
TABLE = {
    "G1": (1, 8, 5, 1, 2, (Magnitude, nn.BatchNorm2d, nn.Tanh), MEAN),
    "G2": (8, 16, 5, 1, 2, (nn.BatchNorm2d, nn.Tanh), MEAN),
    "G3": (16, 32, 1, 1, 0, (nn.BatchNorm2d, nn.ReLU), MEAN),
    "G4": (32, 64, 1, 1, 0, (nn.BatchNorm2d, nn.ReLU), MEAN),
    "G5": (64, 128, 1, 1, 0, (nn.BatchNorm2d, nn.ReLU), ALL),
}
# Twelve times the filter, by the distances from its middle, the smaller first
KV = {(0, 0): -12, (0, 1): 8, (0, 2): -2, (1, 1): -6, (1, 2): 2, (2, 2): -1}
# Sides after each group, of the published 256, of pictures of 64, of features of 60 and of maps of 8
SIDES = {256: [128, 64, 32, 16, 1], 64: [32, 16, 8, 4, 1], 60: [30, 15, 8, 4, 1], 8: [4, 2, 1, 1, 1]}


def network(channels=1, width=8):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return XuNet(channels, width=width)


def described(net):
    """The groups as rows of the table."""
    rows = {}
    for name, group in list(net.layers.items())[1:]:
        convolution, *between, pool = group
        assert convolution.bias is None
        shape = (convolution.kernel_size[0], convolution.stride[0], convolution.padding[0])
        if isinstance(pool, nn.AvgPool2d):
            pooling = (type(pool), pool.kernel_size, pool.stride, pool.padding, pool.count_include_pad)
        else:
            pooling = (type(pool), pool.output_size)
        channels = convolution.in_channels, convolution.out_channels
        rows[name] = (*channels, *shape, tuple(map(type, between)), pooling)
    return rows


def test_the_high_pass_filter_comes_first_and_every_group_is_as_published():
    net = network()
    assert list(net.layers) == ["KV", *TABLE]
    assert isinstance(net.layers["KV"], HighPass)
    assert described(net) == TABLE
    assert (net.classifier.in_features, net.classifier.out_features) == (128, 2)


@pytest.mark.parametrize(
    ("group", "part", "wrong"),
    [
        ("G1", "magnitude", nn.Identity()),
        ("G1", "mean", nn.AvgPool2d(5, 2, padding=2, count_include_pad=False)),
        ("G2", "activation", nn.ReLU()),
        ("G3", "convolution", nn.Conv2d(16, 32, 3, padding=1, bias=False)),
        ("G5", "mean", nn.AvgPool2d(5, 2, padding=2)),
    ],
)
def test_a_group_with_a_wrong_part_is_caught(group, part, wrong):
    net = network()
    setattr(net.layers[group], part, wrong)
    assert described(net) != TABLE


@pytest.mark.parametrize("channels", [1, 3, 10])
@pytest.mark.parametrize("side", SIDES)
def test_every_group_has_the_published_side(side, channels):
    net, seen = network(channels).eval(), []
    for layer in net.layers.values():
        layer.register_forward_hook(lambda _, __, maps: seen.append(tuple(maps.shape[1:])))
    with torch.no_grad():
        assert net(torch.rand(2, channels, side, side) * 255).shape == (2, 2)
    groups = [(row[1], after, after) for row, after in zip(TABLE.values(), SIDES[side], strict=True)]
    assert seen == [(channels, side, side), *groups]


@pytest.mark.parametrize(("height", "width"), [(37, 51), (16, 9), (1, 1)])
def test_pictures_of_any_size_are_taken(height, width):
    assert network(3, 4).eval()(torch.rand(2, 3, height, width) * 255).shape == (2, 2)


@pytest.mark.parametrize(("channels", "parameters"), [(1, 14_906), (3, 15_306), (10, 16_706)])
def test_the_published_net_has_the_published_number_of_parameters(channels, parameters):
    assert sum(p.numel() for p in network(channels).parameters()) == parameters


def test_the_width_scales_every_group():
    assert [row[1] for row in described(network(width=4)).values()] == [row[1] // 2 for row in TABLE.values()]


def test_the_filter_is_the_published_one_and_stays_fixed():
    """Impulses in two channels, far apart: each shows the filter, in its own channel only."""
    net = network(2).train()
    impulses = torch.zeros(1, 2, 16, 16)
    impulses[0, 0, 3, 3] = impulses[0, 1, 11, 11] = 12
    seen = net.layers["KV"](impulses)
    offsets = range(-2, 3)
    kernel = torch.tensor([[float(KV[tuple(sorted((abs(i), abs(j))))]) for j in offsets] for i in offsets])
    assert torch.equal(seen[0, 0, 1:6, 1:6], kernel)
    assert torch.equal(seen[0, 1, 9:14, 9:14], kernel)
    assert torch.count_nonzero(seen) == 2 * 25
    before = net.layers["KV"].kernel.clone()
    assert not before.requires_grad
    assert not any(name.startswith("layers.KV") for name, _ in net.named_parameters())
    optimiser = torch.optim.SGD(net.parameters(), 1.0, weight_decay=0.5)
    net(torch.rand(4, 2, 16, 16) * 255).square().sum().backward()
    optimiser.step()
    assert torch.equal(net.layers["KV"].kernel, before)


def test_the_filter_follows_the_net_to_another_type():
    assert network().to(torch.float64)(torch.rand(2, 1, 8, 8, dtype=torch.float64)).dtype == torch.float64


def filtered(content):
    """What the filter leaves of one channel, away from the border, where zeros stand for what is not known."""
    return HighPass(1).double()(content[None, None])[0, 0, 2:-2, 2:-2]


@pytest.mark.parametrize("row_power", range(5))
@pytest.mark.parametrize("column_power", range(5))
def test_the_filter_removes_polynomials_up_to_degree_3_and_all_that_is_linear_one_way(row_power, column_power):
    """Constants, planes, ... The first to survive is x² y², of degree 4, of which -2 is left."""
    rows, columns = torch.arange(9.0).double()[:, None] - 4, torch.arange(9.0).double()[None] - 4
    left = filtered(rows**row_power * columns**column_power)
    if row_power >= 2 and column_power >= 2:
        assert left.abs().max() > 1
    else:
        assert torch.count_nonzero(left) == 0  # exactly, on integers
    if (row_power, column_power) == (2, 2):
        assert torch.equal(left, torch.full_like(left, -2))


def test_the_filter_removes_all_that_depends_on_the_row_or_the_column_alone():
    rows, columns = torch.rand(9, 1).double() * 255, torch.rand(1, 9).double() * 255
    assert filtered(rows + columns).abs().max() < 1e-12
    assert filtered(rows * columns).abs().max() > 1


def test_the_absolute_value_hides_the_sign_of_a_filter_of_the_first_group_alone():
    net, pictures = network(3), torch.rand(4, 3, 16, 16) * 255
    with torch.no_grad():
        expected = net.train()(pictures)
        net.layers["G1"].convolution.weight[::2].neg_()
        assert torch.equal(net(pictures), expected)
        net.layers["G2"].convolution.weight[::2].neg_()
        assert not torch.allclose(net(pictures), expected, atol=1e-3)


def test_the_absolute_value_comes_before_the_normalisation():
    """Then normalised maps have mean 0 and deviation 1; after it, they would have no negative values."""
    net, seen = network(), []
    net.layers["G1"].normalisation.register_forward_hook(lambda _, __, maps: seen.append(maps))
    with torch.no_grad():
        net.train()(torch.rand(4, 1, 32, 32) * 255)
    assert seen[0].mean((0, 2, 3)).abs().max() < 1e-4
    assert torch.allclose(seen[0].std((0, 2, 3), correction=0), torch.ones(8), atol=1e-2)
    assert seen[0].min() < -0.5


def test_the_mean_counts_the_zeros_beyond_the_border():
    flat = network().layers["G1"].mean(torch.full((1, 1, 9, 9), 25.0))[0, 0]
    assert flat[2, 2] == pytest.approx(25)
    assert flat[0, 2] == pytest.approx(15)  # 3 of 5 rows
    assert flat[0, 0] == pytest.approx(9)


def test_weights_start_as_published():
    net = network(3)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            rel = 5 / math.sqrt(2 * module.weight.numel())  # five standard errors
            assert module.weight.std().item() == pytest.approx(0.01, rel=rel)
            assert abs(module.weight.mean().item()) < 5 * 0.01 / math.sqrt(module.weight.numel())
    bound = math.sqrt(6 / (128 + 2))
    assert 0.9 * bound < net.classifier.weight.abs().max() <= bound
    assert torch.all(net.classifier.bias == 0)


def test_every_weight_and_the_picture_get_a_gradient():
    net, pictures = network(3, 4).train(), (torch.rand(4, 3, 32, 32) * 255).requires_grad_()
    nn.functional.cross_entropy(net(pictures), torch.tensor([0, 0, 0, 1])).backward()
    assert all(p.grad.abs().sum() > 1e-6 for p in net.parameters())
    assert pictures.grad.abs().sum() > 1e-6


def test_evaluation_does_not_depend_on_the_batch_and_the_state_dict_holds_all():
    net, pictures = network(3, 4), torch.rand(3, 3, 32, 32) * 255
    net.train()(pictures)
    net.eval()
    other = XuNet(3, width=4).eval()
    other.load_state_dict(net.state_dict())
    with torch.no_grad():
        assert torch.equal(net(pictures), other(pictures))
        assert torch.allclose(net(pictures)[:1], net(pictures[:1]), atol=1e-5)


def learned(net, steps=40):
    """Loss after a few steps at telling noise of 1 grey level on slopes from none."""
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adamax(net.parameters(), 1e-2)
    labels = torch.tensor([0] * 8 + [1] * 8)
    ramp = torch.arange(16.0)
    for _ in range(steps):
        slopes = torch.randint(0, 8, (8, 3, 1, 2), generator=generator)
        covers = 20 + slopes[..., :1] * ramp[:, None] + slopes[..., 1:] * ramp
        noise = torch.randint(-1, 2, covers.shape, generator=generator)
        loss = nn.functional.cross_entropy(net(torch.cat([covers, covers + noise])), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return loss.item()


def test_it_learns_to_tell_noise_from_none_thanks_to_its_filter():
    net = network(3).train()
    blind = copy.deepcopy(net)
    blind.layers["KV"] = nn.Identity()
    assert learned(net) < 0.1
    assert learned(blind) > 0.5
