# SPDX-License-Identifier: Apache-2.0
"""Certificates hold on every code that can be written out, the receiver reads, and the bounds on detection follow."""

from fractions import Fraction
from itertools import accumulate, product
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.coding import polar
from semstego.coding import polar_reference as reference
from semstego.coding.polar_order import public_order

ODD = (0, 1, 2**13, 2**14 - 1, 2**14)  # chances 0, 2^-14, 1/2, 1 - 2^-14 and 1
LENGTHS = {3: 120, 4: 120, 5: 100, 8: 100, 11: 40, 16: 40}  # symbols: cases


def draw_case(rng, symbols):
    """Parities and chances, some of them odd, with signs."""
    odd = rng.random(symbols) < rng.random()
    chances = np.where(odd, rng.choice(ODD, symbols), rng.integers(0, 2**14 + 1, symbols))
    signs = rng.choice([-1, 1], symbols)
    return rng.integers(0, 2, symbols).astype(np.uint8), (chances * signs).astype(np.int16)


def cases(symbols):
    rng = np.random.default_rng(symbols)
    return [draw_case(rng, symbols) for _ in range(LENGTHS[symbols])]


def indices(parity, chances):
    """The law of u, written out."""
    return reference.of_indices(reference.symbols(parity, chances))


def exact(parity, chances):
    """The divergence [nats] of 1, 2, ... message bits."""
    return np.cumsum(reference.shortfalls(indices(parity, chances))[public_order(chances.size)])


def hidden(law, order, count):
    """The law of u of what is sent with fair message bits; it lacks the probability of a refusal."""
    total = np.zeros(law.shape)
    for bits in product((0, 1), repeat=count):
        carried: list = [slice(None)] * law.ndim
        message = dict(zip(order[:count].tolist(), bits, strict=True))
        for index, bit in message.items():
            carried[index] = bit
        total[tuple(carried)] += reference.stego(law, message)[tuple(carried)] / 2**count
    return total


@pytest.mark.parametrize("symbols", LENGTHS)
def test_the_certificate_is_never_below_the_divergence(symbols):
    for parity, chances in cases(symbols):
        bound = polar.certificate(chances, public_order(symbols))
        assert bound.size == public_order(symbols).size
        assert (bound >= exact(parity, chances) - 1e-9).all(), (parity, chances)


def test_all_odd_chances_of_four_symbols_are_certified():
    for chances in product(ODD, repeat=4):
        array = np.array(chances, np.int16)
        bound = polar.certificate(array, public_order(4))
        assert (bound >= exact(np.zeros(4, np.uint8), array) - 1e-9).all(), chances


@pytest.mark.parametrize("symbols", [2, 3, 8, 11, 100, 1024, 5000])
def test_the_certificate_is_the_recursion_rounded_up(symbols):
    _, chances = draw_case(np.random.default_rng(symbols), symbols)
    sums = np.cumsum(reference.bounds(chances)[public_order(symbols)]) * log(2)
    found = polar.certificate(chances, public_order(symbols))
    assert (found >= sums).all()
    assert np.allclose(found, sums, rtol=1e-4, atol=1e-200)


@pytest.mark.parametrize("symbols", [20, 32, 64])
def test_the_certificate_is_not_below_that_of_rational_numbers(symbols):
    _, chances = draw_case(np.random.default_rng(symbols), symbols)
    order, size = public_order(symbols), public_order(symbols).size
    a = [(1 - Fraction(abs(int(chance)), 2**13)) ** 2 for chance in chances] + [Fraction(1)] * (size - symbols)
    half = size // 2
    while half:
        for t in range(size):
            if not t & half:
                x, y = a[t], a[t + half]
                doubled = x * y if half == size // 2 else 0
                a[t], a[t + half] = x * y, 1 if x * y == 1 else (x + y - x * y - doubled) / (1 - doubled)
        half //= 2
    found = polar.certificate(chances, order)
    for count, total in enumerate(accumulate(a[index] for index in order)):
        wanted = float(total) * log(2)
        assert Fraction(found[count]) >= total * Fraction("0.69314718055994530941")
        assert found[count] <= wanted * (1 + 1e-6) or wanted < 1e-250


def test_a_certificate_that_is_too_small_for_a_float_is_not_zero():
    assert polar.certificate(np.full(1024, 2**13 - 1, np.int16), public_order(1024))[0] > 0


@pytest.mark.parametrize("symbols", [4, 8])
def test_differences_given_the_past_make_the_divergence(symbols):
    parity, chances = np.ones(symbols, np.uint8), np.random.default_rng(1).integers(1, 2**14, symbols).astype(np.int16)
    law = reference.symbols(parity, chances)
    d = np.broadcast_to(2 * chances / 2**14 - 1, (law.size, symbols))
    found = reference.differences(d, np.array(list(np.ndindex(law.shape)), np.uint8))
    p = np.stack([1 + found, 1 - found]) / 2
    shortfalls = law.ravel() @ (log(2) + (p * np.log(p)).sum(axis=0))
    assert shortfalls == pytest.approx(reference.shortfalls(reference.of_indices(law)), abs=1e-12)


def without_padding(chances):
    """Bounds as if the symbols that fill the code up were fair coins."""
    size = public_order(chances.size).size
    return reference.bounds(np.append(chances, np.full(size - chances.size, 2**13)).astype(np.int16))


