# SPDX-License-Identifier: Apache-2.0
"""A picture sheet like the paper's Fig. 4: one row per photograph, covers beside stegos, differences amplified."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CELL = 208  # pixels
GAP = 10
HEAD = 40
FOOT = 22
STRETCHED = 6  # factor on weak features
AMPLIFIED = 20  # factor on differences, so that +-1 can be seen at all
COLUMNS = (
    "cover",
    "features, stretched",
    "stego features",
    f"difference x{AMPLIFIED * 3}",
    "reconstruction",
    "stego reconstruction",
    f"difference x{AMPLIFIED}",
    "revealed from it",
)


@dataclass(frozen=True)
class Row:
    """One photograph: pictures uint8 ``(h, w)`` or ``(h, w, 3)``, symbols uint8 ``(k, h', w')``, and a caption.

    ``revealed`` is the picture that was hidden, as it was read; None in all rows leaves its column out. ``marked`` are
    the cover and both reconstructions as they are shown, such as with boxes, which differences do not see.
    """

    cover: NDArray[np.uint8]
    cover_symbols: NDArray[np.uint8]
    symbols: NDArray[np.uint8]
    cover_picture: NDArray[np.uint8]
    picture: NDArray[np.uint8]
    caption: str
    revealed: NDArray[np.uint8] | None = None
    marked: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]] | None = None


def draw(rows: list[Row], title: str) -> Image.Image:
    """The sheet."""
    columns = COLUMNS if any(row.revealed is not None for row in rows) else COLUMNS[:-1]
    width = len(columns) * (CELL + GAP) + GAP
    sheet = Image.new("RGB", (width, HEAD + FOOT + len(rows) * (CELL + FOOT + GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, 8), title, "black", ImageFont.load_default(17))
    for column, heading in enumerate(columns):
        pen.text((GAP + column * (CELL + GAP), HEAD), heading, "black", ImageFont.load_default(14))
    for index, row in enumerate(rows):
        top = HEAD + FOOT + index * (CELL + FOOT + GAP)
        for column, cell in enumerate(_cells(row)):
            picture = _fitted(cell, difference=COLUMNS[column].startswith("difference"))
            left = GAP + column * (CELL + GAP)
            sheet.paste(picture, (left + (CELL - picture.width) // 2, top + (CELL - picture.height) // 2))
        pen.text((GAP, top + CELL + 2), row.caption, "black", ImageFont.load_default(14))
    return sheet


def _tiled(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Planes ``(k, h', w')`` side by side in a near-square mosaic; missing ones are white."""
    k, height, width = planes.shape
    columns = int(np.ceil(np.sqrt(k)))
    rows = -(-k // columns)
    mosaic: NDArray[np.uint8] = np.full((rows, columns, height, width), 255, np.uint8)
    mosaic.reshape(-1, height, width)[:k] = planes
    return np.block([list(row) for row in mosaic]).astype(np.uint8)


def _features(symbols: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The planes, all but the strongest stretched about mid-grey, where they mostly are, so that they can be seen."""
    planes = _stretched(symbols, 128, STRETCHED)
    planes[0] = symbols[0]
    return _tiled(planes)


def _cells(row: Row) -> list[NDArray[np.uint8]]:
    cover, plain, stego = row.marked or (row.cover, row.cover_picture, row.picture)
    return [
        cover,
        _features(row.cover_symbols),
        _features(row.symbols),
        _tiled(_stretched(row.symbols, row.cover_symbols, 3 * AMPLIFIED)),
        plain,
        stego,
        _stretched(row.picture, row.cover_picture, AMPLIFIED),
        *([] if row.revealed is None else [row.revealed]),
    ]


def _stretched(a: NDArray[np.uint8], origin: NDArray[np.uint8] | int, factor: int) -> NDArray[np.uint8]:
    """``a - origin`` times ``factor``, around mid-grey."""
    result: NDArray[np.uint8] = np.clip(128 + factor * (a.astype(np.int64) - origin), 0, 255).astype(np.uint8)
    return result


def _fitted(cell: NDArray[np.uint8], *, difference: bool) -> Image.Image:
    """At most ``CELL`` pixels; differences are thinned out, since averages of +1 and -1 would show nothing."""
    image = Image.fromarray(cell).convert("RGB")
    scale = CELL / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.NEAREST if difference else Image.Resampling.BOX)
