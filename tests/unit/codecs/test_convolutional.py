# SPDX-License-Identifier: Apache-2.0
"""The paper's Es and Ds: sizes, the kernel formula, affinity, and the start near the identity."""

import math

import pytest
import torch

from semstego.codecs.convolutional.networks import (
    SemanticDecoder,
    SemanticEncoder,
    compression_ratio,
    kernel_size,
    start_near_identity,
)
from semstego.errors import ArgumentError
from semstego.metrics.image import psnr_db

VARIANTS = [
    {},
    {"projections": False},
    {"activation": "relu"},
    {"activation": "leaky"},
    {"projections": False, "activation": "leaky"},
]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(20251122)


@pytest.fixture(scope="session")
def photograph(photographs):
    """A part of a colour photograph, float ``(1, 3, 96, 96)`` in [0, 1]."""
    part = photographs["astronaut"][:96, 150:246]
    return torch.from_numpy(part.copy()).permute(2, 0, 1)[None] / 255


def to_bytes(picture):
    return (picture * 255).round().clamp(0, 255).to(torch.uint8).numpy()


def interior(picture, kernel):
    border = kernel - 1
    return picture[..., border : picture.shape[-2] - border, border : picture.shape[-1] - border]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (37, 51)])
def test_features_lose_two_kernels_less_two_pixels_and_decoding_gives_them_back(variant, kernel, height, width):
    picture = torch.rand(2, 3, height, width)
    features = SemanticEncoder(3, kernel, **variant)(picture)
    assert features.shape == (2, 3, height - 2 * (kernel - 1), width - 2 * (kernel - 1))
    assert features[0].numel() / picture[0].numel() == pytest.approx(compression_ratio(height, width, kernel))
    assert SemanticDecoder(3, kernel, **variant)(features).shape == picture.shape


@pytest.mark.parametrize(
    ("side", "ratio", "kernel", "actual"),
    [(64, 0.85, 3, 0.879), (256, 0.85, 10, 0.864), (360, 0.97, 3, 0.978), (64, 1.0, 1, 1.0)],
)
def test_the_papers_kernels_and_the_ratios_they_really_give(side, ratio, kernel, actual):
    assert kernel_size(side, ratio) == kernel
    assert compression_ratio(side, side, kernel) == pytest.approx(actual, abs=5e-4)


def test_a_whole_number_in_the_kernel_formula_is_not_lifted_by_rounding_errors():
    for side in range(2, 600, 2):
        for percent in range(1, 100):
            ratio = (1 - percent / 100) ** 2
            # side / 2 * percent / 100, rounded up in integers
            assert kernel_size(side, ratio) == max(1, -(-side * percent // 200))


def test_a_picture_smaller_than_its_kernels_has_no_ratio():
    assert compression_ratio(20, 5, 3) == 16 / 100
    with pytest.raises(ArgumentError, match="leave nothing"):
        compression_ratio(20, 4, 3)


@pytest.mark.parametrize(("variant", "affine"), [(v, "activation" not in v) for v in VARIANTS])
def test_without_an_activation_both_are_affine(variant, affine):
    encoder, decoder = SemanticEncoder(3, 3, **variant).double(), SemanticDecoder(3, 3, **variant).double()
    x, y = torch.rand(2, 1, 3, 32, 32, dtype=torch.float64)
    for net in (encoder, decoder):
        mixed = net(0.3 * x + 0.7 * y)
        assert torch.allclose(mixed, 0.3 * net(x) + 0.7 * net(y), atol=1e-9) is affine


def test_the_projections_are_the_authors_layers():
    layers = [(type(m).__name__, m.in_channels, m.out_channels, m.kernel_size[0]) for m in SemanticDecoder().layers]
    assert layers == [
        ("Conv2d", 3, 32, 3),
        ("ConvTranspose2d", 32, 32, 3),
        ("ConvTranspose2d", 32, 32, 3),
        ("Conv2d", 32, 3, 3),
    ]
    bare = [(m.in_channels, m.out_channels, m.padding[0]) for m in SemanticEncoder(projections=False).layers]
    assert bare == [(3, 32, 0), (32, 3, 0)]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kernel", [2, 3, 4, 10])
def test_training_starts_near_the_identity(variant, kernel, generator, photograph):
    encoder, decoder = SemanticEncoder(3, kernel, **variant), SemanticDecoder(3, kernel, **variant)
    start_near_identity(encoder, decoder, generator)
    with torch.no_grad():
        features = encoder(photograph)
        decoded = decoder(features)
    middle = interior(photograph, kernel)
    assert psnr_db(to_bytes(features / 2 + 0.5), to_bytes(middle)) > 30
    assert 30 < psnr_db(to_bytes(interior(decoded, kernel)), to_bytes(middle)) < math.inf


def test_the_start_is_exact_but_for_the_noise(generator, photograph, monkeypatch):
    monkeypatch.setattr("semstego.codecs.convolutional.networks.NOISE", 0.0)
    for kernel in (1, 2, 3, 4):
        encoder, decoder = SemanticEncoder(3, kernel), SemanticDecoder(3, kernel)
        start_near_identity(encoder, decoder, generator)
        with torch.no_grad():
            decoded = decoder(encoder(photograph))
        assert torch.allclose(interior(decoded, kernel), interior(photograph, kernel), atol=1e-6)
        if kernel > 1:
            assert torch.allclose(decoded[..., 0, :], torch.tensor(0.5), atol=1e-6)  # the border is mid-grey


@pytest.mark.parametrize("variant", VARIANTS)
def test_from_the_start_every_parameter_gets_a_gradient(variant, generator, photograph):
    encoder, decoder = SemanticEncoder(**variant), SemanticDecoder(**variant)
    start_near_identity(encoder, decoder, generator)
    (decoder(encoder(photograph)) - photograph).square().mean().backward()
    for parameter in [*encoder.parameters(), *decoder.parameters()]:
        assert parameter.grad.abs().sum() > 0
        if "activation" not in variant:
            assert (parameter.grad != 0).all()  # no channel is dead


def test_the_start_depends_on_the_generator_alone(photograph):
    decoded = []
    for seed in (1, 1, 2):
        encoder, decoder = SemanticEncoder(), SemanticDecoder()
        start_near_identity(encoder, decoder, torch.Generator().manual_seed(seed))
        decoded.append(decoder(encoder(photograph)))
    assert torch.equal(decoded[0], decoded[1])
    assert not torch.equal(decoded[0], decoded[2])


def test_a_few_steps_fill_the_border(generator, photograph):
    encoder, decoder = SemanticEncoder(), SemanticDecoder()
    start_near_identity(encoder, decoder, generator)
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3)
    part, losses = photograph[..., :40, :40], []
    for _ in range(50):
        loss = (decoder(encoder(part)) - part).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
