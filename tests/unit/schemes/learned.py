# SPDX-License-Identifier: Apache-2.0
"""Small models of the learned scheme, as several files of tests use them."""

import torch

from semstego.schemes.learned.model import Architecture, LearnedModel

SMALL = {"hidden": 8, "growth": 4, "blocks": 2}


def bits(*shape):
    """Random bits as floats."""
    return torch.randint(2, shape).float()


def model_of(gain=1.0, **chosen):
    """A model around a codec near the identity; ``gain`` multiplies what E changes."""
    model = LearnedModel(Architecture(**{**SMALL, **chosen}))
    model.start_near_identity(torch.Generator().manual_seed(1))
    with torch.no_grad():
        model.hider.dense.last.weight.mul_(gain)
    return model


def whole(values):
    """Whether these are whole numbers, but for the last digits of floats."""
    return (values - values.round()).abs().max() < 1e-3
