# SPDX-License-Identifier: Apache-2.0
"""Schemes on a closed codec, for :mod:`semstego.evaluation.table2`: stage II finds the very symbols again.

Closed             what `semstego hide` does, exact at both stages
ClosedLsbMatching  +-1 in random symbols of blocks that do not clip
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture
from semstego.codecs.block import operating_point
from semstego.errors import InfeasibleError
from semstego.evaluation.carriers import check_room, matched, random_bits
from semstego.evaluation.table2 import Hidden
from semstego.message import frame
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.message.frame import Frame
from semstego.schemes.syndrome.scheme import SyndromeScheme
from semstego.system.stego_system import NONCES_TRIED, StegoSystem


@dataclass(frozen=True)
class Closed:
    """The syndrome scheme on a closed codec, as `semstego hide` does it; the payload is the frame's bits.

    Attributes:
        codec: Operating point.
        scheme: Costs, and whether the sender's rounding errors modulate them.
        label: What tables call it; None names scheme and codec.
    """

    codec: str | Path
    scheme: SyndromeScheme = field(default_factory=SyndromeScheme)
    label: str | None = None

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.label or f"syndrome ({self.codec})"

    def hide(self, pictures: NDArray[np.uint8], bits: int, rng: np.random.Generator) -> Hidden:
        """See :class:`semstego.evaluation.table2.Carrier`."""
        system = StegoSystem(operating_point.load(self.codec), self.scheme)
        rows = [_sent(system, picture, bits // 8, rng) for picture in pictures]
        return Hidden(*(np.stack([row[place] for row in rows]) for place in range(8)))


@dataclass(frozen=True)
class ClosedLsbMatching:
    """The payload in the lowest bits of random symbols; wet ones stay as they are, whoever else could read it.

    The receiver is told which symbols are wet, as in the simulations that this stands for.
    """

    codec: str | Path
    name: str = "LSB matching"

    def hide(self, pictures: NDArray[np.uint8], bits: int, rng: np.random.Generator) -> Hidden:
        """See :class:`semstego.evaluation.table2.Carrier`."""
        codec = operating_point.load(self.codec).codec
        payload, rows = random_bits(rng, len(pictures), bits), []
        for picture, message in zip(pictures, payload, strict=True):
            encoding = codec.encode_for_hiding(picture)
            cover = encoding.symbols
            check_room(bits, cover.values.size)
            dry = np.flatnonzero(np.broadcast_to(~encoding.wet, cover.values.shape))
            where, carried = rng.permutation(dry)[:bits], len(dry) >= bits
            stego = cover.values.flatten()
            if carried:
                stego[where] = matched(stego[where], message, rng)
            sent = cover.with_values(stego.reshape(cover.values.shape))
            seen = codec.decode(sent)
            found = codec.encode(seen).values.ravel()[where] % 2
            read = (stego[where] % 2, found) if carried else (message, message)
            rows.append((cover.values, sent.values, codec.decode(cover), seen, message, *read, np.array(carried)))
        return Hidden(*(np.stack([row[place] for row in rows]) for place in range(8)))


def _sent(
    system: StegoSystem, picture: Picture, frame_bytes: int, rng: np.random.Generator
) -> tuple[NDArray[Any], ...]:
    """The first eight attributes of :class:`Hidden` for one picture."""
    codec = system.point.codec
    encoding = codec.encode_for_hiding(picture)
    symbols, cover = encoding.symbols, codec.decode(encoding.symbols)
    key, message_bytes = Key(hashlib.sha256(rng.bytes(32)).digest()), frame_bytes - frame.OVERHEAD_BYTES
    for _ in range(NONCES_TRIED if message_bytes >= 0 else 0):
        nonce = rng.bytes(frame.NONCE_BYTES)
        sealed = frame.seal(rng.bytes(message_bytes), None, key, nonce)
        try:
            sent = system.embed(encoding, cover, sealed, key)
        except InfeasibleError:
            continue
        opened = (
            system.scheme.reveal_features(sent.symbols, codec, key),
            system.scheme.reveal_picture(sent.picture, codec, key),
        )
        bits = [_bits(sealed, key), *(_bits(frame.seal(one.message, one.name, key, nonce), key) for one in opened)]
        return symbols.values, sent.symbols.values, cover, sent.picture, *bits, np.array(True)
    nothing = np.zeros(8 * frame_bytes, np.uint8)
    return symbols.values, symbols.values, cover, cover, nothing, nothing, nothing, np.array(False)


def _bits(sealed: Frame, key: Key) -> Bits:
    return np.concatenate([sealed.header.to_bits(key), sealed.body_bits()])
