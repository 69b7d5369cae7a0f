# SPDX-License-Identifier: Apache-2.0
"""The law of dithered block codecs: probabilities by the rounding errors, and no outcome that clips."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego import concurrency
from semstego.codecs import registry
from semstego.codecs.base import CHANCE_SCALE, SIDE_SCALE, within
from semstego.codecs.block.basis import ONE
from semstego.codecs.block.law import ENTROPY_BITS, chances_by_error, entropies
from semstego.testing.codecs import check_codec

POINTS = ("cr085", "cr050", "cr025", "task")


def pictures(height=41, width=50, channels=3):
    """Pictures that are smooth, noisy, saturated, or all of it."""

    def made(seed, gain, shift):
        rng = np.random.default_rng(seed)
        waves = np.cumsum(np.cumsum(rng.normal(0, 1, (height, width, channels)), 0), 1)
        picture = shift + gain * waves + rng.normal(0, gain, waves.shape)
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)

    gains, shifts = st.sampled_from([0.1, 1, 10, 100]), st.sampled_from([0, 20, 128, 250])
    return st.builds(made, st.integers(0, 10_000), gains, shifts)


def drawn(encoding, rng, always=False):
    """Symbols by the law, one by one; or the outcome in which everything moves."""
    chances = encoding.law.chances
    moves = np.ones(chances.shape, bool) if always else rng.random(chances.shape) < np.abs(chances) / CHANCE_SCALE
    return encoding.symbols.with_values((encoding.symbols.values + np.sign(chances) * moves).astype(np.uint8))


@settings(deadline=None, max_examples=30)
@given(pictures(), st.sampled_from(POINTS), st.booleans(), st.integers(0, 9))
def test_every_outcome_of_the_dither_is_read_back(picture, name, grey, seed):
    codec = registry.load(name)
    encoding = codec.encode(np.ascontiguousarray(picture[:, :, :1]) if grey else picture)
    rng = np.random.default_rng(seed)
    for always in (True, False):
        symbols = drawn(encoding, rng, always)
        assert np.array_equal(codec.recover(codec.decode(symbols)).carriers, symbols.carriers)


def test_without_the_rule_outcomes_clip():
    rng = np.random.default_rng(1)
    picture = np.clip(np.rint(rng.normal(235, 15, (40, 40, 3))), 0, 255).astype(np.uint8)
    codec = registry.load("cr085")
    encoding = codec.encode(picture)
    lawless = replace(encoding, law=replace(encoding.law, chances=encoding.side))
    symbols = drawn(lawless, rng)
    assert not np.array_equal(codec.recover(codec.decode(symbols)).carriers, symbols.carriers)


@pytest.mark.parametrize("dither", [1.0, 0.75, 0.5, 1 / 128])
def test_probabilities_are_those_of_uniform_dither(dither):
    chances = chances_by_error(dither)
    error = np.arange(SIDE_SCALE // 2 + 1) / SIDE_SCALE
    wanted = np.clip((error - (1 - dither) / 2) / dither, 0, 1)
    assert np.abs(chances / CHANCE_SCALE - wanted).max() <= 2.0**-14
    assert chances[-1] == CHANCE_SCALE // 2  # half a step away from both neighbours


@settings(deadline=None, max_examples=20)
@given(pictures(), st.sampled_from(POINTS))
def test_only_symbols_of_blocks_that_could_clip_are_kept_still(picture, name):
    codec = registry.load(name)
    encoding = codec.encode(picture)
    synthesis = codec.basis(3).synthesis
    side = within(encoding.symbols, encoding.side).astype(int)
    chances = within(encoding.symbols, encoding.law.chances)
    assert (np.sign(chances) * (np.sign(chances) - np.sign(side)) == 0).all()
    assert np.array_equal(np.abs(chances)[chances != 0], np.abs(side)[chances != 0])  # D = 1: p = |e|
    base = encoding.symbols.carriers.reshape(len(synthesis), -1).T.astype(int) - 128
    moves = np.sign(side).reshape(len(synthesis), -1).T
    gains = moves[:, :, None] * synthesis
    top = base @ synthesis + np.maximum(gains, 0).sum(1)
    bottom = base @ synthesis + np.minimum(gains, 0).sum(1)
    safe = ((top < 127 * ONE + ONE // 2) & (bottom >= -128 * ONE - ONE // 2)).all(1)
    kept_still = ((side != 0) & (chances == 0)).reshape(len(synthesis), -1).any(0)
    assert not (safe & kept_still).any()
    assert (kept_still | safe | ~moves.any(1)).all()


def test_the_law_is_a_function_of_the_undithered_picture_alone(monkeypatch):
    picture = np.random.default_rng(3).integers(0, 256, (300, 70, 3), np.uint8)
    codec = registry.load("cr085")
    found = codec.encode(picture).law.chances
    monkeypatch.setattr(concurrency, "CORES", 1)
    assert np.array_equal(codec.encode(picture).law.chances, found)
    plain = registry.load("cr085-plain").encode(picture)
    assert plain.law is None
    assert np.array_equal(plain.symbols.values, codec.encode(picture).symbols.values)


def test_costs_are_far_from_where_a_library_could_round_them_elsewhere():
    p = np.arange(1, CHANCE_SCALE) / CHANCE_SCALE
    bits = (-p * np.log2(p) - (1 - p) * np.log2(1 - p)) * (1 << ENTROPY_BITS)
    assert np.abs(bits - np.floor(bits) - 0.5).min() > 1e-9
    assert np.array_equal(entropies()[1:-1], np.maximum(np.rint(bits), 1))


def test_laws_are_the_same_on_every_machine():
    y, x, channel = np.indices((64, 66, 3))
    picture = np.clip((7 * y + 13 * x + 50 * channel + x * y // 5) % 300 - 20, 0, 255).astype(np.uint8)
    laws = [registry.load(name).encode(picture).law.chances.tobytes() for name in POINTS]
    golden = ["2c7e37b5678d866e", "0c2044224c178f03", "646c3c4986724b32", "36cded16ceb9e534"]
    assert [hashlib.sha256(law).hexdigest()[:16] for law in laws] == golden


@pytest.mark.parametrize("name", POINTS)
def test_dithered_points_are_codecs(name):
    check_codec(registry.load(name))
    check_codec(registry.load(name), channels=1)
