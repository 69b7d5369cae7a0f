# SPDX-License-Identifier: Apache-2.0
"""The closed block codec: both theorems, closing, headroom, every size."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semstego.codecs import registry
from semstego.codecs.base import SIDE_SCALE
from semstego.codecs.block.basis import FRACTION_BITS, ONE, BlockBasis
from semstego.errors import PictureError, WeightsError

PICTURE_POINTS = ("cr085", "cr050", "cr025")
SHIPPED = (*PICTURE_POINTS, "task")

GOLDEN = Path(__file__).parent / "golden_symbols.json"


def hard_pictures(height, width, channels):
    """Flat, gradient, one-bit noise, uniform noise and saturated stripes."""
    rng = np.random.default_rng(height * 1000 + width)
    shape = (height, width, channels)
    ramp = np.linspace(0, 255, width).astype(np.uint8)[None, :, None]
    yield np.full(shape, 255, np.uint8)
    yield np.full(shape, 17, np.uint8)
    yield np.broadcast_to(ramp, shape).copy()
    yield (rng.integers(0, 2, shape) * 255).astype(np.uint8)
    yield rng.integers(0, 256, shape, dtype=np.uint8)
    yield np.where(np.arange(width)[None, :, None] % 3 == 0, np.uint8(0), rng.integers(200, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize("channels", [1, 3])
def test_no_picture_saturates_a_symbol(point, channels):
    """Theorem 1, at its extremes: each row's own sign pattern as a picture."""
    basis = point.basis(channels)
    for row in basis.analysis:
        for pixels in (np.where(row > 0, 127, -128), np.where(row > 0, -128, 127)):
            symbols = (basis.analysis @ pixels + ONE // 2) >> FRACTION_BITS
            assert np.abs(symbols).max() <= 127


@pytest.mark.parametrize("channels", [1, 3])
def test_worst_rounding_moves_a_coefficient_less_than_half_a_step(point, channels):
    """Theorem 2 in exact integers, cross-talk of the rounded basis included."""
    basis = point.basis(channels)
    rounding = np.abs(basis.analysis).sum(axis=1) // 2
    product = basis.analysis.astype(object) @ basis.synthesis.T.astype(object)
    crosstalk = np.abs(product - ONE * ONE * np.eye(basis.kept, dtype=object)).sum(axis=1) * 127
    assert (rounding.astype(object) * ONE + crosstalk < ONE * ONE // 2).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_smaller_steps_are_refused(point, channels):
    """The broken variant: steps a hundredth smaller lose the second theorem, half as large the first."""
    basis = point.basis(channels)
    for factor in (0.99, 0.5):
        analysis = np.rint(basis.analysis / factor).astype(np.int64)
        synthesis = np.rint(basis.synthesis * factor).astype(np.int64)
        with pytest.raises(WeightsError, match="too small"):
            BlockBasis(basis.block, channels, analysis, synthesis).check()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SHIPPED), st.sampled_from([1, 3]), st.data())
def test_streams_of_any_picture_are_closed(name, channels, data):
    codec = registry.load(name)
    height, width = data.draw(st.integers(32, 70)), data.draw(st.integers(32, 70))
    picture = data.draw(arrays(np.uint8, (height, width, channels)))
    symbols = codec.encode(picture).symbols
    assert (codec.recover(codec.decode(symbols)).carriers == symbols.carriers).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_from_32_to_48_closes(point, channels):
    codec = point
    for height in range(32, 49):
        for width in range(32, 49):
            picture = np.random.default_rng(height * 64 + width).integers(0, 256, (height, width, channels), np.uint8)
            symbols = codec.encode(picture).symbols
            assert symbols.values.shape == codec.symbol_shape(height, width, channels)
            decoded = codec.decode(symbols)
            assert decoded.shape == picture.shape
            assert (codec.recover(decoded).carriers == symbols.carriers).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_hard_pictures_close(point, channels):
    codec = point
    for picture in hard_pictures(67, 91, channels):
        symbols = codec.encode(picture).symbols
        assert (codec.recover(codec.decode(symbols)).carriers == symbols.carriers).all()


