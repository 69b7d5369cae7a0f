# SPDX-License-Identifier: Apache-2.0
"""What a JPEG file decodes to, as libjpeg-turbo does it, in integers; and what coefficients a picture would have.

    picture ──RGB to YCbCr──▶ planes ──4:2:0: undo the enlargement──▶ 8x8 DCT ──divide by the table──▶ levels (real)
    levels (whole) ──multiply──▶ 8x8 inverse DCT ──4:2:0: enlarge by triangles──▶ planes ──YCbCr to RGB──▶ picture

Decoding is exact: the "slow integer" inverse DCT, "fancy" enlargement and the colour conversion of libjpeg, which
Pillow uses. Levels are kept by units, the smallest piece that the format codes: 8x8 pixels with the blocks of all
planes or, for 4:2:0, 16x16 pixels with four blocks of luma and one of either chroma.
"""

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.codecs.base import Picture
from semstego.io.jpeg_history import BLOCK, LUMA, dct_matrix

GREY, FULL, HALF = "grey", "4:4:4", "4:2:0"
PIECE = BLOCK * BLOCK
CB_SCALE, CR_SCALE = 1.772, 1.402  # B - Y and R - Y in units of Cb and Cr
GREEN_CB, GREEN_CR = 0.34414, 0.71414  # five digits, as libjpeg has them
FIXED = 16  # bits behind the point in libjpeg's colour conversion
# Rows 0 to 3 of libjpeg's inverse DCT of 8 values, by even and odd coefficients, in units of 2^-13; rows 7 to 4 are the
# same with the odd ones negated. Its 13-bit constants, added up as `jidctint.c` does.
EVEN = (
    (8192, 10703, 8192, 4433),
    (8192, 4433, -8192, -10704),
    (8192, -4433, -8192, 10704),
    (8192, -10703, 8192, -4433),
)
ODD = ((11363, 9633, 6437, 2260), (9633, -2259, -11362, -6436), (6437, -11362, 2261, 9633), (2260, -6436, 9633, -11363))

Levels = NDArray[np.float64]  # (rows, columns, k): of the units, in steps of the table


