# SPDX-License-Identifier: Apache-2.0
"""The detector, against the published table of layers and counts of parameters, and its decoding by hand."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from semstego.errors import ArgumentError
from semstego.networks.channels_last import channels_last
from semstego.networks.yolo import ANCHORS, YOLO, anchors_at
from semstego.networks.yolo_blocks import CrossStage

# Parameters that YOLOv5s of version 6.2 reports for the 80 classes of COCO and the 20 of VOC.
PUBLISHED = {80: 7_235_389, 20: 7_073_569}
# Number in the table, where it lies in ours, channels, side at 256 pixels.
TABLE = [
    (0, "backbone.eighth.0", 32, 128),
    (1, "backbone.eighth.1", 64, 64),
    (2, "backbone.eighth.2", 64, 64),
    (3, "backbone.eighth.3", 128, 32),
    (4, "backbone.eighth.4", 128, 32),
    (5, "backbone.sixteenth.0", 256, 16),
    (6, "backbone.sixteenth.1", 256, 16),
    (7, "backbone.thirty_second.0", 512, 8),
    (8, "backbone.thirty_second.1", 512, 8),
    (9, "backbone.thirty_second.2", 512, 8),
    (10, "neck.down_32", 256, 8),
    (13, "neck.merged_16", 256, 16),
    (14, "neck.down_16", 128, 16),
    (17, "neck.final_8", 128, 32),
    (18, "neck.up_8", 128, 16),
    (20, "neck.final_16", 256, 16),
    (21, "neck.up_16", 256, 8),
    (23, "neck.final_32", 512, 8),
    (24, "heads.0", 75, 32),
    (24, "heads.1", 75, 16),
    (24, "heads.2", 75, 8),
]


@pytest.fixture(scope="module")
def full():
    torch.manual_seed(0)
    return YOLO(20).eval()


@pytest.fixture(scope="module")
def narrow():
    torch.manual_seed(1)
    return YOLO(3, width=0.125).eval()


@pytest.mark.parametrize("classes", PUBLISHED)
def test_as_many_parameters_as_published(classes):
    network = YOLO(classes)
    assert sum(p.numel() for p in network.parameters()) == PUBLISHED[classes]


@torch.inference_mode()
def test_every_layer_has_the_channels_and_the_side_of_the_table(full):
    seen = {}
    hooks = [
        full.get_submodule(name).register_forward_hook(
            lambda _, __, maps, name=name: seen.update({name: tuple(maps.shape)})
        )
        for _, name, _, _ in TABLE
    ]
    maps = full(torch.rand(1, 3, 256, 256))
    for hook in hooks:
        hook.remove()
    assert seen == {name: (1, channels, side, side) for _, name, channels, side in TABLE}
    assert [tuple(one.shape) for one in maps] == [(1, 3, side, side, 25) for side in (32, 16, 8)]


@torch.inference_mode()
def test_layers_are_joined_as_in_the_table():
    """The table once more, row by row: what a layer is given, by number; "up" doubles the first of two.

    The batch is normalised by its own statistics, so that maps of all layers have values of one size.
    """
    network = YOLO(3, width=0.125).train()
    given = {n: [n - 1] for n in range(1, 10)} | {10: [9], 13: ["up", 10, 6], 14: [13], 17: ["up", 14, 4]}
    given |= {18: [17], 20: [18, 14], 21: [20], 23: [21, 10]}
    names = {number: name for number, name, _, _ in TABLE}
    pictures = torch.rand(4, 3, 64, 96)
    outputs = {-1: pictures}
    for number, inputs in ({0: [-1]} | given).items():
        parts = [outputs[one] for one in inputs if one != "up"]
        if "up" in inputs:
            parts[0] = parts[0].repeat_interleave(2, 2).repeat_interleave(2, 3)
        outputs[number] = network.get_submodule(names[number])(torch.cat(parts, 1))
    for head, number, found in zip(network.heads, (17, 20, 23), network(pictures), strict=True):
        expected = head(outputs[number])
        for anchor in range(3):
            assert torch.allclose(found[:, anchor].movedim(-1, 1), expected[:, 8 * anchor : 8 * anchor + 8], atol=1e-5)


@torch.inference_mode()
def test_blocks_are_joined_as_described():
    maps = torch.rand(2, 16, 8, 8)
    for block in (CrossStage(16, 16, 2), CrossStage(16, 16, 1, shortcut=False)):
        deep = block.deep[0](maps)
        for bottleneck in block.deep[1:]:
            changed = bottleneck.inner(deep)
            deep = deep + changed if bottleneck.shortcut else changed
        expected = block.joined(torch.cat([deep, block.bypass(maps)], 1))
        assert torch.allclose(block(maps), expected, atol=1e-6)
    values = block.joined[1](block.joined[0](maps))
    assert torch.allclose(block.joined(maps), values * values.sigmoid(), atol=1e-6)


def test_every_convolution_but_those_of_the_heads_is_normalised_and_activated(full):
    blocks = [m for m in full.modules() if isinstance(m, nn.Sequential) and isinstance(m[0], nn.Conv2d)]
    assert len(blocks) == sum(isinstance(m, nn.Conv2d) for m in full.modules()) - 3
    for convolution, normalisation, activation in blocks:
        assert convolution.bias is None
        assert (normalisation.eps, normalisation.momentum) == (1e-3, 0.03)
        assert isinstance(activation, nn.SiLU)


def test_the_backbone_adds_its_shortcuts_and_the_neck_has_none(full):
    shortcuts = {name: m.shortcut for name, m in full.named_modules() if hasattr(m, "shortcut")}
    assert sum(name.startswith("backbone") for name in shortcuts) == 1 + 2 + 3 + 1
    assert sum(name.startswith("neck") for name in shortcuts) == 4
    assert all(added == name.startswith("backbone") for name, added in shortcuts.items())


@torch.inference_mode()
def test_pyramid_pooling_sees_windows_of_1_5_9_and_13_cells():
    block = YOLO(1, width=0.125).backbone.thirty_second[2].eval()
    seen = []
    block.joined.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    maps = torch.rand(1, 64, 16, 16)
    block(maps)
    narrowed = block.narrowed(maps)
    for part, reach in zip(seen[0].split(32, 1), (0, 2, 4, 6), strict=True):
        for row, column in ((0, 0), (8, 8), (15, 3)):
            window = narrowed[:, :, max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
            assert torch.equal(part[:, :, row, column], window.amax((2, 3)))


def test_every_weight_gets_a_gradient(narrow):
    network = YOLO(3, width=0.125).train()
    sum(one.square().sum() for one in network(torch.rand(2, 3, 64, 64))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


@torch.inference_mode()
def test_pictures_need_not_be_square(narrow):
    maps = narrow(torch.rand(2, 3, 64, 96))
    assert [tuple(one.shape) for one in maps] == [(2, 3, 8, 12, 8), (2, 3, 4, 6, 8), (2, 3, 2, 3, 8)]
    boxes, scores = narrow.decode(maps)
    assert boxes.shape == (2, 3 * (8 * 12 + 4 * 6 + 2 * 3), 4)
    assert scores.shape == (*boxes.shape[:2], 3)


def test_logits_of_zero_are_boxes_of_the_anchors_size_in_the_middle_of_their_cell(narrow):
    maps = [torch.zeros(1, 3, side, side, 8) for side in (8, 4, 2)]
    boxes, scores = narrow.decode(maps)
    expected = []
    for side, stride, level in zip((8, 4, 2), (8, 16, 32), ANCHORS, strict=True):
        for width, height in level:
            for row in range(side):
                for column in range(side):
                    across, down = (column + 0.5) * stride, (row + 0.5) * stride
                    expected.append([across - width / 2, down - height / 2, across + width / 2, down + height / 2])
    assert torch.equal(boxes[0], torch.tensor(expected))
    assert torch.equal(scores, torch.full_like(scores, 0.25))


def test_one_box_by_hand(narrow):
    """Sigmoids of 0.75, 0.25, 0.6 and 0.25 at stride 16, column 2, row 1, second anchor (62 x 45)."""
    maps = [torch.zeros(1, 3, side, side, 8) for side in (8, 4, 2)]
    shares = torch.tensor([0.75, 0.25, 0.6, 0.25, 0.5, 0.1, 0.2, 0.9], dtype=torch.float64)
    maps[1][0, 1, 1, 2] = torch.logit(shares).float()
    boxes, scores = narrow.decode(maps)
    place = 3 * 64 + 16 + 1 * 4 + 2
    # across (1.5 - 0.5 + 2) 16 = 48, down (0.5 - 0.5 + 1) 16 = 16, width 1.2^2 62 = 89.28, height 0.5^2 45 = 11.25
    expected = [48 - 44.64, 16 - 5.625, 48 + 44.64, 16 + 5.625]
    assert boxes[0, place].tolist() == pytest.approx(expected, abs=1e-4)
    assert scores[0, place].tolist() == pytest.approx([0.05, 0.1, 0.45], abs=1e-6)


def test_half_precision_is_decoded_in_single(narrow):
    generator = torch.Generator().manual_seed(2)
    maps = [torch.randn(1, 3, side, side, 8, generator=generator).bfloat16() for side in (80, 40, 20)]
    found, expected = narrow.decode(maps), narrow.decode([one.float() for one in maps])
    assert found.boxes.dtype == found.scores.dtype == torch.float32
    assert torch.equal(found.boxes, expected.boxes)
    assert torch.equal(found.scores, expected.scores)


@pytest.mark.parametrize("classes", [2, 20])
def test_the_first_biases_say_that_objects_are_rare_and_classes_alike(classes):
    network = YOLO(classes, width=0.125)
    for head, cells in zip(network.heads, (80, 40, 20), strict=True):
        reach = 1 / math.sqrt(head.in_channels)  # PyTorch draws biases within it
        bias = head.bias.detach().view(3, -1)
        assert (bias[:, 4] - math.log(8 / cells**2)).abs().max() <= reach + 1e-5
        assert (bias[:, 5:] - math.log(0.6 / (classes - 0.999999))).abs().max() <= reach + 1e-5
        assert bias[:, :4].abs().max() <= reach


def test_a_detector_of_one_class_can_be(narrow):
    network = YOLO(1, width=0.125).eval()
    assert all(torch.isfinite(p).all() for p in network.parameters())


def test_anchors_scale_with_the_picture_and_travel_with_the_weights():
    assert np.allclose(anchors_at(256), 0.4 * np.array(ANCHORS))
    network = YOLO(2, width=0.125, anchors=anchors_at(256))
    other = YOLO(2, width=0.125)
    other.load_state_dict(network.state_dict())
    assert torch.allclose(other.anchors, 0.4 * torch.tensor(ANCHORS))


@pytest.mark.parametrize("width", [0, -1, 0.1, 0.01, math.nan, math.inf])
def test_widths_without_whole_channels_are_refused(width):
    with pytest.raises(ArgumentError, match="whole number, 1 to"):
        YOLO(2, width=width)


@pytest.mark.parametrize(
    "anchors",
    [
        (),
        ANCHORS[:2],
        [[1, 2], [3, 4]],
        "abc",
        [[[1, 2]] * 3, [[1, 2]] * 3, [[1, 2]] * 2],
        [[[0, 1]] * 3] * 3,
        [[[math.nan, 1]] * 3] * 3,
    ],
)
def test_odd_anchors_are_refused(anchors):
    with pytest.raises(ArgumentError, match="three positive widths and heights"):
        YOLO(2, width=0.125, anchors=anchors)


def test_no_class_and_odd_sides_are_refused(narrow):
    with pytest.raises(ArgumentError, match="1 to 1000 classes"):
        YOLO(0)
    with pytest.raises(ArgumentError, match="multiples of 32"):
        narrow(torch.rand(1, 3, 64, 65))


@torch.inference_mode()
def test_maps_in_the_order_channels_last_are_taken_apart_alike(narrow):
    pictures = torch.rand(1, 3, 64, 64)
    last = channels_last(YOLO(3, width=0.125).eval())
    last.load_state_dict(narrow.state_dict())
    for one, other in zip(narrow(pictures), last(pictures.to(memory_format=torch.channels_last)), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
