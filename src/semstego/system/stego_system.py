# SPDX-License-Identifier: Apache-2.0
"""The paper's block diagram: a sender who checks what it sends, and a receiver.

    cover ──encode──▶ symbols ──Scheme.embed──▶ stego symbols ──pack──▶ .sem ──▶ stage I : reveal_features
                                                     └─decode─▶ 8-bit PNG ──────▶ stage II: reveal_picture

Before the sender lets anything out, it reads its message back at both stages, from the packed stream and from a real
PNG. What stage II of a closed codec misreads is left alone and coded again, at most eight times; where that does not
help, or an open codec does not give the message back, another nonce makes other bits of the same message.

Of a codec that rounds at random, ``send`` and ``sender`` draw the symbols by one code path, and once: neither retries,
and what is refused depends on the picture alone. If the codec is open, both draw again until the receiver recovers the
symbols, and the sender seals the message anew for each draw, so that what is sent has the law of all frames.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from semstego.channel.pictures import through_png
from semstego.codecs import stream as streams
from semstego.codecs.base import Codec, Encoding, Picture, Symbols
from semstego.codecs.registry import twin_for
from semstego.codecs.stream import Stream
from semstego.errors import (
    ArgumentError,
    EmbeddingError,
    InfeasibleError,
    NothingFoundError,
    UnrecoveredError,
)
from semstego.message import frame
from semstego.message.bits import NONE
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import Frame, Opened
from semstego.progress import Progress, no_progress
from semstego.schemes import base
from semstego.schemes.base import Cover, Marking, Received, Scheme
from semstego.schemes.certified import sampling
from semstego.system import longest

MAX_RETRIES = 8
DRAWS_TRIED = 16  # where an open codec's receiver must recover what was drawn
NONCES_TRIED = 3
NONCES_IF_STATED = 64  # for a length that is stated to fit
UNRECOVERED = "no reconstruction of this picture gives its symbols back; nothing was written"


@dataclass(frozen=True, eq=False)
class Embedded:
    """Stego symbols, and what stage II gets of them, as soon as that is asked for.

    Attributes:
        symbols: The stego symbols.
        codec: Theirs.
        retries: How often symbols were coded or drawn again.
        kl_bound_nats: Of the embedding; None where there is none.
        marking: The same.
    """

    symbols: Symbols
    codec: Codec
    retries: int = 0
    kl_bound_nats: float | None = None
    marking: Marking | None = None

    @property
    def png(self) -> bytes:
        """The 8-bit PNG of the reconstruction."""
        return self._shown[0]

    @cached_property
    def received(self) -> Received:
        """The picture that the receiver reconstructs, read from the PNG; a closed codec finds the symbols in it."""
        return Received(self._shown[1], self.codec)

    @cached_property
    def misread(self) -> NDArray[np.bool_]:
        """Where the receiver recovers other carriers than these, bool ``(rows, columns)``, true for any of the maps."""
        wrong: NDArray[np.bool_] = (self.received.symbols.carriers != self.symbols.carriers).any(axis=0)
        return wrong

    @cached_property
    def _shown(self) -> tuple[bytes, Picture]:
        return through_png(self.codec.decode(self.symbols))


@dataclass(frozen=True)
class Sent:
    """What leaves the sender, and the cover that it is to be compared with.

    Attributes:
        frame: The sealed message.
        cover: The original picture with its encoding.
        embedded: The stego symbols and their picture.
        stream: The `.sem` stream.
        retries: How often symbols were coded again, or another nonce was tried for an open codec.
        fresh: Whether nonce and draws came from the operating system; a given nonce certifies nothing.
    """

    frame: Frame
    cover: Cover
    embedded: Embedded
    stream: bytes
    retries: int
    fresh: bool


@dataclass(frozen=True)
class StegoSystem:
    """Sender and receiver around one codec and one scheme."""

    codec: Codec
    scheme: Scheme = field(default_factory=lambda: base.SCHEMES.get(base.DEFAULT))

    def send(self, picture: Picture, draws: Draws | None = None) -> bytes:
        """Plain semantic communication: the stream of a picture with nothing hidden.

        Args:
            picture: uint8 ``(h, w, c)``.
            draws: For codecs that round at random; None takes fresh ones.

        Raises:
            ArgumentError: If the codec's law is none.
            EmbeddingError: If an open codec's receiver recovers nothing that is drawn.
            PictureError: If the picture is not for the codec.
        """
        encoding = Cover(picture, self.codec).encoding
        return streams.write(self.without_message(encoding, draws or Draws.fresh()), self.codec)

    def without_message(self, encoding: Encoding, draws: Draws) -> Symbols:
        """The symbols that are sent of a picture with nothing hidden in it; errors as in :meth:`send`."""
        if encoding.law is None:
            return encoding.symbols
        for _ in range(self.attempts(encoding)):
            drawn = Embedded(sampling.drawn(encoding, NONE, draws), self.codec)
            if self.codec.closed or not drawn.misread.any():
                return drawn.symbols
        raise EmbeddingError(UNRECOVERED)

    def sender(
        self,
        picture: Picture,
        message: bytes,
        name: str | None,
        key: Key,
        nonce: bytes | None = None,
        progress: Progress = no_progress,
    ) -> Sent:
        """Hide a message, and prove that both stages read it back.

        Args:
            picture: uint8 ``(h, w, c)``.
            message: Any bytes.
            name: File name to send along, or None.
            key: Of sender and receiver.
            nonce: 8 bytes that also fix all draws, for tests; None takes fresh ones.
            progress: Told what is done, and the share of it.

        Raises:
            ArgumentError: If codec and scheme do not go together.
            CapacityError: If the message does not fit, naming a length that does.
            EmbeddingError: If a reading differs from what was written.
            PictureError: If the picture is not for the codec.
        """
        cover = Cover(picture, self.codec)
        progress("encoding", 0)
        self.check_law(cover.encoding)
        first = os.urandom(frame.NONCE_BYTES) if nonce is None else nonce
        expected = Opened(message, None if name is None else frame.carried_name(name))
        misread = unrecovered = 0
        name_bytes = 0 if expected.name is None else 1 + len(expected.name.encode())
        fits = cache(lambda: max(0, self.longest_message(cover, progress) - name_bytes))
        for fresh in self._nonces(first, cover.encoding, lambda: 0 < len(message) <= fits()):
            sealed = self.scheme.framing.seal(message, name, key, fresh)
            draws = Draws.fresh() if nonce is None else Draws(key.derive("draws", sealed.header.nonce))
            try:
                embedded = self.embed(cover, sealed, key, draws, progress)
            except InfeasibleError:
                continue  # another nonce places the bits anew
            except UnrecoveredError:
                unrecovered += 1
                continue
            progress("coding", 0)
            stream = streams.write(embedded.symbols, self.codec)
            if self._reads(expected, stream, embedded.received, key):
                return Sent(sealed, cover, embedded, stream, embedded.retries + misread + unrecovered, nonce is None)
            misread += 1
        if unrecovered:
            raise EmbeddingError(UNRECOVERED)
        raise longest.refusal(len(message), fits, misread > 0, self.codec)

    def receiver_features(self, stream: Stream, key: Key) -> Opened:
        """Stage I.

        Raises:
            NothingFoundError: Wrong key, no message or damage.
            StreamError: If another codec made the stream.
        """
        symbols = streams.symbols_in(stream, self.codec)
        return self.scheme.framing.opened(self.scheme.reveal_features(symbols, self.codec, key), key)

    def receiver_picture(self, picture: Picture, key: Key) -> Opened:
        """Stage II.

        Raises:
            NothingFoundError: Wrong key, no message or damage.
            PictureError: If the picture is not for the codec.
        """
        return self._opened_picture(Received(picture, self.codec), key)

    def embed(self, cover: Cover, sealed: Frame, key: Key, draws: Draws, progress: Progress = no_progress) -> Embedded:
        """Put a frame into the symbols; of a closed codec, until stage II reads every carrier as it was written.

        By a law, it is drawn once. Where the receiver of an open codec does not recover the draw, another frame is to
        be drawn, with another nonce: to draw the same bits again would make those frequent that are easily recovered.

        Raises:
            InfeasibleError: If it does not fit with this nonce.
            UnrecoveredError: If an open codec's receiver recovers other symbols than were drawn by a law.
        """
        if len(sealed.body) > frame.MAX_BODY_BYTES:
            raise InfeasibleError
        embedding = self.scheme.embed(cover, sealed, key, draws, progress)
        if cover.encoding.law is not None:
            drawn = Embedded(embedding.symbols, self.codec, 0, embedding.kl_bound_nats, embedding.marking)
            if not self.codec.closed and drawn.misread.any():
                raise UnrecoveredError(UNRECOVERED)
            return drawn
        for retries in range(MAX_RETRIES + 1):
            progress("checking", retries / (MAX_RETRIES + 1))
            embedded = Embedded(embedding.symbols, self.codec, retries, embedding.kl_bound_nats, embedding.marking)
            if not self.codec.closed or not embedded.misread.any():
                return embedded
            embedding.avoid(embedded.misread)
        raise InfeasibleError

    def attempts(self, encoding: Encoding) -> int:
        """How many frames are tried, each with a nonce of its own."""
        if encoding.law is None:
            return 1 if self.scheme.marks_picture else NONCES_TRIED  # a nonce changes nothing of a mark
        return 1 if self.codec.closed else DRAWS_TRIED

    def check_law(self, encoding: Encoding) -> None:
        """Refuse a scheme that would not round as the codec does for everybody.

        Raises:
            ArgumentError: If so; it names a codec that would do.
        """
        name, scheme = self.codec.name, self.scheme.name
        if encoding.law is not None and not self.scheme.keeps_law:
            plain = twin_for(name, keeps_law=False)
            way_out = f"take {plain!r}" if plain != name else "take a codec without dither"
            raise ArgumentError(
                f"the codec {name!r} rounds at random, and the scheme {scheme!r} would not: anybody could tell; "
                f"{way_out}"
            )

    def _opened_picture(self, received: Received, key: Key) -> Opened:
        return self.scheme.framing.opened(self.scheme.reveal_picture(received, key), key)

    def _reads(self, expected: Opened, stream: bytes, received: Received, key: Key) -> bool:
        """Whether both stages give the message back: from the packed stream, and from the picture."""
        try:
            stage_1 = self.receiver_features(streams.unpack(stream), key)
            stage_2 = self._opened_picture(received, key)
        except NothingFoundError:
            return False
        return stage_1 == stage_2 == expected

    def longest_message(self, cover: Cover, progress: Progress = no_progress) -> int:
        """How long a message without a name surely fits [bytes]; of the picture alone, and what a refusal names."""
        return longest.longest_message(cover, self.scheme, self._fits, progress)

    def _fits(self, cover: Cover, length: int, key: Key) -> bool:
        """Whether some message of so many bytes is embedded, and read, under a key and one nonce fixed by it."""
        message, nonce = bytes(length), bytes(frame.NONCE_BYTES)
        try:
            sealed = self.scheme.framing.seal(message, None, key, nonce)
            embedded = self.embed(cover, sealed, key, Draws(key.derive("draws", nonce)))
        except InfeasibleError:
            return False
        if self.codec.closed:
            return True  # it has been asked already what stage II reads
        return self._reads(Opened(message, None), streams.write(embedded.symbols, self.codec), embedded.received, key)

    def _nonces(self, first: bytes, encoding: Encoding, is_stated: Callable[[], bool]) -> Iterator[bytes]:
        """Nonces to try, the first given; more of them for a message that is stated to fit."""
        count = self.attempts(encoding)
        yield from (next_nonce(first, attempt) for attempt in range(count))
        if encoding.law is None and count > 1 and is_stated():
            yield from (next_nonce(first, attempt) for attempt in range(count, NONCES_IF_STATED))


def next_nonce(first: bytes, attempt: int) -> bytes:
    """The sender's nonce, and what it tries after that: fixed by the first, so that equal inputs give equal bytes."""
    if attempt == 0:
        return first
    return hashlib.sha256(first + attempt.to_bytes(1, "big")).digest()[: frame.NONCE_BYTES]
