# SPDX-License-Identifier: Apache-2.0
"""What the task says of pictures on their way: labels or boxes, and confidences, on cover and both reconstructions."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from semstego.channel.pictures import png_bytes
from semstego.datasets.labelled import LabelledPictures
from semstego.evaluation.task_gap import Transmitted
from semstego.tasks.base import Task

ROWS = 8
CELL = 192  # pixels
FOOT = 22
HEAD = 26
RIGHT, WRONG = "#107020", "#b01010"


def draw(task: Task, data: LabelledPictures, transmitted: Transmitted) -> bytes:
    """A PNG: one row per picture, the first ``ROWS``; wrong answers in red."""
    forms = {"cover": data.pictures, "reconstruction": transmitted.covers}
    if transmitted.stegos is not None:
        forms["stego reconstruction"] = transmitted.stegos
    count = min(ROWS, len(data))
    sheet = Image.new("RGB", (len(forms) * (CELL + 8) + 8, HEAD + count * (CELL + FOOT)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, (name, pictures) in enumerate(forms.items()):
        left = 8 + column * (CELL + 8)
        pen.text((left, 6), name, "black", font)
        answers, right = task.answers(pictures[:count]), task.answered(pictures[:count], data.labels[:count]).right
        for row, picture in enumerate(task.marked(pictures[:count])):
            top = HEAD + row * (CELL + FOOT)
            colour = np.broadcast_to(picture, (*picture.shape[:2], 3)).astype(np.uint8)
            sheet.paste(Image.fromarray(colour).resize((CELL, CELL), Image.Resampling.NEAREST), (left, top))
            pen.text((left, top + CELL + 2), _cut(answers[row], font), RIGHT if right[row] else WRONG, font)
    return png_bytes(np.asarray(sheet))


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """As much of the text as a cell is wide."""
    while font.getlength(text) > CELL:
        text = text[:-2] + "…"
    return text
