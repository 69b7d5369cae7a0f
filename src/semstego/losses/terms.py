# SPDX-License-Identifier: Apache-2.0
"""Losses 1 to 5, 7 and 8 of the paper, one function per equation; loss 6 is ``semantic_loss`` in ``semantic.py``.

Every function returns a scalar that is at least 0, a mean and never a sum, so it depends neither on the batch nor on
the size of the pictures. It does depend on the units: features are dequantised, in [-1, 1], pictures in [0, 1].
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

CRITIC_FLOOR = 1e-6  # epsilon of eq. 15 and 16


def reveal_loss(logits: Tensor, payload: Tensor) -> Tensor:
    """Equations 10a and 10b: binary cross-entropy of the revealed payload.

    Args:
        logits: Before the sigmoid, ``(b, l)``; of stage I for eq. 10a, of stage II for eq. 10b.
        payload: The bits that were hidden, 0 or 1, same shape.

    Returns:
        Mean over bits and pictures [nat per bit]; 0 is perfect, ln 2 is guessing.

    Raises:
        ValueError: If the shapes differ.
    """
    _same_shape(logits, payload)
    return functional.binary_cross_entropy_with_logits(logits, payload.to(logits.dtype))


def feature_loss(stego_features: Tensor, cover_features: Tensor) -> Tensor:
    """Equation 11a: MSE between the features of stego and cover.

    Args:
        stego_features: Dequantised, ``(b, c, h, w)`` in [-1, 1].
        cover_features: Same shape and units.

    Returns:
        Mean over all features, in [0, 4]; one quantisation step of 2/255 everywhere is 6.2e-5.

    Raises:
        ValueError: If the shapes differ.
    """
    _same_shape(stego_features, cover_features)
    return functional.mse_loss(stego_features, cover_features)


def cosine_loss(stego_features: Tensor, cover_features: Tensor) -> Tensor:
    """Equation 12: 1 - cosine of the angle between the features of stego and cover.

    A picture's features are one long vector. Computed as half the squared distance of the two unit vectors, which is
    the same number: near a cosine of 1, where training ends, the subtraction in float32 would leave noise, at times
    below 0, of which FAMO takes the logarithm.

    Args:
        stego_features: ``(b, ...)``, any scale but not all 0.
        cover_features: Same shape.

    Returns:
        Mean over pictures, in [0, 2].

    Raises:
        ValueError: If the shapes differ.
    """
    _same_shape(stego_features, cover_features)
    stego, cover = functional.normalize(stego_features.flatten(1)), functional.normalize(cover_features.flatten(1))
    return (stego - cover).square().sum(1).mean() / 2


def reconstruction_loss(stego_reconstruction: Tensor, cover_reconstruction: Tensor) -> Tensor:
    """Equation 11c: MSE between the reconstructions of stego and cover.

    Args:
        stego_reconstruction: Float RGB ``(b, 3, h, w)`` in [0, 1].
        cover_reconstruction: Same shape and units.

    Returns:
        Mean over all pixels and colours, in [0, 1].

    Raises:
        ValueError: If the shapes differ.
    """
    _same_shape(stego_reconstruction, cover_reconstruction)
    return functional.mse_loss(stego_reconstruction, cover_reconstruction)


def critic_loss(cover_logits: Tensor, stego_logits: Tensor) -> Tensor:
    """Equation 14: cross-entropy of a critic that tells stego (label 1) from cover (label 0).

    Args:
        cover_logits: Of covers, ``(b, 2)``: cover, stego.
        stego_logits: Of stegos, likewise; the two halves weigh the same, whatever their numbers.

    Returns:
        Mean [nat]; 0 is a perfect critic, ln 2 is chance.
    """
    covers = cover_logits.new_zeros(len(cover_logits), dtype=torch.long)
    stegos = stego_logits.new_ones(len(stego_logits), dtype=torch.long)
    return (functional.cross_entropy(cover_logits, covers) + functional.cross_entropy(stego_logits, stegos)) / 2


def adversarial_loss(cover_logits: Tensor, stego_logits: Tensor) -> Tensor:
    """Equations 15 and 16: 1 / (critic_loss + 1e-6).

    The paper's wish is that cover and stego score the same, but that is not where this loss ends: chance is 1/ln 2 =
    1.44, and it falls further, to 0, where the critic is confidently WRONG. Such a stego is as detectable as before, by
    the same critic read the other way round. ``confusion_loss`` has its optimum at chance.

    Args:
        cover_logits: As in ``critic_loss``, from a critic that is not trained by this loss.
        stego_logits: Likewise.

    Returns:
        A scalar in (0, 1e6].
    """
    return 1 / (critic_loss(cover_logits, stego_logits) + CRITIC_FLOOR)


def confusion_loss(cover_logits: Tensor, stego_logits: Tensor) -> Tensor:
    """Ours in place of equations 15 and 16: how far the critic's verdicts are from a coin's.

    Cross-entropy of both halves to the uniform distribution, minus ln 2. With d the difference of the two logits this
    is ln cosh(d/2), so its slope is at most 1/2; that of ``adversarial_loss`` reaches 250,000 where a critic is certain
    and right.

    Args:
        cover_logits: As in ``adversarial_loss``.
        stego_logits: Likewise.

    Returns:
        Mean [nat], at least 0; 0 where the critic knows nothing, and the same for right as for wrong convictions.
    """
    return (_from_uniform(cover_logits) + _from_uniform(stego_logits)) / 2


def _from_uniform(logits: Tensor) -> Tensor:
    excess = functional.cross_entropy(logits, torch.full_like(logits, 0.5)) - math.log(2)
    return excess.clamp(min=0)  # float32 may end a rounding below


def _same_shape(first: Tensor, second: Tensor) -> None:
    """Broadcasting would make a number of any two pictures."""
    if first.shape != second.shape:
        raise ValueError(f"shapes differ: {tuple(first.shape)} and {tuple(second.shape)}")
