# SPDX-License-Identifier: Apache-2.0
"""The decoder against Pillow's: levels of a decoded picture, rounded, decode to that picture, bit for bit."""

import io
from itertools import product

import numpy as np
import pytest
from PIL import Image

from semstego.io.pictures import load_picture, squeezed
from semstego.steganalysis.jpeg import decoder
from semstego.steganalysis.jpeg.decoder import JpegFormat

SUBSAMPLING = {"grey": 0, "4:4:4": 0, "4:2:0": 2}


def after_jpeg(picture, sampling, quality):
    source = picture.mean(2).astype(np.uint8) if sampling == "grey" else picture
    file = io.BytesIO()
    Image.fromarray(source).save(file, "JPEG", quality=quality, subsampling=SUBSAMPLING[sampling])
    return load_picture(file.getvalue())


@pytest.fixture
def unclipped(photographs, rng):
    """A photograph in muted colours, with grain: no colour leaves the range, and no block is rounded one way."""
    picture = photographs["chelsea"][:192, :256].astype(np.float64)
    return (128 + (picture - 128) / 2 + rng.normal(0, 10, picture.shape)).astype(np.uint8)


def again(picture, form):
    return form.decoded(np.rint(form.levels(picture)))


@pytest.mark.parametrize(
    ("sampling", "quality"), [*product(SUBSAMPLING, (50, 60)), ("grey", 75), ("grey", 85), ("4:4:4", 80), ("4:4:4", 85)]
)
def test_decoding_is_pillows_to_the_last_bit(unclipped, sampling, quality):
    picture = after_jpeg(unclipped, sampling, quality)
    np.testing.assert_array_equal(again(picture, JpegFormat(sampling, quality)), picture)


@pytest.mark.parametrize("sampling", SUBSAMPLING)
def test_another_quality_or_subsampling_decodes_to_something_else(unclipped, sampling):
    picture = after_jpeg(unclipped, sampling, 75)
    others = [JpegFormat(sampling, 80)]
    if sampling != "grey":
        others.append(JpegFormat("4:2:0" if sampling == "4:4:4" else "4:4:4", 75))
    for form in others:
        assert (again(picture, form) != picture).mean() > 0.1


def test_a_usual_inverse_dct_is_not_libjpegs(unclipped, monkeypatch):
    """The broken variant that the first test must catch: cosines instead of libjpeg's constants."""
    picture = after_jpeg(unclipped, "grey", 75)
    cosines = np.rint(decoder.DCT.T * np.sqrt(8) * (1 << 13)).astype(np.int64)
    assert np.abs(cosines - decoder.INVERSE).max() <= 1
    monkeypatch.setattr(decoder, "INVERSE", np.rint(decoder.DCT.T * np.sqrt(8) * (1 << 10)).astype(np.int64) << 3)
    assert (again(picture, JpegFormat("grey", 75)) != picture).any()


@pytest.mark.parametrize("sampling", SUBSAMPLING)
def test_clipped_colours_and_fine_tables_cost_few_pixels(photographs, sampling):
    picture = after_jpeg(photographs["coffee"][:192, :320], sampling, 75)
    assert (again(picture, JpegFormat(sampling, 75)) == picture).mean() > 0.9


def test_tables_are_those_that_pillow_writes():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=82)
    tables = Image.open(file).quantization
    steps = JpegFormat("4:2:0", 82).steps
    assert steps.shape == (6 * 64,)
    assert steps[:64].tolist() == steps[192:256].tolist() == tables[0]
    assert steps[256:320].tolist() == steps[320:].tolist() == tables[1]


def test_grey_pictures_keep_one_channel(photographs):
    grey = squeezed(photographs["camera"])[:64, :64]
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "JPEG", quality=60)
    assert again(load_picture(file.getvalue()), JpegFormat("grey", 60)).shape == (64, 64, 1)
