# SPDX-License-Identifier: Apache-2.0
"""The learned scheme on files: a frame, coded against the errors of D1 and D2, becomes E's message.

    header, 96 bits ─ code ─▸ its carriers ──┐
    body ───────────── code ─▸ what it takes ┴─ mask ─ keyed order ─▸ message, D x H x W ─E─▸ stego symbols
    logits of D1 or D2 ─ keyed order, mask ─ soft decisions ─▸ header ─▸ body ─▸ file, or nothing

The code takes up to four carriers for a bit, and those that are left over are silent: a short message is a sure one and
moves few features. Nothing is exact before the code, which is why the sender reads back both stages, and refuses what
does not come back.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semstego.codecs.base import Picture, Symbols
from semstego.coding.ldpc import MAX_RATE, Code
from semstego.errors import ArgumentError, InfeasibleError, NothingFoundError
from semstego.message import bits, cipher
from semstego.message.cipher import TAG_BYTES, Key
from semstego.message.frame import HEADER_BITS, Frame, Header, Opened, unseal
from semstego.schemes.learned.point import LearnedPoint, to_tensor
from semstego.schemes.learned.slots import interior_first

HEADER_CARRIERS = 800  # a rate below 1/8: the header must survive whatever a short body may survive
HEADER_SHARE = 64  # of the carriers, one in so many where that is more
LEAST_RATE = 0.25  # information bits for a carrier of the body; more carriers would move more and hardly help


@dataclass(frozen=True)
class Carriers:
    """The D x H x W bits of one message, ordered and masked by a key; built alike by sender and receiver.

    The order is the same in all pictures of one size under one key, as nothing that a receiver has is free of errors;
    the border comes last.

    Attributes:
        shape: D, H and W.
        kernel: Side of the kernels of Es [pixels].
        key: Of sender and receiver.
    """

    shape: tuple[int, int, int]
    kernel: int
    key: Key

    @property
    def count(self) -> int:
        """All of them."""
        return int(np.prod(self.shape))

    @property
    def header(self) -> int:
        """Those of the header."""
        return max(HEADER_CARRIERS, self.count // HEADER_SHARE)

    def header_code(self) -> Code:
        """Of the 96 bits that come first."""
        return Code(HEADER_BITS, self.header)

    def body_code(self, body_bytes: int) -> Code:
        """Of the rest.

        Raises:
            ArgumentError: If it does not fit.
        """
        return Code(8 * body_bytes, min(self.count - self.header, int(8 * body_bytes / LEAST_RATE)))

    def fill(self, coded: NDArray[np.uint8]) -> Tensor:
        """Coded bits, header first, as a message ``(1, d, h, w)``, the rest of it silent."""
        message = np.full(self.count, 0.5, np.float32)
        message[self._order[: len(coded)]] = coded ^ self._mask[: len(coded)]
        return torch.from_numpy(message.reshape(1, *self.shape))

    def read(self, logits: Tensor) -> NDArray[np.float32]:
        """Logits ``(1, d, h, w)`` of the coded bits, header first."""
        ordered: NDArray[np.float32] = logits.numpy().reshape(-1)[self._order]
        return ordered * (1 - 2 * self._mask.astype(np.float32))

    @property
    def _order(self) -> NDArray[np.int64]:
        order = self.key.permutation("learned order", self._context, self.count)
        return interior_first(order, *self.shape, self.kernel)

    @property
    def _mask(self) -> NDArray[np.uint8]:
        """Without it, a code's zeros and its repetitions would show in the message."""
        stream = cipher.keystream(self.key.derive("learned mask", self._context), -(-self.count // 8))
        return bits.to_bits(stream)[: self.count]

    @property
    def _context(self) -> bytes:
        return np.array(self.shape, "<u4").tobytes()


@dataclass(frozen=True)
class LearnedScheme:
    """E, D1 and D2 of one model."""

    point: LearnedPoint
    name: str = "learned"

    def capacity_bytes(self, height: int, width: int) -> int:
        """Longest message that the code can be made for, without regard to errors [bytes]."""
        carriers = self._carriers(height, width, Key(bytes(32)))
        return max(0, int((carriers.count - carriers.header) * MAX_RATE) // 8 - TAG_BYTES - 1)

    def embed(self, cover: Picture, frame: Frame, key: Key) -> tuple[Symbols, Symbols]:
        """Hide a frame.

        Returns:
            Cover symbols and stego symbols.

        Raises:
            InfeasibleError: If no code is so short.
            PictureError: If the picture is not for this model.
        """
        height, width, _ = cover.shape
        carriers = self._carriers(height, width, key)
        try:
            body = carriers.body_code(len(frame.body)).encode(frame.body_bits())
        except ArgumentError:
            raise InfeasibleError from None
        coded = np.concatenate([carriers.header_code().encode(frame.header.to_bits(key)), body])
        features = self.point.features(cover)
        with torch.inference_mode():
            stego = self.point.model.hidden(features, carriers.fill(coded), self.point.scale)
        return tuple(self.point.quantised(one, height, width) for one in (features, stego))  # type: ignore[return-value]

    def reveal_features(self, symbols: Symbols, key: Key) -> Opened:
        """Stage I, by D1.

        Raises:
            NothingFoundError: Wrong key, no message or damage.
        """
        with torch.inference_mode():
            logits = self.point.model.revealed_1(self.point.dequantised(symbols) / self.point.scale)
        return self._opened(logits, symbols.height, symbols.width, key)

    def reveal_picture(self, picture: Picture, key: Key) -> Opened:
        """Stage II, by D2.

        Raises:
            NothingFoundError: Wrong key, no message or damage.
            PictureError: If the picture is not for this model.
        """
        self.point.check(picture)
        with torch.inference_mode():
            logits = self.point.model.revealed_2(to_tensor(picture))
        height, width, _ = picture.shape
        return self._opened(logits, height, width, key)

    def _opened(self, logits: Tensor, height: int, width: int, key: Key) -> Opened:
        carriers = self._carriers(height, width, key)
        read = carriers.read(logits)
        header = Header.from_bits(carriers.header_code().decode(read[: carriers.header]), key)
        if header.body_bytes < TAG_BYTES:
            raise NothingFoundError
        try:
            code = carriers.body_code(header.body_bytes)
        except ArgumentError:
            raise NothingFoundError from None
        body = code.decode(read[carriers.header :][: code.carriers])
        return unseal(header, bits.to_bytes(body), key)

    def _carriers(self, height: int, width: int, key: Key) -> Carriers:
        shape = self.point.model.shape
        return Carriers((shape.depth, height, width), shape.kernel, key)
