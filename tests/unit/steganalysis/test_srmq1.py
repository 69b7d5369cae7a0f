# SPDX-License-Identifier: Apache-2.0
"""SRMQ1 against a slow definition of a few parts, against its symmetries, and against sealwatch (the oracle)."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.detection import speed as audit_speed
from semstego.steganalysis import sealwatch as library
from semstego.steganalysis.features.spam import spam686
from semstego.steganalysis.features.srm_residuals import SRM_FAMILIES, quantised_residuals
from semstego.steganalysis.features.srmq1 import SRM_PARTS, SRMQ1_SIZE, srmq1, srmq1_per_channel

# Right and up residuals stand for left and down ones too, but for a row of pixels at the border.
ONE_SIDED = [f"{family}_spam14{way}" for family in ("s1", "s3") for way in "hv"]


@pytest.fixture(scope="module")
def sealwatch():
    return library.sealwatch()


@pytest.fixture(scope="module")
def crops(photographs):
    """64 x 64 planes from the middle of every photograph, and from a corner, which may be one-coloured."""
    middles = [p[(h := len(p) // 2) : h + 64, (w := p.shape[1] // 2) : w + 64, 0] for p in photographs.values()]
    return np.stack([*middles, *(p[:64, :64, -1] for p in photographs.values())])


def by_sealwatch(sealwatch, plane):
    """The features in our order: sealwatch joins h and v, and the two ``spam11``, which it leaves in any order."""
    theirs = sealwatch.srmq1.extract(plane)
    parts = []
    for name in SRM_PARTS:
        family, kind = name.split("_")
        if kind == "spam11":
            parts.append(np.split(theirs["s35_spam11_q1"], 2)[family == "s5x5"])
        elif kind.startswith("spam"):
            parts.append(np.split(theirs[f"{family}_{kind[:-1]}hv_q1"], 2)[kind[-1] == "v"])
        else:
            parts.append(theirs[f"{name}_q1"])
    return np.concatenate(parts)


def assert_equals_sealwatch(sealwatch, plane):
    # One pattern more or less is 1 / pixels; the rest is float32, in which sealwatch adds up.
    np.testing.assert_allclose(srmq1(plane[None])[0], by_sealwatch(sealwatch, plane), rtol=1e-6, atol=1e-7)


@pytest.mark.slow
def test_features_of_photographs_equal_sealwatch(sealwatch, crops):
    for plane in crops:
        assert_equals_sealwatch(sealwatch, plane)


@pytest.mark.parametrize("shape", [(8, 8), (9, 23), (21, 8), (64, 33)])
def test_features_of_extreme_planes_equal_sealwatch(sealwatch, shape, rng):
    assert_equals_sealwatch(sealwatch, rng.integers(0, 256, shape, dtype=np.uint8))
    assert_equals_sealwatch(sealwatch, rng.choice(np.array([0, 255], np.uint8), shape))
    assert_equals_sealwatch(sealwatch, np.full(shape, 255, np.uint8))


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_features_of_any_plane_equal_sealwatch(sealwatch, data):
    shape = data.draw(st.tuples(st.integers(8, 20), st.integers(8, 20)))
    top = data.draw(st.sampled_from([1, 4, 20, 255]))  # small steps meet the halves that quantisation rounds
    assert_equals_sealwatch(sealwatch, data.draw(arrays(np.uint8, shape, elements=st.integers(0, top))))


def test_spam_equals_sealwatch(sealwatch, crops):
    for plane in crops:
        theirs = sealwatch.tools.flatten(sealwatch.spam.extract(plane))
        np.testing.assert_allclose(spam686(plane[None])[0], theirs, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
def test_srmq1_and_spam_are_twenty_times_as_fast_as_sealwatch(crops):
    found = audit_speed.feature_seconds(crops)
    assert set(found) == {"SPAM", "SRMQ1"}
    for one in found.values():
        assert one["seconds_of_sealwatch"] > 20 * one["seconds"]


def half_away(ratio):
    return np.sign(ratio) * np.floor(np.abs(ratio) + 0.5)


def slow_residuals(plane, rounding=half_away, clip=2):
    """First differences right and up, and second ones across and down, from the printed definition."""
    x = plane.astype(int)
    inner = x[1:-1, 1:-1]
    residuals = {
        "right": x[1:-1, 2:] - inner,
        "up": x[:-2, 1:-1] - inner,
        "across": (x[1:-1, :-2] - 2 * inner + x[1:-1, 2:]) / 2,
        "down": (x[:-2, 1:-1] - 2 * inner + x[2:, 1:-1]) / 2,
    }
    return {name: np.clip(rounding(residual), -clip, clip).astype(int) for name, residual in residuals.items()}


def slow_shares(residual):
    shares = {}
    windows = np.lib.stride_tricks.sliding_window_view(residual, 4, axis=1).reshape(-1, 4)
    for pattern in map(tuple, windows.tolist()):
        shares[pattern] = shares.get(pattern, 0) + 1 / len(windows)
    return shares


def slow_part(shares, twins, first=None):
    """Sum the shares over patterns that are twins; features in the order of a pattern's first twin."""
    orbits = {min(twins(pattern)): set(twins(pattern)) for pattern in product(range(-2, 3), repeat=4)}
    order = sorted(orbits, key=lambda orbit: (first not in orbits[orbit], orbit))
    return [sum(share.get(twin, 0) for share in shares for twin in orbits[orbit]) for orbit in order]


