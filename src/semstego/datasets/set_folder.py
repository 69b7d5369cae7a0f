# SPDX-License-Identifier: Apache-2.0
"""A folder of built sets: for each a file of arrays and a sheet of sample pictures; and a JSON about them all."""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from semstego.datasets.download.pinned import sum_of
from semstego.errors import OutputError

SHEET_COLUMNS = 12
NAME_WIDTH = 120  # of the sheet's column with the classes' names [pixels]

Write = Callable[[str, dict[str, NDArray[Any]], tuple[str, ...]], None]


def check(output: Path, description: str, *, force: bool) -> None:
    """Refuse a folder that must not be written, before the pictures are made.

    Args:
        output: The folder.
        description: Name of the JSON by which a folder of such sets is known.
        force: Such a folder may be replaced.

    Raises:
        OutputError: If it holds something else, or such sets without ``force``; or cannot be made.
    """
    try:
        if not output.parent.is_dir():
            raise OutputError(f"there is no folder {output.parent}")
        if output.is_symlink() or (output.exists() and not output.is_dir()):
            raise OutputError(f"{output} is no folder")
        if not output.exists() or not any(output.iterdir()):
            return
    except OSError as error:
        raise OutputError(f"{output} cannot be looked into: {error.strerror}") from None
    if not (output / description).is_file():
        raise OutputError(f"{output} holds something else, and no {description}")
    if not force:
        raise OutputError(f"{output} exists already (--force replaces it)")


@contextlib.contextmanager
def created(output: Path, description: str, facts: dict[str, Any], *, force: bool) -> Iterator[Write]:
    """Give a function that writes a set; the folder appears under its name only after all sets were written.

    Raises:
        OutputError: If it cannot be written.
    """
    sums: dict[str, str] = {}
    try:
        with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as temporary:
            folder = Path(temporary, "new")
            folder.mkdir()

            def write(name: str, arrays: dict[str, NDArray[Any]], classes: tuple[str, ...]) -> None:
                np.savez(folder / f"{name}.npz", **arrays)  # type: ignore[arg-type]  # its stubs see allow_pickle
                sums[f"{name}.npz"] = sum_of(folder / f"{name}.npz")
                _sheet(arrays, classes).save(folder / f"{name}.preview.png")

            yield write
            text = json.dumps(facts | {"sha256": sums}, indent=1, ensure_ascii=False)
            (folder / description).write_text(text + "\n", encoding="utf-8")
            check(output, description, force=force)  # another process may have made it meanwhile
            if output.exists():
                os.replace(output, Path(temporary, "old"))
            os.replace(folder, output)
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror}") from None


def _sheet(arrays: dict[str, NDArray[Any]], classes: tuple[str, ...]) -> Image.Image:
    """A row of pictures of each class, the first ones, under its name."""
    count, side = arrays["pictures"].shape[:2]
    labels = arrays.get("labels", np.zeros(count))  # without labels all are of one class
    step = side + 4
    sheet = Image.new("RGB", (NAME_WIDTH + SHEET_COLUMNS * step, len(classes) * step), "white")
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(classes):
        pen.text((4, row * step + side // 2 - 6), name, fill="black")
        for column, i in enumerate(np.flatnonzero(labels == row)[:SHEET_COLUMNS]):
            sheet.paste(Image.fromarray(arrays["pictures"][i]), (NAME_WIDTH + column * step, row * step))
    return sheet
