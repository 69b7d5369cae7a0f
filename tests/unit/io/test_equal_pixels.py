# SPDX-License-Identifier: Apache-2.0
"""A reconstruction that somebody saved again with equal pixels is still read, whatever form it was saved in."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

import semstego
from semstego.errors import PictureError
from semstego.io.pictures import load_readings

MESSAGE = b"a message of 32 bytes, or nearly"
KEY = semstego.Key(bytes(range(32)))


def saved(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def with_alpha(image, alpha):
    mode = "LA" if image.mode == "L" else "RGBA"
    other = image.convert(mode)
    other.putalpha(Image.fromarray(alpha))
    return other


def tagged(image, orientation, format="PNG"):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, format, exif=exif, **({"lossless": True} if format == "WEBP" else {}))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(png, *chunks):
    """The PNG with more chunks behind its header, which has 33 bytes."""
    return png[:33] + b"".join(chunks) + png[33:]


def written(pixels, depth, *, interlaced=False):
    """A PNG by hand: 8 or 16 bits a channel, with Adam7 interlacing or without, which Pillow does not write."""
    kinds, (height, width) = {2: 0, 3: 2}, pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, kinds[pixels.ndim], 0, 0, interlaced)
    values = pixels if depth == 8 else (pixels.astype(">u2") * 257).astype(">u2")
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    lines = [
        b"\0" + row.tobytes()
        for top, left, down, across in (passes if interlaced else [(0, 0, 1, 1)])
        for row in values[top::down, left::across]
    ]
    body = chunk(b"IDAT", zlib.compress(b"".join(lines)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def comment():
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "some editor")
    return info


RNG = np.random.default_rng(0)
OPAQUE, ANY = (lambda shape: np.full(shape, 255, np.uint8)), (lambda shape: RNG.integers(0, 256, shape, np.uint8))
FORMS = {
    "PNG": saved,
    "opaque alpha": lambda image: saved(with_alpha(image, OPAQUE(image.size[::-1]))),
    "any alpha": lambda image: saved(with_alpha(image, ANY(image.size[::-1]))),
    "transparent colour": lambda image: saved(image, transparency=1 if image.mode == "L" else (1, 2, 3)),
    "lossless WebP": lambda image: saved(image, "WEBP", lossless=True),
    "lossless WebP with alpha": lambda image: saved(
        with_alpha(image.convert("RGB"), ANY(image.size[::-1])), "WEBP", lossless=True, exact=True
    ),
    "BMP": lambda image: saved(image, "BMP"),
    "TIFF": lambda image: saved(image, "TIFF"),
    "TIFF, LZW": lambda image: saved(image, "TIFF", compression="tiff_lzw"),
    "TIFF, deflate": lambda image: saved(image, "TIFF", compression="tiff_adobe_deflate"),
    "PPM": lambda image: saved(image, "PPM"),
    "JPEG 2000, lossless": lambda image: saved(image, "JPEG2000", irreversible=False),
    "orientation 3": lambda image: tagged(image, 3),
    "orientation 6": lambda image: tagged(image, 6),
    "orientation 6, TIFF": lambda image: tagged(image, 6, "TIFF"),
    "orientation 5, WebP": lambda image: tagged(image.convert("RGB"), 5, "WEBP"),
    "ICC profile": lambda image: saved(image, icc_profile=profile()),
    "gamma": lambda image: with_chunks(saved(image), chunk(b"gAMA", struct.pack(">I", 100_000))),
    "chromaticities and time": lambda image: with_chunks(
        saved(image), chunk(b"tIME", bytes(7)), chunk(b"pHYs", struct.pack(">IIB", 1, 2, 0))
    ),
    "text, other compression": lambda image: saved(image, pnginfo=comment(), compress_level=9),
    "interlaced": lambda image: written(np.asarray(image), 8, interlaced=True),
    "16 bits": lambda image: written(np.asarray(image), 16),
    "16 bits, interlaced": lambda image: written(np.asarray(image), 16, interlaced=True),
}
FORMS_OF_GREY = {
    "as RGB": lambda image: saved(image.convert("RGB")),
    "as RGBA": lambda image: saved(image.convert("RGBA")),
    "palette": lambda image: saved(image.convert("P")),
    "palette of colours": lambda image: saved(image.convert("RGB").quantize(256)),
    "as GIF": lambda image: saved(image, "GIF"),
    "as RGB BMP": lambda image: saved(image.convert("RGB"), "BMP"),
    "16 bits TIFF": lambda image: saved(Image.fromarray(np.asarray(image).astype(np.uint16) * 257), "TIFF"),
    "32 bits TIFF": lambda image: saved(Image.fromarray(np.asarray(image).astype(np.int32)), "TIFF"),
    "floats TIFF": lambda image: saved(Image.fromarray(np.asarray(image).astype(np.float32)), "TIFF"),
}
IN_MEMORY = {
    "alpha": lambda pixels: np.dstack([pixels, ANY(pixels.shape[:2])]),
    "16 bits": lambda pixels: pixels.astype(np.uint16) * 257,
    "integers": lambda pixels: pixels.astype(np.int64),
    "floats": lambda pixels: pixels.astype(np.float32),
    "last axis": lambda pixels: pixels.reshape(*pixels.shape[:2], -1),
}


@pytest.fixture(scope="module")
def grey(natural):
    return semstego.hide(natural[:, :, 0], MESSAGE, key=KEY)


@pytest.fixture(scope="module")
def colour(natural):
    return semstego.hide(natural, MESSAGE, key=KEY)


@pytest.fixture(scope="module")
def natural():
    """A cover of 64 x 72 pixels that holds a message; not square, so that a wrong turn shows."""
    coarse = Image.fromarray(RNG.integers(40, 216, (16, 18, 3), np.uint8)).resize((72, 64), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(coarse).astype(int) + RNG.integers(-6, 7, (64, 72, 3)), 20, 235).astype(np.uint8)


def revealed(source):
    return semstego.reveal(source, key=KEY, scheme="certified", codec="cr085").message


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_in_colour_is_read_in_every_form(colour, form):
    assert revealed(FORMS[form](Image.fromarray(colour.picture))) == MESSAGE


@pytest.mark.parametrize("form", [*FORMS, *FORMS_OF_GREY])
def test_a_grey_picture_is_read_in_every_form(grey, form):
    assert revealed((FORMS | FORMS_OF_GREY)[form](Image.fromarray(grey.picture))) == MESSAGE


@pytest.mark.parametrize("form", IN_MEMORY)
@pytest.mark.parametrize("name", ["grey", "colour"])
def test_an_array_is_read_in_every_form(request, name, form):
    pixels = request.getfixturevalue(name).picture
    assert revealed(IN_MEMORY[form](pixels)) == MESSAGE
    assert revealed(Image.fromarray(pixels)) == MESSAGE


def test_a_picture_that_was_turned_and_tagged_is_read(colour):
    turned = Image.fromarray(colour.picture).transpose(Image.Transpose.ROTATE_90)
    assert revealed(tagged(turned, 6)) == MESSAGE


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("format", ["TIFF", "PNG"])
def test_every_tag_is_ignored_first_and_obeyed_second(colour, tag, format):
    pixels = colour.picture
    readings = load_readings(tagged(Image.fromarray(pixels), tag, format))
    assert (readings[0] == pixels).all()
    upright = Image.fromarray(pixels)
    upright.getexif()[0x0112] = tag
    assert (readings[-1] == np.asarray(ImageOps.exif_transpose(upright))).all()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_streams_are_read_from_any_bytes(colour, kind):
    assert revealed(kind(colour.stream)) == MESSAGE
    assert revealed(kind(colour.png)) == MESSAGE


def test_colour_without_colour_is_read_as_grey_and_as_colour():
    pixels = np.repeat(RNG.integers(0, 256, (40, 50, 1), np.uint8), 3, axis=2)
    for source in (pixels, pixels[:, :, 0], pixels[:, :, :1], Image.fromarray(pixels), saved(Image.fromarray(pixels))):
        grey, colour = load_readings(source)
        assert (grey == pixels[:, :, :1]).all()
        assert (colour == pixels).all()


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((40, 40), np.nan),
        np.full((40, 40), 0.5),
        np.full((40, 40), -1),
        np.full((40, 40), 1 << 20),
        np.full((40, 40), "a"),
    ],
)
def test_values_that_are_no_eight_bits_are_refused(pixels):
    with pytest.raises(PictureError, match="no 8 bits"):
        load_readings(pixels)
    with pytest.raises(PictureError):
        load_readings(np.zeros((40, 40, 5), np.uint8))
    with pytest.raises(PictureError):
        load_readings(np.zeros(40, np.uint8))
