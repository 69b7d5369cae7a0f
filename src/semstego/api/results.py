# SPDX-License-Identifier: Apache-2.0
"""What hiding and revealing give."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semstego.api.report import Report
from semstego.codecs.base import SymbolMap
from semstego.io.files import make_folder, write_all


@dataclass(frozen=True, repr=False)
class Hidden:
    """What :func:`semstego.hide` gives.

    Attributes:
        stream: Content of the `.sem` file.
        symbols: Stego symbols, uint8 ``(c, h', w')``.
        cover_symbols: What ``send`` gives of the cover: symbols without the message; of a codec that rounds at random,
            a fresh draw.
        undithered_symbols: Symbols without message and without dither; of a codec that rounds plainly, the same.
        picture: What the receiver reconstructs, uint8 ``(h, w, 3)``, or ``(h, w)`` if grey.
        cover_picture: The same of ``cover_symbols``.
        undithered_picture: The same of ``undithered_symbols``.
        png: ``picture`` as the PNG file that stage II was checked on.
        report: What it cost.
    """

    stream: bytes
    symbols: SymbolMap
    cover_symbols: SymbolMap
    undithered_symbols: SymbolMap
    picture: NDArray[np.uint8]
    cover_picture: NDArray[np.uint8]
    undithered_picture: NDArray[np.uint8]
    png: bytes
    report: Report

    def __repr__(self) -> str:
        """Sizes instead of contents."""
        height, width = self.picture.shape[:2]
        return (
            f"<Hidden: {self.report.message_bytes:,} bytes by {self.report.scheme} in {self.report.codec}, "
            f"{width}x{height} pixels, a stream of {len(self.stream):,} bytes>"
        )

    def save(self, folder: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write ``stego.sem``, ``stego.png`` and ``report.json`` into a folder, which is made if need be.

        Args:
            folder: Where to write.
            force: Replace files that are there.

        Raises:
            OutputError: If one is there (without ``force``), or cannot be written; then none is.
        """
        place = Path(folder)
        make_folder(place)
        report = json.dumps(self.report.to_dict(), indent=1) + "\n"
        files = {"stego.sem": self.stream, "stego.png": self.png, "report.json": report.encode()}
        write_all({place / name: content for name, content in files.items()}, force=force)


@dataclass(frozen=True)
class Revealed:
    """What :func:`semstego.reveal` gives.

    Attributes:
        message: The bytes that were hidden.
        name: The file name that travelled with them, if the sender gave one; its last component, chosen by the sender.
        stage: ``"features"`` (I) or ``"picture"`` (II).
        codec: Name of the codec that read it; of a picture, models with the same networks read each other's messages.
            None where the picture itself was read (``robust``).
        scheme: Name of the scheme that read it; ``syndrome`` reads what ``hill``, ``suniward`` and ``side-informed``
            have hidden, too.
        seconds: Time taken.
    """

    message: bytes
    name: str | None
    stage: str
    codec: str | None
    scheme: str
    seconds: float
