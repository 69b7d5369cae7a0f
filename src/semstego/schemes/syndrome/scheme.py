# SPDX-License-Identifier: Apache-2.0
"""The syndrome scheme: ternary syndrome-trellis codes write a frame into symbols, exactly and with least suspicion.

    cover picture ──cost──▶ rho ─┐
    rounding errors ─────────────┼─▶ costs of +1 and -1, wet = infinite
    headroom ──▶ wet blocks ─────┘             │
    frame: header ──▶ header segment ──STC──▶ symbols
           body   ──▶ body segments ──STC──▶ symbols      (keyed, in parallel)

Stage I reads the symbols of the stream. Stage II encodes the reconstructed picture again: the codec is closed, so these
are the very same symbols.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import SIDE_SCALE, Codec, Encoding, Symbols, within
from semstego.coding import ternary
from semstego.concurrency import in_threads
from semstego.errors import InfeasibleError, NothingFoundError
from semstego.message import bits
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import HEADER_BITS, MAX_BODY_BYTES, UPPER_SHARES, Frame, Header, Reader
from semstego.progress import Progress
from semstego.schemes.base import Cover, Embedding, Scheme
from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.costs import Cost
from semstego.schemes.syndrome.layout import Indices, Layout

HEIGHT = 12  # constraint height of the trellis; part of the format
HEADER_UPPER = HEADER_BITS // 2  # the header's split is fixed: its reader knows nothing yet
SHARES_TRIED = (0, -3, 3)  # of the upper layer, in 1/64 off the best one
BITS_PER_DRY_SYMBOL = 0.7  # what capacity promises; the bundled photographs hold 1.0 to 1.3 (docs/log.md)


class ChangeCosts(Protocol):
    """What +1 and -1 cost on each carrier."""

    def at(self, where: Indices) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Costs of +1 and of -1 at flat positions in carriers of shape ``(k, blocks)``, float32 like them."""


