# SPDX-License-Identifier: Apache-2.0
"""The three terms of the detection loss, against a slow computation in Python's floats, and what they ask for."""

import math

import pytest
import torch

from semstego.networks.yolo import ANCHORS, YOLO
from semstego.tasks.detection.assignment import Targets, assign
from semstego.tasks.detection.boxes import ciou
from semstego.tasks.detection.loss import Gains, detection_loss

STRIDES = (8, 16, 32)
CLASSES = 4
SIDE = 64


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(7)


@pytest.fixture
def maps(generator):
    return [torch.randn(2, 3, SIDE // s, SIDE // s, 5 + CLASSES, generator=generator) for s in STRIDES]


@pytest.fixture
def targets():
    boxes = [[4, 6, 30, 40], [20, 20, 60, 62], [5, 7, 31, 42], [1, 1, 12, 15], [30, 10, 60, 64]]
    return Targets(torch.tensor(boxes).float(), torch.tensor([0, 3, 1, 2, 3]), torch.tensor([0, 0, 0, 1, 1]))


def entropy(logit, target):
    """Binary cross-entropy [nat]."""
    share = 1 / (1 + math.exp(-logit))
    return -target * math.log(share) - (1 - target) * math.log(1 - share)


def slow(maps, targets, anchors, gains):
    """From the text: sums over maps of means over matches and cells; gains for 3 maps, C of 80 classes, 0.16 at 256."""
    totals = {"box": 0.0, "objectness": 0.0, "classes": 0.0}
    for level, (logits, stride) in enumerate(zip(maps, STRIDES, strict=True)):
        side = SIDE // stride
        matches = assign(targets, torch.tensor(anchors[level]), stride=stride, height=side, width=side)
        boxes, classes, expected = [], [], {}
        columns = (matches.pictures, matches.anchors, matches.rows, matches.columns, matches.targets)
        for picture, anchor, row, column, target in zip(*(one.tolist() for one in columns), strict=True):
            said = logits[picture, anchor, row, column].tolist()
            share = [2 / (1 + math.exp(-one)) for one in said[:4]]
            x, y = (share[0] - 0.5 + column) * stride, (share[1] - 0.5 + row) * stride
            w, h = (share[2 + axis] ** 2 * anchors[level][anchor][axis] for axis in (0, 1))
            box = torch.tensor([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dtype=torch.float64)
            overlap = ciou(box, targets.boxes[target].double()).item()
            boxes.append(1 - overlap)
            classes += [entropy(said[5 + one], int(one == targets.classes[target])) for one in range(CLASSES)]
            place = picture, anchor, row, column
            expected[place] = max(expected.get(place, 0), overlap)
        cells = [
            entropy(logits[place][4].item(), expected.get(place, 0))
            for place in torch.cartesian_prod(*(torch.arange(n) for n in logits.shape[:4])).tolist()
            for place in [tuple(place)]
        ]
        totals["box"] += sum(boxes) / max(len(boxes), 1) * gains.box
        totals["classes"] += sum(classes) / max(len(classes), 1) * gains.classes * CLASSES / 80
        totals["objectness"] += sum(cells) / len(cells) * gains.maps[level] * gains.objectness * (SIDE / 640) ** 2
    return totals


@pytest.mark.parametrize("gains", [Gains(), Gains(box=0.2, objectness=3, classes=0.1, maps=(1, 2, 3))])
def test_the_terms_are_those_of_the_text(maps, targets, gains):
    found = detection_loss(maps, targets, torch.tensor(ANCHORS), gains)
    expected = slow(maps, targets, ANCHORS, gains)
    for name, value in expected.items():
        assert getattr(found, name).item() == pytest.approx(value, rel=1e-4), name
    assert found.mean.item() == pytest.approx(sum(expected.values()), rel=1e-4)


def test_the_scene_has_matches_on_every_map_and_cells_with_two_boxes(targets):
    """Else the test above would not see these cases."""
    shared = 0
    for level, stride in enumerate(STRIDES):
        side = SIDE // stride
        matches = assign(targets, torch.tensor(ANCHORS[level]), stride=stride, height=side, width=side)
        assert len(matches)
        places = torch.stack([matches.pictures, matches.anchors, matches.rows, matches.columns], 1)
        shared += len(places) - len(places.unique(dim=0))
    assert shared > 0


@pytest.mark.parametrize(("side", "share"), [(256, 0.16), (640, 1.0)])
def test_the_gain_of_objects_goes_with_the_area(side, share):
    maps = [torch.zeros(1, 3, side // s, side // s, 7) for s in STRIDES]
    nobody = Targets(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64))
    found = detection_loss(maps, nobody, torch.tensor(ANCHORS))
    assert found.objectness.item() == pytest.approx(share * (4 + 1 + 0.4) * math.log(2))
    assert found.box.item() == found.classes.item() == 0


def perfect(targets, confidence=12.0):
    """Maps that say exactly what is asked for, where one cell has one box."""
    maps = [torch.zeros(2, 3, SIDE // s, SIDE // s, 5 + CLASSES) for s in STRIDES]
    for level, stride in enumerate(STRIDES):
        maps[level][..., 4:] = -confidence
        side, anchors = SIDE // stride, torch.tensor(ANCHORS[level])
        m = assign(targets, anchors, stride=stride, height=side, width=side)
        box = targets.boxes[m.targets]
        middle = (box[:, :2] + box[:, 2:]) / 2 / stride - torch.stack([m.columns, m.rows], 1)
        size = (box[:, 2:] - box[:, :2]) / anchors[m.anchors]
        said = torch.full((len(m), 5 + CLASSES), -confidence)
        said[:, :4] = torch.logit(torch.cat([(middle + 0.5) / 2, size.sqrt() / 2], 1))
        said[:, 4] = confidence
        said[torch.arange(len(m)), 5 + targets.classes[m.targets]] = confidence
        maps[level][m.pictures, m.anchors, m.rows, m.columns] = said
    return maps


def test_whoever_says_what_is_asked_for_loses_nothing():
    alone = Targets(
        torch.tensor([[6.0, 7.0, 33.0, 40.0], [3.0, 9.0, 60.0, 50.0]]), torch.tensor([1, 2]), torch.tensor([0, 1])
    )
    found = detection_loss(perfect(alone), alone, torch.tensor(ANCHORS))
    assert found.mean.item() < 1e-4
    other = Targets(alone.boxes, torch.tensor([2, 1]), alone.pictures)
    assert detection_loss(perfect(alone), other, torch.tensor(ANCHORS)).classes.item() > 0.01
    moved = Targets(alone.boxes + 2, alone.classes, alone.pictures)
    assert detection_loss(perfect(alone), moved, torch.tensor(ANCHORS)).box.item() > 0.01


def test_what_is_found_now_is_a_target_and_no_way_for_gradients(maps, targets):
    maps = [one.requires_grad_() for one in maps]
    found = detection_loss(maps, targets, torch.tensor(ANCHORS))
    slopes = torch.autograd.grad(found.objectness, maps)
    assert all((slope[..., :4] == 0).all() and (slope[..., 5:] == 0).all() for slope in slopes)
    assert all((slope[..., 4] != 0).all() for slope in slopes)


def test_half_precision_loses_nothing_but_its_digits(maps, targets):
    rounded = [one.bfloat16() for one in maps]
    found = detection_loss(rounded, targets, torch.tensor(ANCHORS))
    expected = detection_loss([one.float() for one in rounded], targets, torch.tensor(ANCHORS))
    assert found.mean.dtype == torch.float32
    assert found.mean.item() == expected.mean.item()


def test_a_narrow_network_learns_one_picture_by_heart():
    torch.manual_seed(3)
    picture = torch.zeros(1, 3, 64, 64)
    picture[:, 0, 8:40, 16:40] = 1
    there = Targets(torch.tensor([[16.0, 8.0, 40.0, 40.0]]), torch.tensor([1]), torch.tensor([0]))
    network = YOLO(2, width=0.125).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(40):
        optimiser.zero_grad()
        detection_loss(
            network(picture), there, network.anchors, Gains(box=1, objectness=100, classes=10)
        ).mean.backward()
        optimiser.step()
    boxes, scores = network.decode(network(picture))  # one picture: its own statistics
    best = scores[0].flatten().argmax()
    assert best % 2 == 1
    assert scores[0].flatten()[best] > 0.5
    assert (boxes[0, best // 2] - there.boxes[0]).abs().max() < 4
