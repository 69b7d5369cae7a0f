# SPDX-License-Identifier: Apache-2.0
"""The block codec as a differentiable layer: an orthonormal basis that is trained by gradients.

    picture ─blocks─ x - 128 ─ rows / steps ─ round ─ steps * rows ─ + 128 ─ round, clip ─ picture
                                       (rounding passes gradients straight through)

The basis stays orthonormal and its steps follow the rule of :mod:`semstego.codecs.block.basis`, so the codec of a
trained basis is closed like that of any other. Blocks that clip need more care to be closed; the codec takes it, and it
has no part in the training.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semstego.codecs.block.basis import BlockBasis


class BlockTransform(nn.Module):
    """Encoder and decoder of a block codec, differentiable in its basis.

    Args:
        basis: To begin with.
    """

    def __init__(self, basis: BlockBasis) -> None:
        super().__init__()
        self.block, self.channels = basis.block, basis.channels
        self.free = nn.Parameter(torch.from_numpy(_orthonormal(basis.analysis.astype(np.float64))).float())

    def rows(self) -> Tensor:
        """The orthonormal basis ``(k, n)``: Gram-Schmidt of the free parameters."""
        directions, triangle = torch.linalg.qr(self.free.T)
        basis: Tensor = (directions * triangle.diagonal().sign()).T
        return basis

    def basis(self) -> BlockBasis:
        """The basis in integers, as the codec has it.

        Raises:
            WeightsError: If the two theorems of :mod:`semstego.codecs.block.basis` do not hold for it.
        """
        rows = _orthonormal(self.free.detach().double().cpu().numpy())
        return BlockBasis.from_rows(rows, self.block, self.channels)

    def forward(self, pictures: Tensor) -> Tensor:
        """Encode pictures and decode them.

        Args:
            pictures: Float RGB ``(b, 3, h, w)`` in [0, 1], whose sides are multiples of the block's.

        Returns:
            8-bit reconstructions as floats, same shape; a basis for grey pictures gives three equal channels.
        """
        count, _, height, width = pictures.shape
        rows = self.rows()
        steps = rows.abs().sum(1) * (128 / 127)
        grid = (count, self.channels, height // self.block, self.block, width // self.block, self.block)
        blocks = pictures[:, : self.channels].reshape(grid).permute(0, 2, 4, 3, 5, 1)
        values = blocks.flatten(3) * 255 - 128
        symbols = _rounded(values @ rows.T / steps)
        decoded = _rounded((symbols * steps) @ rows + 128).clamp(0, 255) / 255
        shaped = decoded.reshape(*decoded.shape[:3], self.block, self.block, self.channels).permute(0, 5, 1, 3, 2, 4)
        seen: Tensor = shaped.reshape(count, self.channels, height, width).expand(-1, 3, -1, -1)
        return seen


def _orthonormal(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gram-Schmidt of rows ``(k, n)``, which keep their signs."""
    directions, triangle = np.linalg.qr(rows.T)
    exact: NDArray[np.float64] = (directions * np.sign(np.diag(triangle))).T
    return exact


def _rounded(values: Tensor) -> Tensor:
    return values + (values.round() - values).detach()