def with_products_for_plus(chances):
    """Bounds whose first level takes plus for a b."""
    size = public_order(chances.size).size
    a = reference.bounds(chances)
    a[size // 2 :] = a[: size // 2]
    return a


@pytest.mark.parametrize(("broken", "symbols"), [(without_padding, 5), (with_products_for_plus, 8)])
def test_wrong_certificates_are_found_out(broken, symbols):
    found = [
        (np.cumsum(broken(chances)[public_order(symbols)]) * log(2) < exact(parity, chances) - 1e-9).any()
        for parity, chances in cases(symbols)
    ]
    assert np.mean(found) > 0.5


@given(st.integers(0, 2**32), st.sampled_from([3, 11, 100, 1000]), st.floats(0, 1))
def test_a_limit_ends_the_certificate_and_changes_nothing_else(seed, symbols, limit):
    _, chances = draw_case(np.random.default_rng(seed), symbols)
    whole = polar.certificate(chances, public_order(symbols))
    assert (np.diff(whole) >= 0).all()
    for end in (limit, float(whole[symbols // 2])):
        assert np.array_equal(polar.certificate(chances, public_order(symbols), end), whole[whole <= end])
    assert np.array_equal(polar.certificate(-chances, public_order(symbols)), whole)


@pytest.mark.parametrize(("symbols", "number"), [(2, 20), (3, 8), (4, 8), (5, 1), (8, 1)])
def test_chain_rule_and_bound_on_the_variation_hold_for_the_laws_themselves(symbols, number):
    rng = np.random.default_rng(symbols)
    order = public_order(symbols)
    for parity, chances in [draw_case(rng, symbols) for _ in range(number)]:
        law = indices(parity, chances)
        likely = law > 1e-25  # the reference loses what is rarer
        for count, divergence in enumerate(exact(parity, chances), 1):
            sent = hidden(law, order, count)
            refused = 1 - sent.sum()
            direct = (law[likely] * np.log(law[likely] / sent[likely])).sum()
            assert direct == pytest.approx(divergence, abs=1e-12)
            assert refused <= 1 - exp(-divergence) + 1e-12
            assert (np.abs(law - sent).sum() + refused) / 2 <= polar.tv_bound(divergence) + 1e-12
            assert np.abs(law - sent / (1 - refused)).sum() / 2 <= polar.tv_bound(divergence) + 1e-12


@given(st.floats(0, 0.4999))
def test_a_divergence_for_a_p_e_is_the_largest_that_keeps_it(p_e):
    kl = polar.kl_for(p_e)
    assert polar.p_e_bound(kl) >= p_e
    assert polar.p_e_bound(kl * (1 + 1e-6)) < p_e or p_e == 0
    assert kl == pytest.approx(2 * (1 - 2 * p_e) ** 2, rel=2e-3)


def test_the_divergences_of_the_documents():
    assert polar.kl_for(0.49) == pytest.approx(8e-4, rel=2e-5)
    assert polar.kl_for(0.499) == pytest.approx(8e-6, rel=2e-4)
    assert polar.kl_for(0.5) == 0
    assert polar.tv_bound(8e-4) == pytest.approx(0.02, rel=1e-5)
    assert polar.p_e_bound(100 * 8e-6) == pytest.approx(0.49)
    assert polar.tv_bound(50.0) == 1
    assert polar.tv_bound(0.3) >= sqrt(0.15)


@pytest.mark.parametrize("symbols", [1, 2, 3, 31, 32, 33, 63, 64, 65, 128, 1000])
def test_the_transform_is_the_matrix_and_undoes_itself(symbols):
    bits = np.random.default_rng(symbols).integers(0, 2, symbols).astype(np.uint8)
    size = public_order(symbols).size
    padded = np.append(bits, np.zeros(size - symbols, np.uint8))
    found = polar.transform(bits)
    assert found.dtype == np.uint8
    assert np.array_equal(found, padded.astype(int) @ reference.matrix(size) % 2)
    assert np.array_equal(polar.transform(found), padded)
    assert np.array_equal(polar.read(bits, public_order(symbols)), found[public_order(symbols)])


@pytest.mark.parametrize("wrong", [np.zeros(5, np.int16), np.zeros(0, np.int16), np.zeros((2, 2), np.int16)])
def test_an_order_for_another_number_of_symbols_is_refused(wrong):
    order, uniform = public_order(4), np.zeros(4)
    with pytest.raises(ValueError, match="not for symbols"):
        polar.certificate(wrong, order)
    with pytest.raises(ValueError, match="not for symbols"):
        polar.sample(wrong.astype(np.uint8), wrong, order, np.zeros(0, np.uint8), uniform)
    with pytest.raises(ValueError, match="not for symbols"):
        polar.read(wrong.astype(np.uint8), order)


@pytest.mark.parametrize("kl", [0.0, 1e-300, 1e-12, 1e-9, 8e-6, 1e-4, 1.0])
@pytest.mark.parametrize("p_e", [0.4, 0.49, 0.499])
def test_so_many_pictures_keep_a_detection_error_and_one_more_does_not(kl, p_e):
    """Divergences and rounding add up over pictures; exact arithmetic is the oracle."""
    count = polar.pictures_for(kl, p_e)
    allowed = 1 - 2 * Fraction(str(p_e))

    def variation_squared_is_enough(pictures):
        room = allowed - pictures * Fraction(1, 10**7)
        return room >= 0 and Fraction(kl) * pictures / 2 <= room**2

    assert count == 0 or variation_squared_is_enough(count)
    assert not variation_squared_is_enough(count * 1.0001 + 1)
    assert count <= float(allowed) * 1e7


def test_a_single_picture_at_the_promised_detection_error_is_one_picture():
    kl = polar.kl_for(0.499)
    assert polar.pictures_for(kl, 0.499) in (0, 1)
    assert polar.pictures_for(kl, 0.49) == pytest.approx(100, abs=1)
