# SPDX-License-Identifier: Apache-2.0
"""Tone curves: every pixel value becomes another one, whatever stands around it."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from semstego.channel.base import Channel
from semstego.codecs.base import Picture
from semstego.errors import ArgumentError

_LEVELS = np.arange(256.0)
_MIDDLE = 128.0


class ToneCurve(Channel):
    """A curve from grey levels to grey levels, rounded and clipped."""

    @abstractmethod
    def curve(self) -> NDArray[np.float64]:
        """What becomes of the levels 0 to 255, ``(256,)``."""

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """Each value by the curve."""
        found: Picture = np.clip(np.rint(self.curve()), 0, 255).astype(np.uint8)[picture]
        return found


@dataclass(frozen=True)
class Gamma(ToneCurve):
    """A power of the level: 255 (v / 255)^exponent.

    Attributes:
        exponent: Above 0; above 1 it darkens.
    """

    exponent: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for an exponent of 0 or less."""
        _check_positive(self.exponent, "the exponent of a gamma curve")

    def curve(self) -> NDArray[np.float64]:
        """The power."""
        return 255 * (_LEVELS / 255) ** self.exponent


@dataclass(frozen=True)
class Brightness(ToneCurve):
    """A shift.

    Attributes:
        levels: Added to every value [grey levels].
    """

    levels: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for no finite number."""
        if not np.isfinite(self.levels):
            raise ArgumentError(f"brightness is a number of grey levels, not {self.levels!r}")

    def curve(self) -> NDArray[np.float64]:
        """The sum."""
        return _LEVELS + self.levels


@dataclass(frozen=True)
class Contrast(ToneCurve):
    """Stretched around 128.

    Attributes:
        factor: Above 0; above 1 it stretches.
    """

    factor: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for a factor of 0 or less."""
        _check_positive(self.factor, "the factor of a contrast")

    def curve(self) -> NDArray[np.float64]:
        """The line through (128, 128)."""
        return _MIDDLE + self.factor * (_LEVELS - _MIDDLE)


def _check_positive(value: float, what: str) -> None:
    if not 0 < value < np.inf:
        raise ArgumentError(f"{what} is above 0, not {value!r}")
