# SPDX-License-Identifier: Apache-2.0
"""Who carries what: the keyed division of a picture's whole blocks into anchors, header and body.

    all whole blocks ── key ──▶ anchors: never changed; their content salts what follows
                     ── key, anchors ──▶ header blocks
                     ── key, anchors, nonce (from the header) ──▶ body segments

Two pictures under one passphrase have other content in their anchors, and so share no header position but by chance;
only pictures that are alike in all anchors, such as two of one colour, do.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from semstego.message.cipher import Key

SEGMENT_SYMBOLS = 1 << 16  # bounds the memory of one trellis: 2^16 symbols x 2^h / 8 bytes
MIN_HEADER_SYMBOLS = 480
MAX_HEADER_SYMBOLS = 4096
MAX_ANCHORS = 1024  # blocks

Indices = NDArray[np.int64]  # flat positions in carriers of shape (k, blocks)


@dataclass(frozen=True)
class Layout:
    """The division of ``carriers``, uint8 ``(k, blocks)``, under one key. Built alike by sender and receiver."""

    carriers: NDArray[np.uint8]
    key: Key

    @property
    def kept(self) -> int:
        """Symbols per block, k."""
        return len(self.carriers)

    @property
    def blocks(self) -> int:
        """Whole blocks of the picture."""
        return int(self.carriers.shape[1])

    @cached_property
    def _order(self) -> Indices:
        return self.key.permutation("anchors", self.kept.to_bytes(2, "big"), self.blocks)

    @cached_property
    def _anchors(self) -> int:
        return min(max(1, self.blocks // 64), MAX_ANCHORS)

    @cached_property
    def salt(self) -> bytes:
        """SHA-256 of the blocks that embedding never touches."""
        return hashlib.sha256(self.carriers[:, self._order[: self._anchors]].tobytes()).digest()

    @cached_property
    def _salted(self) -> Indices:
        """Header blocks first, then body blocks."""
        rest = np.sort(self._order[self._anchors :])
        return rest[self.key.permutation("header", self.salt, len(rest))]

    @cached_property
    def _header_blocks(self) -> int:
        symbols = min(max(self.carriers.size // 16, MIN_HEADER_SYMBOLS), MAX_HEADER_SYMBOLS)
        return min(-(-symbols // self.kept), (self.blocks - self._anchors) // 2)

    @cached_property
    def header(self) -> Indices:
        """Positions of the header's symbols, in coding order."""
        return self._symbols(self._salted[: self._header_blocks], "header order", b"")

    @property
    def header_symbols(self) -> int:
        """Symbols of the header."""
        return self._header_blocks * self.kept

    @property
    def body_symbols(self) -> int:
        """Symbols that the body's segments have together."""
        return (self.blocks - self._anchors - self._header_blocks) * self.kept

    @cached_property
    def segments(self) -> int:
        """Number of body segments."""
        return -(-self.body_symbols // SEGMENT_SYMBOLS)

    def body_blocks(self, nonce: bytes) -> list[Indices]:
        """The blocks of each segment, assigned by key and nonce."""
        body = self._salted[self._header_blocks :]
        body = body[self.key.permutation("body", self.salt + nonce, len(body))]
        bounds = self.bounds(len(body))
        return [body[a:b] for a, b in pairwise(bounds)]

    def segment(self, nonce: bytes, index: int, blocks: Indices) -> Indices:
        """Positions of one segment's symbols, in coding order."""
        return self._symbols(blocks, "body order", nonce + index.to_bytes(4, "big"))

    def bounds(self, count: int) -> list[int]:
        """Where ``count`` bits, or blocks, are cut so that every segment gets its share."""
        return [count * i // self.segments for i in range(self.segments + 1)]

    def _symbols(self, blocks: Indices, purpose: str, context: bytes) -> Indices:
        flat = (np.arange(self.kept)[:, None] * self.blocks + blocks).ravel()
        return flat[self.key.permutation(purpose, self.salt + context, len(flat))]
