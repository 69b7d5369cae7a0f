# SPDX-License-Identifier: Apache-2.0
"""Does an uncompressed picture stem from a JPEG? And a cover that does not, by shrinking.

JPEG rounds most coefficients of the DCT of 8x8 pixels to 0, and decoding to whole pixels moves them by less than one
grey level: on the grid of the blocks more coefficients are near 0 than on any other grid (the idea of Fan, de Queiroz,
IEEE TIP 2003, "Identification of bitmap compression history"). Resampling moves the grid to positions between pixels.

Where a codec rounds plainly, whoever finds the JPEG can compute the symbols of a cover without having it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.codecs.base import MIN_SIDE, Picture
from semstego.errors import PictureError

BLOCK: Final = 8  # pixels, of JPEG
MOST_BLOCKS: Final = 32  # in each direction that are looked at, spread evenly
NEAR_ZERO: Final = 0.5  # grey levels, of a coefficient of the orthonormal DCT
SPARE: Final = 0.1  # added to shares, for little is to be told from the last few coefficients
FOUND: Final = 0.053  # chosen on training photographs (experiments/detection/jpeg_history.py)
SHRINK: Final = 0.75  # default factor
LUMA: Final = (0.299, 0.587, 0.114)  # of R, G, B (ITU-T T.871, JFIF)


@dataclass(frozen=True)
class JpegHistory:
    """What :func:`find_jpeg_history` gives.

    Attributes:
        found: Whether the picture stems from a JPEG.
        excess: Of the shares of coefficients that are not near 0, each with ``SPARE`` added, how much smaller the least
            of all grids is than the second least, as the logarithm of their ratio; above ``FOUND``, it is found.
        shift: Row and column, 0 to 7 each, of the first whole block of that grid [pixels].
    """

    found: bool
    excess: float
    shift: tuple[int, int]


def find_jpeg_history(picture: Picture) -> JpegHistory:
    """Whether an uncompressed picture stems from a JPEG and was not resampled since; cropping does not matter.

    Takes some 10 ms for a picture of any size, since at most 1024 blocks are looked at. Below 64x64 pixels there are
    too few coefficients to tell: about one picture in a hundred is found without having been a JPEG.

    Args:
        picture: uint8 ``(h, w, c)``, c = 1 or 3, of at least 32x32 pixels.
    """
    shares = _near_zero(_luma_of_blocks(picture))
    least, second = np.sort(1 - shares, axis=None)[:2]
    row, column = divmod(int(shares.argmax()), BLOCK)
    excess = float(np.log((second + SPARE) / (least + SPARE)))
    return JpegHistory(excess > FOUND, excess, (row, column))


def shrunk(picture: Picture, factor: float = SHRINK) -> Picture:
    """The picture at fewer pixels, by Pillow's Lanczos filter: a cover without a JPEG history.

    Args:
        picture: uint8 ``(h, w, c)``, c = 1 or 3.
        factor: Of both sides. 0.5 to 0.9 was measured to remove the history; nearer to 1 it may stay.

    Returns:
        uint8 ``(h', w', c)``.

    Raises:
        PictureError: If a side would be shorter than the codecs take.
    """
    height, width, channels = picture.shape
    low, wide = round(height * factor), round(width * factor)
    if min(low, wide) < MIN_SIDE:
        raise PictureError(
            f"the picture has {width}x{height} pixels, too few to be shrunk to {wide}x{low}: "
            f"both sides must keep {MIN_SIDE}"
        )
    image = Image.fromarray(picture if channels == 3 else picture[:, :, 0])
    return np.asarray(image.resize((wide, low), Image.Resampling.LANCZOS)).reshape(low, wide, channels)


def _luma_of_blocks(picture: Picture) -> NDArray[np.float32]:
    """Luma of blocks that overlap by 7 pixels, so that each holds a block of any grid, float32 ``(n, 15, 15)``."""
    reach = np.arange(2 * BLOCK - 1)
    rows, columns = (_starts(length)[:, np.newaxis] + reach for length in picture.shape[:2])
    pixels = picture[rows[:, np.newaxis, :, np.newaxis], columns[np.newaxis, :, np.newaxis, :]]
    luma = pixels @ np.array(LUMA) if picture.shape[2] == 3 else pixels[..., 0]
    return np.asarray(luma.reshape(-1, len(reach), len(reach)), np.float32)


def _starts(length: int) -> NDArray[np.intp]:
    """Where blocks start, multiples of 8, at most ``MOST_BLOCKS`` of them."""
    count = (length - BLOCK + 1) // BLOCK
    return np.unique(np.linspace(0, count - 1, min(count, MOST_BLOCKS)).round().astype(np.intp)) * BLOCK


def _near_zero(blocks: NDArray[np.float32]) -> NDArray[np.float64]:
    """Share of the coefficients that are near 0, the mean of each block left out, by shift of the grid ``(8, 8)``."""
    pixels = np.lib.stride_tricks.sliding_window_view(blocks, (BLOCK, BLOCK), axis=(1, 2))
    coefficients = pixels.reshape(-1, BLOCK * BLOCK) @ AC_BASIS
    near = np.count_nonzero(np.abs(coefficients) < NEAR_ZERO, axis=1).reshape(-1, BLOCK, BLOCK)
    shares: NDArray[np.float64] = near.mean(0) / AC_BASIS.shape[1]
    return shares


def dct_matrix() -> NDArray[np.float64]:
    """The orthonormal DCT-II of 8 values, ``(8, 8)``, frequencies in rows."""
    frequency, place = np.indices((BLOCK, BLOCK))
    waves: NDArray[np.float64] = np.sqrt(2 / BLOCK) * np.cos((2 * place + 1) * frequency * np.pi / (2 * BLOCK))
    waves[0] /= np.sqrt(2)
    return waves


# Of 8x8 pixels in a row, without the mean, (64, 63).
AC_BASIS = np.kron(dct_matrix(), dct_matrix())[1:].T.astype(np.float32)
