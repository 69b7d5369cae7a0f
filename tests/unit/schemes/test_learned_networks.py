# SPDX-License-Identifier: Apache-2.0
"""E, D1 and D2: sizes, bound, and that the message and every weight count."""

import pytest
import torch
from torch import nn

from semstego.schemes.learned.networks import DenseBlock, HidingEncoder, RevealingDecoder, high_pass_residual

KERNEL = 3
NETS = {
    "E": lambda: HidingEncoder(3, 1, KERNEL),
    "D1": lambda: RevealingDecoder(3, 1, KERNEL),
    "D2": lambda: RevealingDecoder(3, 1),
    "D1 high-pass": lambda: RevealingDecoder(3, 1, KERNEL, high_pass=True),
    "D2 high-pass": lambda: RevealingDecoder(3, 1, high_pass=True),
}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def bits(*shape):
    return torch.randint(2, shape).float()


def inputs(name, batch=2):
    """What the net of this name takes, for pictures of 24x24."""
    if name == "E":
        return torch.rand(batch, 3, 20, 20) * 2 - 1, bits(batch, 1, 24, 24)
    side = 20 if name.startswith("D1") else 24
    return (torch.rand(batch, 3, side, side),)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (37, 51)])
@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize(("channels", "depth"), [(3, 1), (1, 2)])
def test_every_map_has_the_size_it_should(height, width, kernel, channels, depth):
    low, right = height - 2 * (kernel - 1), width - 2 * (kernel - 1)
    features, message = torch.rand(2, channels, low, right), bits(2, depth, height, width)
    assert HidingEncoder(channels, depth, kernel)(features, message).shape == features.shape
    assert RevealingDecoder(channels, depth, kernel)(features).shape == message.shape
    assert RevealingDecoder(channels, depth)(torch.rand(2, channels, height, width)).shape == message.shape


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("E", 28207), ("D1", 44692), ("D2", 24433), ("D1 high-pass", 45556), ("D2 high-pass", 24865)],
)
def test_the_nets_have_the_parameters_they_should(name, parameters):
    assert sum(p.numel() for p in NETS[name]().parameters()) == parameters


def test_the_dense_convolutions_have_the_widths_of_the_authors_release():
    def widths(block: DenseBlock):
        return [(m.in_channels, m.out_channels) for m in block.modules() if isinstance(m, nn.Conv2d)]

    assert widths(NETS["E"]().dense) == [(3, 16), (17, 16), (33, 16), (49, 3)]
    assert widths(NETS["D2"]().dense) == [(3, 16), (16, 16), (32, 16), (48, 16), (64, 16), (80, 1)]
    kinds = [type(m).__name__ for m in NETS["D2"]().dense.first]
    assert kinds == ["Conv2d", "LeakyReLU", "BatchNorm2d"]


def test_every_layer_sees_all_before_it():
    block = DenseBlock(2, 1, growth=4, layers=3, beside=1).eval()
    maps, beside = torch.rand(1, 2, 8, 8), torch.rand(1, 1, 8, 8)
    first = block.first(maps)
    second = block.middle[0](torch.cat([beside, first], 1))
    third = block.middle[1](torch.cat([beside, first, second], 1))
    assert torch.equal(block(maps, [beside]), block.last(torch.cat([beside, first, second, third], 1)))


def test_the_bound_holds_and_none_leaves_the_residual_alone():
    encoder = NETS["E"]()
    with torch.no_grad():
        encoder.dense.last.weight.mul_(50)  # a residual far beyond any bound
    features, message = inputs("E")
    free = encoder(features, message) - features
    assert free.abs().max() > 1
    for bound in (0.0, 0.01, 0.3):
        moved = encoder(features, message, bound=bound) - features
        assert moved.abs().max() <= bound + 1e-6
        assert torch.allclose(moved, bound * torch.tanh(free), atol=1e-5)
        assert moved.abs().max() > 0.9 * bound or bound == 0


def test_a_bound_can_differ_from_picture_to_picture():
    encoder = NETS["E"]()
    features, message = inputs("E")
    bound = torch.tensor([0.0, 0.1]).view(2, 1, 1, 1)
    moved = encoder(features, message, bound=bound) - features
    assert moved[0].abs().max() == 0
    assert 0 < moved[1].abs().max() <= 0.1 + 1e-6


def test_the_message_matters_and_only_near_its_bits():
    encoder = NETS["E"]().eval()
    features, message = inputs("E", 1)
    other = message.clone()
    other[..., 12, 12] = 1 - other[..., 12, 12]
    change = (encoder(features, other) - encoder(features, message)).abs()
    assert change.max() > 0
    # Bit 12 lies over feature 10. It reaches 1 + 2 + 1 pixels on the message's path and 3 on the dense block's three
    # convolutions that see the message.
    assert change[..., 10, 10].max() > 0
    assert change[..., :3, :].max() == 0
    assert change[..., 18:, :].max() == 0


@pytest.mark.parametrize("name", NETS)
def test_every_weight_gets_a_gradient(name):
    net = NETS[name]()
    net(*inputs(name)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


@pytest.mark.parametrize("name", NETS)
def test_evaluation_is_deterministic_and_a_picture_does_not_depend_on_its_batch(name):
    net, given = NETS[name](), inputs(name)
    net(*given)  # moves the running statistics off their start
    net.eval()
    together = net(*given)
    assert torch.equal(together, net(*given))
    assert torch.allclose(together[:1], net(*(g[:1] for g in given)), atol=1e-5)


@pytest.mark.parametrize("name", NETS)
def test_the_state_dict_holds_all_there_is(name):
    net, given = NETS[name](), inputs(name)
    net(*given)
    other = NETS[name]()
    assert not torch.equal(other.eval()(*given), net.eval()(*given))
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(*given), net(*given))


def test_the_high_pass_residual_is_blind_to_flat_and_sloping_content():
    slope = torch.arange(12.0).view(1, 1, 1, 12).expand(1, 2, 9, 12)
    assert high_pass_residual(slope)[..., 1:-1].abs().max() < 1e-5
    assert high_pass_residual(torch.full((1, 1, 5, 5), 0.7)).abs().max() < 1e-6
    spike = torch.zeros(1, 1, 5, 5)
    spike[..., 2, 2] = 9
    residual = high_pass_residual(spike)[0, 0]
    assert residual[2, 2] == 8
    assert residual[1, 1] == -1
    assert residual[0, 0] == 0


def test_a_few_steps_on_one_batch_train_the_decoders_to_read_what_the_encoder_hides():
    encoder, decoder = NETS["E"](), NETS["D1"]()
    features, message = inputs("E", 4)
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 3e-3)
    for _ in range(60):
        logits = decoder(encoder(features, message, bound=0.3))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, message)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert ((logits > 0).float() == message).float().mean() > 0.7
