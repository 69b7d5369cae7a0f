# SPDX-License-Identifier: Apache-2.0
"""The folder of the cut-outs: a file of arrays and a sheet for each set, and ``objects.json``, which describes them."""

import contextlib
import csv
import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from semstego.data import objects
from semstego.data.folder import MANIFEST, provenance
from semstego.data.objects_plan import Plan, manifest
from semstego.data.pinned import sum_of
from semstego.errors import DataError, OutputError

DESCRIPTION = "objects.json"
SHEET_COLUMNS = 12
NAME_WIDTH = 120  # of the sheet's column with the classes' names [pixels]

Write = Callable[[str, dict[str, NDArray[Any]], tuple[str, ...]], None]


def check(output: Path, *, force: bool) -> None:
    """Refuse a folder that must not be made, early, before the long work.

    Raises:
        OutputError: If it holds something that is no set of cut-outs, or one without ``force``; or cannot be made.
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
    if not (output / DESCRIPTION).is_file():
        raise OutputError(f"{output} holds something else than cut-outs")
    if not force:
        raise OutputError(f"{output} exists already (--force replaces it)")


@contextlib.contextmanager
def created(output: Path, facts: dict[str, Any], *, force: bool) -> Iterator[Write]:
    """A function that writes a set; the folder gets its name when all went well.

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
            (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
            check(output, force=force)  # somebody may have come first
            if output.exists():
                os.replace(output, Path(temporary, "old"))
            os.replace(folder, output)
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror}") from None


def describe(plan: Plan, backgrounds: Path, stamps: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    """Everything that ``objects.json`` says but the checksums of the sets.

    Raises:
        DataError: If the manifest lacks a column.
    """
    rows = manifest(backgrounds)
    names = [path.relative_to(backgrounds).as_posix() for path in plan.backgrounds]
    try:
        origin = provenance(backgrounds, list(plan.backgrounds))
    except (KeyError, ValueError, csv.Error) as error:
        raise DataError(f"{backgrounds / MANIFEST} cannot be used ({error})") from None
    digest = hashlib.sha256()
    for stamp in plan.stamps:
        digest.update(hashlib.sha256((stamps / stamp.path).read_bytes()).digest())
    return arguments | {
        "classes": plan.classes,
        "versions": {"semstego": version("semstego"), "numpy": np.__version__, "pillow": PIL.__version__},
        "stamps_from": {
            "package": objects.PACKAGE,
            "version": _version(stamps),
            "licence": objects.LICENCE,
            "sha256_of_their_sha256": digest.hexdigest(),
        },
        "stamps_left_out": objects.LEFT_OUT,
        "backgrounds_from": origin,
        "stamps": [
            {"path": stamp.path, "class": plan.classes[stamp.label], "identity": stamp.identity}
            | {"seen": stamp.identity not in plan.unseen}
            for stamp in plan.stamps
        ],
        "backgrounds": [
            {"file": name, "set": of, **{key: rows.get(name, {}).get(key) for key in ("package", "licence")}}
            for name, of in zip(names, plan.background_sets, strict=True)
        ],
    }


def _version(stamps: Path) -> str | None:
    """Of the Debian package, where its change log lies beside the stamps."""
    log = stamps.resolve().parents[1] / "doc" / objects.PACKAGE / "changelog.Debian.gz"
    try:
        with gzip.open(log, "rt", encoding="utf-8") as file:
            return file.readline(200).split("(")[1].split(")")[0]
    except (OSError, EOFError, ValueError, IndexError):
        return None


def _sheet(arrays: dict[str, NDArray[Any]], classes: tuple[str, ...]) -> Image.Image:
    """A row of pictures of each class, the first ones, under its name."""
    side = arrays["pictures"].shape[1]
    step = side + 4
    sheet = Image.new("RGB", (NAME_WIDTH + SHEET_COLUMNS * step, len(classes) * step), "white")
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(classes):
        pen.text((4, row * step + side // 2 - 6), name, fill="black")
        for column, i in enumerate(np.flatnonzero(arrays["labels"] == row)[:SHEET_COLUMNS]):
            sheet.paste(Image.fromarray(arrays["pictures"][i]), (NAME_WIDTH + column * step, row * step))
    return sheet