@dataclass(frozen=True)
class JpegFormat:
    """How a JPEG was coded.

    Attributes:
        sampling: ``grey``, ``4:4:4`` or ``4:2:0``.
        quality: Of libjpeg's standard tables, 1 to 100.
    """

    sampling: str
    quality: int

    @property
    def unit(self) -> int:
        """Side of a unit [pixels]."""
        return 2 * BLOCK if self.sampling == HALF else BLOCK

    @property
    def steps(self) -> NDArray[np.float64]:
        """Quantisation steps of the coefficients of a unit, ``(k,)``."""
        luma, chroma = _tables(self.quality)
        if self.sampling == GREY:
            return luma
        return np.concatenate([np.tile(luma, 4 if self.sampling == HALF else 1), chroma, chroma])

    def levels(self, picture: Picture) -> Levels:
        """What the levels of a decoded picture were, before they were rounded.

        Args:
            picture: uint8 ``(h, w, c)`` of whole units.
        """
        first, *chroma = _planes(picture)
        if self.sampling == HALF:
            chroma = [_reduced(plane) for plane in chroma]
        return self._as_units([first, *chroma]) / self.steps

    def decoded(self, levels: Levels) -> Picture:
        """The picture that a decoder gives, uint8 ``(h, w, c)``, from whole levels."""
        first, *chroma = self._as_planes(levels * self.steps)
        if not chroma:
            return first.astype(np.uint8)[:, :, np.newaxis]
        if self.sampling == HALF:
            chroma = [_enlarged(plane) for plane in chroma]
        return _rgb(first, *chroma)

    def _as_units(self, planes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        blocks = [block_dct(plane) for plane in planes]
        if self.sampling == HALF:
            rows, columns = blocks[1].shape[:2]
            four = blocks[0].reshape(rows, 2, columns, 2, PIECE).swapaxes(1, 2)
            blocks[0] = four.reshape(rows, columns, 4 * PIECE)
        return np.concatenate(blocks, axis=2)

    def _as_planes(self, coefficients: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        rows, columns, size = coefficients.shape
        if self.sampling != HALF:
            blocks = np.split(coefficients, size // PIECE, axis=2)
        else:
            four = coefficients[:, :, : 4 * PIECE].reshape(rows, columns, 2, 2, PIECE).swapaxes(1, 2)
            blocks = [four.reshape(2 * rows, 2 * columns, PIECE)]
            blocks += [coefficients[:, :, 4 * PIECE : 5 * PIECE], coefficients[:, :, 5 * PIECE :]]
        return [_inverse_dct(block) for block in blocks]


@lru_cache
def _tables(quality: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tables of luma and chroma, ``(64,)`` each, row by row, as libjpeg writes them."""
    file = io.BytesIO()
    Image.new("RGB", (BLOCK, BLOCK)).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        tables = image.quantization  # type: ignore[attr-defined]
    return np.array(tables[0], np.float64), np.array(tables[1], np.float64)


def luma(picture: Picture) -> NDArray[np.float64]:
    """Y - 128 of a picture ``(h, w, c)``, real, ``(h, w)``."""
    if picture.shape[2] == 1:
        return picture[:, :, 0].astype(np.float64) - 128
    values: NDArray[np.float64] = picture @ np.array(LUMA) - 128
    return values


def _planes(picture: Picture) -> list[NDArray[np.float64]]:
    """Y - 128, Cb - 128 and Cr - 128, real, ``(h, w)`` each; of a grey picture the first alone."""
    first = luma(picture)
    if picture.shape[2] == 1:
        return [first]
    red, blue = picture[:, :, 0] - 128.0, picture[:, :, 2] - 128.0
    return [first, (blue - first) / CB_SCALE, (red - first) / CR_SCALE]


def _rgb(y: NDArray[np.int64], cb: NDArray[np.int64], cr: NDArray[np.int64]) -> Picture:
    """Planes of 0 to 255 as RGB; products are rounded as libjpeg's tables are."""
    cb, cr, half = cb - 128, cr - 128, 1 << (FIXED - 1)
    red = y + ((_fixed(CR_SCALE) * cr + half) >> FIXED)
    green = y + ((-_fixed(GREEN_CB) * cb - _fixed(GREEN_CR) * cr + half) >> FIXED)
    blue = y + ((_fixed(CB_SCALE) * cb + half) >> FIXED)
    picture: Picture = np.clip(np.stack([red, green, blue], axis=2), 0, 255).astype(np.uint8)
    return picture


def _fixed(factor: float) -> int:
    return int(factor * (1 << FIXED) + 0.5)


DCT = dct_matrix()


def block_dct(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of the blocks of a plane, ``(rows, columns, 64)``."""
    rows, columns = (length // BLOCK for length in plane.shape)
    blocks = plane.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2)
    return (DCT @ blocks @ DCT.T).reshape(rows, columns, PIECE)


def _inverse_matrix() -> NDArray[np.int64]:
    """The inverse DCT of libjpeg, of 8 values, times 2^13, ``(8, 8)``."""
    upper = np.zeros((BLOCK // 2, BLOCK), np.int64)
    upper[:, ::2], upper[:, 1::2] = EVEN, ODD
    lower = upper[::-1].copy()
    lower[:, 1::2] *= -1
    return np.concatenate([upper, lower])


INVERSE = _inverse_matrix()


def _inverse_dct(coefficients: NDArray[np.float64]) -> NDArray[np.int64]:
    """The plane 0 to 255 of whole coefficients ``(rows, columns, 64)``: columns first, to two more bits, then rows."""
    rows, columns, _ = coefficients.shape
    blocks = np.rint(coefficients).astype(np.int64).reshape(rows, columns, BLOCK, BLOCK)
    halfway = (INVERSE @ blocks + (1 << 10)) >> 11
    values = (halfway @ INVERSE.T + (1 << 17)) >> 18
    plane: NDArray[np.int64] = np.clip(values.swapaxes(1, 2).reshape(rows * BLOCK, columns * BLOCK) + 128, 0, 255)
    return plane


def _enlarged(plane: NDArray[np.int64]) -> NDArray[np.int64]:
    """Twice as high and wide: 3/4 of the nearer sample and 1/4 of the farther, rounded up and down in turns."""
    tall = np.pad(plane, ((1, 1), (0, 0)), mode="edge")
    rows = np.stack([3 * plane + tall[:-2], 3 * plane + tall[2:]], axis=1).reshape(-1, plane.shape[1])
    wide = np.pad(rows, ((0, 0), (1, 1)), mode="edge")
    pairs = np.stack([3 * rows + wide[:, :-2] + 8, 3 * rows + wide[:, 2:] + 7], axis=2)
    return pairs.reshape(len(rows), -1) >> 4


def _reduced(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """The samples that :func:`_enlarged` made this plane of, but for rounding: means of four, unblurred."""
    rows, columns = (length // 2 for length in plane.shape)
    means = plane.reshape(rows, 2, columns, 2).mean((1, 3))
    samples: NDArray[np.float64] = _unblur(rows) @ means @ _unblur(columns).T
    return samples


@lru_cache
def _unblur(count: int) -> NDArray[np.float64]:
    """Undoes what enlarging and taking means does to ``count`` samples: 1/8, 3/4 and 1/8 of neighbours."""
    blur = 0.75 * np.eye(count)
    places = np.arange(count)
    for step in (-1, 1):
        np.add.at(blur, (places, np.clip(places + step, 0, count - 1)), 0.125)
    return np.linalg.inv(blur).astype(np.float64)
