# SPDX-License-Identifier: Apache-2.0
"""Bytes to bits and back, most significant bit first."""

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]  # (n,), each 0 or 1
NONE: Bits = np.zeros(0, np.uint8)
"""What is hidden where nothing is."""


def to_bits(data: bytes) -> Bits:
    """Bits of ``data``, ``(8 * len(data),)``."""
    return np.unpackbits(np.frombuffer(data, np.uint8))


def to_bytes(bits: Bits) -> bytes:
    """Bytes of ``bits``, whose number must be a multiple of 8."""
    if len(bits) % 8:
        raise ValueError("the number of bits is not a multiple of 8")
    return np.packbits(bits).tobytes()
