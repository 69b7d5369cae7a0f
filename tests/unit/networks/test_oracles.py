# SPDX-License-Identifier: Apache-2.0
"""SRNet and XuNet compute what other implementations do with the same weights, and so do their gradients.

Two oracles. One is written here, from the papers' tables and from elementary operations alone: a plain dictionary of
weights, patches and products in place of convolutions and pools, the formula in place of the normalisation layer. The
other is sealwatch's XuNet, from 2025.7 on; no package that can be installed holds SRNet.
"""

import math
import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from semstego.networks.srnet import SRNet
from semstego.networks.xunet import XuNet

CLOSE = 1e-10  # times the largest value: rounding of float64, through all layers


# --- elementary steps


def patches(maps, kernel, stride, rows, columns):
    """Patches ``(b, c, kernel, kernel, h', w')`` of maps with so many zeros (before, after) rows and columns."""
    padded = nn.functional.pad(maps, (*columns, *rows))
    return padded.unfold(2, kernel, stride).unfold(3, kernel, stride).permute(0, 1, 4, 5, 2, 3)


def correlate(maps, kernel, stride=1):
    side = kernel.shape[-1]
    both = (side // 2, side // 2)
    return torch.einsum("bcijhw,ocij->bohw", patches(maps, side, stride, both, both), kernel)


def pool(maps, kernel, rows, columns, *, counts_zeros):
    """Means of patches at every second position."""
    sums = patches(maps, kernel, 2, rows, columns).sum((2, 3))
    present = patches(torch.ones_like(maps), kernel, 2, rows, columns).sum((2, 3))
    return sums / (kernel**2 if counts_zeros else present)


def same(side, kernel=3, stride=2):
    """Zeros before and after, by TensorFlow's documentation of "SAME": as few as will do, the odd one after."""
    total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def normalise(maps, weights, training, epsilon):
    """With the statistics of the batch or the stored ones."""
    if training:
        mean = maps.mean((0, 2, 3))
        variance = (maps - mean[:, None, None]).square().mean((0, 2, 3))
    else:
        mean, variance = weights["mean"], weights["variance"]
    scale = weights["gamma"] / (variance + epsilon).sqrt()
    return (maps - mean[:, None, None]) * scale[:, None, None] + weights["beta"][:, None, None]


# --- nets by table

KV = [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]


def xunet(weights, pictures, *, training):
    """Table of Xu et al.: five groups; the filter sees every channel as a picture of its own."""
    filtered = correlate(pictures.flatten(0, 1)[:, None], torch.tensor(KV, dtype=pictures.dtype)[None, None] / 12)
    maps = filtered.reshape(pictures.shape)
    for group in range(1, 6):
        maps = correlate(maps, weights[f"G{group}"]["kernel"])
        maps = normalise(maps.abs() if group == 1 else maps, weights[f"G{group}"], training, 1e-5)
        maps = maps.tanh() if group < 3 else maps.clamp(min=0)
        maps = pool(maps, 5, (2, 2), (2, 2), counts_zeros=True) if group < 5 else maps.mean((2, 3))
    return maps @ weights["output"]["matrix"].T + weights["output"]["bias"]


def srnet(weights, pictures, *, training):
    """Table of Boroumand et al.: types 1 (L1, L2), 2 (to L7), 3 (to L11), 4; padding and epsilon are TensorFlow's."""

    def step(maps, name, stride=1):
        part = weights[name]
        return normalise(correlate(maps, part["kernel"], stride) + part["bias"][:, None, None], part, training, 1e-3)

    def halve(maps):
        return pool(maps, 3, same(maps.shape[2]), same(maps.shape[3]), counts_zeros=False)

    maps = pictures
    for layer in range(1, 13):
        first = step(maps, f"L{layer}.first").clamp(min=0)
        if layer < 3:
            maps = first
        elif layer < 8:
            maps = maps + step(first, f"L{layer}.second")
        elif layer < 12:
            maps = step(maps, f"L{layer}.shortcut", stride=2) + halve(step(first, f"L{layer}.second"))
        else:
            maps = step(first, f"L{layer}.second")
    return maps.mean((2, 3)) @ weights["output"]["matrix"].T


# --- names of ours, names of theirs

NORMALISATION = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}
XUNET = {
    **{f"layers.G{n}.convolution": (f"G{n}", {"weight": "kernel"}) for n in range(1, 6)},
    **{f"layers.G{n}.normalisation": (f"G{n}", NORMALISATION) for n in range(1, 6)},
    "classifier": ("output", {"weight": "matrix", "bias": "bias"}),
}
SRNET_PARTS = {  # ours, theirs: the convolution is number 0 and its normalisation number 1 of each
    **{f"layers.L{n}.0": f"L{n}.first" for n in (1, 2)},
    **{f"layers.L{n}.main.0.0": f"L{n}.first" for n in range(3, 8)},
    **{f"layers.L{n}.main.1": f"L{n}.second" for n in range(3, 8)},
    **{f"layers.L{n}.shortcut": f"L{n}.shortcut" for n in range(8, 12)},
    **{f"layers.L{n}.main.0.0.0": f"L{n}.first" for n in range(8, 12)},
    **{f"layers.L{n}.main.0.1": f"L{n}.second" for n in range(8, 12)},
    "layers.L12.0.0.0": "L12.first",
    "layers.L12.0.1": "L12.second",
}
SRNET = {
    **{f"{ours}.0": (theirs, {"weight": "kernel", "bias": "bias"}) for ours, theirs in SRNET_PARTS.items()},
    **{f"{ours}.1": (theirs, NORMALISATION) for ours, theirs in SRNET_PARTS.items()},
    "classifier": ("output", {"weight": "matrix"}),
}


