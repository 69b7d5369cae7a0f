# SPDX-License-Identifier: Apache-2.0
"""What is no message, no picture, no side information and no cover of a baseline is refused in one sentence."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from semstego.baselines.base import BASELINES, Side, payload_bits
from semstego.baselines.jpeg import Jpeg
from semstego.errors import ArgumentError, NothingFoundError, PictureError
from semstego.message.cipher import Key
from tests.unit.baselines.test_baselines import KEY, NAMES, cover_of

pytest.importorskip("jpeglib")
pytest.importorskip("reedsolo")

COVER = cover_of(64, 96, 3)
BITS = np.array([0, 1, 1, 0, 1], np.uint8)


def jpeg_of(picture, mode, **options):
    buffer = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(buffer, "JPEG", quality=80, **options)
    return buffer.getvalue()


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("message", [
    np.full(40, 2, np.uint8), np.full(40, 255, np.uint8), np.full(40, -1, np.int8), np.zeros(40),
    np.zeros((5, 8), np.uint8), b"\x00\x01", None, [0, 1], np.array(["a"]),
])  # fmt: skip
def test_what_are_no_bits_is_refused(name, message):
    with pytest.raises(ArgumentError, match="array of bits"):
        BASELINES.get(name).embed(COVER, message, KEY)


@pytest.mark.parametrize("numbers", [
    (-1, 155, 0), (5, -5, 0), (5, 155, -1), (5, 155, 156), (200, 155, 0), (5, 155, 0, -1), (5.0, 155, 0), ("5", 155, 0),
])  # fmt: skip
def test_numbers_that_are_no_side_information_are_refused(numbers):
    with pytest.raises(ArgumentError):
        Side(*numbers)


@pytest.mark.parametrize("name", NAMES)
def test_side_information_of_another_method_or_length_finds_nothing(name):
    baseline = BASELINES.get(name)
    carried = baseline.embed(COVER, BITS, KEY)
    picture = Jpeg(carried.jpeg).pixels
    assert np.array_equal(baseline.extract(picture, KEY, carried.side).message, BITS)
    for other in (
        replace(carried.side, coded_bits=carried.side.coded_bits + 1),
        replace(carried.side, message_bits=carried.side.message_bits + 100, coded_bits=carried.side.coded_bits + 100),
        replace(carried.side, strength=carried.side.strength + 1),
        replace(carried.side, strength=200),
        replace(carried.side, coded_bits=10**12, message_bits=10**11),
    ):
        with pytest.raises(NothingFoundError):
            baseline.extract(picture, KEY, other)


@pytest.mark.parametrize("picture", [
    None, b"", np.zeros((64, 96), np.uint8), np.zeros((64, 96, 4), np.uint8), np.zeros((64, 96, 3)),
    np.full((64, 96, 3), np.nan), np.zeros((4, 4, 3), np.uint8),
])  # fmt: skip
def test_what_is_no_picture_is_refused(picture):
    side = BASELINES.get("dmas").embed(COVER, BITS, KEY).side
    with pytest.raises(PictureError):
        BASELINES.get("dmas").extract(picture, KEY, side)


def patched_size(height, width):
    """A small file whose header says that it is large."""
    content = bytearray(cover_of(64, 96, 1))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def zero_steps():
    content = bytearray(cover_of(64, 96, 1))
    place = content.index(b"\xff\xdb") + 5
    content[place + 3] = 0
    return bytes(content)


@pytest.mark.parametrize("cover", [
    jpeg_of(noise(64, 64), "CMYK"), jpeg_of(noise(64, 64), "RGB", keep_rgb=True), patched_size(65_000, 65_000),
    patched_size(9_000, 9_000), zero_steps(), jpeg_of(noise(7, 7), "L"), b"", b"GIF89a", cover_of(64, 96, 1)[:700],
])  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_what_is_no_cover_is_refused(cover):
    for work in (lambda: BASELINES.get("gmas").embed(cover, BITS, KEY), lambda: payload_bits(cover, 0.1)):
        with pytest.raises(PictureError):
            work()


@pytest.mark.parametrize("rate", [-1, float("nan"), float("inf"), 1e300])
def test_rates_that_are_none_are_refused(rate):
    with pytest.raises(ArgumentError):
        payload_bits(COVER, rate)


def test_a_wrong_key_is_no_error():
    carried = BASELINES.get("dmas").embed(COVER, BITS, KEY)
    read = BASELINES.get("dmas").extract(Jpeg(carried.jpeg).pixels, Key(bytes(32)), carried.side)
    assert read.message.shape == BITS.shape
