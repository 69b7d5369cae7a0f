# SPDX-License-Identifier: Apache-2.0
"""Mosaics of four: coloured rectangles are drawn, and found again where their boxes say."""

import math

import numpy as np
import pytest

from semstego.errors import ArgumentError
from semstego.tasks.detection.mosaic import LEAST_SHARE, LEAST_SIDE, mosaic

SIDE = 128
GROUND = [(60, 0, 0), (0, 60, 0), (0, 0, 60), (60, 60, 0)]  # of the four pictures
INK = [(250, 0, 250), (0, 250, 250), (250, 250, 0)]  # of the rectangles of one picture


def drawn(rng, count=3):
    """A picture of each ground with rectangles that do not touch, and their boxes."""
    pictures, boxes = [], []
    for ground in GROUND:
        height, width = rng.integers(80, 300, 2)
        picture = np.full((height, width, 3), ground, np.uint8)
        its = []
        for number in range(count):
            band = width // count
            left = number * band + rng.integers(1, band // 4)
            right = (number + 1) * band - rng.integers(1, band // 4)
            top, bottom = rng.integers(0, height // 3), height - rng.integers(0, height // 3)
            picture[top:bottom, left:right] = INK[number]
            its.append([left, top, right, bottom])
        pictures.append(picture)
        boxes.append(np.array(its, float).reshape(-1, 4))
    return pictures, boxes


def inked(picture, ink):
    """Where a picture has nearly this colour."""
    return np.abs(picture.astype(int) - ink).max(-1) < 60


def reach(mask):
    """Smallest box around what is true."""
    rows, columns = np.nonzero(mask)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def quarters(picture):
    """Which of the four pictures each pixel is from, -1 for grey: by the region around its ground."""
    return {number: np.abs(picture.astype(int) - ground).max(-1) < 40 for number, ground in enumerate(GROUND)}


def test_every_box_lies_on_its_object():
    """All that is within a box, but for its border, has the ink of its object."""
    checked = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        pictures, boxes = drawn(rng)
        found = mosaic(pictures, boxes, SIDE, rng)
        for (left, top, right, bottom), (_, which) in zip(found.boxes, found.sources, strict=True):
            inner = found.picture[
                math.ceil(top + 1) : math.floor(bottom - 1), math.ceil(left + 1) : math.floor(right - 1)
            ]
            if not inner.size:
                continue
            assert inked(inner, INK[which]).all()
            checked += 1
    assert checked > 200


@pytest.mark.parametrize("number", range(4))
def test_the_box_is_the_smallest_one_around_its_object(number):
    """One object alone: all of its ink is found again, and nothing beyond its box."""
    checked = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pictures, boxes = drawn(rng, 1)
        for other in set(range(4)) - {number}:
            pictures[other][:] = GROUND[other]
            boxes[other] = []
        found = mosaic(pictures, boxes, SIDE, rng)
        mask = inked(found.picture, INK[0])
        assert found.sources.tolist() == [[number, 0]] * len(found.boxes)
        if not len(found.boxes):
            assert mask.mean() < 0.1
            continue
        assert np.abs(reach(mask) - found.boxes[0]).max() <= 1.5
        checked += 1
    assert checked > 20


def test_the_four_lie_around_one_corner():
    rng = np.random.default_rng(3)
    for _ in range(30):
        pictures, _ = drawn(rng, 0)
        found = mosaic(pictures, [[]] * 4, SIDE, rng)
        seen = {n: reach(mask) for n, mask in quarters(found.picture).items() if mask.any()}
        for above, below in ((0, 2), (1, 3)):
            if above in seen and below in seen:
                assert seen[above][3] == seen[below][1]
        for left, right in ((0, 1), (2, 3)):
            if left in seen and right in seen:
                assert seen[left][2] == seen[right][0]


def test_the_whole_square_is_the_four_pictures_and_grey():
    rng = np.random.default_rng(4)
    pictures, _ = drawn(rng, 0)
    found = mosaic(pictures, [[]] * 4, SIDE, rng)
    grey = (found.picture == 114).all(-1)
    assert (sum(mask.astype(int) for mask in quarters(found.picture).values()) + grey == 1).all()


def test_what_is_hardly_seen_has_no_box():
    kept = lost = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pictures, boxes = drawn(rng)
        found = mosaic(pictures, boxes, SIDE, rng)
        sides = found.boxes[:, 2:] - found.boxes[:, :2]
        assert (found.boxes >= 0).all()
        assert (found.boxes <= SIDE).all()
        assert (sides >= LEAST_SIDE).all()
        kept, lost = kept + len(found.boxes), lost + 12 - len(found.boxes)
    assert kept > 300
    assert lost > 30
    assert (LEAST_SIDE, LEAST_SHARE) == (2.0, 0.1)


def test_of_each_box_that_stays_enough_is_seen():
    """Boxes that are the whole picture, 128 x 64 in the square, and boxes that are two or three of its pixels."""
    rng = np.random.default_rng(6)
    picture = np.full((50, 100, 3), 200, np.uint8)
    least, small = 1.0, 0
    for _ in range(300):
        found = mosaic([picture] * 4, [[[0, 0, 100, 50], [50, 25, 52, 27]]] * 4, SIDE, rng, scale=0, translate=0)
        sides = found.boxes[:, 2:] - found.boxes[:, :2]
        whole = found.sources[:, 1] == 0
        least, small = min(least, sides[whole].prod(1).min() / (128 * 64)), small + (~whole).sum()
    assert LEAST_SHARE <= least < LEAST_SHARE + 0.03
    assert small > 300
    for _ in range(100):
        found = mosaic([picture] * 4, [[[50, 25, 51.5, 26.5]]] * 4, SIDE, rng, scale=0, translate=0)
        assert not len(found.boxes)


def test_small_pictures_lie_around_the_middle():
    """The corner keeps its place in what the four make up, which is smaller then, but for the shift."""
    rng = np.random.default_rng(7)
    picture, away = np.full((100, 100, 3), 200, np.uint8), []
    for _ in range(300):
        found = mosaic([picture] * 4, [[[0, 0, 100, 100]]] * 4, SIDE, rng, scale=0.9, translate=0)
        sides = (found.boxes[:, 2:] - found.boxes[:, :2]).max(initial=0)
        first = found.boxes[(found.sources[:, 0] == 0)]
        if len(first) and sides < SIDE / 2:
            away.append(np.abs(first[0, 2:] - SIDE / 2).max() / sides)
    assert len(away) > 50
    assert 0.4 < max(away) < 0.55


def test_without_random_scale_and_shift_the_longer_side_is_the_squares():
    """The corner is drawn still; a picture whose box is all of it shows its size where nothing is cut."""
    rng = np.random.default_rng(5)
    whole = 0
    for _ in range(200):
        picture = np.full((50, 100, 3), 200, np.uint8)
        found = mosaic([picture] * 4, [[[0, 0, 100, 50]]] * 4, SIDE, rng, scale=0, translate=0)
        sizes = found.boxes[:, 2:] - found.boxes[:, :2]
        assert (sizes <= [SIDE, SIDE // 2]).all()
        whole += (sizes[:, 1] == SIDE // 2).sum()
    assert whole > 100


def test_the_generator_decides_everything():
    pictures, boxes = drawn(np.random.default_rng(1))
    first, again, other = (mosaic(pictures, boxes, SIDE, np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert (first.picture == again.picture).all()
    assert first.boxes.tolist() == again.boxes.tolist()
    assert (first.picture != other.picture).any()


@pytest.mark.parametrize("scale", [0.0, 0.5, 0.9])
def test_extreme_shapes_and_grey_pictures_are_taken(scale):
    rng = np.random.default_rng(2)
    pictures = [np.zeros((*shape, 1), np.uint8) for shape in ((1, 900), (900, 1), (1, 1), (7, 5))]
    for _ in range(30):
        found = mosaic(pictures, [[[0, 0, 1, 1]]] * 4, 32, rng, scale=scale)
        assert found.picture.shape == (32, 32, 1)


GOOD = [np.zeros((8, 9, 3), np.uint8)] * 4
NONE = [[]] * 4


@pytest.mark.parametrize(
    ("pictures", "boxes", "more", "sentence"),
    [
        (GOOD[:3], NONE, {}, "a mosaic has 4 pictures"),
        (GOOD, NONE[:3], {}, "a mosaic has 4 pictures"),
        ([*GOOD[:3], np.zeros((8, 9, 3))], NONE, {}, "picture 3 must be an array of uint8"),
        ([*GOOD[:3], np.zeros((8, 9), np.uint8)], NONE, {}, "picture 3 must have the shape"),
        ([*GOOD[:3], np.zeros((0, 9, 3), np.uint8)], NONE, {}, "picture 3 must have the shape"),
        ([*GOOD[:3], np.zeros((8, 9, 1), np.uint8)], NONE, {}, "all grey or all RGB"),
        (GOOD, [*NONE[:3], [[0, 0, math.nan, 1]]], {}, "boxes of picture 3 must be finite"),
        (GOOD, [*NONE[:3], [[0, 0, 9, 9]]], {}, "boxes of picture 3 must lie within it"),
        (GOOD, [*NONE[:3], [[-1, 0, 9, 8]]], {}, "boxes of picture 3 must lie within it"),
        (GOOD, [*NONE[:3], [[5, 0, 4, 8]]], {}, "left <= right"),
        (GOOD, NONE, {"scale": 1.0}, r"a scale in \[0, 1\)"),
        (GOOD, NONE, {"scale": math.nan}, r"a scale in \[0, 1\)"),
        (GOOD, NONE, {"translate": -0.1}, "a shift in"),
        (GOOD, NONE, {"side": 0}, "the side of a square"),
    ],
)
def test_what_makes_no_mosaic_is_refused_in_one_sentence(pictures, boxes, more, sentence):
    arguments = {"side": 32, "generator": np.random.default_rng(0), **more}
    with pytest.raises(ArgumentError, match=sentence):
        mosaic(pictures, boxes, **arguments)
