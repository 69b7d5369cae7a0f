# SPDX-License-Identifier: Apache-2.0
"""What a steganographic scheme offers: it hides a frame in symbols, and reads it from symbols or from a picture."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture, Symbols
from semstego.codecs.block.codec import BlockCodec, Encoding
from semstego.message.cipher import Key
from semstego.message.frame import Frame, Opened

LEARNED = ("learned-010", "learned-050", "learned-100", "learned-photo", "learned-task")
"""The models of the learned scheme that ship, by name; known without torch."""


class Embedding(Protocol):
    """One embedding in progress: the sender's check may make blocks wet and have their segments coded again."""

    @property
    def symbols(self) -> Symbols:
        """The stego symbols as they stand."""

    def avoid(self, blocks: NDArray[np.bool_]) -> None:
        """Make the blocks ``(rows, columns)`` wet and code the segments that hold them again."""


class Scheme(Protocol):
    """E, D1 and D2 of the paper's Fig. 1, whatever is behind them."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def capacity_bytes(self, encoding: Encoding, codec: BlockCodec) -> int:
        """Longest message that the cover is expected to hold [bytes]."""

    def embed(
        self,
        encoding: Encoding,
        cover: Picture,
        codec: BlockCodec,
        frame: Frame,
        key: Key,
        progress: Callable[[float], None],
    ) -> Embedding:
        """Hide a frame in a cover's symbols; ``cover`` is their reconstruction, ``progress`` gets the share done."""

    def reveal_features(self, symbols: Symbols, codec: BlockCodec, key: Key) -> Opened:
        """Stage I: the message in symbols."""

    def reveal_picture(self, picture: Picture, codec: BlockCodec, key: Key) -> Opened:
        """Stage II: the message in a reconstructed picture."""
