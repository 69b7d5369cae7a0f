# SPDX-License-Identifier: Apache-2.0
"""Syndrome-trellis codes: round trips, optimality, the reference, wet bits and the coding loss."""

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.coding import reference, stc, submatrices
from semstego.errors import InfeasibleError

HEIGHTS = list(stc.HEIGHTS)
settings.register_profile("coding", deadline=None, max_examples=150)
settings.load_profile("coding")


def draw_case(seed, n, m, wet=0.0, kind="random"):
    rng = np.random.Generator(np.random.PCG64(seed))
    cover = rng.integers(0, 2, n, dtype=np.uint8)
    message = rng.integers(0, 2, m, dtype=np.uint8)
    costs = {
        "random": rng.random(n),
        "ties": rng.integers(0, 3, n),
        "zero": np.zeros(n),
        "huge": 10.0 ** rng.uniform(-30, 38, n),
    }[kind].astype(np.float32)
    costs[rng.random(n) < wet] = np.inf
    return cover, costs, message


def cheapest(matrix, syndrome, costs):
    """Least cost of any dry e with matrix e = syndrome, by trying all; inf if there is none."""
    best = np.inf
    for e in itertools.product((0, 1), repeat=costs.size):
        chosen = np.array(e, dtype=bool)
        if np.array_equal(matrix[:, chosen].sum(axis=1) % 2, syndrome):
            best = min(best, float(costs[chosen].astype(np.float64).sum()))
    return best


small_sizes = st.tuples(st.integers(1, 120), st.floats(0, 1)).map(lambda t: (t[0], round(t[0] * t[1])))
sizes = st.tuples(st.integers(1, 700), st.floats(0, 1)).map(lambda t: (t[0], round(t[0] * t[1] ** 2)))


@given(
    size=sizes,
    height=st.sampled_from(HEIGHTS),
    wet=st.sampled_from([0.0, 0.1, 0.5, 0.95, 1.0]),
    kind=st.sampled_from(["random", "ties", "zero", "huge"]),
    seed=st.integers(0, 2**32),
)
def test_round_trip_or_infeasible_and_wet_bits_never_change(size, height, wet, kind, seed):
    cover, costs, message = draw_case(seed, *size, wet, kind)
    before = cover.copy()
    try:
        stego = stc.embed(cover, costs, message, height)
    except InfeasibleError:
        assert wet > 0
        return
    assert stego.dtype == np.uint8
    assert np.array_equal(cover, before)
    assert np.array_equal(stc.extract(stego, message.size, height), message)
    assert np.isfinite(costs[stego != cover]).all()
    assert set(np.unique(stego)) <= {0, 1}


@given(
    size=st.tuples(st.integers(1, 300), st.floats(0.02, 1)).map(lambda t: (t[0], max(1, round(t[0] * t[1])))),
    height=st.sampled_from(HEIGHTS),
    wet=st.sampled_from([0.0, 0.2, 0.5]),
    kind=st.sampled_from(["random", "ties", "huge"]),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=80)
def test_the_kernel_returns_the_bits_of_the_reference(size, height, wet, kind, seed):
    cover, costs, message = draw_case(seed, *size, wet, kind)
    if kind == "huge":
        costs = np.minimum(costs, np.float32(1e20)) + np.where(np.isinf(costs), costs, 0)
    try:
        expected = reference.embed(cover, costs, message, height)
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            stc.embed(cover, costs, message, height)
        return
    assert np.array_equal(stc.embed(cover, costs, message, height), expected)


@pytest.mark.parametrize("height", HEIGHTS)
@pytest.mark.parametrize("wet", [0.0, 0.15])
def test_kernel_and_reference_agree_on_a_long_cover(height, wet):
    cover, costs, message = draw_case(height, 3000, 900, wet)
    expected = reference.embed(cover, costs, message, height)
    assert np.array_equal(stc.embed(cover, costs, message, height), expected)


@pytest.mark.parametrize(("n", "m"), [(12, 1), (12, 4), (11, 7), (12, 12), (9, 2), (10, 9), (3, 1), (1, 1)])
@pytest.mark.parametrize("height", HEIGHTS)
def test_no_other_solution_is_cheaper(n, m, height):
    for seed, wet in ((1, 0.0), (2, 0.3)):
        cover, costs, message = draw_case(seed, n, m, wet)
        matrix = reference.parity_check(n, m, height)
        best = cheapest(matrix, (matrix @ cover + message) % 2, costs)
        if best == np.inf:
            with pytest.raises(InfeasibleError):
                stc.embed(cover, costs, message, height)
        else:
            stego = stc.embed(cover, costs, message, height)
            assert float(costs[stego != cover].sum()) == pytest.approx(best, rel=1e-5, abs=1e-6)


