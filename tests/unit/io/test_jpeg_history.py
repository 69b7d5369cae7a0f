# SPDX-License-Identifier: Apache-2.0
"""JPEGs are found wherever their grid lies, and nothing else is; a shrunk one is no JPEG any more."""

import io
import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semstego.errors import PictureError
from semstego.io.jpeg_history import BLOCK, FOUND, find_jpeg_history, shrunk
from semstego.io.pictures import load_picture, squeezed


def after_jpeg(picture, quality, subsampling=0):
    file = io.BytesIO()
    Image.fromarray(squeezed(picture)).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return load_picture(file.getvalue())


@pytest.mark.parametrize(("quality", "subsampling"), [*product((75, 85, 95), (0, 2))])
def test_photographs_that_were_jpegs_are_found_and_their_grid_with_them(photographs, rng, quality, subsampling):
    for picture in photographs.values():
        top, left = rng.integers(0, BLOCK, 2)
        cut = after_jpeg(picture, quality, subsampling)[top:, left:]
        history = find_jpeg_history(cut)
        assert history.found
        assert history.shift == (-top % BLOCK, -left % BLOCK)
        assert history.excess > FOUND


def test_squares_of_64_pixels_are_enough(photographs):
    cut = [after_jpeg(picture, 85)[60:124, 70:134] for picture in photographs.values()]
    assert sum(find_jpeg_history(one).found for one in cut) == len(cut)


@pytest.mark.parametrize("factor", [0.5, 0.75, 0.9])
def test_photographs_that_were_shrunk_since_are_not_found(photographs, factor):
    for picture in photographs.values():
        assert not find_jpeg_history(shrunk(after_jpeg(picture, 85, 2), factor)).found


@settings(max_examples=20, deadline=None)
@given(
    height=st.integers(32, 70),
    width=st.integers(32, 70),
    channels=st.sampled_from((1, 3)),
    spread=st.sampled_from((0, 1, 20, 120)),
    slope=st.floats(-2, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_ramps_and_noise_have_no_history(height, width, channels, spread, slope, seed):
    rows, columns = np.mgrid[:height, :width]
    ramp = 128 + slope * (rows + columns - 60)[:, :, np.newaxis]
    noise = np.random.default_rng(seed).normal(0, spread, (height, width, channels))
    picture = np.clip(ramp + noise, 0, 255).astype(np.uint8)
    history = find_jpeg_history(picture)
    if spread or not slope:  # a clean ramp is periodic, for it is rounded
        assert not history.found
    assert history.excess >= 0


def test_a_large_picture_takes_no_longer_than_a_small_one():
    picture = np.zeros((3000, 4000, 3), np.uint8)
    start = time.process_time()
    assert not find_jpeg_history(picture).found
    assert time.process_time() - start < 1  # 0.1 seconds on an idle core; 12 megapixels may take 3.6


@pytest.mark.parametrize("name", ["coffee", "camera"])  # colour and grey
def test_shrinking_is_pillows_lanczos(photographs, name):
    picture = photographs[name]
    height, width, channels = picture.shape
    size = round(width * 0.75), round(height * 0.75)
    expected = np.asarray(Image.fromarray(squeezed(picture)).resize(size, Image.Resampling.LANCZOS))
    found = shrunk(picture)
    assert found.shape == (size[1], size[0], channels)
    np.testing.assert_array_equal(squeezed(found), expected)


def test_what_would_be_too_small_for_a_codec_is_not_shrunk(rng):
    picture = rng.integers(0, 256, (64, 42, 3), dtype=np.uint8)
    with pytest.raises(PictureError, match="too few to be shrunk to 31x48"):
        shrunk(picture[:, :41])
    assert shrunk(picture[:, :43]).shape == (48, 32, 3)
