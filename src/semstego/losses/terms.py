# SPDX-License-Identifier: Apache-2.0
"""Losses 1 to 5, 7 and 8 of the paper, one function per equation; loss 6 is ``semantic_loss`` in ``semantic.py``.

Every function returns a scalar that is at least 0. It is a mean and not a sum, so that its scale depends neither on
the number of pictures nor on their size. Features are dequantised and divided by the scale, in [-1, 1]; pictures are in
[0, 1].
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

    The features of a picture are taken as one vector. The loss is computed as half the squared distance of the two unit
    vectors, which is the same number: near a cosine of 1, where a training ends, 1 - cosine in float32 would be mostly
    rounding error and at times negative, and FAMO takes its logarithm.

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
        cover_logits: Logits for covers, ``(b, 2)``, of the labels cover and stego.
        stego_logits: Logits for stegos, likewise; covers and stegos have the same weight, whatever their numbers.

    Returns:
        Mean [nat]; 0 is a perfect critic, ln 2 is chance.
    """
    covers = cover_logits.new_zeros(len(cover_logits), dtype=torch.long)
    stegos = stego_logits.new_ones(len(stego_logits), dtype=torch.long)
    return (functional.cross_entropy(cover_logits, covers) + functional.cross_entropy(stego_logits, stegos)) / 2


def adversarial_loss(cover_logits: Tensor, stego_logits: Tensor) -> Tensor:
    """Equations 15 and 16: 1 / (critic_loss + 1e-6).

    The paper wants the scores of cover and stego to be the same, but the minimum of this loss is elsewhere. At chance
    it is 1/ln 2 = 1.44, and it falls further, to 0, where the critic is confidently WRONG. Such a stego is as
    detectable as before, by the same critic with its labels exchanged. The minimum of :func:`confusion_loss` is at
    chance.

    Args:
        cover_logits: As in :func:`critic_loss`, from a critic that this loss does not train.
        stego_logits: Likewise.

    Returns:
        A scalar in (0, 1e6].
    """
    return 1 / (critic_loss(cover_logits, stego_logits) + CRITIC_FLOOR)


def confusion_loss(cover_logits: Tensor, stego_logits: Tensor) -> Tensor:
    """Our loss in place of equations 15 and 16: how far the critic's probabilities are from 1/2.

    It is the cross-entropy of the critic's probabilities with the uniform distribution, minus ln 2. With d the
    difference of the two logits this is ln cosh(d/2), whose slope is at most 1/2; the slope of
    :func:`adversarial_loss` reaches 250,000 where a critic is certain and right.

    Args:
        cover_logits: As in :func:`adversarial_loss`.
        stego_logits: Likewise.

    Returns:
        Mean [nat], at least 0; 0 where the critic is at chance, and the same for a right as for a wrong critic.
    """
    return (_from_uniform(cover_logits) + _from_uniform(stego_logits)) / 2


ADVERSARIES = {"paper": adversarial_loss, "confusion": confusion_loss}
"""Losses 7 and 8 by the names that plans have for them."""


def _from_uniform(logits: Tensor) -> Tensor:
    excess = functional.cross_entropy(logits, torch.full_like(logits, 0.5)) - math.log(2)
    return excess.clamp(min=0)  # rounding in float32 may leave a negative number


def _same_shape(first: Tensor, second: Tensor) -> None:
    """Refuse tensors of different shapes, which broadcasting would accept."""
    if first.shape != second.shape:
        raise ValueError(f"shapes differ: {tuple(first.shape)} and {tuple(second.shape)}")
