# SPDX-License-Identifier: Apache-2.0
"""How much was hidden, and how much of it came back.

A rate counts payload bits: coded bits, frame included. "1 bpp" on 64x64 pixels is exactly 4096 of them; print the net
bytes of the message beside it.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

__all__ = ["bit_error_rate", "bits_per_symbol", "payload_bpp", "wilson_interval"]


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


def wilson_interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share, by Wilson's score (JASA 22, 1927): it is right for shares near 0 and 1, too.

    Args:
        hits: How often it happened.
        trials: Out of so many times.
        level: Of confidence.

    Raises:
        ValueError: If there are no trials, or fewer than hits.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} of {trials} is no share")
    z, share = NormalDist().inv_cdf((1 + level) / 2), hits / trials
    middle = share + z**2 / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    return max(0.0, (middle - half) / (1 + z**2 / trials)), min(1.0, (middle + half) / (1 + z**2 / trials))


def _rate(bits: int, carriers: int, noun: str) -> float:
    if bits < 0 or carriers <= 0:
        raise ValueError(f"{bits} bits in {carriers} {noun} is no rate")
    return bits / carriers
