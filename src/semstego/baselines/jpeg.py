# SPDX-License-Identifier: Apache-2.0
"""JPEG files as these methods see them: quantised luminance coefficients, and the blocks of decoded pixels.

Coefficients are arrays ``(rows, columns, 8, 8)``: a block's place, then the vertical and the horizontal frequency.
Only whole blocks of 8x8 pixels count; those that the picture's right and lower borders cut stay as they are.
"""

import io
import tempfile
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from semstego.codecs.base import MAX_PIXELS, Picture
from semstego.errors import PictureError, SemstegoError

BLOCK: Final = 8
MOST_COEFFICIENT: Final = 1023
"""The largest quantised coefficient that baseline JPEG holds, and its negative the least."""

LUMINANCE: Final = np.array([0.299, 0.587, 0.114])
"""JFIF's weights of red, green and blue."""

_FREQUENCY = np.arange(BLOCK)
BASIS: Final = np.sqrt(np.where(_FREQUENCY, 2, 1) / BLOCK)[:, None] * np.cos(
    np.pi * _FREQUENCY[:, None] * (2 * _FREQUENCY + 1) / (2 * BLOCK)
)
"""The orthonormal DCT-II, float64 (8 frequencies, 8 pixels)."""

Blocks = NDArray[np.float64]  # (rows, columns, 8, 8)


@dataclass(frozen=True, eq=False)
class Jpeg:
    """A JPEG file, grey or colour, of which the luminance counts."""

    content: bytes

    @cached_property
    def quantised(self) -> NDArray[np.int16]:
        """Its quantised luminance coefficients, whole blocks only, read-only.

        Raises:
            PictureError: If it is no JPEG file that can be read, or too small for one block.
        """
        height, width = self.pixels.shape[:2]
        if min(height, width) < BLOCK:
            raise PictureError(f"{width}x{height} pixels hold no block of {BLOCK}x{BLOCK}")
        found: NDArray[np.int16] = self._opened.Y[: height // BLOCK, : width // BLOCK]
        found.flags.writeable = False
        return found

    @property
    def table(self) -> NDArray[np.float64]:
        """The luminance's quantisation steps, (8, 8)."""
        steps: NDArray[np.float64] = self._opened.qt[self._opened.quant_tbl_no[0]].astype(np.float64)
        return steps

    @cached_property
    def pixels(self) -> Picture:
        """What everybody sees, uint8 (h, w, 1 or 3).

        Raises:
            PictureError: If it is no JPEG file, grey or of luminance and chrominances, or one of too many pixels.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is another
                with Image.open(io.BytesIO(self.content), formats=["JPEG"]) as image:
                    _check_header(image)
                    read = np.asarray(image)
        except Image.DecompressionBombError:
            raise PictureError(f"a cover has at most {MAX_PIXELS // 1_000_000} megapixels") from None
        except UnidentifiedImageError:
            raise PictureError("no JPEG file that can be read") from None
        except (OSError, SyntaxError) as error:
            raise PictureError(f"no JPEG file that can be read: {error}") from None
        return read.reshape(*read.shape[:2], -1)

    @property
    def nonzero_ac(self) -> int:
        """How many luminance coefficients are neither 0 nor the mean of a block; payloads are in bits per such one."""
        return int(np.count_nonzero(self.quantised) - np.count_nonzero(self.quantised[:, :, 0, 0]))

    def with_quantised(self, quantised: NDArray[np.int16]) -> "Jpeg":
        """The same file with other luminance coefficients, of the shape of ``quantised``."""
        rows, columns = quantised.shape[:2]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "stego.jpg"
            kept = self._opened.Y
            self._opened.Y = kept.copy()
            self._opened.Y[:rows, :columns] = quantised
            try:
                self._opened.write_dct(str(path))
            finally:
                self._opened.Y = kept
            return Jpeg(path.read_bytes())

    @cached_property
    def _opened(self) -> Any:
        """As jpeglib reads it, which reads from paths alone."""
        try:
            import jpeglib
        except ImportError:
            raise SemstegoError("JPEG coefficients need jpeglib: pip install 'semstego[baselines]'") from None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cover.jpg"
            path.write_bytes(self.content)
            try:
                opened = jpeglib.read_dct(str(path))
                opened.load()
            except OSError as error:
                raise PictureError(f"no JPEG file whose coefficients can be read: {error}") from None
        if not all(table.all() for table in opened.qt):
            raise PictureError("a JPEG file with quantisation steps of 0")
        return opened


def _check_header(image: Any) -> None:
    """Refuse, before anything is decoded, what has no luminance, or too many pixels."""
    is_rgb = image.info.get("adobe_transform") == 0 or [part[0] for part in image.layer] == [*b"RGB"]
    if image.mode not in ("L", "RGB") or is_rgb:
        raise PictureError("a cover is a grey JPEG file, or one of luminance and chrominances, not CMYK or RGB")
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(f"a cover has at most {MAX_PIXELS // 1_000_000} megapixels")


def luminance_blocks(picture: Picture) -> NDArray[np.float64]:
    """Luminance of the whole blocks of a picture, less 128, (rows, columns, 8, 8) pixels [grey levels]."""
    height, width, channels = picture.shape
    rows, columns = height // BLOCK, width // BLOCK
    whole = picture[: rows * BLOCK, : columns * BLOCK].astype(np.float64)
    plane = whole[:, :, 0] if channels == 1 else whole @ LUMINANCE
    return plane.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2) - 128


def transform(blocks: NDArray[np.float64]) -> Blocks:
    """Orthonormal DCT of blocks of pixels."""
    coefficients: Blocks = np.matmul(np.matmul(BASIS, blocks), BASIS.T)
    return coefficients


def inverse(coefficients: Blocks) -> NDArray[np.float64]:
    """Blocks of pixels of their coefficients."""
    blocks: NDArray[np.float64] = np.matmul(np.matmul(BASIS.T, coefficients), BASIS)
    return blocks


def spectrum(picture: Picture) -> Blocks:
    """Coefficients of a picture's luminance, not quantised: what a receiver computes of any pixels.

    Raises:
        PictureError: If it is too small for one block.
    """
    if min(picture.shape[:2]) < BLOCK:
        raise PictureError(f"{picture.shape[1]}x{picture.shape[0]} pixels hold no block of {BLOCK}x{BLOCK}")
    return transform(luminance_blocks(picture))


def annex_k(quality: int) -> NDArray[np.float64]:
    """Luminance steps of JPEG's Annex K at a quality of 1 to 100 as libjpeg scales them, (8, 8)."""
    buffer = io.BytesIO()
    Image.new("L", (BLOCK, BLOCK)).save(buffer, "JPEG", quality=quality)
    return Jpeg(buffer.getvalue()).table
