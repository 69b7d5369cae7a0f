# SPDX-License-Identifier: Apache-2.0
"""Marked pictures: as strong as they are asked to be, in 8 bits, and the same on every run."""

import numpy as np
import pytest

from semstego.message import short_frame
from semstego.message.cipher import Key
from semstego.metrics.image import psnr_db
from semstego.schemes.robust import code_word, layout
from semstego.schemes.robust.band import luma_of
from semstego.schemes.robust.layout import FORMATS, Grid
from semstego.schemes.robust.marking import LADDER, Marker
from semstego.schemes.robust.reading import Reading

KEY = Key(bytes(range(32)))


def marker(picture, message=b"noon"):
    frame = short_frame.seal(message, None, KEY, bytes(8))
    form = layout.format_for(frame.payload_bits, Grid.of(*picture.shape[:2]))
    return Marker.of(picture, form, KEY, frame.payload(KEY))


def cut(photographs, name, height=200, width=270):
    return np.ascontiguousarray(photographs[name][:height, :width])


def large(photographs):
    return np.concatenate([photographs["coffee"], photographs["coffee"][::-1]])[:256, :320]


@pytest.mark.parametrize("wanted", [36.0, 42.0, 48.0, 54.0])
@pytest.mark.parametrize("name", ["coffee", "camera", "chelsea"])
def test_the_psnr_is_what_was_asked_for_and_not_less(photographs, name, wanted):
    picture = cut(photographs, name)
    marked = marker(picture).marked(wanted)
    assert marked.dtype == np.uint8
    assert marked.shape == picture.shape
    assert wanted <= psnr_db(picture, marked) < wanted + 0.12


def test_pixels_outside_whole_cells_stay(photographs):
    picture = cut(photographs, "coffee", 200, 270)
    marked = marker(picture).marked(40.0)
    changed = (marked != picture).any(axis=2)
    assert changed[:192, :256].mean() > 0.3
    assert not changed[192:].any()
    assert not changed[:, 256:].any()


def test_the_same_picture_message_and_key_give_the_same_marks(photographs):
    picture = cut(photographs, "coffee")
    np.testing.assert_array_equal(marker(picture).marked(45.0), marker(picture).marked(45.0))
    assert (marker(picture).marked(45.0) != marker(picture, b"one").marked(45.0)).any()


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_a_picture_of_one_level_is_marked_and_read_wherever_there_is_room(level):
    """At black and white half of the changes are clipped."""
    picture = np.full((256, 256, 3), level, np.uint8)
    marked = marker(picture).marked(42.0)
    assert psnr_db(picture, marked) >= 42
    reading = Reading.whole(luma_of(marked), KEY)
    assert reading.fit.z > 4
    if level == 128:
        assert reading.is_whole


def test_projections_come_near_their_lattices(photographs):
    """Each by four fifths or so of the way, through rounding to 8 bits."""
    picture = large(photographs)
    one = marker(picture)
    reading = Reading.whole(luma_of(one.marked(44.0)), KEY)
    residues = reading.data_residues(reading.bits_of(one.word), reading.fit.period) / reading.fit.period
    assert np.sqrt((residues**2).mean()) < 0.1  # 0.29 where nothing was moved
    nearest = LADDER[np.argmin(np.abs(np.log(LADDER / reading.fit.period)))]
    assert reading.fit.period == pytest.approx(nearest, rel=0.02)


def test_colour_costs_less_than_grey_for_the_same_strength(photographs):
    """1 / (3 (0.299^2 + 0.587^2 + 0.114^2)) of the square change: 1.28 dB."""
    colour = large(photographs)
    grey = np.rint(luma_of(colour)).astype(np.uint8)[..., None]
    periods = [Reading.whole(luma_of(marker(one).marked(psnr)), KEY).fit.period for one, psnr in
               ((colour, 45.0), (grey, 45.0 - 1.275))]  # fmt: skip
    assert periods[0] == pytest.approx(periods[1], rel=0.02)


@pytest.mark.parametrize("form", FORMATS)
def test_a_code_word_comes_back_though_most_of_it_is_lost(form):
    rng = np.random.default_rng(form.word_bits)
    frame = rng.integers(0, 2, form.frame_bits, dtype=np.uint8)
    word = code_word.encoded(frame, form, KEY)
    assert word.shape == (form.word_bits,)
    places = rng.permutation(form.word_bits)[: int(0.45 * form.word_bits)].reshape(1, -1)
    logits = 6.0 * (2.0 * word[places] - 1)
    np.testing.assert_array_equal(code_word.decoded(logits, places, form, KEY), frame)
    other = code_word.decoded(logits, places, form, Key(bytes(32)))
    assert 0.3 < (other != frame).mean() < 0.7
