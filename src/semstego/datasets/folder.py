# SPDX-License-Identifier: Apache-2.0
"""A folder of photographs, with a manifest of where they come from if there is one."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semstego.codecs.base import Picture
from semstego.errors import DataError, PictureError
from semstego.inputs import naming
from semstego.io.pictures import load_picture, squeezed

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".pgm"}
MANIFEST = "manifest.csv"  # columns file, package, licence


def photographs(folder: Path, names: Path | None = None) -> list[Path]:
    """Picture files below ``folder``, sorted; only those listed in the file ``names``, if given.

    Raises:
        DataError: If the list cannot be read.
        PictureError: If there are none, or a listed one is missing.
    """
    found = {
        str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES
    }
    if names is not None:
        try:
            wanted = names.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"the list {names} cannot be read ({error})") from None
        missing = [name for name in wanted if name not in found]
        if missing:
            raise PictureError(f"{len(missing)} of the listed photographs are not in {folder}, among them {missing[0]}")
        found = {name: found[name] for name in wanted}
    if not found:
        raise PictureError(f"there are no pictures in {folder}")
    return list(found.values())


def in_channels(paths: list[Path], channels: int) -> Iterator[Picture]:
    """Read photographs, and convert them to RGB (``channels`` 3) or grey (1): uint8 ``(h, w, channels)`` each."""
    for path in paths:
        with naming(path), Image.fromarray(np.squeeze(load_picture(path, flatten=True))) as image:
            pixels = np.asarray(image.convert("RGB" if channels == 3 else "L"))
        yield pixels if pixels.ndim == 3 else pixels[:, :, None]


def reduced(picture: Picture, side: int) -> Picture:
    """A picture ``(h, w, c)``, its short side reduced (Lanczos) to so many pixels; as it is if that is no longer."""
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    if scale >= 1:
        return picture
    size = round(width * scale), round(height * scale)
    smaller = np.asarray(Image.fromarray(squeezed(picture)).resize(size, Image.Resampling.LANCZOS))
    return smaller.reshape(*smaller.shape[:2], picture.shape[2])


def central_squares(paths: list[Path], side: int) -> NDArray[np.uint8]:
    """The largest central square of each photograph, reduced (Lanczos) to ``side`` pixels; smaller ones are left out.

    Returns:
        uint8 ``(n, side, side, 3)``.
    """
    squares = []
    for picture in in_channels(paths, 3):
        extent = min(picture.shape[:2])
        if extent >= side:
            top, left = ((length - extent) // 2 for length in picture.shape[:2])
            square = Image.fromarray(picture[top : top + extent, left : left + extent])
            squares.append(np.asarray(square.resize((side, side), Image.Resampling.LANCZOS)))
    return np.array(squares, np.uint8).reshape(-1, side, side, 3)


def provenance(folder: Path, paths: list[Path]) -> dict[str, object]:
    """What a card says of the photographs: how many, a digest of their content, packages and licences."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    result: dict[str, object] = {"photographs": len(paths), "sha256_of_their_sha256": digest.hexdigest()}
    manifest = folder / MANIFEST
    if manifest.is_file():
        used = {str(path.relative_to(folder)) for path in paths}
        with manifest.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["file"] in used]
        counts = Counter((row["package"], row["version"], row["licence"]) for row in rows)
        result["packages"] = [
            {"package": package, "version": version, "licence": licence, "photographs": count}
            for (package, version, licence), count in sorted(counts.items())
        ]
    return result
