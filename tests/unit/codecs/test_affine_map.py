# SPDX-License-Identifier: Apache-2.0
"""Ds as a sparse affine map, against the network itself in float64."""

import copy

import numpy as np
import pytest
import torch

from semstego.codecs.convolutional.affine_map import AffineMap, is_affine
from semstego.codecs.convolutional.codec import CodecShape, ConvolutionalCodec

SIZES = [(2, 2), (2, 7), (3, 3), (11, 6)]
SHAPES = [
    {},
    {"kernel": 1},
    {"kernel": 4, "scale": 3},
    {"channels": 1},
    {"projections": False},
    {"projections": False, "kernel": 2, "channels": 1},
]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def codec_of(**chosen):
    """A codec with random weights."""
    return ConvolutionalCodec(CodecShape(**{"hidden": 4, **chosen})).eval()


@torch.no_grad()
def decoded(codec, symbols):
    """The picture before rounding, by the network [grey levels]."""
    features = (torch.from_numpy(symbols)[None] * 2 / 255 - 1) * codec.shape.scale
    return copy.deepcopy(codec.decoder).double()(features)[0].numpy() * 255


def map_of(codec, size):
    return AffineMap(codec, *size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_picture_is_that_of_the_network_to_the_last_digits_of_doubles(shape, size, rng):
    codec = codec_of(**shape)
    affine = map_of(codec, size)
    symbols = rng.integers(0, 256, affine.shape).astype(float)
    np.testing.assert_allclose(affine.picture(symbols), decoded(codec, symbols), atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_gather_is_the_transpose_of_spread_and_squares_are_squares(shape, size, rng):
    affine = map_of(codec_of(**shape), size)
    symbols, pixels = rng.normal(size=affine.shape), rng.normal(size=affine.offset.shape)
    assert (affine.spread(symbols) * pixels).sum() == pytest.approx((symbols * affine.gather(pixels)).sum())
    one = np.zeros(affine.shape)
    at = tuple(rng.integers(0, side) for side in affine.shape)
    one[at] = 1
    np.testing.assert_allclose(affine.variance(one), affine.spread(one) ** 2, atol=1e-12)
    assert affine.power(pixels**2)[at] == pytest.approx((affine.spread(one) ** 2 * pixels**2).sum())


def test_footprints_of_the_edge_differ_where_the_first_layer_drops_what_is_beyond():
    first, between, last = 0, 1, 2
    footprints = map_of(codec_of(), (5, 5)).footprints
    assert not np.allclose(footprints[first, between], footprints[between, between])
    assert not np.allclose(footprints[between, last], footprints[between, between])
    bare = map_of(codec_of(projections=False), (5, 5)).footprints
    np.testing.assert_allclose(bare, np.broadcast_to(bare[between, between], bare.shape), atol=1e-9)


@pytest.mark.parametrize(("activation", "affine"), [("none", True), ("relu", False), ("leaky", False)])
def test_an_activation_makes_a_codec_no_affine_map(activation, affine):
    assert is_affine(codec_of(activation=activation)) is affine
