# SPDX-License-Identifier: Apache-2.0
"""Pictures of any shape to a square and back: scaled to fit, the rest of the square grey.

    ┌────────────┐ grey 114
    │▒▒▒▒▒▒▒▒▒▒▒▒│           The longer side of the picture is that of the square; the shorter one is rounded to whole
    │  picture   │           pixels, and grey is as wide on both sides, or by one pixel narrower above or on the left.
    │▒▒▒▒▒▒▒▒▒▒▒▒│
    └────────────┘

What lies in the grey is constant, so nothing can be hidden there unseen: security is judged on crops without it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from semstego.datasets.box_checks import checked_boxes, checked_picture
from semstego.errors import ArgumentError
from semstego.io.pictures import as_image, of_image

GREY: Final = 114
LARGEST_SIDE: Final = 8192
"""Of a square [pixels]."""


@dataclass(frozen=True)
class Letterbox:
    """Where a picture lies in its square.

    Attributes:
        height: Of the picture [pixels].
        width: Of the picture [pixels].
        side: Of the square [pixels].
    """

    height: int
    width: int
    side: int

    def __post_init__(self) -> None:
        """Raise ArgumentError for sizes that cannot be."""
        if self.height < 1 or self.width < 1:
            raise ArgumentError(f"a picture of {self.width}x{self.height} pixels has none")
        if not 1 <= self.side <= LARGEST_SIDE:
            raise ArgumentError(f"the side of a square is 1 to {LARGEST_SIDE} pixels, not {self.side}")

    @property
    def scaled(self) -> tuple[int, int]:
        """Height and width of the picture in the square [pixels]."""
        longer = max(self.height, self.width)
        return max(1, round(self.height * self.side / longer)), max(1, round(self.width * self.side / longer))

    @property
    def place(self) -> tuple[int, int]:
        """Row and column of the picture's top left pixel in the square."""
        height, width = self.scaled
        return (self.side - height) // 2, (self.side - width) // 2

    def picture(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The square uint8 ``(side, side, c)`` of a picture ``(height, width, c)``; bilinear.

        Raises:
            ArgumentError: If the picture is none, or of another size.
        """
        self._check_size(picture, self.height, self.width)
        (height, width), (top, left) = self.scaled, self.place
        square = np.full((self.side, self.side, picture.shape[2]), GREY, np.uint8)
        square[top : top + height, left : left + width] = _resized(picture, height, width)
        return square

    def picture_back(self, square: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture uint8 ``(height, width, c)`` of a square ``(side, side, c)``; bilinear.

        Raises:
            ArgumentError: If the square is none, or of another size.
        """
        self._check_size(square, self.side, self.side)
        (height, width), (top, left) = self.scaled, self.place
        return _resized(square[top : top + height, left : left + width], self.height, self.width)

    def boxes(self, boxes: ArrayLike) -> NDArray[np.float64]:
        """Boxes ``(n, 4)`` in the square [pixels] of those in the picture.

        Raises:
            ArgumentError: If they are no boxes.
        """
        return checked_boxes(boxes, "boxes") * self._factors + self._shifts

    def boxes_back(self, boxes: ArrayLike) -> NDArray[np.float64]:
        """Boxes ``(n, 4)`` in the picture [pixels] of those in the square; they may reach beyond it.

        Raises:
            ArgumentError: If they are no boxes.
        """
        return (checked_boxes(boxes, "boxes") - self._shifts) / self._factors

    @property
    def _factors(self) -> NDArray[np.float64]:
        """Pixels of the square for one of the picture, for each number of a box, rounding of the size included."""
        height, width = self.scaled
        return np.tile([width / self.width, height / self.height], 2)

    @property
    def _shifts(self) -> NDArray[np.float64]:
        return np.tile(np.array(self.place[::-1], np.float64), 2)

    def _check_size(self, picture: NDArray[np.uint8], height: int, width: int) -> None:
        if checked_picture(picture, "the picture").shape[:2] != (height, width):
            raise ArgumentError(f"the picture must have {height} rows and {width} columns, not {picture.shape[:2]}")


def _resized(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    if picture.shape[:2] == (height, width):
        return picture
    return of_image(as_image(picture).resize((width, height), Image.Resampling.BILINEAR))