def test_the_optimality_test_catches_a_code_that_forgets_the_last_rows():
    # Without masking (or free final states) the rows below H would have to be zero as well.
    worse = 0
    for seed in range(10):
        cover, costs, message = draw_case(seed, 12, 4)
        full = np.zeros((4 + 6, 12), dtype=np.uint8)
        for i in range(12):
            column = int(submatrices.cycle(6, 3)[i % 3])
            full[i // 3 : i // 3 + 6, i] = [column >> r & 1 for r in range(6)]
        assert np.array_equal(full[:4], reference.parity_check(12, 4, 6))
        syndrome = np.concatenate([(full[:4] @ cover + message) % 2, np.zeros(6, dtype=np.uint8)])
        stego = stc.embed(cover, costs, message, 6)
        worse += cheapest(full, syndrome, costs) > float(costs[stego != cover].sum()) * 1.01 + 1e-6
    assert worse >= 8


@given(size=small_sizes, height=st.sampled_from(HEIGHTS), seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_extract_is_the_product_with_the_dense_matrix(size, height, seed):
    bits, _, _ = draw_case(seed, *size)
    dense = reference.parity_check(size[0], size[1], height)
    assert np.array_equal(stc.extract(bits, size[1], height), dense @ bits.astype(np.int64) % 2)


def test_no_message_returns_a_copy():
    cover, costs, message = draw_case(0, 50, 0)
    stego = stc.embed(cover, costs, message, 8)
    assert np.array_equal(stego, cover)
    assert stego is not cover
    assert stc.extract(stego, 0, 8).size == 0


def test_all_wet_is_feasible_only_if_the_message_is_there_already():
    cover, costs, _ = draw_case(3, 40, 10, wet=1.0)
    there = stc.extract(cover, 10, 9)
    assert np.array_equal(stc.embed(cover, costs, there, 9), cover)
    with pytest.raises(InfeasibleError):
        stc.embed(cover, costs, there ^ 1, 9)


@pytest.mark.parametrize(("n", "m"), [(1_000_000, 1), (300_000, 3), (50_000, 7), (70_000, 65)])
def test_low_rates_change_few_bits(n, m):
    cover, costs, message = draw_case(n, n, m)
    stego = stc.embed(cover, costs, message, 10)
    assert np.array_equal(stc.extract(stego, m, 10), message)
    assert np.count_nonzero(stego != cover) <= m
    if n * m < 10**6:  # the dense H of the reference
        assert np.array_equal(stego, reference.embed(cover, costs, message, 10))


def test_a_rate_between_two_widths_costs_between_them():
    cost = []
    for m in (10_000, 8_000, 6_667):
        cover, costs, message = draw_case(1, 20_000, m, kind="zero")
        stego = stc.embed(cover, costs + 1, message, 9)
        cost.append(np.count_nonzero(stego != cover))
    assert cost[0] > cost[1] > cost[2]


def test_finite_huge_costs_do_not_spoil_small_ones():
    cover, costs, message = draw_case(5, 4000, 1000)
    costs[::10] = 1e30
    stego = stc.embed(cover, costs, message, 10)
    wet = np.where(costs > 1, np.inf, costs).astype(np.float32)
    assert np.array_equal(stego, stc.embed(cover, wet, message, 10))


def test_the_largest_floats_are_dry():
    cover, costs, message = draw_case(6, 400, 200)
    costs[:] = np.finfo(np.float32).max
    assert np.array_equal(stc.extract(stc.embed(cover, costs, message, 7), 200, 7), message)


@pytest.mark.parametrize(
    ("costs", "message", "height"),
    [
        (np.ones(9), np.ones(2), 8),
        (np.ones(10), np.ones(11), 8),
        (np.ones(10), np.ones(2), 5),
        (np.ones(10), np.ones(2), 13),
        (-np.ones(10), np.ones(2), 8),
        (np.full(10, np.nan), np.ones(2), 8),
        (np.ones((2, 5)), np.ones(2), 8),
    ],
)
def test_what_is_not_allowed_raises(costs, message, height):
    with pytest.raises(ValueError, match=r".+"):
        stc.embed(np.zeros(10, dtype=np.uint8), costs.astype(np.float32), message.astype(np.uint8), height)


def test_threads_do_not_share_their_scratch_memory():
    cases = [draw_case(seed, 20_000, 5_000) for seed in range(6)]
    expected = [stc.embed(*case, 9) for case in cases]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda case: stc.embed(*case, 9), cases))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_read_only_input_is_accepted():
    cover, costs, message = draw_case(10, 500, 100)
    expected = stc.embed(cover, costs, message, 8)
    for array in (cover, costs, message):
        array.flags.writeable = False
    assert np.array_equal(stc.embed(cover, costs, message, 8), expected)


def test_same_input_same_output():
    cover, costs, message = draw_case(8, 5000, 1700, wet=0.2, kind="ties")
    assert np.array_equal(stc.embed(cover, costs, message, 11), stc.embed(cover, costs, message, 11))


@pytest.mark.parametrize(("height", "width", "limit"), [(8, 2, 0.12), (10, 2, 0.095), (10, 4, 0.14), (12, 2, 0.08)])
def test_the_coding_loss_with_constant_costs_stays_small(height, width, limit):
    n = 40_000
    cover, costs, message = draw_case(9, n, n // width, kind="zero")
    changes = np.count_nonzero(stc.embed(cover, costs + 1, message, height) != cover)
    bound = {2: 0.110028, 4: 0.041693}[width] * n  # inverse binary entropy of 1/2 and 1/4
    assert bound * 0.97 < changes < bound * (1 + limit)


@pytest.mark.slow
def test_a_processor_without_vectors_returns_the_same_bits():
    code = (
        "import numpy as np, hashlib; from semstego.coding import stc; g = np.random.Generator(np.random.PCG64(1));"
        "x = g.integers(0, 2, 9000, dtype=np.uint8); m = g.integers(0, 2, 3000, dtype=np.uint8);"
        "print(hashlib.sha256(stc.embed(x, g.random(9000, dtype=np.float32), m, 10)).hexdigest())"
    )
    seen = set()
    for cpu in ({"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}, {}):
        environment = {**os.environ, **cpu}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        seen.add(run.stdout)
    assert len(seen) == 1
