# SPDX-License-Identifier: Apache-2.0
"""LDPC coding of the network's logits: round trips, noise, erasures, repetition, limits."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.coding.ldpc import MAX_RATE, Code
from semstego.errors import ArgumentError


def draw_bits(rng, count):
    return rng.integers(0, 2, count, dtype=np.uint8)


def logits_of(word, magnitudes=5.0):
    """Logits that are sure of the word, in the convention of the module: positive for a 1."""
    return ((2.0 * word - 1) * magnitudes).astype(np.float32)


def flipped(rng, word, share):
    return word ^ (rng.random(word.size) < share).astype(np.uint8)


def failures(code, rng, words, distort):
    """Number of words that are wrong after ``distort`` has made logits of their carriers."""
    wrong = 0
    for _ in range(words):
        information = draw_bits(rng, code.information_bits)
        wrong += not np.array_equal(code.decode(distort(code.encode(information))), information)
    return wrong


def through_flips(rng, share):
    """A binary symmetric channel whose logits say how sure it is."""
    return lambda word: logits_of(flipped(rng, word, share), np.log((1 - share) / share))


def check_round_trip(bits, carriers, seed):
    rng = np.random.default_rng(seed)
    code = Code(bits, carriers)
    information = draw_bits(rng, bits)
    word = code.encode(information)
    assert word.dtype == np.uint8
    assert word.shape == (carriers,)
    assert set(np.unique(word)) <= {0, 1}
    read = code.decode(logits_of(word, rng.uniform(0.5, 30, carriers)))
    assert read.dtype == np.uint8
    assert np.array_equal(read, information)
    assert np.array_equal(code.encode(information), word)


@given(
    bits=st.one_of(st.integers(96, 3000), st.integers(96, 20_000)),
    rate=st.one_of(st.floats(0.2, 0.89), st.floats(0.02, 0.2)),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=25)
def test_round_trip_at_any_length_and_rate(bits, rate, seed):
    check_round_trip(bits, int(bits / rate) + 2, seed)


@pytest.mark.parametrize(
    ("bits", "carriers"),
    [
        (1, 14), (11, 14), (12, 60), (13, 66),  # shorter than 5G's shortest block
        (97, 485), (97, 486), (97, 969), (97, 970), (97, 971),  # around once and twice at the lowest rate
        (292, 325), (293, 326), (640, 955), (641, 957),  # around the limits of 5G's two base graphs
        (3824, 11_471), (3824, 11_473), (3825, 11_475), (3825, 11_476), (4000, 13_000), (4000, 17_000),
        (8448, 9387), (8448, 25_344), (8448, 25_345), (8449, 9390), (20_000, 22_225),
    ],
)  # fmt: skip
def test_round_trip_at_the_limits_of_the_standard(bits, carriers):
    check_round_trip(bits, carriers, bits + carriers)


@given(bits=st.integers(1, 300_000), rate=st.floats(0.001, 0.89))
def test_every_code_fits_its_carriers_and_the_limits_of_the_standard(bits, rate):
    carriers = max(14, int(bits / rate) + 40)
    code = Code(bits, carriers)
    assert bits <= code.blocks * code.block_bits < bits + max(code.blocks, 12)
    assert code.coded_bits <= carriers
    assert 12 <= code.block_bits <= 8448
    assert 1 / 5 <= code.block_bits / code.word_bits <= MAX_RATE
    assert code.block_bits <= 3824 or code.block_bits / code.word_bits >= 1 / 3
    assert code.coded_bits > carriers - code.blocks or code.word_bits == 5 * code.block_bits


def test_two_percent_of_flips_are_nothing_at_rate_one_half(rng):
    assert failures(Code(1024, 2048), rng, 50, through_flips(rng, 0.02)) == 0


def test_two_percent_of_flips_are_mostly_corrected_at_rate_three_quarters(rng):
    assert failures(Code(1536, 2048), rng, 50, through_flips(rng, 0.02)) <= 5


def test_flips_beyond_the_capacity_are_not_corrected(rng):
    assert failures(Code(1536, 2048), rng, 5, through_flips(rng, 0.1)) == 5


def test_repetition_survives_a_fifth_of_flips(rng):
    assert failures(Code(96, 2000), rng, 50, through_flips(rng, 0.2)) == 0


def test_repetition_corrects_what_one_copy_cannot(rng):
    code = Code(96, 2000)
    assert code.coded_bits == 480
    channel = through_flips(rng, 0.26)  # whose capacity is below the 1/5 of one copy

    def one_copy(word):
        return channel(word) * (np.arange(word.size) < code.coded_bits)

    assert failures(code, rng, 30, channel) == 0
    assert failures(code, rng, 30, one_copy) > 10


def test_carriers_repeat_the_coded_bits_and_are_shared_evenly_by_the_blocks(rng):
    coded = 5 * 5000
    code = Code(5000, coded + coded // 2)
    assert (code.blocks, code.coded_bits) == (2, coded)
    information = draw_bits(rng, 5000)
    word = code.encode(information)
    assert np.array_equal(word[coded:], word[: coded // 2])
    changed = []
    for block in (slice(0, 2500), slice(2500, 5000)):
        other = information.copy()
        other[block] = draw_bits(rng, 2500)
        changed.append(np.count_nonzero(code.encode(other) != word))
    assert changed[0] == pytest.approx(changed[1], rel=0.1)


def test_a_message_of_several_blocks(rng):
    code = Code(11_400, 34_300)
    assert code.blocks == 3
    assert failures(code, rng, 1, through_flips(rng, 0.02)) == 0


@pytest.mark.parametrize(("bits", "carriers"), [(96, 192), (1024, 1366), (100, 3000)])
def test_the_sign_of_the_logits_matters(rng, bits, carriers):
    code = Code(bits, carriers)
    assert failures(code, rng, 5, logits_of) == 0
    assert failures(code, rng, 5, lambda word: -logits_of(word)) == 5


def test_what_is_not_known_hurts_less_than_what_is_wrong(rng):
    code = Code(1024, 2048)

    def struck(factor):
        return lambda word: logits_of(word) * np.where(rng.random(word.size) < 0.3, factor, 1).astype(np.float32)

    assert failures(code, rng, 10, struck(0)) == 0
    assert failures(code, rng, 10, struck(-1)) == 10


def test_unsure_logits_weigh_less(rng):
    """Flips of 12 % at rate 1/2 are at the capacity, but a channel that knows where it is unsure is far from it."""
    code = Code(1024, 2048)

    def unsure_where_wrong(word):
        wrong = rng.random(word.size) < 0.12
        return logits_of(word ^ wrong, np.where(wrong | (rng.random(word.size) < 0.12), 0.3, 4.0))

    assert failures(code, rng, 10, unsure_where_wrong) == 0
    assert failures(code, rng, 10, lambda word: np.sign(unsure_where_wrong(word)) * np.float32(4)) == 10


def test_one_overconfident_copy_does_not_overrule_the_others(rng):
    code = Code(96, 4 * 480)

    def boasting(word):
        wrong = rng.random(word.size) < 0.1
        return logits_of(word ^ wrong, np.where(wrong, 1e6, 20.0))

    assert failures(code, rng, 20, boasting) == 0


@pytest.mark.parametrize(("bits", "carriers"), [(0, 100), (-5, 100), (1, 13), (96, 106), (96, 0), (8449, 9388)])
def test_no_information_and_too_high_rates_raise(bits, carriers):
    with pytest.raises(ArgumentError):
        Code(bits, carriers)


def test_the_highest_rate_is_allowed():
    assert Code(900, 1000).coded_bits == 1000
    with pytest.raises(ArgumentError, match="901 bits"):
        Code(901, 1000)


@pytest.mark.parametrize("shape", [(99,), (101,), (1, 100), ()])
def test_other_lengths_raise(shape):
    with pytest.raises(ArgumentError, match="100 bits"):
        Code(100, 300).encode(np.zeros(shape, dtype=np.uint8))
    with pytest.raises(ArgumentError, match="100 logits"):
        Code(50, 100).decode(np.zeros(shape, dtype=np.float32))


def test_neither_torch_nor_sionna_is_imported():
    code = """
import sys, numpy
from semstego.coding.ldpc import Code
code = Code(12, 60)
code.decode(code.encode(numpy.ones(12, dtype=numpy.uint8)).astype(numpy.float32))
assert not any(name.split(".")[0] in ("torch", "sionna") for name in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