def carried(net, names):
    """The net's own tensors under their names, so that gradients reach them; none is left out."""
    tensors = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    left = {name for name in tensors if not name.endswith(("num_batches_tracked", "KV.kernel"))}
    weights = {}
    for ours, (part, entries) in names.items():
        for entry, theirs in entries.items():
            weights.setdefault(part, {})[theirs] = tensors[f"{ours}.{entry}"]
            left.remove(f"{ours}.{entry}")
    assert not left
    return weights


def stirred(net):
    """The net in float64 with weights of no special value, so that nothing cancels by chance."""
    net = net.double()
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(-1.5, 1.5)
                module.bias.normal_()
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
            elif isinstance(module, nn.Conv2d):
                module.weight.mul_(1 if module.bias is not None else 20)  # XuNet's start at a deviation of 0.01
                if module.bias is not None:
                    module.bias.normal_()
            elif isinstance(module, nn.Linear):
                module.weight.normal_()
    return net


def pictures_of(channels, height, width):
    """Whole grey levels, as the nets are given."""
    generator = torch.Generator().manual_seed(height)
    levels = torch.randint(0, 256, (3, channels, height, width), generator=generator)
    return levels.double().requires_grad_()


def distance(ours, theirs):
    """The largest difference, relative to the largest value."""
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def gradients(logits, wanted):
    """Of a sum of the logits with weights of no special value, all in one vector."""
    loss = (logits * torch.arange(1.0, logits.numel() + 1).reshape(logits.shape).sin()).sum()
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, wanted)])


def disagreement(net, oracle, names, height, width=None):
    """Of logits, and of gradients in the weights and the pictures, square ones if no width is given."""
    torch.set_num_threads(1)
    pictures = pictures_of(next(net.parameters()).shape[1], height, width or height)
    ours, theirs = net(pictures), oracle(carried(net, names), pictures, training=net.training)
    wanted = [*net.parameters(), pictures]
    return distance(ours, theirs), distance(gradients(ours, wanted), gradients(theirs, wanted))


