# SPDX-License-Identifier: Apache-2.0
"""The differentiable block codec against the one in integers."""

import numpy as np
import pytest
import torch

from semstego.codecs import registry
from semstego.training.block_transform import BlockTransform


@pytest.mark.parametrize("name", ["cr085", "cr025"])
def test_it_sees_what_the_receiver_of_the_integer_codec_sees(name, rng):
    codec = registry.load(name)
    basis = codec.basis(3)
    picture = rng.integers(90, 166, (64, 64, 3), dtype=np.uint8)  # nothing clips, so closing has no part
    exact = codec.decode(codec.encode(picture).symbols)
    layer = BlockTransform(basis)
    with torch.no_grad():
        seen = layer(torch.from_numpy(picture).permute(2, 0, 1)[None] / 255)
    difference = (seen[0].permute(1, 2, 0).numpy() * 255).round() - exact
    assert np.mean(difference != 0) < 0.02  # ties that floats break otherwise


def test_the_basis_stays_orthonormal_after_a_step(rng):
    basis = registry.load("cr025").basis(3)
    layer = BlockTransform(basis)
    with torch.no_grad():
        layer.free.add_(0.05 * torch.from_numpy(rng.standard_normal(layer.free.shape)).float())
    rows = layer.rows()
    assert torch.allclose(rows @ rows.T, torch.eye(len(rows)), atol=1e-5)
    layer(torch.rand(1, 3, 64, 64)).sum().backward()
    assert layer.free.grad.isfinite().all()
