# SPDX-License-Identifier: Apache-2.0
"""Blocks of 5G's LDPC code: bit for bit those of Sionna, whose words old messages are made of, and decoded as well."""

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.coding.base_graphs import base_graph
from semstego.coding.block_code import BlockCode

SIZES = [
    (12, 14), (12, 60), (96, 480), (97, 485), (192, 400), (193, 400),
    (292, 325), (293, 326), (560, 900), (561, 900), (640, 955), (641, 957), (1000, 1492), (1000, 1493),
    (3824, 5708), (3824, 5707), (3824, 19_120), (3825, 11_475), (8448, 9387), (8448, 25_344),
]  # fmt: skip


@pytest.fixture(scope="module")
def sionna():
    """The module of LDPC codes; its import seeds torch's generators anew."""
    with torch.random.fork_rng(devices=[]):
        return pytest.importorskip("sionna.phy.fec.ldpc")


def by_sionna(sionna, code):
    """Sionna's encoder of a code."""
    return sionna.LDPC5GEncoder(code.information_bits, code.word_bits, precision="single", device="cpu")


def draw_blocks(rng, code, count):
    return rng.integers(0, 2, (count, code.information_bits), dtype=np.uint8)


def received(rng, words, snr_db):
    """Logits of words on a Gaussian channel, clipped like those of a network."""
    variance = 10 ** (-snr_db / 10)
    values = 2.0 * words - 1 + rng.normal(0, np.sqrt(variance), words.shape)
    return np.clip(2 * values / variance, -20, 20).astype(np.float32)


def check_words(sionna, code, seed):
    blocks = draw_blocks(np.random.default_rng(seed), code, 2)
    words = code.encode(blocks)
    assert words.dtype == np.uint8
    assert words.flags.c_contiguous
    assert np.array_equal(words, by_sionna(sionna, code)(torch.from_numpy(blocks).float()).numpy())


@pytest.mark.parametrize(("bits", "word_bits"), SIZES)
def test_words_are_those_of_sionna_at_the_limits(sionna, bits, word_bits):
    check_words(sionna, BlockCode(bits, word_bits), bits)


@given(bits=st.one_of(st.integers(12, 3824), st.integers(12, 400)), rate=st.floats(0.2, 0.9), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_words_are_those_of_sionna_below_3824_bits(sionna, bits, rate, seed):
    check_words(sionna, BlockCode(bits, max(int(bits / rate), -(-bits * 10 // 9))), seed)


@given(bits=st.integers(3825, 8448), rate=st.floats(1 / 3, 0.9), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_words_are_those_of_sionna_above_3824_bits(sionna, bits, rate, seed):
    check_words(sionna, BlockCode(bits, int(bits / rate)), seed)


def test_words_stay_the_same():
    """Without Sionna: the words of a fixed block in each size. Another digest makes old messages unreadable."""
    digest = hashlib.sha256()
    for bits, word_bits in SIZES:
        block = np.unpackbits(np.frombuffer(hashlib.shake_256(b"semstego").digest(1056), np.uint8))[None, :bits]
        digest.update(np.packbits(BlockCode(bits, word_bits).encode(block)).tobytes())
    assert digest.hexdigest() == "21983a870aed49504072994b6a508ab89fe1350e2658e2cb35659ef4175f0e0d"


@pytest.mark.parametrize(("bits", "word_bits"), SIZES)
def test_words_are_linear_in_the_information(rng, bits, word_bits):
    code = BlockCode(bits, word_bits)
    one, other = draw_blocks(rng, code, 1), draw_blocks(rng, code, 1)
    assert np.array_equal(code.encode(one) ^ code.encode(other), code.encode(one ^ other))
    assert not code.encode(one ^ one).any()


def test_a_shorter_word_is_the_beginning_of_a_longer_one(rng):
    longer = BlockCode(500, 2500)
    blocks = draw_blocks(rng, longer, 1)
    for word_bits in (2499, 1300, 800):
        assert np.array_equal(BlockCode(500, word_bits).encode(blocks), longer.encode(blocks)[:, :word_bits])


@pytest.mark.parametrize(("bits", "word_bits"), SIZES)
def test_decoded_without_noise(rng, bits, word_bits):
    code = BlockCode(bits, word_bits)
    blocks = draw_blocks(rng, code, 2)
    found = code.decode((2.0 * code.encode(blocks) - 1).astype(np.float32) * 8)
    assert found.dtype == np.uint8
    assert np.array_equal(found, blocks)


def by_both(sionna, code, snr_db, words):
    """How many of some words our decoder reads wrong, and how many Sionna's, as it was configured here before."""
    theirs = sionna.LDPC5GDecoder(by_sionna(sionna, code), num_iter=30, llr_max=20.0, precision="single", device="cpu")
    rng = np.random.default_rng(7)
    blocks = draw_blocks(rng, code, words)
    logits = received(rng, code.encode(blocks), snr_db)
    read = code.decode(logits), theirs(torch.from_numpy(logits)).numpy().astype(np.uint8)
    return [int((one != blocks).any(axis=1).sum()) for one in read]


@pytest.mark.parametrize(("bits", "word_bits", "snr_db"), [(96, 480, -3.5), (400, 800, 0.75), (400, 500, 4.0)])
def test_no_more_words_are_lost_than_by_sionna(sionna, bits, word_bits, snr_db):
    ours, theirs = by_both(sionna, BlockCode(bits, word_bits), snr_db, 300)
    assert 10 < theirs < 290
    assert ours <= theirs


def test_the_zeros_behind_the_information_are_known(rng, monkeypatch):
    """67 bits in six columns of twelve, of ten: a decoder that forgot the rest would lose more words."""
    code = BlockCode(67, 150)
    blocks = draw_blocks(rng, code, 300)
    logits = received(rng, code.encode(blocks), 3.0)
    lost = (code.decode(logits) != blocks).any(axis=1).sum()
    monkeypatch.setattr("semstego.coding.block_code._NO_DOUBT", 0.0)
    assert (code.decode(logits) != blocks).any(axis=1).sum() > 2 * lost


@pytest.mark.parametrize("number", [1, 2])
def test_a_row_that_was_turned_round_is_noticed(sionna, rng, monkeypatch, number):
    """The comparison with Sionna tells a code with one wrong shift from ours."""
    code = BlockCode(1000, 1200 if number == 1 else 5000)
    graph = base_graph(number)
    shifts = graph.shifts.copy()
    shifts[40] += 1
    monkeypatch.setattr(
        "semstego.coding.block_code.base_graph",
        lambda number: type(graph)(graph.information, graph.rows, graph.columns, shifts),
    )
    blocks = draw_blocks(rng, code, 2)
    theirs = by_sionna(sionna, code)(torch.from_numpy(blocks).float()).numpy()
    assert not np.array_equal(code.encode(blocks), theirs)
