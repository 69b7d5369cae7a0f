# SPDX-License-Identifier: Apache-2.0
"""Es and Ds with dither: an open codec that rounds at random by a law, and gives its symbols back nearly always.

    picture ─Es─▸ before rounding ─ margin against clipping ─▸ x ─▸ round(x), or its neighbour: by chance |x - round(x)|

Ds, symbols and bytes are those of the point without dither. The receiver's least squares find the symbols of nearly all
pictures that are drawn; the sender sees where they do not, and draws again.
"""

import numpy as np

from semstego.codecs.base import CHANCE_SCALE, SIDE_SCALE, Encoding, Law, Picture, Symbols
from semstego.codecs.convolutional.affine_map import AffineMap, is_affine
from semstego.codecs.convolutional.clipping_margin import with_margin
from semstego.codecs.convolutional.point import ConvolutionalPoint
from semstego.codecs.convolutional.quantiser import LEVELS, Variant
from semstego.errors import PictureError, WeightsError

MOST_PIXELS = 1 << 16

assert SIDE_SCALE == CHANCE_SCALE  # with a dither of one step, the rounding error is the probability


class DitheredPoint(ConvolutionalPoint):
    """A convolutional point with a dither of one step, which is stochastic rounding."""

    @property
    def dither(self) -> float:
        """One step."""
        return 1.0

    def check(self, picture: Picture) -> None:
        """Refuse what the networks are not for, and pictures so large that no draw would be recovered whole.

        Raises:
            PictureError: If so.
        """
        super().check(picture)
        height, width, _ = picture.shape
        if height * width > MOST_PIXELS:
            raise PictureError(
                f"the codec {self.name!r} takes pictures of up to {MOST_PIXELS:,} pixels, such as 256x256; "
                f"this one has {width}x{height}"
            )

    def encode(self, picture: Picture) -> Encoding:
        """Es, and the law by which its features are rounded; errors as in :meth:`ConvolutionalPoint.encode`."""
        exact = self.before_rounding(self.features(picture))
        exact = with_margin(exact, AffineMap(self.network, *exact.shape[1:]))
        base = np.rint(exact)
        errors = np.rint((exact - base) * SIDE_SCALE).astype(np.int16)
        moved = base + np.sign(errors)
        outside = (np.minimum(base, moved) < 0) | (np.maximum(base, moved) > LEVELS)
        chances = np.where(outside, 0, errors).astype(np.int16)
        symbols = Symbols(base.clip(0, LEVELS).astype(np.uint8), *picture.shape)
        return Encoding(symbols, errors, chances == 0, law=Law(chances))


def dithered(point: ConvolutionalPoint, name: str) -> DitheredPoint:
    """The dithered twin of a point, of the same weights.

    Raises:
        WeightsError: If its Ds has an activation, or its quantiser does not round to the nearest symbol.
    """
    if not is_affine(point.network) or point.network.shape.quantiser is not Variant.OURS:
        raise WeightsError(f"{point.name}: only a codec without activation, that rounds and clamps, can be dithered")
    return DitheredPoint(name, point.network, point.fingerprint, point.weights)
