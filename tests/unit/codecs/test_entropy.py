# SPDX-License-Identifier: Apache-2.0
"""Entropy coding: lossless for every array, bit for bit the same everywhere, and worth its while on pictures."""

import contextlib
import hashlib
from functools import cache
from itertools import product
from operator import itemgetter

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semstego.codecs.block.entropy.fitting import fit
from semstego.codecs.block.entropy.model import EntropyModel
from semstego.codecs.block.entropy.scan import KINDS, START, is_known, passes
from semstego.errors import StreamError, WeightsError

OWN_TAPS = {0: [(-1, -1), (-1, 1), (1, -1), (1, 1)], 1: [(-1, 0), (1, 0), (0, -1), (0, 1)]}
OWN_TAPS[2] = OWN_TAPS[0] + OWN_TAPS[1]


def hand_made_arrays(kept: int) -> dict[str, np.ndarray]:
    """Tables from whole numbers alone, so that a golden test does not hang on a least-squares routine."""
    arrays = {
        "taps": np.zeros((kept, KINDS, 9, 3), np.int16),
        "weights": np.zeros((kept, KINDS, 9), np.int32),
        "error_taps": np.zeros((kept, KINDS, 9, 3), np.int16),
        "error_weights": np.zeros((kept, KINDS, 9), np.int32),
        "thresholds": np.tile(np.array([2, 6, 14, 30, 62], np.int32) << 12, (kept, KINDS, 1)),
        "assignment": np.tile(np.arange(12, dtype=np.uint8).reshape(6, 2), (kept, KINDS, 1, 1)),
        "frequencies": np.empty((12, 256), np.uint16),
    }
    for plane in range(kept):
        for kind in range(START):
            own = [(plane, *tap) for tap in OWN_TAPS[kind % 3]]
            for name, unit in (("", 1 << 12), ("error_", 1 << 11)):
                arrays[f"{name}taps"][plane, kind, : len(own)] = own
                arrays[f"{name}weights"][plane, kind, : len(own)] = unit // len(own) + 5
                if plane:
                    arrays[f"{name}taps"][plane, kind, len(own)] = (plane - 1, 0, 1)
                    arrays[f"{name}weights"][plane, kind, len(own)] = 300
    for row in range(12):
        scale = row // 2 + 1
        weight = [1 + (40_000 >> min(30, min(r, 256 - r) // scale)) for r in range(256)]
        counts = [1 + w * 60_000 // sum(weight) for w in weight]
        counts[0] += 65536 - sum(counts)
        arrays["frequencies"][row] = counts
    return arrays


@cache
def hand_made(kept: int) -> EntropyModel:
    return EntropyModel.from_arrays(hand_made_arrays(kept))


def synthetic_symbols(seed: int, height: int = 40, width: int = 56) -> np.ndarray:
    """Four planes: soft hills with an edge, their slopes, and two Laplacian planes whose width follows the hills."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 16
    a, b, c = rng.uniform(0.5, 2, 3)
    hills = 40 * np.sin(a * x + b * y) + 30 * np.cos(c * y) + 25 * (x > 1.5) + rng.normal(0, 1, y.shape)
    slopes = np.gradient(hills, axis=1)
    details = rng.laplace(0, 0.3 + 2 * (hills > 10), (2, height, width))
    planes = np.stack([hills, slopes / 2, *details])
    return np.clip(np.rint(planes) + 128, 0, 255).astype(np.uint8)


@cache
def fitted() -> EntropyModel:
    return fit([*(synthetic_symbols(seed) for seed in range(6)), np.full((4, 32, 32), 128, np.uint8)])


@st.composite
def any_symbols(draw):
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 20), st.integers(1, 20)))
    if draw(st.booleans()):
        return draw(hnp.arrays(np.uint8, shape))
    spread = draw(st.integers(1, 128))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.integers(128 - spread, 128 + spread, shape).astype(np.uint8)


def seen_at(planes: np.ndarray, tap: tuple[int, ...], y: int, x: int) -> int:
    """The value of a tap: beyond an edge its mirror image, beyond two edges the plane's first value."""
    (plane, dy, dx), (height, width) = tap, planes.shape[1:]
    row = y + dy if 0 <= y + dy < height else y - dy
    column = x + dx if 0 <= x + dx < width else x - dx
    return int(planes[plane, row, column] if 0 <= row < height and 0 <= column < width else planes[plane, 0, 0])


def coded_one_by_one(model: EntropyModel, symbols: np.ndarray) -> bytes:
    """What ``encode`` writes, symbol by symbol and by constriction."""
    encoder, errors = constriction.stream.queue.RangeEncoder(), np.zeros(symbols.shape, int)
    laws = [constriction.stream.model.Categorical(row / 2**16, perfect=False) for row in model.frequencies]

    def weighted(planes, taps, weights, y, x, unit):
        scaled = (
            (p, dy * (unit if p == plane else 1), dx * (unit if p == plane else 1)) for p, dy, dx in taps.tolist()
        )
        used = zip(scaled, weights.tolist(), strict=True)
        return sum(weight * seen_at(planes, tap, y, x) for tap, weight in used if weight)

    for plane in range(len(symbols)):
        for kind, top, left, stride in passes(*symbols.shape[1:]):
            at, coded = (plane, kind), []
            for y, x in product(range(top, symbols.shape[1], 2 * stride), range(left, symbols.shape[2], 2 * stride)):
                total = weighted(symbols.astype(int) - 128, model.taps[at], model.weights[at], y, x, stride)
                energy = weighted(errors, model.error_taps[at], model.error_weights[at], y, x, stride)
                share = (total + 2048) % 4096 / 4096 - 0.5  # of a grey level, from the prediction before it is rounded
                prediction = min(max((total + 2048) // 4096 + 128, 0), 255)
                contexts = model.assignment[at]
                fold = min(int(2 * abs(share) * contexts.shape[1]), contexts.shape[1] - 1)
                chosen = int(contexts[np.count_nonzero(energy >= model.thresholds[at]), fold])
                difference = int(symbols[plane, y, x]) - prediction
                coded.append((chosen, (difference if share >= 0 else -difference) % 256))
                errors[plane, y, x] = abs(difference)
            for chosen, residual in sorted(coded, key=itemgetter(0)):
                encoder.encode(residual, laws[chosen])
    return encoder.get_compressed().astype("<u4").tobytes()


@settings(max_examples=40, deadline=None)
@given(any_symbols())
def test_coding_symbol_by_symbol_gives_the_same_bytes(symbols):
    expected = coded_one_by_one(hand_made(len(symbols)), symbols)
    assert hand_made(len(symbols)).encode(symbols) == (expected if len(expected) < symbols.size else symbols.tobytes())


@pytest.mark.parametrize("shape", [(4, 1, 40), (4, 23, 14)])
def test_a_fitted_model_codes_symbol_by_symbol_alike(shape):
    symbols = synthetic_symbols(5, *shape[1:])
    assert fitted().encode(symbols) == coded_one_by_one(fitted(), symbols)


def test_passes_visit_every_symbol_once_and_know_their_taps():
    for height, width in [(1, 1), (1, 9), (2, 2), (5, 3), (8, 8), (13, 40), (64, 1)]:
        seen = np.zeros((height, width), int)
        for step in passes(height, width):
            view = step.of(seen)
            assert view.size > 0
            assert not view.any()
            for y in range(step.top, height, 2 * step.stride):
                for x in range(step.left, width, 2 * step.stride):
                    for dy, dx in OWN_TAPS[2]:
                        row, column = y + dy * step.stride, x + dx * step.stride
                        if is_known(step.kind, dy, dx) and 0 <= row < height and 0 <= column < width:
                            assert seen[row, column]
            view += 1
        assert (seen == 1).all()


@settings(max_examples=150, deadline=None)
@given(any_symbols())
def test_every_array_comes_back(symbols):
    model = hand_made(len(symbols))
    data = model.encode(symbols)
    assert len(data) <= symbols.size
    assert np.array_equal(model.decode(data, symbols.shape), symbols)


@pytest.mark.parametrize("shape", [(4, 1, 1), (4, 1, 300), (4, 300, 1), (4, 4, 4), (4, 33, 65)])
@pytest.mark.parametrize("content", ["flat", "black", "checks", "noise"])
def test_a_fitted_model_codes_what_it_never_saw(shape, content):
    y, x = np.mgrid[: shape[1], : shape[2]]
    planes = {
        "flat": np.full(shape[1:], 128),
        "black": np.zeros(shape[1:]),
        "checks": (y + x) % 2 * 255,
        "noise": np.random.default_rng(1).integers(0, 256, shape[1:]),
    }[content]
    symbols = np.broadcast_to(planes.astype(np.uint8), shape)
    data = fitted().encode(symbols)
    assert len(data) <= symbols.size
    assert np.array_equal(fitted().decode(data, shape), symbols)


def test_a_flat_picture_takes_next_to_nothing():
    assert len(fitted().encode(np.full((4, 64, 64), 128, np.uint8))) * 8 < 0.05 * 4 * 64 * 64


def test_coded_bytes_are_the_same_on_every_machine():
    y, x, plane = np.arange(37)[:, None], np.arange(53), np.arange(3)[:, None, None]
    symbols = 128 + (y * x // 7 + y * y * (plane + 1) // 5) % 23 - (x * plane) % 11 + (y * 7 + x * 13) % 3
    symbols = symbols.astype(np.uint8)
    data = hand_made(3).encode(symbols)
    assert np.array_equal(hand_made(3).decode(data, symbols.shape), symbols)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (
        4176,
        "7d86137982df6b57672e9ba3364868967b7ce49025f40f4a88a78f1834a55ab1",
    )


def test_read_only_and_strided_arrays_are_coded_alike():
    symbols = synthetic_symbols(3)
    wide = np.repeat(symbols, 2, axis=2)
    wide.flags.writeable = False
    assert hand_made(4).encode(wide[:, :, ::2]) == hand_made(4).encode(symbols)


def test_a_fitted_model_beats_the_entropy_of_every_plane_by_far():
    unseen = [synthetic_symbols(seed) for seed in range(100, 104)]
    bits = sum(len(fitted().encode(symbols)) * 8 for symbols in unseen)
    entropy = 0.0
    for symbols in unseen:
        for plane in symbols:
            share = np.bincount(plane.ravel()) / plane.size
            entropy -= plane.size * (share[share > 0] * np.log2(share[share > 0])).sum()
    assert bits < 0.8 * entropy


def test_stored_tables_give_the_same_model():
    symbols = synthetic_symbols(7)
    again = EntropyModel.from_arrays({name: array.copy() for name, array in fitted().to_arrays().items()})
    assert again.encode(symbols) == fitted().encode(symbols)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_end_in_an_array_or_a_stream_error(data):
    try:
        symbols = hand_made(3).decode(data, (3, 16, 24))
    except StreamError:
        return
    assert symbols.shape == (3, 16, 24)
    assert symbols.dtype == np.uint8


def test_damaged_streams_end_in_an_array_or_a_stream_error():
    symbols = synthetic_symbols(9)
    data, rng = hand_made(4).encode(symbols), np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(data)
        damaged[rng.integers(len(data))] ^= 1 << rng.integers(8)
        with contextlib.suppress(StreamError):
            assert hand_made(4).decode(bytes(damaged), symbols.shape).shape == symbols.shape


@pytest.mark.parametrize("extra", [b"\0", b"\xff" * 20, b"\0\0\0\1" * 5])
def test_bytes_behind_the_end_are_refused(extra):
    symbols = synthetic_symbols(9)
    with pytest.raises(StreamError):
        hand_made(4).decode(hand_made(4).encode(symbols) + extra, symbols.shape)


def test_more_bytes_than_symbols_are_refused():
    with pytest.raises(StreamError):
        hand_made(3).decode(bytes(64), (3, 4, 5))


@pytest.mark.parametrize("shape", [(2, 4, 4), (3, 4), (3, 0, 4)])
def test_a_wrong_shape_is_the_callers_mistake(shape):
    with pytest.raises(ValueError, match="3 planes"):
        hand_made(3).decode(b"", shape)


def set_at(name, index, value):
    def change(arrays):
        arrays[name][index] = value

    return change


def replaced(name, function):
    def change(arrays):
        arrays[name] = function(arrays[name])

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("weights"),
        replaced("weights", lambda a: a.astype(np.float64)),
        replaced("weights", lambda a: a[:, :, :4]),
        replaced("thresholds", lambda a: a[:, :, :2]),
        replaced("thresholds", lambda a: a[:2]),
        replaced("taps", lambda a: a[..., :2]),
        replaced("taps", lambda a: a[:, :4]),
        replaced("frequencies", lambda a: a[:, :255]),
        replaced("frequencies", lambda a: a[:4]),
        replaced("frequencies", lambda a: a[:0]),
        set_at("frequencies", (3, 7), 0),
        set_at("frequencies", (3, 7), 9999),
        set_at("assignment", (0, 0, 0, 0), 12),
        set_at("taps", (1, 0, 0, 0), 2),  # a plane that comes later
        set_at("taps", (1, 0, 0, 0), -1),
        set_at("taps", (1, 0, 0), (1, 0, 1)),  # a neighbour of the same pass
        set_at("error_taps", (2, 3, 0, 1), 1001),
        set_at("error_weights", (0, 0, 0), -(2**31)),
    ],
)
def test_malformed_tables_are_refused(change):
    arrays = hand_made_arrays(3)
    change(arrays)
    with pytest.raises(WeightsError):
        EntropyModel.from_arrays(arrays)


def test_nothing_is_fitted_to_nothing():
    with pytest.raises(ValueError, match="no symbols"):
        fit([])
