# SPDX-License-Identifier: Apache-2.0
"""Copies of a photograph are found, however they were made; different photographs, and flat pictures, stay apart."""

import io

import numpy as np
import pytest
from PIL import Image

from semstego.io.pictures import load_picture
from semstego.steganalysis.sources.photographs import photographs_of, signature

SIDE = 96


def saved_as_jpeg(picture, quality):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return load_picture(file.getvalue())


def scaled(picture, factor):
    height, width = (round(factor * side) for side in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def levels(picture, gain, offset):
    return np.clip(128 + gain * (picture.astype(float) - 128) + offset, 0, 255).astype(np.uint8)


COPIES = {
    "equal": lambda one: one.copy(),
    "JPEG 90": lambda one: saved_as_jpeg(one, 90),
    "JPEG 50": lambda one: saved_as_jpeg(one, 50),
    "brighter": lambda one: levels(one, 1, 20),
    "less contrast": lambda one: levels(one, 0.8, 0),
    "half": lambda one: scaled(one, 0.5),
    "a little smaller": lambda one: scaled(one, 0.9),
    "mirrored": lambda one: one[:, ::-1],
    "edges cut": lambda one: one[4:-4, 4:-4],
    "one edge cut": lambda one: one[:, 4:],
    "grey": lambda one: np.repeat(np.asarray(Image.fromarray(one).convert("L"))[:, :, None], 3, 2),
}


def parted(*pictures):
    return list(photographs_of([signature(one) for one in pictures]))


@pytest.fixture(scope="module")
def different(photographs):
    """Places of the bundled photographs that do not overlap; in colour."""
    return [
        picture[top : top + SIDE, left : left + SIDE]
        for picture in photographs.values() if picture.shape[2] == 3
        for top in range(0, picture.shape[0] - SIDE + 1, SIDE)
        for left in range(0, picture.shape[1] - SIDE + 1, SIDE)
    ]  # fmt: skip


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_shows_the_photograph_that_it_was_made_of_and_no_other(different, how):
    count = len(different)
    assert count >= 10
    assert parted(*different, *map(COPIES[how], different)) == [*range(count)] * 2


def test_places_of_one_photograph_that_do_not_overlap_are_told_apart(different):
    assert parted(*different) == [*range(len(different))]


def test_small_pictures_of_noise_are_different_photographs(rng):
    pictures = list(rng.integers(0, 256, (30, 48, 40, 1), dtype=np.uint8))
    assert parted(*pictures) == [*range(30)]


def dot(row, column):
    page = np.full((SIDE, SIDE, 3), 255, np.uint8)
    page[row : row + 6, column : column + 6] = 0
    return page


@pytest.mark.parametrize(
    ("pictures", "photographs"),
    [
        ([np.full((SIDE, SIDE, 1), level, np.uint8) for level in (100, 101, 102, 100)], [0, 1, 2, 0]),
        ([dot(10, 10), dot(50, 40), dot(80, 20), dot(50, 40)], [0, 1, 2, 1]),
        ([np.zeros((SIDE, SIDE, 3), np.uint8), dot(40, 40), np.full((64, 40, 3), 0, np.uint8)], [0, 1, 0]),
    ],
    ids=["grey levels", "dots", "black"],
)
def test_flat_and_nearly_empty_pictures_are_one_only_where_they_are_equal(pictures, photographs):
    assert parted(*pictures) == photographs


def test_a_picture_like_two_others_joins_them(different):
    one = different[0]
    assert parted(one[6:-6, 6:-6], different[1], one[3:-3, 3:-3], one) == [0, 1, 0, 0]


def test_more_pictures_than_are_compared_at_once_are_parted_alike(different, monkeypatch):
    monkeypatch.setattr("semstego.steganalysis.sources.photographs.ROWS", 3)
    pictures = [*different[:5], *(one[:, ::-1] for one in different[:5])]
    assert parted(*pictures) == [0, 1, 2, 3, 4] * 2
