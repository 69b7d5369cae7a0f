# SPDX-License-Identifier: Apache-2.0
"""Small pictures enlarged by one filter; and large pictures reduced to the detail of small ones."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def enlarge(pictures: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Pillow's bicubic interpolation, one picture after the other.

    Args:
        pictures: uint8 ``(n, h, w, c)``, c = 1 or 3.
        side: Height and width of the result [pixels].

    Returns:
        uint8 ``(n, side, side, c)``.
    """
    channels = pictures.shape[3]
    # Pillow's grey pictures have no axis for the colour.
    small = pictures[:, :, :, 0] if channels == 1 else pictures
    large = np.empty((len(pictures), side, side, *small.shape[3:]), np.uint8)
    for picture, result in zip(small, large, strict=True):
        result[:] = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
    return large.reshape(len(pictures), side, side, channels)


def softened(pictures: NDArray[np.uint8], detail: int) -> NDArray[np.uint8]:
    """Pictures with no more detail than small ones have: reduced by area, and enlarged to where they were.

    Args:
        pictures: uint8 ``(n, side, side, c)``, c = 1 or 3.
        detail: Side to which they are reduced [pixels]; 32 makes them CIFAR's kind of picture.

    Returns:
        uint8, same shape.
    """
    count, side, _, channels = pictures.shape
    plain = pictures[:, :, :, 0] if channels == 1 else pictures
    small = np.empty((count, detail, detail, *plain.shape[3:]), np.uint8)
    for picture, result in zip(plain, small, strict=True):
        result[:] = Image.fromarray(picture).resize((detail, detail), Image.Resampling.BOX)
    return enlarge(small.reshape(count, detail, detail, channels), side)
