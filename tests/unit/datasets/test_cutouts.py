# SPDX-License-Identifier: Apache-2.0
"""One object pasted over one photograph: its box is exact, its edges are clean, and it fills much of the picture."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from semstego.datasets.built.objects import cutouts


@pytest.fixture
def white(tmp_path):
    """A white stamp of an irregular form, with black under its transparent pixels, as ``read_stamp`` gives it."""

    def read(side):
        image = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
        pen = ImageDraw.Draw(image)
        pen.ellipse((5, 3, 40, 30), fill="white")
        pen.rectangle((30, 20, 57, 36), fill="white")
        image.save(tmp_path / "white.png")
        return cutouts.read_stamp(tmp_path / "white.png", side)

    return read


def fits(picture, box):
    """Whether the box is that of a light object over black; rounding may shift its cover by two levels."""
    cover = picture[:, :, 0] / picture.max() * 255
    spans = []
    for level in (cutouts.OPAQUE + 2.5, cutouts.OPAQUE - 1.5):
        rows, columns = np.flatnonzero((cover > level).any(1)), np.flatnonzero((cover > level).any(0))
        spans.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return all(min(pair) <= edge <= max(pair) for edge, *pair in zip(box, *spans, strict=True))


@pytest.mark.parametrize("side", [16, 33, 64, 256])
def test_boxes_are_those_of_the_visible_object(white, side):
    black, stamp = Image.new("RGB", (300, 200)), white(side)
    for seed in range(40):
        picture, box = cutouts.paste(stamp, black, side, np.random.default_rng(seed))
        assert picture.shape == (side, side, 3)
        assert picture.dtype == np.uint8
        assert 0 <= box[0] < box[2] <= side
        assert 0 <= box[1] < box[3] <= side
        assert fits(picture, box)


@pytest.mark.parametrize("edge", range(4))
@pytest.mark.parametrize("by", [-1, 1])
def test_the_check_of_boxes_notices_one_pixel(white, edge, by):
    black, stamp = Image.new("RGB", (300, 200)), white(64)
    noticed = 0
    for seed in range(20):
        picture, box = cutouts.paste(stamp, black, 64, np.random.default_rng(seed))
        wrong = list(box)
        wrong[edge] += by
        noticed += not fits(picture, wrong)
    assert noticed >= 16  # half-covered pixels, which are common at straight edges, lie on the very border


def test_what_hides_under_transparent_pixels_leaves_no_fringe(white, monkeypatch):
    monkeypatch.setattr(cutouts, "SHADOW", (0.0, 0.0))
    monkeypatch.setattr(cutouts, "LIGHT", 0.0)
    scene, stamp = Image.new("RGB", (300, 200), "white"), white(64)
    for seed in range(10):
        picture, _ = cutouts.paste(stamp, scene, 64, np.random.default_rng(seed))
        assert picture.min() >= 252  # a fringe of the hidden black would reach 100 and less


def test_objects_take_up_much_of_the_picture_and_stand_anywhere(white):
    black, stamp = Image.new("RGB", (300, 200)), white(64)
    boxes = np.array([cutouts.paste(stamp, black, 64, np.random.default_rng(seed))[1] for seed in range(60)])
    long_sides = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    assert long_sides.min() >= 0.5 * 64 * (1 - cutouts.OUTSIDE)
    assert np.ptp(long_sides) > 15
    assert np.ptp(boxes[:, 0]) > 15
    assert np.ptp(boxes[:, 1]) > 15
