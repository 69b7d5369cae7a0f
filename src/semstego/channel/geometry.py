# SPDX-License-Identifier: Apache-2.0
"""Pixels that move: resizing with and without the way back, cutting, turning."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator
from PIL import Image

from semstego.channel.base import Channel
from semstego.codecs.base import MAX_PIXELS, Picture
from semstego.errors import ArgumentError, PictureError
from semstego.io.pictures import as_image, of_image

MOST_SCALE: Final = 16.0
MOST_DEGREES: Final = 45.0


@dataclass(frozen=True)
class Scale(Channel):
    """Another size, which is kept; bicubic.

    Attributes:
        factor: Of both sides, up to 16.
    """

    factor: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for a factor that is none."""
        if not 0 < self.factor <= MOST_SCALE:
            raise ArgumentError(f"a scale is above 0 and at most {MOST_SCALE:g}, not {self.factor!r}")

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """Resized."""
        height, width = (max(1, round(side * self.factor)) for side in picture.shape[:2])
        return _resized(picture, height, width)


@dataclass(frozen=True)
class Resize(Scale):
    """Another size, and back to the first."""

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """Resized twice."""
        height, width = picture.shape[:2]
        return _resized(super().picture(picture, rng), height, width)


@dataclass(frozen=True)
class Crop(Channel):
    """A part, from a place that is drawn.

    Attributes:
        kept: Share of each side that stays, up to 1.
    """

    kept: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for a share that is none."""
        if not 0 < self.kept <= 1:
            raise ArgumentError(f"the share of a side that a crop keeps is above 0 and at most 1, not {self.kept!r}")

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """The part."""
        height, width = (max(1, round(side * self.kept)) for side in picture.shape[:2])
        top = int(rng.integers(0, picture.shape[0] - height + 1))
        left = int(rng.integers(0, picture.shape[1] - width + 1))
        return np.ascontiguousarray(picture[top : top + height, left : left + width])


@dataclass(frozen=True)
class Rotate(Channel):
    """A turn about the middle, the size kept, the corners black; bicubic.

    Attributes:
        degrees: Counterclockwise, -45 to 45.
    """

    degrees: float

    def __post_init__(self) -> None:
        """Raise ArgumentError for more than an eighth of a turn."""
        if not -MOST_DEGREES <= self.degrees <= MOST_DEGREES:
            raise ArgumentError(f"a rotation has at most {MOST_DEGREES:g} degrees, not {self.degrees!r}")

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """Turned."""
        return of_image(as_image(picture).rotate(self.degrees, Image.Resampling.BICUBIC))


def _resized(picture: Picture, height: int, width: int) -> Picture:
    if height * width > MAX_PIXELS:
        raise PictureError(f"a picture of {width}x{height} pixels has more than {MAX_PIXELS // 1_000_000} megapixels")
    return of_image(as_image(picture).resize((width, height), Image.Resampling.BICUBIC))
