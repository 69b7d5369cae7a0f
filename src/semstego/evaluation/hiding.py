# SPDX-License-Identifier: Apache-2.0
"""One picture with a random frame of a given length: what every evaluation and audit repeats, for every scheme."""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semstego.codecs.base import Picture, Symbols
from semstego.errors import EmbeddingError, InfeasibleError, NothingFoundError
from semstego.message import frame
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.message.draws import SEED_BYTES, Draws
from semstego.message.frame import Frame, Reader
from semstego.schemes.base import Cover, Received
from semstego.system.stego_system import Embedded, StegoSystem


@dataclass(frozen=True, eq=False)
class Hiding:
    """A picture and what became of it.

    Attributes:
        system: Codec and scheme.
        cover: The picture with its encoding.
        key: Of this picture alone.
        sealed: The frame; None if the payload is too short for one.
        embedded: The stego symbols and their picture; None if the frame did not fit.
        plain: The symbols that are sent of the picture with nothing hidden, the cover that stego is compared with; of a
            codec that rounds at random, a draw.
    """

    system: StegoSystem
    cover: Cover
    key: Key
    sealed: Frame | None
    embedded: Embedded | None
    plain: Symbols

    @cached_property
    def reconstruction(self) -> Picture:
        """What the receiver sees of ``plain``."""
        return self.cover.shown(self.plain)

    def payload(self) -> Bits:
        """The bits that were hidden."""
        assert self.sealed is not None
        return self.sealed.payload(self.key)

    def read_features(self) -> Bits:
        """As many bits as were hidden, as stage I reads them; right or wrong."""
        assert self.embedded is not None
        symbols, codec = self.embedded.symbols, self.system.codec
        return self._read(lambda: self.system.scheme.reveal_features(symbols, codec, self.key))

    def read_picture(self, arrived: Picture | None = None) -> Bits:
        """As many bits as were hidden, as stage II reads them; right or wrong.

        Args:
            arrived: What became of the reconstruction on the way; None if it came as it was.
        """
        assert self.embedded is not None
        received = self.embedded.received if arrived is None else Received(arrived, self.system.codec)
        return self._read(lambda: self.system.scheme.reveal_picture(received, self.key))

    def _read(self, open_reader: Callable[[], Reader]) -> Bits:
        """Zeros where nothing can be read: on average, half of them are right."""
        assert self.sealed is not None
        try:
            return open_reader()(self.sealed.payload_bits)
        except NothingFoundError:
            return np.zeros(self.sealed.payload_bits, np.uint8)


def hide_random(
    system: StegoSystem, picture: Picture, payload_bits: int, rng: np.random.Generator, *, at_most: bool = False
) -> Hiding:
    """Hide a random message under a fresh key; whether it reads back is not checked.

    Args:
        system: Codec and scheme.
        picture: uint8 ``(h, w, c)``.
        payload_bits: Of the frame, header and tag included; a remainder of 8 is left out.
        rng: Fixes key, message, nonce and all that the scheme draws.
        at_most: Hide no more than the scheme says that the picture holds.

    Raises:
        ArgumentError: If codec and scheme do not go together.
        PictureError: If the picture is not for the codec.
    """
    cover = Cover(picture, system.codec)
    system.check_law(cover.encoding)
    key = Key(hashlib.sha256(rng.bytes(32)).digest())
    if at_most:
        payload_bits = min(payload_bits, system.scheme.capacity_bits(cover))
    framing = system.scheme.framing
    message_bytes = payload_bits // 8 - framing.OVERHEAD_BYTES
    sealed, embedded = None, None
    for _ in range(system.attempts(cover.encoding) if message_bytes >= 0 else 0):
        sealed = framing.seal(rng.bytes(message_bytes), None, key, rng.bytes(frame.NONCE_BYTES))
        try:
            embedded = system.embed(cover, sealed, key, Draws(key.derive("draws", sealed.header.nonce)))
            break
        except (InfeasibleError, EmbeddingError):
            continue
    plain = cover.encoding.symbols
    if cover.encoding.law is not None:
        with contextlib.suppress(EmbeddingError):  # an open codec recovers nothing of this picture: nothing is hidden
            plain = system.without_message(cover.encoding, Draws(rng.bytes(SEED_BYTES)))
    return Hiding(system, cover, key, sealed, embedded, plain)
