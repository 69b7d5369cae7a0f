# SPDX-License-Identifier: Apache-2.0
"""Parts of the baselines: J-UNIWARD against conseal, the transform against scipy, codes against their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from semstego.baselines import jpeg, juniward, neighbours, settling
from semstego.baselines.correction import BCH_BITS, Bch, CheckedReedSolomon, ReedSolomon
from semstego.baselines.elements import MIDDLE, Lattice, extremes
from semstego.baselines.jpeg import Jpeg
from tests.unit.baselines.test_baselines import cover_of

pytest.importorskip("jpeglib")
pytest.importorskip("reedsolo")


def test_juniward_is_conseals_on_the_same_coefficients():
    conseal = pytest.importorskip("conseal")
    cover = Jpeg(cover_of(96, 120, 1))
    published = conseal.juniward._costmap.compute_cost(
        cover.pixels[:, :, 0].astype(float),
        cover.table,
        implementation=conseal.juniward.Implementation.JUNIWARD_FIX_OFF_BY_ONE,
    )
    ours = juniward.cost(jpeg.luminance_blocks(cover.pixels)) * cover.table
    np.testing.assert_allclose(ours, published, rtol=1e-9)


def test_juniward_on_the_wrong_pixels_is_not_conseals():
    """A broken variant: costs of a picture one pixel aside differ by far more than the tolerance above."""
    blocks = jpeg.luminance_blocks(Jpeg(cover_of(96, 120, 1)).pixels)
    moved = np.roll(blocks.swapaxes(1, 2).reshape(96, 120), 1, axis=1).reshape(12, 8, 15, 8).swapaxes(1, 2)
    assert np.median(np.abs(juniward.cost(moved) / juniward.cost(blocks) - 1)) > 1e-3


def test_the_transform_is_the_orthonormal_dct():
    blocks = np.random.default_rng(0).normal(size=(3, 4, 8, 8))
    np.testing.assert_allclose(jpeg.transform(blocks), dctn(blocks, axes=(2, 3), norm="ortho"), atol=1e-12)
    np.testing.assert_allclose(jpeg.inverse(jpeg.transform(blocks)), blocks, atol=1e-12)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_show_the_coefficients_of_the_file(channels):
    cover = Jpeg(cover_of(90, 77, channels))
    assert cover.quantised.shape == (11, 9, 8, 8)
    assert np.abs(jpeg.spectrum(cover.pixels) - cover.quantised * cover.table).std() < 0.6


@pytest.mark.parametrize("channels", [1, 3])
def test_writing_changes_the_luminance_that_it_is_told_to(channels):
    cover = Jpeg(cover_of(90, 77, channels))
    assert np.array_equal(cover.with_quantised(cover.quantised).pixels, cover.pixels)
    changed = cover.quantised.copy()
    changed[3, 4, 2, 1] += 1
    again = cover.with_quantised(changed)
    assert np.array_equal(again.quantised, changed)
    rows, columns = np.nonzero((again.pixels != cover.pixels).any(axis=2))
    assert (rows.min(), columns.min()) >= (24, 32)
    assert rows.max() < 32
    assert columns.max() < 40
    assert not np.array_equal(cover.quantised, changed)


def test_annex_k_at_50_is_the_table_itself():
    assert jpeg.annex_k(50)[0].tolist() == [16, 11, 10, 16, 24, 40, 51, 61]


def test_nonzero_ac_counts_all_but_zeros_and_means():
    cover = Jpeg(cover_of(64, 64, 1))
    quantised = np.zeros_like(cover.quantised)
    quantised[:, :, 0, 0] = 5
    quantised[2, 3, 4, 5] = -1
    assert cover.with_quantised(quantised).nonzero_ac == 1


def test_blocks_that_clip_are_moved_inwards_and_others_stay():
    cover = Jpeg(cover_of(160, 160, 1, low=10, high=330))
    least, largest = extremes(cover)
    clips = (least < 0) | (largest > 255)
    assert 0.1 < clips.mean() < 0.9
    moved = cover.quantised.copy()
    moved[:, :, 0, 0] += np.rint(settling._inwards(cover) / cover.table[0, 0]).astype(np.int16)
    least, largest = extremes(cover.with_quantised(moved))
    one_sided = largest - least < 255 - 2 * settling.SPARE
    assert (least[one_sided] >= 0).all()
    assert (largest[one_sided] <= 255).all()
    inside = (extremes(cover)[0] > settling.SPARE) & (extremes(cover)[1] < 255 - settling.SPARE)
    assert np.array_equal(moved[inside], cover.quantised[inside])


def test_a_sender_who_does_not_mend_is_misread(monkeypatch):
    """A broken variant: written once, the file shows other elements than were meant."""
    cover = Jpeg(cover_of(160, 160, 1, low=10, high=330))
    rule = Lattice.of_channel(MIDDLE)
    coefficients = jpeg.spectrum(cover.pixels)
    wanted = rule.read(coefficients) + np.random.default_rng(9).integers(0, 2, 400 * 21).astype(np.int16)

    def wrong():
        file = settling.settled(cover, coefficients, wanted, rule)
        return np.count_nonzero(rule.read(jpeg.spectrum(file.pixels)) != wanted)

    assert wrong() < 50
    monkeypatch.setattr(settling, "ROUNDS", 1)
    assert wrong() > 1000


RULES = [
    Lattice.of_channel(MIDDLE),
    neighbours.Differences(1.5),
    neighbours.Comparisons(0.5),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_going_the_way_shows_the_wanted_element_for_sure(rule, seed):
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(0, 40, (5, 6, 8, 8))
    elements = rule.read(coefficients)
    wanted = (elements + rng.integers(-1, 2, elements.size)).astype(np.int16)
    if isinstance(rule, neighbours.Comparisons):
        wanted = rng.integers(0, 2, elements.size).astype(np.int16)
    moved = rule.put(coefficients, rule.carriers(coefficients) + rule.away(coefficients, wanted, 2.0))
    assert np.array_equal(rule.read(moved), wanted)
    assert not rule.away(moved, wanted, 2.0).any()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_putting_back_what_carries_changes_nothing(rule):
    coefficients = np.random.default_rng(4).normal(0, 40, (5, 6, 8, 8))
    assert np.array_equal(rule.put(coefficients, rule.carriers(coefficients)), coefficients)


def test_white_blocks_never_carry():
    coefficients = np.zeros((4, 5, 8, 8))
    changed = neighbours.Differences(1.5).put(coefficients, np.ones(10 * 21))
    assert changed[neighbours.black(changed.shape)].any(axis=(1, 2)).all()
    assert not changed[~neighbours.black(changed.shape)].any()


@pytest.mark.parametrize(
    "code", [ReedSolomon(), CheckedReedSolomon(), Bch(5), Bch(31)], ids=["RS", "checked RS", "BCH 5", "BCH 31"]
)
@given(message=st.binary(max_size=40), cut=st.integers(0, 7))
@settings(max_examples=15, deadline=None)
def test_codes_give_back_messages_of_any_length(code, message, cut):
    bits = np.unpackbits(np.frombuffer(message, np.uint8))[cut:]
    coded = code.encode(bits)
    assert np.array_equal(code.decode(coded, len(bits)), bits)
    assert len(bits) <= code.message_bits(len(coded))


def test_reed_solomon_mends_eight_symbols_of_a_word_and_not_nine():
    code, bits = ReedSolomon(), np.random.default_rng(5).integers(0, 2, 75, dtype=np.uint8)
    coded = code.encode(bits)
    assert len(coded) == 155
    for wrong, mended in ((8, True), (9, False)):
        damaged = coded.copy()
        damaged[: 5 * wrong] ^= 1
        assert np.array_equal(code.decode(damaged, 75), bits) == mended


def test_a_check_tells_a_wrong_message_from_a_right_one():
    code, bits = CheckedReedSolomon(), np.random.default_rng(6).integers(0, 2, 500, dtype=np.uint8)
    coded = code.encode(bits)
    assert code.is_right(coded, 500)
    coded[:60] ^= 1
    assert not code.is_right(coded, 500)


@pytest.mark.parametrize("strength", [5, 10, 15, 21, 31])
def test_bch_mends_its_strength_in_every_word_and_not_more(strength):
    rng, code = np.random.default_rng(7), Bch(strength)
    bits = rng.integers(0, 2, 3 * code.net_bits, dtype=np.uint8)
    coded = code.encode(bits)
    for extra, mended in ((0, True), (1, False)):
        damaged = coded.reshape(BCH_BITS, 3).copy()
        for word in range(3):
            damaged[rng.choice(BCH_BITS, strength + extra, replace=False), word] ^= 1
        assert code.most_errors(damaged.ravel(), coded) == strength + extra
        assert np.array_equal(code.decode(damaged.ravel(), len(bits)), bits) == mended


@pytest.mark.parametrize(("strength", "net_bits"), [(5, 215), (10, 179), (15, 139), (21, 115), (31, 55)])
def test_bch_has_the_lengths_of_the_tables(strength, net_bits):
    assert Bch(strength).net_bits == net_bits


@pytest.mark.slow
def test_bch_is_that_of_galois():
    galois = pytest.importorskip("galois")
    bits = np.random.default_rng(8).integers(0, 2, (2, 215), dtype=np.uint8)
    words = np.asarray(galois.BCH(BCH_BITS, d=11).encode(bits))
    assert np.array_equal(Bch(5).encode(bits.ravel()), words.T.ravel())
