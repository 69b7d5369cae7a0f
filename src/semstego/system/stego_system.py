# SPDX-License-Identifier: Apache-2.0
"""The paper's block diagram in code: a sender who checks what it sends, and a receiver.

    cover ──encode──▶ symbols ──Scheme.embed──▶ stego symbols ──pack──▶ .sem ──▶ stage I : reveal_features
                                                     └─decode─▶ 8-bit PNG ──────▶ stage II: reveal_picture

Before the sender lets anything out, it reads its message back at both stages, from the packed stream and from a real
PNG. A block that stage II reads otherwise goes wet and its segment is coded again, at most eight times.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from semstego.channel.pictures import through_png
from semstego.codecs import stream as container
from semstego.codecs.base import Picture, Symbols
from semstego.codecs.block.codec import Encoding
from semstego.codecs.block.operating_point import OperatingPoint
from semstego.codecs.stream import Stream
from semstego.errors import CapacityError, EmbeddingError, InfeasibleError
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.message.frame import Frame, Opened
from semstego.progress import Progress, no_progress
from semstego.schemes.base import Embedding, Scheme
from semstego.schemes.syndrome.scheme import SyndromeScheme

MAX_RETRIES = 8
NONCES_TRIED = 3


@dataclass(frozen=True)
class Sent:
    """What leaves the sender, and the cover it is to be compared with.

    Attributes:
        frame: The sealed message.
        cover: The original picture.
        codec: Name of the codec.
        steps: Width of a symbol, by channel.
        cover_symbols: The cover's, as they would be sent without a message.
        wet_symbols: How many of them had to stay.
        cover_picture: What the receiver would reconstruct without a message.
        symbols: The stego symbols.
        picture: What the receiver reconstructs.
        png: That picture as the 8-bit PNG that stage II was checked on.
        stream: The `.sem` stream.
        retries: How often segments were coded again.
    """

    frame: Frame
    cover: Picture
    codec: str
    steps: NDArray[np.float64]
    cover_symbols: Symbols
    wet_symbols: int
    cover_picture: Picture
    symbols: Symbols
    picture: Picture
    png: bytes
    stream: bytes
    retries: int


@dataclass(frozen=True)
class Embedded:
    """Stego symbols that stage II reads: the picture and its PNG, the symbols in it, the retries it took."""

    symbols: Symbols
    picture: Picture
    png: bytes
    received: Symbols
    retries: int


@dataclass(frozen=True)
class StegoSystem:
    """Sender and receiver around one codec and one scheme."""

    point: OperatingPoint
    scheme: Scheme = field(default_factory=SyndromeScheme)

    def sender(
        self, cover: Picture, message: bytes, name: str | None, key: Key, nonce: bytes, progress: Progress = no_progress
    ) -> Sent:
        """Hide a message, and prove that both stages read it back.

        Raises:
            CapacityError: If the message does not fit, naming a length that does.
            EmbeddingError: If a reading differs from what was written.
        """
        codec = self.point.codec
        progress("encoding", 0)
        encoding = codec.encode_for_hiding(cover)
        cover_picture = codec.decode(encoding.symbols)
        for attempt in range(NONCES_TRIED):
            sealed = frame.seal(message, name, key, next_nonce(nonce, attempt))
            try:
                embedded = self.embed(encoding, cover_picture, sealed, key, progress)
                break
            except InfeasibleError:
                continue  # another nonce deals the symbols anew
        else:
            raise CapacityError(len(message), self._what_fits(encoding, cover_picture, len(message), key))
        progress("coding", 0)
        stream = self.point.pack(embedded.symbols)
        sent = Opened(message, None if name is None else frame.carried_name(name))
        self._check(sent, stream, embedded.received, key)
        return Sent(
            frame=sealed,
            cover=cover,
            codec=self.point.name,
            steps=codec.basis(encoding.symbols.channels).steps,
            cover_symbols=encoding.symbols,
            wet_symbols=int(np.count_nonzero(encoding.wet)) * len(encoding.symbols.values),
            cover_picture=cover_picture,
            symbols=embedded.symbols,
            picture=embedded.picture,
            png=embedded.png,
            stream=stream,
            retries=embedded.retries,
        )

    def receiver_features(self, stream: Stream, key: Key) -> Opened:
        """Stage I."""
        return self.scheme.reveal_features(self.point.unpack(stream), self.point.codec, key)

    def receiver_picture(self, picture: Picture, key: Key) -> Opened:
        """Stage II."""
        return self.scheme.reveal_picture(picture, self.point.codec, key)

    def embed(
        self, encoding: Encoding, cover_picture: Picture, sealed: Frame, key: Key, progress: Progress = no_progress
    ) -> Embedded:
        """Put a frame into the symbols, and code again until stage II reads every carrier as it was written.

        Raises:
            InfeasibleError: If it does not fit with this nonce.
        """
        if sealed.payload_bits > 2 * encoding.symbols.values.size or len(sealed.body) > frame.MAX_BODY_BYTES:
            raise InfeasibleError  # log2(3) bits a symbol is the bound
        embedding = self.scheme.embed(
            encoding, cover_picture, self.point.codec, sealed, key, lambda share: progress("embedding", share)
        )
        return self._settle(embedding, progress)

    def _settle(self, embedding: Embedding, progress: Progress) -> Embedded:
        """Code blocks that stage II misreads again until every carrier of the picture is read as it was written."""
        codec = self.point.codec
        for retries in range(MAX_RETRIES + 1):
            progress("checking", retries / (MAX_RETRIES + 1))
            symbols = embedding.symbols
            png, picture = through_png(codec.decode(symbols))
            received = codec.encode(picture)
            misread: NDArray[np.bool_] = (codec.carriers(received) != codec.carriers(symbols)).any(axis=0)
            if not misread.any():
                return Embedded(symbols, picture, png, received, retries)
            embedding.avoid(misread)
        raise InfeasibleError

    def _check(self, sent: Opened, stream: bytes, received: Symbols, key: Key) -> None:
        """Read the message from the stream, and from the symbols that the picture gave."""
        stage_1 = self.receiver_features(container.unpack(stream), key)
        stage_2 = self.scheme.reveal_features(received, self.point.codec, key)
        if not stage_1 == stage_2 == sent:
            raise EmbeddingError("the sender's own check failed; nothing was written")

    def _what_fits(self, encoding: Encoding, cover_picture: Picture, needed: int, key: Key) -> int:
        """A message length [bytes] that fits, a tenth below one that was tried: another nonce may be less lucky."""
        fits = min(needed * 4 // 5, self.scheme.capacity_bytes(encoding, self.point.codec))
        while fits > 0:
            trial = frame.seal(bytes(fits), None, key, bytes(frame.NONCE_BYTES))
            try:
                self.embed(encoding, cover_picture, trial, key)
            except InfeasibleError:
                fits = fits * 4 // 5
            else:
                return fits * 9 // 10
        return 0


def next_nonce(first: bytes, attempt: int) -> bytes:
    """The sender's nonce, and what it tries after that: fixed by the first, so that equal inputs give equal bytes."""
    if attempt == 0:
        return first
    return hashlib.sha256(first + attempt.to_bytes(1, "big")).digest()[: frame.NONCE_BYTES]
