# SPDX-License-Identifier: Apache-2.0
"""Features on the 8-bit channel: the quantiser of Eq. 9 (Huo et al., TCSVT 2025), and 8-bit pictures.

    features ─ / scale ─▸ [-1, 1] ─ (x + 1) / 2 * 255 ─ round ─▸ symbols 0..255 ─ (2 q / 255 - 1) * scale ─▸ features

``Variant.PAPER`` with a scale from each cover is Eq. 9 to the letter; the paper leaves open that a scale belongs to one
picture and not to a batch, and it is at most 255. Its ceil shifts all features up by half a step, and its modulus turns
a stego feature above the largest of its cover into the lowest symbol. ``Variant.OURS`` differs in this: it rounds to
the nearest symbol, half to even, and clamps. The paper does not say how the receiver gets the scale: here it is a
constant of the model, or one byte per picture.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semstego.errors import ArgumentError

LEVELS = 255
"""Steps between the lowest and the highest symbol."""


class Variant(StrEnum):
    """How a feature becomes a symbol: by rounding and clamping (``OURS``), or by Eq. 9 (``PAPER``)."""

    OURS = "ours"
    PAPER = "paper"


@dataclass(frozen=True)
class Quantiser:
    """Features to symbols and back.

    Attributes:
        variant: How a feature becomes a symbol.
        fixed_scale: The scale of every picture, 1 to 255: a constant of the model, for features that stay in
            [-fixed_scale, fixed_scale]. None takes the scale from each cover as Eq. 9a does; the receiver cannot
            find it in the symbols, so the sender must transmit it, one byte per picture.

    Raises:
        ArgumentError: If the fixed scale does not fit in one byte.
    """

    variant: Variant = Variant.OURS
    fixed_scale: int | None = 1

    def __post_init__(self) -> None:
        if self.fixed_scale is not None and not 1 <= self.fixed_scale <= LEVELS:
            raise ArgumentError(f"a scale must fit in one byte, 1 to {LEVELS}; got {self.fixed_scale}")

    def scale(self, cover_features: Tensor) -> Tensor:
        """The scale of each picture, Eq. 9a.

        Args:
            cover_features: Features ``(b, c, h', w')`` of the COVERS: the stego is quantised with the cover's scale.

        Returns:
            Float ``(b,)``, whole numbers 1 to 255, without gradient.
        """
        if self.fixed_scale is not None:
            return cover_features.new_full((len(cover_features),), self.fixed_scale)
        return cover_features.detach().abs().amax((1, 2, 3)).ceil().clamp(1, LEVELS)

    def to_symbols(self, features: Tensor, scale: Tensor) -> Tensor:
        """Quantise features, Eqs. 9b and 9c.

        Args:
            features: Float ``(b, c, h', w')``.
            scale: ``(b,)``, see :meth:`scale`.

        Returns:
            Symbols, uint8 ``(b, c, h', w')``.
        """
        steps = (features / _per_picture(scale) / 2 + 0.5) * LEVELS
        if self.variant is Variant.PAPER:
            return steps.ceil().remainder(256).to(torch.uint8)
        return steps.round().clamp(0, LEVELS).to(torch.uint8)

    def to_features(self, symbols: Tensor, scale: Tensor) -> Tensor:
        """Dequantise symbols, as the receiver does; features in [-scale, scale].

        Quantised again, they give the same symbols with ``Variant.OURS``. With ``Variant.PAPER`` not always: where a
        rounding error of floats is positive, its ceil gives the next symbol, for some scales in one of eight cases.

        Args:
            symbols: uint8 ``(b, c, h', w')``.
            scale: ``(b,)``, as the sender had it.

        Returns:
            Float ``(b, c, h', w')``; a step is 2 scale / 255 wide.
        """
        return (symbols.to(scale.dtype) * 2 / LEVELS - 1) * _per_picture(scale)

    def straight_through(self, features: Tensor, scale: Tensor) -> Tensor:
        """Quantise and dequantise, with the gradient of the identity.

        The gradient is 1 everywhere, as in the authors' released code. It is 1 for features outside the range too, so
        that training can move them back.

        Args:
            features: Float ``(b, c, h', w')``.
            scale: ``(b,)``.

        Returns:
            ``to_features(to_symbols(features))``, exactly.
        """
        return _straight_through(features, self.to_features(self.to_symbols(features, scale), scale))


def picture_to_8_bit(picture: Tensor) -> Tensor:
    """A picture as it is stored: rounded to multiples of 1/255 and clamped to [0, 1], with gradient 1 everywhere.

    Args:
        picture: Float ``(b, c, h, w)``, nominally in [0, 1].

    Returns:
        Same shape.
    """
    return _straight_through(picture, (picture * 255).round().clamp(0, 255) / 255)


def to_pictures(seen: Tensor) -> NDArray[np.uint8]:
    """Float pictures ``(b, c, h, w)`` as they are stored: uint8 ``(b, h, w, c)``."""
    pictures: NDArray[np.uint8] = (seen * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return np.ascontiguousarray(pictures)


def _per_picture(scale: Tensor) -> Tensor:
    return scale.view(-1, 1, 1, 1)


def _straight_through(original: Tensor, replacement: Tensor) -> Tensor:
    """The value of the replacement, the gradient of the original."""
    # The difference is exactly 0. Adding replacement - original to the original instead would round once more.
    return replacement.detach() + (original - original.detach())
