# SPDX-License-Identifier: Apache-2.0
"""Pictures from outside: every mode and format is taken as it is or refused in one sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semstego.channel.pictures import png_bytes, through_png
from semstego.errors import PictureError
from semstego.io.pictures import load_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def encoded(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_are_read_exactly(format):
    assert (load_picture(encoded(Image.fromarray(PIXELS), format)) == PIXELS).all()


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_lossy_formats_are_read(format):
    assert load_picture(encoded(Image.fromarray(PIXELS), format)).shape == (40, 50, 3)


def test_grey_keeps_one_channel():
    grey = Image.fromarray(PIXELS[:, :, 0])
    assert load_picture(encoded(grey)).shape == (40, 50, 1)
    assert load_picture(PIXELS[:, :, 0]).shape == (40, 50, 1)


@pytest.mark.parametrize(("orientation", "turned"), [(3, 2), (6, 3), (8, 1)])
def test_exif_rotation_is_applied(orientation, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert (load_picture(encoded(Image.fromarray(PIXELS), exif=exif)) == np.rot90(PIXELS, turned)).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "CMYK", "I;16", "I", "F", "YCbCr", "LAB", "HSV"])
def test_other_modes_are_refused_in_one_sentence_unless_flattened(mode):
    if mode == "I;16":
        image = Image.fromarray((PIXELS[:, :, 0].astype(np.uint16) << 8) + 7)
    else:
        image = Image.fromarray(PIXELS).convert("L" if mode in ("LA", "I", "F", "1") else "RGB").convert(mode)
    with pytest.raises(PictureError, match="--flatten") as refusal:
        load_picture(image, flatten=False)
    assert "\n" not in str(refusal.value)
    with pytest.raises(PictureError) as refusal:
        load_picture(image)
    assert "flatten" not in str(refusal.value)  # no option is named to whom has none
    flat = load_picture(image, flatten=True)
    assert flat.dtype == np.uint8
    assert flat.shape[:2] == (40, 50)
    if mode == "I;16":
        assert (flat[:, :, 0] == PIXELS[:, :, 0]).all()


def test_a_transparent_colour_is_alpha():
    with pytest.raises(PictureError, match="transparent"):
        load_picture(encoded(Image.fromarray(PIXELS), transparency=(1, 2, 3)))


def test_flattening_puts_white_behind():
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert (load_picture(clear, flatten=True) == 255).all()


def test_animations_are_refused():
    frames = [Image.fromarray(PIXELS), Image.fromarray(255 - PIXELS)]
    data = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with pytest.raises(PictureError, match="several"):
        load_picture(data)


def test_a_telephones_photograph_with_a_preview_is_read():
    frames = [Image.fromarray(PIXELS), Image.fromarray(255 - PIXELS)]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:], quality=95)
    read = load_picture(data).astype(int)
    assert np.abs(read - PIXELS).mean() < np.abs(read - 255 + PIXELS).mean() / 2


def test_a_bomb_is_refused_before_it_is_decoded():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(PictureError):
        load_picture(data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "BMP", "PPM"]), st.data())
def test_damaged_files_raise_only_picture_errors(format, data):
    content = bytearray(encoded(Image.fromarray(PIXELS), format))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content))) :]
    try:
        load_picture(bytes(content))
    except PictureError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("pixels", [PIXELS, PIXELS[:, :, :1]])
def test_png_round_trip_is_exact(pixels):
    png, read = through_png(pixels)
    assert (read == pixels).all()
    assert png == png_bytes(pixels)
    assert (load_picture(png) == pixels).all()


def sixteen(format):
    """A file of 16 bits a channel in colour, which Pillow does not write."""
    values = (PIXELS.astype(np.uint16) << 8) + 7
    if format == "PPM":
        return b"P6 50 40 65535\n" + values.astype(">u2").tobytes()
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 50, 40, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize("format", ["PPM", "PNG"])
def test_colour_of_sixteen_bits_is_not_cut_unasked(format):
    with pytest.raises(PictureError, match="16 bits"):
        load_picture(sixteen(format))
    assert np.abs(load_picture(sixteen(format), flatten=True).astype(int) - PIXELS).max() <= 1
