# SPDX-License-Identifier: Apache-2.0
"""The warden with the original in hand: what it counts of a small picture, and what broken senders do to it."""

from dataclasses import replace

import numpy as np
import pytest

from semstego.codecs import registry
from semstego.codecs.base import CHANCE_SCALE, Law
from semstego.message.bits import NONE
from semstego.message.draws import Draws
from semstego.schemes.base import Cover
from semstego.schemes.certified.sampling import drawn
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.steganalysis.features.informed import NAMES, informed, log2_ratio, moves_of

DRAWS = 60


@pytest.fixture(scope="module")
def cover():
    """48x48, with noise and without clipping."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((48, 48))
    picture = (90 + rows + columns)[:, :, np.newaxis] + rng.normal(0, 6, (48, 48, 3))
    return Cover(picture.astype(np.uint8), registry.load("cr085"))


@pytest.fixture(scope="module")
def capacity(cover):
    return CertifiedScheme(p_e=0.49).capacity_bits(cover)


def words(cover, bits_of, count=DRAWS):
    """Symbols of many draws; ``bits_of`` gives the payload of each from a generator."""
    rng = np.random.default_rng(1)
    return [drawn(cover.encoding, bits_of(rng), Draws(rng.bytes(32))) for _ in range(count)]


def numbers(cover, symbols, bits):
    found = np.array([informed(cover.codec, cover.encoding, one, bits) for one in symbols])
    return dict(zip(NAMES, found.T, strict=True))


def fair(count):
    return lambda rng: rng.integers(0, 2, count).astype(np.uint8)


def test_what_is_sent_has_standard_numbers(cover, capacity):
    found = numbers(cover, words(cover, lambda rng: NONE), capacity)
    for name in ("moves", "likelihood", "ones"):
        assert abs(found[name].mean()) < 4 / np.sqrt(DRAWS), name
        assert found[name].std() == pytest.approx(1, abs=0.35), name
    assert not found["forbidden"].any()
    assert not found["misread"].any()
    assert np.abs(found["ratio"]).max() < 1


def test_what_is_hidden_has_them_too(cover, capacity):
    found = numbers(cover, words(cover, fair(capacity)), capacity)
    for name in ("moves", "likelihood", "ones"):
        assert abs(found[name].mean()) < 4 / np.sqrt(DRAWS), name
    assert not found["forbidden"].any()
    assert not found["misread"].any()


def test_too_long_a_message_shows_in_the_ratio(cover, capacity):
    bits = capacity * 5 // 4
    sent, hidden = (numbers(cover, words(cover, what), bits) for what in (lambda rng: NONE, fair(bits)))
    assert hidden["ratio"].mean() > 1 > -1 > sent["ratio"].mean()


def test_a_payload_that_is_not_fair_shows_in_its_ones(cover, capacity):
    found = numbers(cover, words(cover, lambda rng: (rng.random(capacity) < 0.55).astype(np.uint8)), capacity)
    assert found["ones"].mean() == pytest.approx(0.1 * np.sqrt(capacity), rel=0.1)


def test_a_law_of_more_moves_shows_in_the_moves(cover, capacity):
    """Every chance is a tenth larger than the warden believes."""
    law = Law((cover.encoding.law.chances * 0.9).astype(np.int16))
    believed = replace(cover.encoding, law=law)
    found = [informed(cover.codec, believed, one, capacity) for one in words(cover, lambda rng: NONE, 8)]
    assert np.mean(found, axis=0)[NAMES.index("moves")] > 3


def test_moves_that_the_law_forbids_are_counted_and_left_out(cover):
    encoding = cover.encoding
    chances = np.zeros(encoding.symbols.values.shape, np.int16)
    chances[0, 0, :4] = (5000, -5000, CHANCE_SCALE, -CHANCE_SCALE)
    stepped = encoding.symbols.values.copy()
    stepped[0, 0, :6] += np.array([1, 1, 0, 255, 255, 2], np.uint8)
    law = replace(encoding, law=Law(chances))
    moves, forbidden = moves_of(law, encoding.symbols.with_values(stepped))
    assert moves[:6].tolist() == [1, 0, 1, 1, 0, 0]
    assert forbidden == 4  # the wrong way, not at all where it must, and two that may not
    assert moves[6:].sum() == 0


def test_without_a_law_every_move_is_forbidden(cover):
    plain = Cover(cover.picture, registry.load("cr085-plain"))
    assert plain.encoding.law is None
    symbols = plain.encoding.symbols
    moved = symbols.values.copy()
    moved[2, 3:5, 4] ^= 1
    for values, count in ((symbols.values, 0), (moved, 2)):
        found = informed(plain.codec, plain.encoding, symbols.with_values(values), 100)
        assert found[NAMES.index("forbidden")] == count
        assert found[NAMES.index("moves")] == 0
        assert found[NAMES.index("ratio")] == -100  # of cover and stego: nothing that is fixed looks like fair bits


def test_blocks_that_clip_are_counted(cover):
    symbols = cover.encoding.symbols
    values = symbols.values.copy()
    values[:, 5, 7] = 255
    found = informed(cover.codec, cover.encoding, symbols.with_values(values), 0)
    assert found[NAMES.index("misread")] == 1


def test_ratios_of_many_words_are_those_of_each(cover, capacity):
    moves = np.stack([moves_of(cover.encoding, one)[0] for one in words(cover, lambda rng: NONE, 3)])
    together = log2_ratio(cover.encoding, moves, capacity)
    assert np.allclose(together, [log2_ratio(cover.encoding, one[np.newaxis], capacity)[0] for one in moves])