def apart_when_broken(net, breaking, oracle, names, side):
    """Of the logits of a broken net with those of the table, and of the whole net beforehand."""
    torch.set_num_threads(1)
    with torch.no_grad():
        pictures = pictures_of(next(net.parameters()).shape[1], side, side)
        expected = oracle(carried(net, names), pictures, training=net.training)
        whole = distance(net(pictures), expected)
        breaking(net)
        return whole, distance(net(pictures), expected)


# --- tests


def an_srnet(channels=3, width=4):
    torch.manual_seed(1)
    return stirred(SRNet(channels, width=width))


def an_xunet(channels=3, width=8):
    torch.manual_seed(1)
    return stirred(XuNet(channels, width=width))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("side", [8, 24, 33])
@pytest.mark.parametrize(("channels", "width"), [(1, 8), (3, 8), (10, 4)])
def test_xunet_agrees_with_the_table_in_values_and_gradients(channels, width, side, training):
    net = an_xunet(channels, width).train(training)
    assert max(disagreement(net, xunet, XUNET, side)) < CLOSE


@pytest.mark.parametrize(
    ("channels", "width", "side", "training"),
    [(1, 16, 32, False), *((*sizes, mode) for sizes in [(3, 4, 33), (3, 4, 32), (10, 4, 8)] for mode in (True, False))],
)
def test_srnet_agrees_with_the_table_in_values_and_gradients(channels, width, side, training):
    net = an_srnet(channels, width).train(training)
    assert max(disagreement(net, srnet, SRNET, side)) < CLOSE


@pytest.mark.parametrize(("height", "width"), [(32, 33), (33, 32), (20, 9)])
def test_srnet_pads_rows_and_columns_each_as_tensorflow_does(height, width):
    """Even sides at the far end alone, odd ones at both; 20, 10, 5, 3 and 9, 5, 3, 2 change places on the way."""
    assert max(disagreement(an_srnet().eval(), srnet, SRNET, height, width)) < CLOSE


@pytest.mark.parametrize(("side", "zeros"), [(8, (0, 1)), (9, (1, 1))])
def test_the_table_pads_as_tensorflow_documents(side, zeros):
    assert same(side) == zeros


class Rectified(nn.Module):
    """A residual layer with the ReLU after the sum that SRNet does without."""

    def __init__(self, layer):
        super().__init__()
        self.main = layer.main

    def forward(self, maps):
        return (maps + self.main(maps)).relu()


class Shared(nn.Module):
    """A halving layer whose paths share one normalisation, as in the code of the paper we follow."""

    def __init__(self, layer):
        super().__init__()
        self.main, self.shortcut = layer.main, layer.shortcut

    def forward(self, maps):
        return self.main[0][1][1](self.shortcut[0](maps)) + self.main(maps)


def count_zeros(net):
    net.layers["L8"].main[1] = nn.AvgPool2d(3, 2, padding=1)


def pool_early(net):
    """Even sides padded at both ends, as PyTorch does when left alone."""
    net.layers["L8"].main[1] = nn.AvgPool2d(3, 2, padding=1, count_include_pad=False)


def narrow_epsilon(net):
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-5  # PyTorch's


def rectify(net):
    net.layers["L5"] = Rectified(net.layers["L5"])


def share(net):
    net.layers["L9"] = Shared(net.layers["L9"])


@pytest.mark.parametrize("breaking", [count_zeros, pool_early, narrow_epsilon, rectify, share])
def test_a_broken_srnet_is_caught(breaking):
    whole, broken = apart_when_broken(an_srnet().eval(), breaking, srnet, SRNET, 32)
    assert whole < CLOSE < 1e-4 < broken


def drop_magnitude(net):
    del net.layers["G1"].magnitude


def postpone_magnitude(net):
    """To where sealwatch has it: after the normalisation."""
    parts = net.layers["G1"]._modules
    for name in ("magnitude", "activation", "mean"):
        parts[name] = parts.pop(name)