@dataclass(frozen=True, eq=False)
class SideInformed(ChangeCosts):
    """Symmetric costs ``(k * blocks,)`` that rounding errors [1/``SIDE_SCALE`` steps] of the same shape modulate."""

    rho: NDArray[np.float32]
    side: NDArray[np.int16]

    def at(self, where: Indices) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As :func:`semstego.schemes.syndrome.costs.side_informed` finds them."""
        error = self.side[where].astype(np.float32) / np.float32(SIDE_SCALE)
        return costs.side_informed(self.rho[where], error)


@dataclass(frozen=True)
class SyndromeScheme(Scheme):
    """Exact, and more payload than any other; good detectors find it.

    Attributes:
        cost: Symmetric cost of a change by what it does to pixels; None asks the symbols instead, ``costs.joint``.
        side_informed: Whether the sender's rounding errors modulate the costs.
        name: What reports call it.
    """

    cost: Cost | None = None
    side_informed: bool = True
    name: str = "syndrome"

    def capacity_bits(self, cover: Cover) -> int:
        """How many bits of a frame the cover is expected to hold."""
        encoding = cover.encoding
        carriers = encoding.symbols.carriers
        dry = 1 - np.count_nonzero(encoding.wet_carriers) / max(carriers.size, 1)
        layout = Layout(carriers.reshape(len(carriers), -1), Key(bytes(32)))
        if dry * layout.header_symbols * BITS_PER_DRY_SYMBOL < HEADER_BITS:
            return 0
        body_bytes = int(dry * layout.body_symbols * BITS_PER_DRY_SYMBOL) // 8
        return HEADER_BITS + 8 * min(body_bytes, MAX_BODY_BYTES)

    def embed(self, cover: Cover, frame: Frame, key: Key, draws: Draws, progress: Progress) -> "SyndromeEmbedding":
        """Hide a frame; nothing is drawn.

        Raises:
            InfeasibleError: If the dry symbols cannot carry it.
        """
        symbols = cover.encoding.symbols
        if frame.payload_bits > 2 * symbols.values.size or len(frame.body) > MAX_BODY_BYTES:
            raise InfeasibleError  # log2(3) bits a symbol is the bound
        return SyndromeEmbedding(cover.encoding, self.change_costs(cover), frame, key, progress)

    def change_costs(self, cover: Cover) -> ChangeCosts:
        """What +1 and -1 cost on each carrier."""
        rho = self.symbol_costs(cover)
        side = within(cover.encoding.symbols, cover.encoding.side)
        side = costs.independent_side_information(side) if self.side_informed else np.zeros_like(side)
        return SideInformed(rho.ravel(), side.ravel())

    def symbol_costs(self, cover: Cover) -> NDArray[np.float32]:
        """What +-1 costs on each carrier, float32 ``(k, rows, columns)``.

        Where a symbol has no block of pixels to itself, a cost of pixels takes each map for a picture of its own.
        """
        carriers, footprint = cover.encoding.symbols.carriers, cover.encoding.footprint
        if self.cost is None:
            return costs.joint(carriers)
        if footprint is not None:
            return self.cost(cover.reconstruction, footprint)
        itself = np.eye(len(carriers), dtype=np.float32)[:, np.newaxis, np.newaxis]
        return self.cost(np.ascontiguousarray(carriers.transpose(1, 2, 0)), itself)

    def reveal_features(self, symbols: Symbols, codec: Codec, key: Key) -> Reader:
        """Stage I: the header is read at once, the body when it is asked for.

        Raises:
            NothingFoundError: If there are too few symbols for a header.
        """
        carriers = symbols.carriers.reshape(len(symbols.values), -1)
        layout, flat = Layout(carriers, key), carriers.ravel()
        if layout.header_symbols < HEADER_UPPER:
            raise NothingFoundError  # so small a picture holds no header
        header = Header.from_bits(ternary.extract(flat[layout.header], HEADER_BITS, HEADER_UPPER, HEIGHT), key)
        sealed = replace(header, upper_share=0).to_bits(key)

        def read(count: int) -> bits.Bits:
            if count <= HEADER_BITS:
                return sealed[:count]
            if count - HEADER_BITS > 2 * layout.body_symbols:
                raise NothingFoundError
            return np.concatenate([sealed, _body(flat, layout, header, count - HEADER_BITS)])

        return read


def _body(flat: NDArray[np.uint8], layout: Layout, header: Header, count: int) -> bits.Bits:
    """The ``count`` bits of the body in carriers ``(k * blocks,)``."""
    bounds, blocks = layout.bounds(count), layout.body_blocks(header.nonce)

    def read_segment(index: int) -> bits.Bits:
        where = layout.segment(header.nonce, index, blocks[index])
        length = bounds[index + 1] - bounds[index]
        upper = upper_bits(length, header.upper_share)
        if max(upper, length - upper) > len(where):
            raise NothingFoundError  # no sender puts more than a bit into a layer of a symbol
        return ternary.extract(flat[where], length, upper, HEIGHT)

    return np.concatenate(list(in_threads(read_segment, range(layout.segments))))


class SyndromeEmbedding(Embedding):
    """One frame in one cover; segments can be coded again with more wet symbols."""

    def __init__(
        self,
        encoding: Encoding,
        change_costs: ChangeCosts,
        frame: Frame,
        key: Key,
        progress: Progress,
    ) -> None:
        self._cover, self._progress = encoding.symbols, progress
        self._carriers = encoding.symbols.carriers.reshape(len(encoding.symbols.carriers), -1)
        self._change_costs = change_costs
        self._wet = within(encoding.symbols, encoding.wet).reshape(-1, self._carriers.shape[1])  # (1 or k, blocks)
        self._layout = Layout(self._carriers, key)
        self._blocks = self._layout.body_blocks(frame.header.nonce)
        self._stego = self._carriers.copy()
        self._key = key
        self._message, self._bounds = frame.body_bits(), self._layout.bounds(8 * len(frame.body))
        self._frame = frame
        self._code_all()

    @property
    def symbols(self) -> Symbols:
        """The stego symbols as they stand."""
        return self._cover.with_carriers(self._stego.reshape(-1, *self._cover.carrying))

    def avoid(self, misread: NDArray[np.bool_]) -> None:
        """Make blocks ``(rows, columns)`` wet and code the segments that hold them again.

        Raises:
            InfeasibleError: If too little is dry then.
        """
        failing = misread.ravel()
        self._wet = self._wet | failing
        segments = [i for i, members in enumerate(self._blocks) if failing[members].any()]
        in_header = failing[self._layout.header % self._layout.blocks].any()
        try:
            self._code([-1, *segments] if in_header else segments)
        except InfeasibleError:
            self._code_all()

    def _code_all(self) -> None:
        """Code header and body; a segment that cannot carry its bits gets another split between the layers.

        Raises:
            InfeasibleError: If none of the splits does.
        """
        best = self._best_upper_share()
        for offset in SHARES_TRIED:
            self._frame = self._frame.with_upper_share(min(max(best + offset, 0), UPPER_SHARES - 1))
            try:
                return self._code(range(-1, self._layout.segments))
            except InfeasibleError as error:
                failure = error
        raise failure

    def _code(self, segments: Iterable[int]) -> None:
        """Code segments, -1 being the header, from the cover's symbols."""
        todo = list(segments)
        stego = self._stego.reshape(-1)  # a view
        for done, (where, values) in enumerate(in_threads(self._code_segment, todo), start=1):
            stego[where] = values
            self._progress("embedding", done / len(todo))

    def _code_segment(self, index: int) -> tuple[Indices, NDArray[np.uint8]]:
        where, message, upper = self._segment(index)
        if max(upper, len(message) - upper) > len(where):
            raise InfeasibleError  # a symbol has room for a bit in each layer
        plus, minus = self._costs(where)
        cover = self._carriers.reshape(-1)[where]
        return where, ternary.embed(cover, plus, minus, message, upper, HEIGHT)

    def _segment(self, index: int) -> tuple[Indices, bits.Bits, int]:
        """Positions, message bits and upper bits of a segment."""
        if index < 0:
            return self._layout.header, self._frame.header.to_bits(self._key), HEADER_UPPER
        message = self._message[self._bounds[index] : self._bounds[index + 1]]
        where = self._layout.segment(self._frame.header.nonce, index, self._blocks[index])
        return where, message, upper_bits(len(message), self._frame.header.upper_share)

    def _costs(self, where: Indices) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Costs of +1 and -1 at flat positions, infinite where wet."""
        wet = np.broadcast_to(self._wet, self._carriers.shape)[np.divmod(where, self._layout.blocks)]
        plus, minus = self._change_costs.at(where)
        return np.where(wet, np.float32(np.inf), plus), np.where(wet, np.float32(np.inf), minus)

    def _best_upper_share(self) -> int:
        """The split of the first segment, which is a fair sample of all."""
        where = self._layout.segment(self._frame.header.nonce, 0, self._blocks[0])
        plus, minus = self._costs(where)
        bits_there = self._bounds[1]
        best = ternary.split(plus, minus, self._carriers.reshape(-1)[where], bits_there)
        return min(round(best / max(bits_there, 1) * UPPER_SHARES), UPPER_SHARES - 1)


def upper_bits(count: int, share: int) -> int:
    """How many of a segment's ``count`` bits its upper layer carries, for a share in 1/64."""
    return count * share // UPPER_SHARES


SCHEME = SyndromeScheme()
