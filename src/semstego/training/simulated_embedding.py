# SPDX-License-Identifier: Apache-2.0
"""What an ideal code would make of a batch of covers at given costs, in a closed codec of blocks.

pictures ─ codec ─▸ Covers: symbols, rounding errors, which may move
costs, payload ─ drawn moves ─▸ Stegos: symbols, 8-bit reconstructions, both with gradients to the costs
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from semstego.codecs import registry
from semstego.codecs.base import SIDE_SCALE, Codec, Encoding, Picture, within
from semstego.errors import ConfigError
from semstego.schemes.base import Cover
from semstego.schemes.syndrome.scheme import SyndromeScheme
from semstego.training.drawn import drawn, logits_of

CODECS = "costs are trained for closed codecs of blocks that round plainly, such as cr085-plain"


class Covers(NamedTuple):
    """What a closed codec makes of a batch."""

    symbols: Tensor
    """Floats 0..255, ``(b, k, h, w)``, carriers alone."""
    errors: Tensor
    """Values before rounding less symbols, of the same shape."""
    dry: Tensor
    """Which may move, bool of the same shape."""
    originals: list[Cover]
    """Each picture with its codec."""

    @property
    def encodings(self) -> list[Encoding]:
        """Of each picture."""
        return [one.encoding for one in self.originals]


class Stegos(NamedTuple):
    """Drawn moves, and what comes of them."""

    symbols: Tensor
    """``(b, k, h, w)``, with gradients to the costs."""
    pictures: Tensor
    """8-bit reconstructions as floats 0..255, ``(b, 3, h, w)``, with gradients to the costs."""
    covers: Tensor
    """Reconstructions of the covers, likewise, without gradients."""
    changed: float
    """Share of the symbols that moved."""


class SimulatedEmbedding:
    """Covers and stegos of a codec.

    Args:
        codec: A closed codec of blocks, by name.
        device: Where tensors are needed.

    Raises:
        ConfigError: If the codec is not closed, or rounds with dither.
    """

    def __init__(self, codec: str, device: torch.device) -> None:
        self.codec: Codec = registry.load(codec)
        self.device = device
        if not self.codec.closed or self.codec.dither:
            raise ConfigError(CODECS)

    def covers(self, pictures: Tensor) -> Covers:
        """What the codec makes of pictures, uint8 ``(b, c, h, w)``; grey ones become RGB."""
        colour = pictures.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().cpu().numpy()
        originals = [Cover(one, self.codec) for one in colour]
        found = [one.encoding for one in originals]
        values = np.stack([one.symbols.carriers for one in found])
        errors = np.stack([within(one.symbols, one.side) for one in found]).astype(np.float32) / np.float32(SIDE_SCALE)
        dry = ~np.stack([one.wet_carriers for one in found]) & (values > 0) & (values < 255)
        symbols, side, may = (torch.from_numpy(one).to(self.device) for one in (values.astype(np.float32), errors, dry))
        return Covers(symbols, side, may, originals)

    def stegos(self, costs: Tensor, covers: Covers, bits: Tensor, generator: torch.Generator) -> Stegos:
        """Moves drawn by costs ``(b, 2, k, h, w)``, for so many bits in each picture ``(b,)``."""
        return self.moved(drawn(logits_of(costs, covers.dry, bits), generator), covers)

    def moved(self, moves: Tensor, covers: Covers) -> Stegos:
        """What comes of moves -1, 0 and +1, float ``(b, k, h, w)``, with gradients to them."""
        values = (covers.symbols + moves.detach()).cpu().numpy().astype(np.uint8)
        plain = self._tensor([one.reconstruction for one in covers.originals])
        both = zip(covers.encodings, values, strict=True)
        marked = self._tensor([self.codec.decode(one.symbols.with_carriers(its)) for one, its in both])
        footprint = _footprint(covers.encodings[0]).to(self.device)
        linear = functional.conv_transpose2d(moves, footprint, stride=footprint.shape[-1])
        height, width = linear.shape[2:]
        linear = functional.pad(linear, (0, marked.shape[3] - width, 0, marked.shape[2] - height))
        pictures = marked + (linear - linear.detach())
        return Stegos(covers.symbols + moves, pictures, plain, float((moves != 0).float().mean()))

    def _tensor(self, pictures: list[Picture]) -> Tensor:
        """Pictures as floats 0..255, ``(b, 3, h, w)``."""
        return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().to(self.device)


def costs_by_hand(cover: Cover) -> NDArray[np.float32]:
    """The costs of the scheme ``syndrome``, of +1 and of -1, ``(2, k, rows, columns)``."""
    shape = cover.encoding.symbols.carriers.shape
    return np.stack(SyndromeScheme().change_costs(cover).at(np.arange(np.prod(shape)))).reshape(2, *shape)


def _footprint(encoding: Encoding) -> Tensor:
    """What +1 on a symbol adds to its block, as a transposed convolution takes it, ``(k, 3, b, b)``.

    Raises:
        ConfigError: If symbols have no block of pixels to themselves.
    """
    if encoding.footprint is None:
        raise ConfigError(CODECS)
    return torch.from_numpy(np.ascontiguousarray(encoding.footprint.transpose(0, 3, 1, 2)))
