# SPDX-License-Identifier: Apache-2.0
"""Arrays from outside: pictures, boxes and numbers are what they should be, or one sentence says what they are not."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semstego.errors import ArgumentError

LARGEST = 1e9
"""What no coordinate of a box exceeds [pixels]; areas of such boxes are still exact to many digits."""


def checked_boxes(boxes: ArrayLike, what: str) -> NDArray[np.float64]:
    """Boxes as float64 ``(n, 4)``; an empty list is none.

    Args:
        boxes: Left, top, right, bottom [pixels], ``(n, 4)``.
        what: Whose they are, for the error.

    Raises:
        ArgumentError: If they have another shape, are no finite numbers, or a side lies beyond its opposite.
    """
    found = checked_numbers(boxes, what)
    if found.shape == (0,):
        found = found.reshape(0, 4)
    if found.ndim != 2 or found.shape[1] != 4:
        raise ArgumentError(f"{what} must have the shape (n, 4), not {found.shape}")
    if (np.abs(found) > LARGEST).any():
        raise ArgumentError(f"{what} must lie within {LARGEST:g} pixels")
    if (found[:, :2] > found[:, 2:]).any():
        raise ArgumentError(f"{what} must have left <= right and top <= bottom")
    return found


def checked_numbers(numbers: ArrayLike, what: str) -> NDArray[np.float64]:
    """Finite real numbers as float64, whatever their shape.

    Raises:
        ArgumentError: If they are something else.
    """
    kind = np.dtype(object)
    try:
        found = np.asarray(numbers)
        kind = found.dtype
    except (TypeError, ValueError, RuntimeError):  # ragged lists; tensors that carry gradients
        pass
    if kind.kind not in "iuf" or not np.isfinite(found).all():
        raise ArgumentError(f"{what} must be finite numbers in an array")
    return found.astype(np.float64)


def checked_classes(classes: ArrayLike, count: int, most: int, what: str) -> NDArray[np.int64]:
    """Numbers of classes, int64 ``(count,)``.

    Args:
        classes: One for each box.
        count: Number of boxes.
        most: Number of classes that there are.
        what: Whose they are, for the error.

    Raises:
        ArgumentError: If their count is another, or one is no whole number from 0 up to ``most - 1``.
    """
    found = checked_numbers(classes, what)
    if found.shape != (count,):
        raise ArgumentError(f"{what} must have the shape ({count},), one for each box, not {found.shape}")
    if ((found < 0) | (found >= most) | (found != np.floor(found))).any():
        raise ArgumentError(f"{what} must be whole numbers from 0 to {most - 1}")
    return found.astype(np.int64)


def checked_picture(picture: Any, what: str) -> NDArray[np.uint8]:
    """A picture, uint8 ``(h, w, c)`` with c = 1 or 3.

    Raises:
        ArgumentError: If it is none, or has no pixels.
    """
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8:
        raise ArgumentError(f"{what} must be an array of uint8")
    if picture.ndim != 3 or picture.shape[2] not in (1, 3) or not picture.size:
        raise ArgumentError(f"{what} must have the shape (h, w, 1) or (h, w, 3), not {picture.shape}")
    return picture