@pytest.mark.parametrize("name", PICTURE_POINTS)  # `task` keeps so little of the noise that nothing clips
def test_without_closing_saturated_pictures_are_misread(name):
    """The control: rounding to symbols once is not enough where pixels clip."""
    codec = registry.load(name)
    basis = codec.basis(3)
    picture = (np.random.default_rng(5).integers(0, 2, (64, 64, 3)) * 255).astype(np.uint8)
    symbols = codec.encode(picture).symbols
    block = basis.block
    cut = 64 // block * block
    blocks = picture[:cut, :cut].reshape(cut // block, block, cut // block, block, 3).swapaxes(1, 2)
    values = blocks.reshape(cut // block, cut // block, -1).astype(np.int64) - 128
    once = (np.einsum("kn,rcn->krc", basis.analysis, values) + ONE // 2) >> FRACTION_BITS
    naive = symbols.with_values(np.ascontiguousarray(once + 128).astype(np.uint8))
    assert (codec.recover(codec.decode(naive)).carriers != naive.carriers).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_two_changes_in_a_dry_block_never_clip(point, channels, photographs):
    """Headroom: the worst two moves of any dry block read back."""
    codec = point
    picture = photographs["rocket"][:96, :128, :channels]
    encoding = codec.encode(np.ascontiguousarray(picture))
    basis = codec.basis(channels)
    rng = np.random.default_rng(3)
    for _ in range(30):
        values = encoding.symbols.carriers.astype(np.int64)
        dry = ~encoding.wet[: values.shape[1], : values.shape[2]]
        for _ in range(2):
            k = rng.integers(basis.kept, size=dry.shape)
            np.add.at(values, (k, *np.indices(dry.shape)), np.where(dry, rng.choice([-1, 1], dry.shape), 0))
        stego = encoding.symbols.values.copy()
        stego[:, : values.shape[1], : values.shape[2]] = values
        changed = encoding.symbols.with_values(stego)
        assert (codec.recover(codec.decode(changed)).carriers == changed.carriers).all()


def test_side_information_is_the_rounding_error(point, photographs):
    codec, basis = point, point.basis(3)
    picture = photographs["coffee"][:64, :64]
    encoding = codec.encode(np.ascontiguousarray(picture))
    block = basis.block
    first = picture[:block, :block].reshape(-1).astype(np.float64) - 128
    exact = basis.analysis @ first / ONE
    closed = encoding.symbols.values[:, 0, 0].astype(np.float64) - 128
    if (encoding.side[:, 0, 0] != 0).any():
        np.testing.assert_allclose(encoding.side[:, 0, 0] / SIDE_SCALE, exact - closed, atol=1e-4)
    assert np.abs(encoding.side.astype(int)).max() <= SIDE_SCALE // 2


def test_partial_blocks_carry_nothing(point):
    codec = point
    symbols = codec.encode(np.zeros((33, 47, 3), np.uint8)).symbols
    block = codec.basis(3).block
    assert symbols.carriers.shape[1:] == (33 // block, 47 // block)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((31, 64, 3), np.uint8),
        np.zeros((64, 64, 2), np.uint8),
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 3), np.float32),
        np.broadcast_to(np.uint8(0), (10_000, 5_001, 3)),
    ],
)
def test_what_cannot_be_coded_is_refused(point, picture):
    with pytest.raises(PictureError):
        point.encode(picture)


def golden_digests():
    """SHA-256 of the symbols and reconstructions of hard pictures, by codec and channels."""
    digests = {}
    for name in SHIPPED:
        codec = registry.load(name)
        for channels in (1, 3):
            digest = hashlib.sha256()
            for picture in hard_pictures(61, 83, channels):
                symbols = codec.encode(picture).symbols
                digest.update(symbols.values.tobytes() + codec.decode(symbols).tobytes())
            digests[f"{name}/{channels}"] = digest.hexdigest()
    return digests


def test_symbols_are_the_same_bytes_on_every_machine():
    """Golden digests; regenerate with `python tests/unit/codecs/test_block.py` when the weights change."""
    assert golden_digests() == json.loads(GOLDEN.read_text())


def test_results_do_not_depend_on_threads(point, photographs, monkeypatch):
    codec = point
    symbols = codec.encode(photographs["astronaut"]).symbols
    monkeypatch.setattr("semstego.concurrency.CORES", 1)
    assert (codec.encode(photographs["astronaut"]).symbols.values == symbols.values).all()


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden_digests(), indent=2) + "\n")
