# SPDX-License-Identifier: Apache-2.0
"""Lossy files: JPEG and WebP, by real round trips through their libraries."""

import io
from dataclasses import dataclass
from typing import Any

from numpy.random import Generator

from semstego.channel.base import Channel
from semstego.channel.pictures import as_picture
from semstego.codecs.base import Picture
from semstego.errors import ArgumentError, PictureError
from semstego.io.pictures import as_image

SUBSAMPLINGS = {444: 0, 422: 1, 420: 2}  # and what Pillow calls them
MOST_QUALITY = 100
MOST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}  # pixels


@dataclass(frozen=True)
class Jpeg(Channel):
    """A JPEG file.

    Attributes:
        quality: 1 to 100, scaling the tables of Annex K.
        subsampling: Of the chroma: 420, 422 or 444.
    """

    quality: int
    subsampling: int = 420

    def __post_init__(self) -> None:
        """Raise ArgumentError for a quality or a subsampling that there is not."""
        _check_quality(self.quality)
        if self.subsampling not in SUBSAMPLINGS:
            raise ArgumentError(f"the subsampling of a JPEG is 420, 422 or 444, not {self.subsampling!r}")

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """Written and read."""
        return _through(picture, "JPEG", quality=self.quality, subsampling=SUBSAMPLINGS[self.subsampling])


@dataclass(frozen=True)
class Webp(Channel):
    """A lossy WebP file, which always halves the chroma.

    Attributes:
        quality: 1 to 100.
    """

    quality: int

    def __post_init__(self) -> None:
        """Raise ArgumentError for a quality that there is not."""
        _check_quality(self.quality)

    def picture(self, picture: Picture, rng: Generator) -> Picture:
        """Written and read."""
        return _through(picture, "WEBP", quality=self.quality)


def _through(picture: Picture, form: str, **options: Any) -> Picture:
    height, width = picture.shape[:2]
    if max(height, width) > MOST_SIDE[form]:
        raise PictureError(f"{width}x{height} pixels: the sides of a {form} have at most {MOST_SIDE[form]}")
    buffer = io.BytesIO()
    as_image(picture).save(buffer, form, **options)
    return as_picture(buffer.getvalue(), form, picture.shape[2])


def _check_quality(quality: int) -> None:
    if not isinstance(quality, int) or not 1 <= quality <= MOST_QUALITY:
        raise ArgumentError(f"a quality is a whole number from 1 to {MOST_QUALITY}, not {quality!r}")
