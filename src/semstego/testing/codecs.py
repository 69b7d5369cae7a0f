# SPDX-License-Identifier: Apache-2.0
"""What every codec must do, checked on synthetic pictures: ``check_codec(MyCodec())``."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from semstego.codecs import registry, stream
from semstego.codecs.base import CHANCE_SCALE, DITHER_SCALE, MAX_PIXELS, Codec, Encoding, Picture, Symbols, within
from semstego.errors import DamagedStreamError, PictureError
from semstego.metrics.image import psnr_db
from semstego.testing.parts import check_part, check_refused

SIZES = ((64, 64), (47, 61))  # height and width [pixels]
LEAST_DB = 15.0  # what a reconstruction of a smooth picture has at least; less is another picture
SEED = 20261125


def check_codec(codec: Codec, channels: int = 3) -> None:
    """Check a codec on pictures of 1 or 3 channels.

    Its name and fingerprint fit the header of a stream; symbols are uint8 and the same for the same picture, and come
    back from their bytes; rounding errors, wet symbols and footprint have the shapes that schemes rely on; the
    reconstruction has the picture's size and looks like it; a closed codec recovers the very symbols of its
    reconstructions; so it does of whatever its law lets them become, if it rounds at random; what is no picture, and
    bytes that hold no symbols, end in the errors of semstego.

    Raises:
        AssertionError: With what is wrong.
    """
    check_part(registry.MODULES, codec)
    assert isinstance(codec.name, str), f"the name is a {type(codec.name).__name__}, not a str"
    assert stream.NAME.fullmatch(codec.name.encode()), f"{codec.name!r} is no name of 1 to 16 printable characters"
    assert isinstance(codec.fingerprint, bytes), f"the fingerprint is a {type(codec.fingerprint).__name__}, not bytes"
    assert isinstance(codec.closed, bool), "closed is neither True nor False"
    assert 0 <= codec.dither <= 1, f"the dither is {codec.dither}, not from 0 to 1"
    assert codec.dither * DITHER_SCALE % 1 == 0, f"the dither {codec.dither} is no multiple of 1/{DITHER_SCALE}"
    assert len(codec.fingerprint) == 8, f"the fingerprint has {len(codec.fingerprint)} bytes, not 8"
    assert codec.fingerprint == codec.fingerprint, "the fingerprint changes"
    for picture in _pictures(channels):
        before = picture.copy()
        encoding = _checked_encoding(codec, picture)
        assert np.array_equal(picture, before), "encode changes the picture"
        _check_reconstruction(codec, picture, encoding.symbols)
        _check_bytes(codec, encoding.symbols)
        if codec.closed:
            _check_outcomes(codec, encoding)
    _check_refusals(codec, channels)


def _pictures(channels: int) -> Iterator[Picture]:
    """A smooth picture and a noisy one of each size, and one that is black and white."""
    rng = np.random.default_rng(SEED)
    for height, width in SIZES:
        y, x, c = np.mgrid[:height, :width, :channels]
        smooth = 128 + 60 * np.sin(x / 9 + c) + 40 * np.cos(y / 7)
        yield smooth.astype(np.uint8)
        yield np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)
        yield (rng.integers(0, 2, smooth.shape) * 255).astype(np.uint8)


def _checked_encoding(codec: Codec, picture: Picture) -> Encoding:
    encoding, again = codec.encode(picture), codec.encode(picture)
    symbols, values = encoding.symbols, encoding.symbols.values
    assert values.dtype == np.uint8, f"symbols are {values.dtype}, not uint8"
    assert values.ndim == 3, f"symbols have the shape {values.shape}, not (k, h', w')"
    assert np.array_equal(values, again.symbols.values), "the same picture gives other symbols"
    size = (symbols.height, symbols.width, symbols.channels)
    assert size == picture.shape, f"the symbols stand for a picture of {size}, not {picture.shape}"
    assert encoding.side.shape == values.shape, f"rounding errors have the shape {encoding.side.shape}"
    assert encoding.wet.shape in (values.shape, values.shape[1:]), f"wet has the shape {encoding.wet.shape}"
    assert encoding.wet.dtype == np.bool_, f"wet is {encoding.wet.dtype}, not bool"
    rows, columns = symbols.carrying
    assert symbols.carriers.shape == (len(values), rows, columns), "more symbols may carry than there are"
    if encoding.footprint is not None:
        block = symbols.block
        assert encoding.footprint.shape == (len(values), block, block, symbols.channels), "the footprint has no block"
    assert (encoding.law is not None) == (codec.dither > 0), "a codec has a law if its dither is not 0, and only then"
    if encoding.law is not None:
        chances = encoding.law.chances
        assert chances.shape == values.shape, "the law lacks symbols"
        assert chances.dtype == np.int16, f"the law's chances are {chances.dtype}, not int16"
        assert (np.abs(chances.astype(int)) <= CHANCE_SCALE).all(), "the law has probabilities above 1"
        moved = values + np.sign(chances)
        assert ((moved >= 0) & (moved <= 255)).all(), "the law moves a symbol out of 0 to 255"
        elsewhere = chances.copy()
        within(symbols, elsewhere)[:] = 0
        assert not elsewhere.any(), "the law moves symbols that may not carry"
    return encoding


def _check_outcomes(codec: Codec, encoding: Encoding) -> None:
    """Whatever the law lets the symbols become must be recovered: all that may move do, or every other one."""
    if encoding.law is None:
        return
    for every in (1, 2):
        moves = np.sign(encoding.law.chances)
        moves.ravel()[np.arange(moves.size) % every != 0] = 0
        moved = encoding.symbols.with_values((encoding.symbols.values + moves).astype(np.uint8))
        again = codec.recover(codec.decode(moved))
        assert np.array_equal(again.carriers, moved.carriers), "the law allows symbols that are not recovered"


def _check_reconstruction(codec: Codec, picture: Picture, symbols: Symbols) -> None:
    seen = codec.decode(symbols)
    assert seen.dtype == np.uint8, f"pictures are {seen.dtype}, not uint8"
    assert seen.shape == picture.shape, f"the reconstruction has the shape {seen.shape}, not {picture.shape}"
    assert np.array_equal(seen, codec.decode(symbols)), "the same symbols give other pictures"
    if np.abs(np.diff(picture.astype(int), axis=1)).mean() < 20:
        found = psnr_db(seen, picture)
        assert found > LEAST_DB, f"the reconstruction is another picture: {found:.1f} dB"
    recovered = codec.recover(seen)
    assert recovered.values.shape == symbols.values.shape, "recover gives symbols of another shape than encode"
    if codec.closed:
        assert np.array_equal(recovered.carriers, symbols.carriers), (
            "the codec says that it is closed, and does not recover the symbols of its own reconstruction"
        )


def _check_bytes(codec: Codec, symbols: Symbols) -> None:
    read = stream.symbols_in(stream.unpack(stream.write(symbols, codec)), codec)
    assert np.array_equal(read.values, symbols.values), "symbols do not come back from their bytes"
    assert read.carrying == symbols.carrying, "symbols from bytes carry elsewhere"


def _check_refusals(codec: Codec, channels: int) -> None:
    for odd in (np.zeros((8, 8, channels), np.uint8), np.zeros((64, 64, 2), np.uint8)):
        check_refused(partial(codec.encode, odd), f"a picture of {odd.shape}", PictureError)
    for coded in (b"", bytes(40)):
        unpack = partial(codec.unpack, coded, 7000, MAX_PIXELS // 7000, channels)
        check_refused(unpack, f"a stream of {len(coded)} bytes that hold no symbols", DamagedStreamError)
