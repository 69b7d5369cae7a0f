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

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture, Symbols
from semstego.codecs.block.codec import SIDE_SCALE, BlockCodec, Encoding
from semstego.coding import ternary
from semstego.concurrency import in_threads
from semstego.errors import InfeasibleError, NothingFoundError
from semstego.message import bits
from semstego.message.cipher import TAG_BYTES, Key
from semstego.message.frame import HEADER_BITS, MAX_BODY_BYTES, UPPER_SHARES, Frame, Header, Opened, unseal
from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.costs import Cost
from semstego.schemes.syndrome.layout import Indices, Layout

HEIGHT = 12  # constraint height of the trellis; part of the format
HEADER_UPPER = HEADER_BITS // 2  # the header's split is fixed: its reader knows nothing yet
SHARES_TRIED = (0, -3, 3)  # of the upper layer, in 1/64 off the best one
BITS_PER_DRY_SYMBOL = 0.7  # what capacity promises; the bundled photographs hold 1.0 to 1.3 (docs/log.md)


@dataclass(frozen=True)
class SyndromeScheme:
    """Default scheme of ``hide``.

    Attributes:
        cost: Symmetric cost of a change by what it does to pixels; None asks the symbols instead, ``costs.joint``.
        side_informed: Whether the sender's rounding errors modulate the costs.
    """

    cost: Cost | None = None
    side_informed: bool = True
    name: str = "syndrome"

    def capacity_bytes(self, encoding: Encoding, codec: BlockCodec) -> int:
        """Longest message that the cover is expected to hold [bytes]."""
        symbols = encoding.symbols
        rows, columns = codec.whole_blocks(symbols.height, symbols.width, symbols.channels)
        dry = np.count_nonzero(~encoding.wet[:rows, :columns]) / (rows * columns)
        layout = Layout(codec.carriers(symbols).reshape(len(symbols.values), -1), Key(bytes(32)))
        header_fits = dry * layout.header_symbols * BITS_PER_DRY_SYMBOL >= HEADER_BITS
        body = int(dry * layout.body_symbols * BITS_PER_DRY_SYMBOL) // 8 if header_fits else 0
        return max(0, min(body, MAX_BODY_BYTES) - TAG_BYTES)

    def embed(
        self,
        encoding: Encoding,
        cover: Picture,
        codec: BlockCodec,
        frame: Frame,
        key: Key,
        progress: Callable[[float], None] = lambda share: None,
    ) -> "SyndromeEmbedding":
        """Hide a frame.

        Raises:
            InfeasibleError: If the dry symbols cannot carry it.
        """
        symbols = encoding.symbols
        rows, columns = codec.whole_blocks(symbols.height, symbols.width, symbols.channels)
        rho = self.symbol_costs(symbols.values[:, :rows, :columns], cover, codec)
        side = encoding.side[:, :rows, :columns]
        side = costs.independent_side_information(side) if self.side_informed else np.zeros_like(side)
        return SyndromeEmbedding(encoding, codec, rho, side, frame, key, progress)

    def symbol_costs(self, values: NDArray[np.uint8], cover: Picture, codec: BlockCodec) -> NDArray[np.float32]:
        """What +-1 costs on each symbol of whole blocks, in the shape of ``values``, ``(k, rows, columns)``."""
        if self.cost is None:
            return costs.joint(values)
        basis = codec.basis(cover.shape[2])
        return self.cost(cover, basis.gain(), basis.block)

    def reveal_features(self, symbols: Symbols, codec: BlockCodec, key: Key) -> Opened:
        """Stage I.

        Raises:
            NothingFoundError: Wrong key, no message or damage.
        """
        carriers = codec.carriers(symbols).reshape(len(symbols.values), -1)
        layout, flat = Layout(carriers, key), carriers.ravel()
        read = ternary.extract(flat[layout.header], HEADER_BITS, HEADER_UPPER, HEIGHT)
        header = Header.from_bits(read, key)
        if not TAG_BYTES <= header.body_bytes <= 2 * layout.body_symbols // 8:
            raise NothingFoundError
        bounds = layout.bounds(8 * header.body_bytes)
        blocks = layout.body_blocks(header.nonce)

        def read_segment(index: int) -> bits.Bits:
            where = layout.segment(header.nonce, index, blocks[index])
            count = bounds[index + 1] - bounds[index]
            upper = upper_bits(count, header.upper_share)
            if max(upper, count - upper) > len(where):
                raise NothingFoundError  # no sender puts more than a bit into a layer of a symbol
            return ternary.extract(flat[where], count, upper, HEIGHT)

        body = np.concatenate(list(in_threads(read_segment, range(layout.segments))))
        return unseal(header, bits.to_bytes(body), key)

    def reveal_picture(self, picture: Picture, codec: BlockCodec, key: Key) -> Opened:
        """Stage II.

        Raises:
            NothingFoundError: Also if the picture is no reconstruction by this codec.
        """
        symbols = codec.encode(picture)
        if not reconstructs(picture, symbols, codec):
            raise NothingFoundError
        return self.reveal_features(symbols, codec, key)


class SyndromeEmbedding:
    """One frame in one cover; segments can be coded again with more wet blocks."""

    def __init__(
        self,
        encoding: Encoding,
        codec: BlockCodec,
        rho: NDArray[np.float32],
        side: NDArray[np.int16],
        frame: Frame,
        key: Key,
        progress: Callable[[float], None],
    ) -> None:
        kept, rows, columns = rho.shape
        self._cover, self._codec, self._progress = encoding.symbols, codec, progress
        self._carriers = codec.carriers(encoding.symbols).reshape(kept, -1)
        self._rho, self._side = rho.ravel(), side.ravel()
        self._wet = encoding.wet[:rows, :columns].ravel()
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
        values = self._cover.values.copy()
        rows, columns = self._codec.whole_blocks(self._cover.height, self._cover.width, self._cover.channels)
        values[:, :rows, :columns] = self._stego.reshape(-1, rows, columns)
        return self._cover.with_values(values)

    def avoid(self, blocks: NDArray[np.bool_]) -> None:
        """Make blocks wet and code the segments that hold them again.

        Raises:
            InfeasibleError: If too little is dry then.
        """
        failing = blocks.ravel()
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
            self._progress(done / len(todo))

    def _code_segment(self, index: int) -> tuple[Indices, NDArray[np.uint8]]:
        where, message, upper = self._segment(index)
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
        wet = self._wet[where % self._layout.blocks]
        rho = np.where(wet, np.float32(np.inf), self._rho[where])
        return costs.side_informed(rho, self._side[where].astype(np.float32) / np.float32(SIDE_SCALE))

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


def reconstructs(picture: Picture, symbols: Symbols, codec: BlockCodec) -> bool:
    """Whether decoding gives the picture back wherever its blocks are whole: then this codec made it."""
    rows, columns = codec.whole_blocks(symbols.height, symbols.width, symbols.channels)
    block = codec.basis(symbols.channels).block
    height, width = rows * block, columns * block
    return bool((codec.decode(symbols)[:height, :width] == picture[:height, :width]).all())
