# SPDX-License-Identifier: Apache-2.0
"""How much was hidden, and how much of it came back.

A rate counts payload bits: coded bits, frame included. "1 bpp" on 64x64 pixels is exactly 4096 of them; print the net
bytes of the message beside it.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["bit_error_rate", "bits_per_symbol", "payload_bpp"]


def bit_error_rate(
    payload: NDArray[np.uint8] | NDArray[np.bool_], payload_hat: NDArray[np.uint8] | NDArray[np.bool_]
) -> float:
    """Share of bits that came back wrong.

    Args:
        payload: The bits hidden, 0 and 1, of any shape.
        payload_hat: The bits revealed, of the same shape.

    Returns:
        Wrong bits per bit, in [0, 1]: 0 is perfect, 0.5 is guessing.

    Raises:
        ValueError: If the shapes differ, there are no bits, or a value is neither 0 nor 1.
    """
    if payload.shape != payload_hat.shape or payload.size == 0:
        raise ValueError(f"cannot compare payloads of shapes {payload.shape} and {payload_hat.shape}")
    for bits in (payload, payload_hat):
        if not np.isin(bits, (0, 1)).all():
            raise ValueError("a payload holds the bits 0 and 1, nothing else; packed bytes must be unpacked first")
    return float(np.mean(payload != payload_hat))


def payload_bpp(bits: int, height: int, width: int) -> float:
    """Payload bits per pixel of the original picture, all its colours counting as one pixel.

    Args:
        bits: Payload bits, frame included.
        height: Rows of the original picture [px].
        width: Columns of the original picture [px].

    Returns:
        The rate [bit/px].

    Raises:
        ValueError: If a number is negative or the picture has no pixels.
    """
    return _rate(bits, height * width, "pixels")


def bits_per_symbol(bits: int, symbols: int) -> float:
    """Payload bits per symbol of the stream, the load that a coder of symbols feels.

    Args:
        bits: Payload bits, frame included.
        symbols: Symbols of the stream, channels counted one by one.

    Returns:
        The rate [bit/symbol].

    Raises:
        ValueError: If a number is negative or there are no symbols.
    """
    return _rate(bits, symbols, "symbols")


def _rate(bits: int, carriers: int, noun: str) -> float:
    if bits < 0 or carriers <= 0:
        raise ValueError(f"{bits} bits in {carriers} {noun} is no rate")
    return bits / carriers
