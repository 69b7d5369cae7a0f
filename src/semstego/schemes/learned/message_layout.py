# SPDX-License-Identifier: Apache-2.0
"""Where the bits of a frame lie in the D x H x W bits of a message, by a key; built alike by sender and receiver.

    corrected    header ─ code ─▸ 800 positions or more ┐
                 body ─── code ─▸ four for a bit, if     ┴─ mask ─ keyed order, the border last ─▸ message, D x H x W
                                  there are so many
    uncorrected  header and body, every bit as often as the model was trained for ─ keyed order ─▸ message

The order is the same in all pictures of one size under one key, as nothing that a receiver has is free of errors.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semstego.coding.ldpc import MAX_RATE, Code
from semstego.errors import ArgumentError, InfeasibleError, NothingFoundError
from semstego.message import bits, cipher
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.message.frame import HEADER_BITS, Reader
from semstego.schemes.learned.slots import Positions, gathered, interior_first, spread

HEADER_POSITIONS = 800  # a rate below 1/8: the header must survive whatever a short body may survive
HEADER_SHARE = 64  # of the positions, one in so many where that is more
LEAST_RATE = 0.25  # information bits for a position of the body; more positions would move more and hardly help


@dataclass(frozen=True)
class MessageLayout:
    """The positions of one message, ordered and masked.

    Attributes:
        shape: D, H and W.
        kernel: Side of the kernels of Es [pixels].
        key: Of sender and receiver; None keeps positions in the order of the message, as the released code does.
    """

    shape: tuple[int, int, int]
    kernel: int
    key: Key | None

    @property
    def count(self) -> int:
        """All positions."""
        return int(np.prod(self.shape))

    @property
    def header(self) -> int:
        """Those of a corrected header."""
        return max(HEADER_POSITIONS, self.count // HEADER_SHARE)

    @property
    def corrected_bits(self) -> int:
        """Bits of a frame for which there is a code, whatever the errors."""
        return max(0, HEADER_BITS + 8 * (int((self.count - self.header) * MAX_RATE) // 8 - 1))

    def corrected(self, payload: Bits) -> Tensor:
        """The message ``(1, d, h, w)`` of a frame's coded bits; 0.5 where nothing is carried.

        Raises:
            InfeasibleError: If no code is so short.
        """
        try:
            body = self._body_code(len(payload) - HEADER_BITS).encode(payload[HEADER_BITS:])
        except ArgumentError:
            raise InfeasibleError from None
        coded = np.concatenate([self._header_code().encode(payload[:HEADER_BITS]), body])
        message = np.full(self.count, 0.5, np.float32)
        message[self._order[: len(coded)]] = coded ^ self._mask[: len(coded)]
        return torch.from_numpy(message.reshape(1, *self.shape))

    def corrected_reader(self, logits: Tensor) -> Reader:
        """A reader of corrected bits, by soft decisions on logits ``(1, d, h, w)``."""
        ordered: NDArray[np.float32] = logits.numpy().reshape(-1)[self._order]
        ordered = ordered * (1 - 2 * self._mask.astype(np.float32))

        def read(count: int) -> Bits:
            header = self._header_code().decode(ordered[: self.header])
            if count <= HEADER_BITS:
                return header[:count]
            if not self._agrees(header, ordered[: self.header]):
                raise NothingFoundError  # and no time is spent on a body of whatever length
            try:
                code = self._body_code(count - HEADER_BITS)
            except ArgumentError:
                raise NothingFoundError from None
            return np.concatenate([header, code.decode(ordered[self.header :][: code.carriers])])

        return read

    def _agrees(self, header: Bits, logits: NDArray[np.float32]) -> bool:
        """Whether the logits of the header's positions agree with a decoded header in more than those of noise do.

        Of n fair coin flips, the best of 2^k words agrees with half and sqrt(k ln 2 / 2n) at most; a receiver of hard
        decisions decodes from there on, of soft ones from 0.8 times as much (sqrt(2 / pi)). At 0.75, no header is lost
        that could be decoded.
        """
        agreement = float(((logits > 0) == self._header_code().encode(header)).mean())
        return agreement > 0.5 + 0.75 * math.sqrt(HEADER_BITS * math.log(2) / (2 * self.header))

    def repeated(self, payload: Bits, positions: Positions) -> Tensor:
        """The message ``(1, d, h, w)`` of bits that are repeated at these positions and not corrected."""
        message = torch.empty(1, self.count)
        message[:, torch.from_numpy(self._order)] = spread(torch.from_numpy(payload)[None].float(), positions)
        return message.view(1, *self.shape)

    def averaged(self, logits: Tensor, positions: Positions, count: int) -> Bits:
        """The bits at these positions, by the mean of the logits ``(1, d, h, w)`` of each bit."""
        ordered = logits.reshape(1, -1)[:, torch.from_numpy(self._order)]
        found: Bits = (gathered(ordered, positions, count) > 0).to(torch.uint8).numpy()[0]
        return found

    def _header_code(self) -> Code:
        return Code(HEADER_BITS, self.header)

    def _body_code(self, body_bits: int) -> Code:
        """Of the bits after the header.

        Raises:
            ArgumentError: If they do not fit.
        """
        return Code(body_bits, min(self.count - self.header, int(body_bits / LEAST_RATE)))

    @property
    def _order(self) -> NDArray[np.int64]:
        if self.key is None:
            return np.arange(self.count)
        order = self.key.permutation("learned order", self._context, self.count)
        return interior_first(order, *self.shape, self.kernel)

    @property
    def _mask(self) -> Bits:
        """Without it, a code's zeros and its repetitions would show in the message."""
        assert self.key is not None
        stream = cipher.keystream(self.key.derive("learned mask", self._context), -(-self.count // 8))
        return bits.to_bits(stream)[: self.count]

    @property
    def _context(self) -> bytes:
        return np.array(self.shape, "<u4").tobytes()