def rectify_second(net):
    net.layers["G2"].activation = nn.ReLU()


def leave_zeros_out(net):
    net.layers["G3"].mean.count_include_pad = False


def leave_undivided(net):
    net.layers["KV"].kernel.mul_(12)


@pytest.mark.parametrize(
    "breaking", [drop_magnitude, postpone_magnitude, rectify_second, leave_zeros_out, leave_undivided]
)
def test_a_broken_xunet_is_caught(breaking):
    whole, broken = apart_when_broken(an_xunet().eval(), breaking, xunet, XUNET, 24)
    assert whole < CLOSE < 1e-4 < broken


# --- sealwatch


@pytest.fixture(scope="module")
def sealwatch():
    """Its module of the net, which imports torchvision; the net itself needs nothing of it."""
    stub, transforms = ModuleType("torchvision"), ModuleType("torchvision.transforms")
    transforms.Grayscale = type("Grayscale", (), {})  # a base class there
    stub.transforms = transforms
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torchvision", stub)
        patch.setitem(sys.modules, "torchvision.transforms", transforms)
        return pytest.importorskip("sealwatch.xunet", reason="needs sealwatch 2025.7 or later, with jpeglib and tqdm")


@pytest.fixture
def theirs(sealwatch):
    """Sealwatch's net in float64; its filter has been rounded to float32."""
    net = sealwatch.XuNet().to(torch.float64)
    net.hpf.kv_filter = (12 * net.hpf.kv_filter).round() / 12
    return net


SEALWATCH = {
    **{f"layers.G{n}.convolution": f"group{n}.convolutional" for n in range(1, 6)},
    **{f"layers.G{n}.normalisation": f"group{n}.bn" for n in range(1, 6)},
    "classifier": "fc",
}


def given_to(theirs, ours):
    """Their net with our weights; strict: all of theirs are given, and all of ours are taken."""
    renamed = {}
    for name, tensor in ours.state_dict().items():
        part, entry = name.rsplit(".", 1)
        renamed[f"{SEALWATCH[part]}.{entry}"] = tensor.clone()
    theirs.load_state_dict(renamed)
    theirs.train(ours.training)


def compared(ours, theirs, side=40):
    """Disagreement with their net, of logits and gradients, the latter sorted by our names."""
    torch.set_num_threads(1)
    pictures = pictures_of(1, side, side)
    got, expected = ours(pictures), theirs(pictures)
    named = dict(theirs.named_parameters())
    names = [name.rsplit(".", 1) for name, _ in ours.named_parameters()]
    matching = [named[f"{SEALWATCH[part]}.{entry}"] for part, entry in names]
    return (
        distance(got, expected),
        distance(gradients(got, [*ours.parameters(), pictures]), gradients(expected, [*matching, pictures])),
    )


@pytest.mark.parametrize("training", [True, False])
def test_xunet_agrees_with_sealwatch_once_the_absolute_value_is_moved_to_where_it_has_it(theirs, training):
    """The publication takes it before the normalisation, sealwatch after: left alone, the two differ."""
    ours = an_xunet(channels=1).train(training)
    given_to(theirs, ours)
    assert min(compared(ours, theirs)) > 1e-3
    postpone_magnitude(ours)
    assert max(compared(ours, theirs)) < CLOSE


def test_xunet_agrees_with_sealwatch_as_it_is_where_the_order_does_not_matter(theirs):
    """A normalisation that only scales, by positive factors, can change places with it; not so its shift's gradient."""
    ours = an_xunet(channels=1).eval()
    with torch.no_grad():
        normalisation = ours.layers["G1"].normalisation
        normalisation.running_mean.zero_()
        normalisation.bias.zero_()
        normalisation.weight.abs_()
    given_to(theirs, ours)
    assert compared(ours, theirs)[0] < CLOSE


def test_no_stub_is_left_behind(theirs):
    assert not any(name.startswith("torchvision") for name in sys.modules)
