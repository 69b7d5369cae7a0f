# SPDX-License-Identifier: Apache-2.0
"""The convolutional codec in evaluation and in training: rounding, dither, headroom."""

import math

import numpy as np
import pytest
import torch

from semstego.codecs.convolutional.codec import DISTURBANCE
from semstego.schemes.learned.model import Architecture, LearnedModel
from tests.unit.schemes.learned import SMALL, model_of, whole


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def codec_of(stretch=1.0, **chosen):
    """A codec near the identity, whose features are stretched."""
    codec = LearnedModel(Architecture(**{**SMALL, **chosen}))
    codec.start_near_identity(torch.Generator().manual_seed(1))
    with torch.no_grad():
        codec.codec.encoder.layers[-1].weight.mul_(stretch)
    return codec.codec


@pytest.mark.parametrize(("scale", "stretch"), [(1, 1.0), (1, 1.5), (3, 2.0), (None, 2.0)])
def test_in_evaluation_the_codec_is_encoder_quantiser_and_decoder_by_hand(covers, scale, stretch):
    codec = codec_of(stretch, scale=scale).eval()
    with torch.no_grad():
        output = codec(covers)
        assert torch.equal(output.features, codec.encoder(covers))
        plain = output.features.double().numpy()
        each = np.full((4, 1, 1, 1), scale) if scale else np.ceil(np.abs(plain).max((1, 2, 3), keepdims=True))
        symbols = np.clip(np.rint((plain / each + 1) / 2 * 255), 0, 255)
        arrived = (symbols / 255 * 2 - 1) * each
        decoded = codec.decoder(torch.from_numpy(arrived.astype(np.float32))).double().numpy()
        assert torch.equal(output.reencoded, codec.encoder(output.reconstruction))
    assert np.abs(output.decoded.double().numpy() - arrived).max() < 2.1 * each.max() / 255
    assert (np.abs(output.decoded.double().numpy() - arrived) < 1e-5).mean() > 0.999  # a tie may fall to either side
    expected = np.clip(np.rint(decoded * 255), 0, 255)
    difference = np.abs(output.reconstruction.double().numpy() * 255 - expected)
    assert (difference < 1e-3).mean() > 0.999
    assert difference.max() < 1 + 1e-3


def dithered(codec, covers, seed=5):
    """A output, and what the decoder was given for its reconstruction."""
    given = []
    handle = codec.decoder.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0]))
    output = codec(covers, torch.Generator().manual_seed(seed))
    handle.remove()
    return output, given[0]


@pytest.mark.parametrize(("scale", "stretch"), [(1, 1.5), (2, 3.0), (None, 3.0)])
def test_dither_is_uniform_noise_of_a_steps_width_about_clamped_features(covers, scale, stretch):
    codec = codec_of(stretch, scale=scale)
    output, given = dithered(codec, covers)
    each = codec.quantiser.scale(output.features).view(-1, 1, 1, 1)
    clamped = torch.minimum(torch.maximum(output.features, -each), each)
    noise = (given - clamped) / (each * 2 / 255)  # steps
    assert noise.abs().max() <= 0.5 + 1e-3
    assert noise.abs().max() > 0.49
    assert noise.mean().abs() < 0.02
    assert noise.std().item() == pytest.approx(1 / math.sqrt(12), rel=0.02)
    assert not whole(output.reconstruction * 255)
    if scale is not None:
        assert (output.features.abs() > each).float().mean() > 0.01  # the test is about these
    disturbance = (output.decoded - clamped) / (each * 2 / 255)
    assert 0.49 * DISTURBANCE < disturbance.abs().max() <= 0.5 * DISTURBANCE + 1e-3
    assert not output.decoded.requires_grad
    assert torch.equal(output.reencoded, codec.encoder(codec.decoder(output.decoded)))


def test_dither_comes_from_its_generator_alone(covers):
    codec = codec_of()
    first, again, other = (dithered(codec, covers, seed)[1] for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_clamped_features_get_no_gradient_under_dither_and_all_of_it_without(covers):
    codec = codec_of(1.5)
    output, given = dithered(codec, covers)
    target = torch.rand_like(covers)
    error = (output.reconstruction - target).square().sum()
    through, wanted = torch.autograd.grad(error, (output.features, given))
    outside = output.features.abs() > 1
    assert outside.any()
    assert (through[outside] == 0).all()
    assert torch.equal(through[~outside], wanted[~outside])
    assert (wanted[outside] != 0).any()
    output = codec(covers)
    (through,) = torch.autograd.grad((output.reconstruction - target).square().sum(), output.features)
    assert (through[outside] != 0).any()  # the straight-through gradient


@torch.no_grad()
def test_headroom_keeps_what_a_message_adds_to_white_and_black(covers):
    extreme = torch.where(covers > 0.4, 1.0, 0.0)
    for headroom, kept in ((0, 0.0), (3, 3 / 255)):
        codec = model_of(headroom=headroom).codec
        assert torch.equal(codec.features(extreme), codec.encoder(extreme.clamp(kept, 1 - kept)))
    middle = covers.clamp(0.1, 0.9)
    assert torch.equal(model_of(headroom=3).codec.features(middle), model_of().codec.features(middle))
