# SPDX-License-Identifier: Apache-2.0
"""Sender and receiver of the learned scheme; the sender proves both stages, or refuses.

cover ─▸ E ─▸ stego symbols ─pack─▸ .sem ──▸ stage I : D1, code
                    └─decode─▸ 8-bit PNG ─▸ stage II: D2, code
"""

from pathlib import Path

from semstego.channel.pictures import through_png
from semstego.codecs import stream as container
from semstego.codecs.base import Picture
from semstego.codecs.stream import Stream
from semstego.errors import CapacityError, EmbeddingError, InfeasibleError, NothingFoundError
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.message.frame import Opened
from semstego.progress import Progress, no_progress
from semstego.schemes.learned import point as learned_point
from semstego.schemes.learned.point import LearnedPoint
from semstego.schemes.learned.scheme import LearnedScheme
from semstego.system.stego_system import NONCES_TRIED, Sent, next_nonce


class LearnedSystem:
    """The diagram above for one model."""

    def __init__(self, point: LearnedPoint) -> None:
        self.point, self.scheme = point, LearnedScheme(point)

    def sender(
        self, cover: Picture, message: bytes, name: str | None, key: Key, nonce: bytes, progress: Progress = no_progress
    ) -> Sent:
        """Hide a message, and prove that both stages read it back; another nonce makes another message of it.

        Raises:
            CapacityError: If no code is so short, naming a length that one can be made for.
            EmbeddingError: If none of the tries comes back at both stages.
            PictureError: If the picture is not for this model.
        """
        for attempt in range(NONCES_TRIED):
            progress("embedding", attempt / NONCES_TRIED)
            sealed = frame.seal(message, name, key, next_nonce(nonce, attempt))
            try:
                cover_symbols, stego = self.scheme.embed(cover, sealed, key)
            except InfeasibleError:
                raise CapacityError(len(message), self.scheme.capacity_bytes(*cover.shape[:2])) from None
            stream = self.point.pack(stego)
            png, picture = through_png(self.point.decode(stego))
            expected = Opened(message, None if name is None else frame.carried_name(name))
            if self._reads(expected, stream, picture, key):
                return Sent(
                    frame=sealed,
                    cover=cover,
                    codec=self.point.name,
                    steps=self.point.steps,
                    cover_symbols=cover_symbols,
                    wet_symbols=0,
                    cover_picture=self.point.decode(cover_symbols),
                    symbols=stego,
                    picture=picture,
                    png=png,
                    stream=stream,
                    retries=attempt,
                )
        raise EmbeddingError("this picture does not give the message back at both stages; nothing was written")

    def receiver_features(self, stream: Stream, key: Key) -> Opened:
        """Stage I."""
        return self.scheme.reveal_features(self.point.unpack(stream), key)

    def receiver_picture(self, picture: Picture, key: Key) -> Opened:
        """Stage II."""
        return self.scheme.reveal_picture(picture, key)

    def _reads(self, expected: Opened, stream: bytes, picture: Picture, key: Key) -> bool:
        """Whether both stages give the message back."""
        try:
            stage_1 = self.receiver_features(container.unpack(stream), key)
            return stage_1 == self.receiver_picture(picture, key) == expected
        except NothingFoundError:
            return False


def load(model: str | Path) -> LearnedSystem:
    """The system around a shipped model or a weights file.

    Raises:
        WeightsError: If there is none.
    """
    return LearnedSystem(learned_point.load(model))
