# SPDX-License-Identifier: Apache-2.0
"""Pictures and boxes into a square and back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.datasets.letterbox import Letterbox
from semstego.errors import ArgumentError

SIDES = st.integers(1, 3000)


@given(SIDES, SIDES, st.integers(1, 700), st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=5))
def test_boxes_come_back_as_they_were_and_lie_in_the_square_meanwhile(height, width, side, shares):
    boxes = np.array([[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in shares]).reshape(-1, 4)
    boxes *= [width, height, width, height]
    letterbox = Letterbox(height, width, side)
    there = letterbox.boxes(boxes)
    assert (there >= -1e-9).all()
    assert (there <= side + 1e-9).all()
    assert letterbox.boxes_back(there) == pytest.approx(boxes, abs=1e-6)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 40), st.sampled_from([1, 3]))
def test_the_picture_fills_its_part_of_the_square_and_the_rest_is_grey(height, width, side, channels):
    letterbox = Letterbox(height, width, side)
    square = letterbox.picture(np.full((height, width, channels), 200, np.uint8))
    assert square.shape == (side, side, channels)
    left, top, right, bottom = letterbox.boxes([[0, 0, width, height]])[0].round().astype(int)
    assert (square[top:bottom, left:right] == 200).all()
    square[top:bottom, left:right] = 114
    assert (square == 114).all()
    assert max(bottom - top, right - left) == side
    assert abs((side - bottom) - top) <= 1
    assert abs((side - right) - left) <= 1
    assert letterbox.picture_back(letterbox.picture(np.full((height, width, channels), 9, np.uint8))).shape == (
        height,
        width,
        channels,
    )


def test_by_hand():
    letterbox = Letterbox(100, 200, 64)
    assert letterbox.scaled == (32, 64)
    assert letterbox.place == (16, 0)
    assert letterbox.boxes([[50, 25, 150, 75]]).tolist() == [[16, 24, 48, 40]]
    assert letterbox.boxes_back([[16, 24, 48, 40]]).tolist() == [[50, 25, 150, 75]]
    assert letterbox.boxes([]).shape == (0, 4)


def test_what_is_found_in_the_square_is_found_in_the_picture():
    """A bright rectangle is where its box is, before and after."""
    picture = np.zeros((150, 330, 3), np.uint8)
    picture[30:110, 100:280] = 255
    letterbox = Letterbox(150, 330, 256)
    rows, columns = np.nonzero(letterbox.picture(picture)[..., 0] > 180)
    seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    assert np.abs(seen - letterbox.boxes([[100, 30, 280, 110]])[0]).max() <= 1
    back = letterbox.picture_back(letterbox.picture(picture))
    assert (np.abs(back.astype(int) - picture) > 128).mean() < 0.01


def test_a_square_of_the_right_size_stays_as_it_is(rng):
    picture = rng.integers(0, 256, (48, 48, 3)).astype(np.uint8)
    letterbox = Letterbox(48, 48, 48)
    assert (letterbox.picture(picture) == picture).all()
    assert (letterbox.picture_back(picture) == picture).all()


@pytest.mark.parametrize("sizes", [(0, 5, 64), (5, 0, 64), (5, 5, 0), (5, 5, 10**6), (-1, -1, 64)])
def test_sizes_that_cannot_be_are_refused(sizes):
    with pytest.raises(ArgumentError):
        Letterbox(*sizes)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 6, 3)),
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((6, 4, 3), np.uint8),
        [[1]],
        None,
    ],
)
def test_other_things_than_pictures_of_this_size_are_refused(picture):
    with pytest.raises(ArgumentError, match="the picture must"):
        Letterbox(4, 6, 64).picture(picture)


@pytest.mark.parametrize(
    "boxes",
    [
        [[0, 0, 1]],
        [0, 0, 1, 1],
        [[0, 0, math.nan, 1]],
        [[3, 0, 1, 1]],
        [[0, 0, 1, math.inf]],
        "box",
        [["0"] * 4],
        [None],
    ],
)
def test_what_are_no_boxes_is_refused(boxes):
    for way in (Letterbox(4, 6, 64).boxes, Letterbox(4, 6, 64).boxes_back):
        with pytest.raises(ArgumentError, match=r"^boxes must"):
            way(boxes)