def negated(pattern):
    return tuple(-level for level in pattern)


def spam_twins(pattern):
    return [pattern, pattern[::-1], negated(pattern), negated(pattern[::-1])]


def minmax_twins(pattern):
    return [pattern, pattern[::-1]]


def slow_parts(plane, **kwargs):
    r = slow_residuals(plane, **kwargs)
    low, high = np.minimum(r["across"], r["down"]), np.maximum(r["across"], r["down"])
    minmax = [slow_shares(each) for each in (low, low.T, -high, -high.T)]
    zeros = (0, 0, 0, 0)
    return {
        "s1_spam14h": slow_part([slow_shares(r["right"]), slow_shares(r["up"].T)], spam_twins, zeros),
        "s2_spam12v": slow_part([slow_shares(r["across"].T), slow_shares(r["down"])], spam_twins, zeros),
        "s2_minmax21": slow_part(minmax, minmax_twins),
    }


@pytest.fixture
def gentle(rng):
    return rng.integers(90, 99, (17, 12), dtype=np.uint8)


def test_three_parts_equal_the_slow_definition(gentle):
    features = srmq1(gentle[None])[0]
    for name, slow in slow_parts(gentle).items():
        np.testing.assert_allclose(features[SRM_PARTS[name]], slow, atol=1e-6, err_msg=name)


def floor_half(ratio):
    return np.floor(ratio + 0.5)


@pytest.mark.parametrize("broken", [{"rounding": np.round}, {"rounding": floor_half}, {"clip": 1}])
def test_halves_rounded_another_way_or_a_tighter_clip_would_be_seen(gentle, broken):
    features = srmq1(gentle[None])[0]
    gap = [np.abs(features[SRM_PARTS[name]] - slow).max() for name, slow in slow_parts(gentle, **broken).items()]
    assert max(gap) > 0.005


@pytest.mark.parametrize("family", SRM_FAMILIES)
def test_residuals_are_rounded_away_from_zero_and_clipped_in_both_signs(family, rng):
    kernels, step = SRM_FAMILIES[family].kernels, SRM_FAMILIES[family].step
    plane = rng.choice(np.array([0, 1, 3, 252, 255], np.uint8), (12, 11))
    windows = np.lib.stride_tricks.sliding_window_view(plane.astype(int), kernels.shape[1:])
    slow = np.einsum("yxij,kij->kyx", windows, kernels.astype(int)) / step
    slow = np.clip(half_away(slow), -2, 2).reshape(len(kernels), -1)
    residuals = quantised_residuals(plane, kernels, step).astype(int) - 2
    np.testing.assert_array_equal(residuals, [slow, -slow])
    assert set(kernels.sum(axis=(1, 2))) == {0}  # a flat plane leaves nothing


def test_there_are_12753_features_and_every_co_occurrence_is_a_share(crops):
    features = srmq1(crops)
    assert features.shape == (len(crops), SRMQ1_SIZE) == (len(crops), 12_753)
    assert features.dtype == np.float32
    assert (features >= 0).all()
    for name, part in SRM_PARTS.items():
        width, total = (169, 2) if "spam" in name else (325, 4)
        assert features[:, part].shape[1] == width
        np.testing.assert_allclose(features[:, part].sum(axis=1), total, rtol=1e-5)


def test_a_flat_plane_has_one_pattern_in_every_part():
    features = srmq1(np.full((1, 16, 11), 200, np.uint8))[0]
    for name, part in SRM_PARTS.items():
        assert np.flatnonzero(features[part]).tolist() == [0 if "spam" in name else 238]  # 238 patterns before zeros


def test_turning_mirroring_and_transposing_change_nothing(crops):
    plane = crops[0][:40, :52]
    turned = [f(p) for p in (plane, plane[::-1], plane[:, ::-1], plane[::-1, ::-1]) for f in (np.asarray, np.transpose)]
    features = np.concatenate([srmq1(each[None]) for each in turned])
    for name, part in SRM_PARTS.items():
        if name not in ONE_SIDED:
            np.testing.assert_allclose(features[:, part], np.tile(features[0, part], (8, 1)), atol=1e-6, err_msg=name)
    np.testing.assert_allclose(features[7], features[0], atol=1e-6)  # right becomes up: this one keeps every part


def test_a_negative_has_the_same_features(gentle):
    np.testing.assert_allclose(srmq1(255 - gentle[None]), srmq1(gentle[None]), atol=1e-6)


def test_channels_are_concatenated_picture_by_picture(rng):
    pictures = rng.integers(0, 256, (2, 3, 12, 10), dtype=np.uint8)
    features = srmq1_per_channel(pictures)
    assert features.shape == (2, 3 * SRMQ1_SIZE)
    np.testing.assert_array_equal(features[1, SRMQ1_SIZE : 2 * SRMQ1_SIZE], srmq1(pictures[1, 1:2])[0])
    strided = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(srmq1_per_channel(strided), features)


@pytest.mark.parametrize("bad", [np.zeros((2, 8, 8)), np.zeros((8, 8), np.uint8), np.zeros((2, 8, 7), np.uint8)])
def test_other_arrays_are_refused(bad):
    with pytest.raises(ValueError, match="n h w"):
        srmq1(bad)
