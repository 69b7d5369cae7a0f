# SPDX-License-Identifier: Apache-2.0
"""Gaussian noise on the pixels of a picture."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from semstego.channel.base import Channel
from semstego.codecs.base import Picture
from semstego.errors import ArgumentError


@dataclass(frozen=True)
class Noise(Channel):
    """White Gaussian noise, independent in every value, rounded and clipped.

    Attributes:
        levels: Its standard deviation [grey levels], 0 to 255.
    """

    levels: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for a deviation that is none."""
        if not 0 <= self.levels <= 255:
            raise ArgumentError(f"noise has 0 to 255 grey levels, not {self.levels!r}")

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """With noise."""
        noisy = picture + self.levels * rng.standard_normal(picture.shape)
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
