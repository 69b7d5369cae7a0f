# SPDX-License-Identifier: Apache-2.0
"""An orthonormal basis for square blocks of pixels, as integers.

With basis rows v_k and steps step_k = (128/127) ||v_k||_1, an encoder row is v_k / step_k and a decoder column
step_k v_k, both rounded to ``FRACTION_BITS`` fractional bits. Two theorems follow from the step rule, and
:meth:`BlockBasis.check` proves both for the rounded integers rather than for the real numbers behind them:

1. No picture saturates a symbol: |v_k . x| <= 128 ||v_k||_1 = 127 step_k for pixels x in [-128, 127].
2. Rounding to whole pixels is undone: it moves coefficient k by at most ||v_k||_1 / 2 < step_k / 2, so a block that
   decodes without clipping at 0 or 255 is read back with certainty.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from semstego.errors import WeightsError

FRACTION_BITS = 24
ONE = 1 << FRACTION_BITS
MAX_BLOCK = 16  # pixels; a 16 x 16 x 3 basis is 4.7 MB, and nothing larger is of use here


@dataclass(frozen=True)
class BlockBasis:
    """Basis of blocks of ``block`` x ``block`` x ``channels`` pixels, n values each, of which k coefficients are kept.

    Attributes:
        block: Side of a block [pixels].
        channels: 1 or 3.
        analysis: int64 ``(k, n)``, v_k / step_k times 2^24.
        synthesis: int64 ``(k, n)``, v_k * step_k times 2^24: what a symbol one higher adds to the pixels.
    """

    block: int
    channels: int
    analysis: NDArray[np.int64]
    synthesis: NDArray[np.int64]

    @classmethod
    def from_rows(cls, rows: NDArray[np.float64], block: int, channels: int) -> "BlockBasis":
        """Basis from orthonormal rows ``(k, block * block * channels)``, pixels in (y, x, channel) order."""
        steps = np.abs(rows).sum(axis=1) * 128 / 127
        analysis = np.rint(rows / steps[:, None] * ONE).astype(np.int64)
        synthesis = np.rint(rows * steps[:, None] * ONE).astype(np.int64)
        basis = cls(block, channels, analysis, synthesis)
        basis.check()
        return basis

    @cached_property
    def steps(self) -> NDArray[np.float64]:
        """Quantisation steps ``(k,)`` [grey levels], for measuring only; nothing is read through them."""
        squares: NDArray[np.float64] = np.sqrt((self.synthesis**2.0).sum(axis=1) / (self.analysis**2.0).sum(axis=1))
        return np.sqrt(squares)

    @property
    def kept(self) -> int:
        """Coefficients kept per block, k."""
        return len(self.analysis)

    @property
    def compression_ratio(self) -> float:
        """Symbols per colour value of a picture whose sides are multiples of the block."""
        return self.kept / int(self.analysis.shape[1])

    def check(self) -> None:
        """Prove both theorems for these integers.

        Raises:
            WeightsError: If a shape is off, a symbol could saturate, or pixel rounding could flip a symbol.
        """
        size = self.block * self.block * self.channels
        shapes_fit = self.analysis.shape == self.synthesis.shape == (len(self.analysis), size)
        if not (1 <= self.block <= MAX_BLOCK and self.channels in (1, 3) and shapes_fit and 1 <= self.kept <= size):
            raise WeightsError("the basis does not have the shape of a block codec")
        if np.abs(self.analysis).max() > ONE or np.abs(self.synthesis).max() > ONE << 10:
            raise WeightsError("the basis holds numbers no orthonormal basis can have")
        reach = np.abs(self.analysis).sum(axis=1)
        if ((128 * reach + ONE // 2) >> FRACTION_BITS).max() > 127:
            raise WeightsError("the steps are too small: a picture could saturate a symbol")
        # Python integers, so that the proof itself cannot overflow. Unit 2^-48 of a symbol.
        product = self.analysis.astype(object) @ self.synthesis.T.astype(object)
        crosstalk = np.abs(product - ONE * ONE * np.eye(self.kept, dtype=object)).sum(axis=1) * 128
        if max(crosstalk + reach.astype(object) * ONE // 2) >= ONE * ONE // 2:
            raise WeightsError("the steps are too small: pixel rounding could flip a symbol")

    def headroom(self) -> NDArray[np.int64]:
        """For each pixel value, the two largest single-symbol moves together, int64 ``(n,)`` times 2^24.

        A block that stays this far inside [0, 255] cannot be pushed into clipping by two changes (one, if k = 1).
        """
        moves = np.sort(np.abs(self.synthesis), axis=0)
        top: NDArray[np.int64] = moves[-2:].sum(axis=0)
        return top

    def footprint(self) -> NDArray[np.float32]:
        """What +1 on a symbol adds to each pixel value of its block [grey levels], float32 ``(k, b, b, c)``."""
        shape = (self.kept, self.block, self.block, self.channels)
        return (self.synthesis / ONE).astype(np.float32).reshape(shape)
