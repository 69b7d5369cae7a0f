# SPDX-License-Identifier: Apache-2.0
"""Boxes drawn on pictures, for people to look at."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from semstego.tasks.detection.suppression import Detections

COLOURS = ("#e6194b", "#3cb44b", "#ffe119", "#4363d8", "#f58231", "#f032e6", "#46f0f0", "#bcf60c", "#fabebe", "#008080")
"""Of the classes, in turn; no two neighbours look alike."""


def with_boxes(
    picture: NDArray[np.uint8], found: Detections, classes: Sequence[str], least: float
) -> NDArray[np.uint8]:
    """A picture with the boxes of what was found, each with class and score.

    Args:
        picture: uint8 ``(h, w, c)``.
        found: In it.
        classes: Names of the classes.
        least: Scores below this are not drawn.

    Returns:
        uint8 ``(h, w, 3)``.
    """
    image = Image.fromarray(np.ascontiguousarray(np.broadcast_to(picture, (*picture.shape[:2], 3))))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(max(10, picture.shape[0] // 18))
    for box, score, label in zip(found.boxes, found.scores, found.classes, strict=True):
        if score >= least:
            colour = COLOURS[label % len(COLOURS)]
            left, top, right, bottom = np.clip(box, 0, np.tile(picture.shape[1::-1], 2) - 1).tolist()
            pen.rectangle((left, top, right, bottom), outline=colour, width=max(1, picture.shape[0] // 128))
            words = f"{classes[label]} {score:.0%}"
            place = (left + 2, max(0.0, top - pen.textbbox((0, 0), words, font)[3] - 2))
            pen.rectangle(pen.textbbox(place, words, font), fill=colour)
            pen.text(place, words, "black", font)
    return np.asarray(image)
