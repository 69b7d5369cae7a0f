# SPDX-License-Identifier: Apache-2.0
"""The paper's codec with dither: its law, its margin against clipping, and both stages with a message in it."""

import numpy as np
import pytest
import torch

from semstego.codecs import registry, stream
from semstego.codecs.base import CHANCE_SCALE
from semstego.codecs.convolutional import clipping_margin
from semstego.codecs.convolutional.affine_map import AffineMap
from semstego.codecs.convolutional.codec import CodecShape, ConvolutionalCodec
from semstego.codecs.convolutional.dithered_point import dithered
from semstego.codecs.convolutional.point import around
from semstego.datasets.built.crops import crops
from semstego.errors import PictureError, WeightsError
from semstego.message import frame
from semstego.message.bits import NONE
from semstego.message.draws import Draws
from semstego.schemes.base import Cover
from semstego.schemes.certified import sampling
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.system.stego_system import StegoSystem

NAME, TWIN = "dithered-100", "learned-100"


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def codec():
    return registry.load(NAME)


@pytest.fixture(scope="module")
def pictures(photographs):
    """A crop of CIFAR's kind of three bundled photographs."""
    rng = np.random.default_rng(20261122)
    return [next(crops(photographs[name], rng, kind="cifar")) for name in ("astronaut", "chelsea", "coffee")]


@pytest.fixture(scope="module")
def harsh(pictures):
    """A picture of which a tenth is black or white."""
    low, high = np.quantile(pictures[0], [0.05, 0.95])
    return np.clip((pictures[0] - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def drawn(encoding, seed):
    return sampling.drawn(encoding, NONE, Draws(bytes([seed]) * 32))


def test_it_has_the_weights_of_its_twin(codec):
    twin = registry.load(TWIN)
    assert (codec.name, codec.dither, codec.closed) == (NAME, 1.0, False)
    assert (codec.fingerprint, codec.weights) == (twin.fingerprint, twin.weights)
    assert twin.dither == 0
    assert not registry.is_closed(NAME)


def test_what_is_drawn_comes_back_from_the_reconstruction(codec, pictures, harsh):
    for picture in (*pictures, harsh):
        encoding = codec.encode(picture)
        for seed in range(2):
            symbols = drawn(encoding, seed)
            assert np.array_equal(codec.recover(codec.decode(symbols)).values, symbols.values)


def test_the_law_is_stochastic_rounding_of_what_es_gives_where_nothing_is_near_black_or_white(codec, pictures):
    picture = (pictures[1] // 2 + 60).astype(np.uint8)
    encoding = codec.encode(picture)
    exact = codec.before_rounding(codec.features(picture))
    mean = encoding.symbols.values + encoding.law.chances / CHANCE_SCALE
    np.testing.assert_allclose(mean, exact, atol=0.51 / CHANCE_SCALE)
    assert (np.abs(encoding.law.chances.astype(int)) <= CHANCE_SCALE // 2).all()
    assert np.array_equal(encoding.wet, encoding.law.chances == 0)


def test_the_law_is_a_function_of_the_picture_alone(codec, pictures):
    first = codec.encode(pictures[0])
    drawn(first, 1)
    codec.encode(pictures[1])
    again = codec.encode(pictures[0].copy())
    assert np.array_equal(first.symbols.values, again.symbols.values)
    assert np.array_equal(first.law.chances, again.law.chances)


def test_no_symbol_leaves_its_alphabet(codec, pictures):
    stretched = dithered(around("wide", stretched_codec()), "wide-d")
    encoding = stretched.encode(pictures[0])
    values, chances = encoding.symbols.values.astype(int), encoding.law.chances
    assert ((values == 0) | (values == 255)).any()
    assert ((values + np.sign(chances) >= 0) & (values + np.sign(chances) <= 255)).all()
    assert (chances[(values == 0) | (values == 255)] == 0).any()


def stretched_codec():
    """An affine codec whose features go beyond the quantiser's range."""
    torch.manual_seed(0)
    network = ConvolutionalCodec(CodecShape(hidden=4)).eval()
    with torch.no_grad():
        network.encoder.layers[-1].weight.mul_(60)
    return network


def test_the_margin_keeps_the_dither_from_clipping(codec, harsh, monkeypatch):
    def clipped():
        encoding = codec.encode(harsh)
        return np.mean([np.isin(codec.decode(drawn(encoding, seed)), (0, 255)).sum() for seed in range(2)])

    with_it = clipped()
    monkeypatch.setattr(clipping_margin, "DEVIATIONS", -100.0)
    assert with_it < 20 < 300 < clipped()


def test_the_margin_is_met_and_moves_nothing_that_meets_it(codec, harsh, rng):
    affine = AffineMap(codec.network, 60, 60)
    margin = clipping_margin.DEVIATIONS * np.sqrt(affine.variance(np.full(affine.shape, 1 / 6)))
    before = codec.before_rounding(codec.features(harsh))
    least = [
        np.minimum(p - 0.5, 254.5 - p)
        for p in map(affine.picture, (before, clipping_margin.with_margin(before, affine)))
    ]
    assert (least[0] < margin).mean() > 0.02
    assert (least[1] > margin - clipping_margin.ENOUGH).all()
    grey = rng.uniform(126, 130, affine.shape)
    assert np.array_equal(clipping_margin.with_margin(grey, affine), grey)


@pytest.mark.parametrize("shape", [{"activation": "relu"}, {"quantiser": "paper"}])
def test_only_codecs_that_are_affine_and_round_can_be_dithered(shape):
    point = around("mine", ConvolutionalCodec(CodecShape(hidden=4, **shape)).eval())
    with pytest.raises(WeightsError, match="can be dithered"):
        dithered(point, "mine-d")


def test_a_full_message_is_exact_at_both_stages(codec, pictures, key):
    system, picture = StegoSystem(codec, CertifiedScheme()), pictures[2]
    bits = system.scheme.capacity_bits(Cover(picture, codec))
    assert bits / 4096 > 1.2
    message = bytes(range(256)) * 2 + bytes(frame.message_bytes(bits) - 512)
    sent = system.sender(picture, message, None, key)
    assert system.receiver_picture(sent.embedded.received.picture, key).message == message
    assert system.receiver_features(stream.unpack(sent.stream), key).message == message


def test_a_picture_that_no_draw_would_survive_is_refused_by_its_size():
    point = registry.load("dithered-100")
    point.check(np.zeros((256, 256, 3), np.uint8))
    for act in (point.encode, point.recover):
        with pytest.raises(PictureError, match="65,536 pixels"):
            act(np.zeros((257, 256, 3), np.uint8))
