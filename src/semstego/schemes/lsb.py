# SPDX-License-Identifier: Apache-2.0
"""LSB matching: the frame in the lowest bits of symbols in keyed order; a control, which every warden finds.

    keyed order of all carriers, wet ones left out ─▸ one bit for each: a symbol whose lowest bit differs moves by +-1

The receiver must leave out the same symbols. Which symbols of a closed codec are wet follows from the symbols
themselves, so it asks those that it received, and the sender sees to it that the answer fits. It draws the directions
of its changes again where a change has made a dry block wet. A block that any change makes wet keeps its change and
counts as wet from then on; the bits go elsewhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Codec, Encoding, Symbols
from semstego.errors import InfeasibleError
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import Frame, Reader
from semstego.progress import Progress
from semstego.schemes.base import Cover, Embedding, Scheme, reader_of

DIRECTIONS_TRIED = 16
ROUNDS = 16  # in which blocks may be given up


@dataclass(frozen=True)
class LsbMatching(Scheme):
    """One bit for each symbol; on average every other one moves."""

    name: str = "lsb"

    def capacity_bits(self, cover: Cover) -> int:
        """Carriers that are not wet."""
        return int(np.count_nonzero(~cover.encoding.wet_carriers))

    def embed(self, cover: Cover, frame: Frame, key: Key, draws: Draws, progress: Progress) -> Embedding:
        """Hide a frame.

        Raises:
            InfeasibleError: If too few symbols are dry, or the receiver would take others for dry.
        """
        symbols, payload = cover.encoding.symbols, frame.payload(key)
        flat, wet = symbols.carriers.ravel().copy(), cover.encoding.wet_carriers.flatten()
        order = _order(cover.encoding, key)
        for turn in range(ROUNDS):
            progress("embedding", turn / ROUNDS)
            where = order[~wet[order]][: len(payload)]
            if len(where) < len(payload):
                break
            stego, misread, newly_wet = _embedded(cover, flat, wet, where[flat[where] % 2 != payload], draws)
            if misread.any():
                break
            if not newly_wet.any():
                return Embedding(symbols.with_carriers(stego.reshape(symbols.carriers.shape)))
            given_up = np.tile(newly_wet, len(symbols.carriers))
            flat[given_up], wet[given_up] = stego[given_up], True
        raise InfeasibleError

    def reveal_features(self, symbols: Symbols, codec: Codec, key: Key) -> Reader:
        """Stage I."""
        where = _order(codec.encode(codec.decode(symbols)), key)
        return reader_of(symbols.carriers.ravel()[where] % 2)


def _order(encoding: Encoding, key: Key) -> NDArray[np.int64]:
    """The carriers that are not wet, in keyed order."""
    carriers = encoding.symbols.carriers
    order = key.permutation("lsb order", np.array(carriers.shape, "<u4").tobytes(), carriers.size)
    return order[~encoding.wet_carriers.ravel()[order]]


def _steps(values: NDArray[np.uint8], draws: Draws) -> NDArray[np.int16]:
    """+1 or -1 for each value, as a coin falls; at the ends of the range the only way there is."""
    steps = 2 * draws.bits(len(values)).astype(np.int16) - 1
    steps[values == 0], steps[values == 255] = 1, -1
    return steps


def _embedded(
    cover: Cover, flat: NDArray[np.uint8], wet: NDArray[np.bool_], moving: NDArray[np.int64], draws: Draws
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """Move some carriers by +-1, in directions that the receiver does not notice if there are any.

    Args:
        cover: Whose carriers they are.
        flat: All carriers, ``(carriers,)``.
        wet: Those that the receiver must take for wet.
        moving: Which of them move.
        draws: Of the directions.

    Returns:
        The moved carriers; blocks ``(rows * columns,)`` that the receiver would misread, and those that it would take
        for wet though they are not.
    """
    symbols, steps = cover.encoding.symbols, _steps(flat[moving], draws)
    for attempt in range(DIRECTIONS_TRIED):
        stego = flat.copy()
        stego[moving] = (flat[moving] + steps).astype(np.uint8)
        misread = newly_wet = np.zeros(symbols.carriers[0].size, np.bool_)
        if cover.codec.closed:
            sent = symbols.with_carriers(stego.reshape(symbols.carriers.shape))
            again = cover.codec.encode(cover.codec.decode(sent))
            misread = (again.symbols.carriers != sent.carriers).any(axis=0).ravel()
            newly_wet = (again.wet_carriers.ravel() != wet).reshape(len(sent.carriers), -1).any(axis=0)
        wrong = (misread | newly_wet)[moving % misread.size]
        if attempt + 1 < DIRECTIONS_TRIED and wrong.any():
            steps[wrong] = _steps(flat[moving[wrong]], draws)
        else:
            break
    return stego, misread, newly_wet


SCHEME = LsbMatching()
