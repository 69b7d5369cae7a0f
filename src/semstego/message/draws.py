# SPDX-License-Identifier: Apache-2.0
"""The random numbers of a sender: a ChaCha20 keystream, which nobody can continue who has seen what it decided.

NumPy's generators can be recovered from their output, and a warden who holds the original picture sees thousands of
outcomes. Every draw that decides what is sent therefore comes from here.
"""

import os

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from numpy.typing import NDArray

SEED_BYTES = 32


class Draws:
    """Numbers from one keystream; the same seed gives the same numbers in every version of every library.

    Args:
        seed: 32 bytes. Anything but fresh bytes of the operating system is for tests.
    """

    def __init__(self, seed: bytes) -> None:
        self._stream = Cipher(algorithms.ChaCha20(seed, bytes(16)), mode=None).encryptor()

    @classmethod
    def fresh(cls) -> "Draws":
        """From fresh bytes of the operating system."""
        return cls(os.urandom(SEED_BYTES))

    def take(self, size: int) -> bytes:
        """So many bytes."""
        return self._stream.update(bytes(size))

    def bits(self, count: int) -> NDArray[np.uint8]:
        """Fair bits, uint8 ``(count,)`` of 0 and 1."""
        return np.unpackbits(np.frombuffer(self.take(-(-count // 8)), np.uint8))[:count]

    def uniform(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Multiples of 2^-53, drawn evenly from [0, 1)."""
        count = int(np.prod(shape, dtype=np.int64))
        numbers = np.frombuffer(self.take(8 * count), "<u8") >> np.uint64(11)
        return (numbers.astype(np.float64) * 2.0**-53).reshape(shape)
