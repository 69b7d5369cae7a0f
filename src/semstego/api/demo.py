# SPDX-License-Identifier: Apache-2.0
"""``semstego demo``: a real file in real photographs, revealed at both stages, with figures beside the paper's."""

import io
import json
import sys
import time
import warnings
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

import semstego
from semstego.api.cover_checks import CoverWarning
from semstego.api.results import Hidden
from semstego.codecs.base import Picture
from semstego.errors import EmbeddingError, OutputError
from semstego.io.files import make_folder, write_all
from semstego.io.pictures import load_picture, squeezed
from semstego.message.cipher import Key
from semstego.message.frame import OVERHEAD_BYTES
from semstego.plots.sheet import Row, draw

PASSPHRASE = "the demo's passphrase is no secret"
BPP = 0.5
SHEET = "sheet.png"
# Table II of the paper at 0.5 bpp (CIFAR-10 enlarged to 64 x 64): another data set, so a signpost, not a race.
PAPER = ("paper", "0.50", "98.99/98.32", "51.67", "43.86", "37.81", "", "")


def run(out: Path) -> None:
    """Hide, reveal twice, print a table, write streams, pictures and the sheet into ``out``."""
    console = Console()
    folder = resources.files("semstego") / "datasets" / "photographs"
    credits = json.loads((folder / "credits.json").read_text())
    key = semstego.derive_key(PASSPHRASE)
    _prepare(out)
    table = _table()
    covers = {entry["file"]: load_picture((folder / entry["file"]).read_bytes()) for entry in credits}
    other = covers[credits[-1]["file"]]  # each photograph hides the one before it
    rows: list[Row] = []
    files: dict[Path, bytes] = {}
    for entry in track(credits, "hiding and revealing", console=console, transient=True):
        name = Path(entry["file"]).stem
        cover = covers[entry["file"]]
        message = _as_small_file(other, int(BPP * cover.shape[0] * cover.shape[1]) // 8 - OVERHEAD_BYTES)
        hidden, seconds = _hide_and_reveal(cover, message, key)
        files |= {
            out / f"{name}.sem": hidden.stream,
            out / f"{name}.png": hidden.png,
            out / f"{name}-holds.jpg": message,
        }
        table.add_row(*_figures(name, hidden, seconds))
        caption = (
            f"{name} holds a JPEG of {len(message):,} bytes. {entry['title']}, {entry['author']}, {entry['licence']}"
        )
        rows.append(_row(squeezed(cover), hidden, message, caption))
        other = cover
    sheet = io.BytesIO()
    draw(
        rows, f"semstego {semstego.__version__}: files of up to {BPP} bit per pixel in the features of real photographs"
    ).save(sheet, "PNG")
    files[out / SHEET] = sheet.getvalue()
    write_all(files, force=True)
    table.add_row(*PAPER)
    console.print(table)
    console.print(
        f"Both stages gave back every file bit for bit. Look at {out / 'sheet.png'}; try yourself:", markup=False
    )
    console.print(
        f'  SEMSTEGO_PASSPHRASE="{PASSPHRASE}" {sys.argv[0]} reveal {out / "coffee.png"} -o revealed.jpg',
        soft_wrap=True,
        markup=False,
    )


def _prepare(out: Path) -> None:
    """Make the folder; one with other things in it than an earlier demo is left alone."""
    make_folder(out)
    try:
        if any(out.iterdir()) and not (out / SHEET).exists():
            raise OutputError(f"{out} holds other files: name an empty folder")
    except OSError as error:
        raise OutputError(f"{out}: {error.strerror}") from None


def _hide_and_reveal(cover: Picture, message: bytes, key: Key) -> tuple[Hidden, float]:
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CoverWarning)
        hidden = semstego.hide(cover, message, key=key)
    for source in (hidden.stream, Image.open(io.BytesIO(hidden.png))):
        if semstego.reveal(source, key=key).message != message:
            raise EmbeddingError("a reading differs from the file")
    return hidden, time.perf_counter() - start


def _table() -> Table:
    table = Table(
        box=box.SIMPLE,
        title="A file hidden in each bundled photograph",
        caption="PSNR in dB. The paper: Table II, on CIFAR-10 enlarged to 64 x 64",
    )
    for heading in ("cover", "bpp", "bits I/II %", "PSNR1", "PSNR2", "PSNR SC", "stream bpp", "seconds"):
        table.add_column(heading, justify="left" if heading == "cover" else "right")
    return table


def _figures(name: str, hidden: Hidden, seconds: float) -> list[str]:
    report = hidden.report
    decibels = [f"{value:.2f}" for value in (report.psnr1_db, report.psnr2_db, report.psnr_sc_db) if value is not None]
    return [name, f"{report.bpp:.2f}", "100/100", *decibels, f"{report.stream_bpp:.2f}", f"{seconds:.1f}"]


def _row(cover: NDArray[np.uint8], hidden: Hidden, message: bytes, caption: str) -> Row:
    with Image.open(io.BytesIO(message)) as revealed:
        return Row(
            cover,
            hidden.cover_symbols,
            hidden.symbols,
            hidden.cover_picture,
            hidden.picture,
            caption,
            np.asarray(revealed),
        )


def _as_small_file(cover: Picture, limit: int) -> bytes:
    """The photograph as a JPEG of at most ``limit`` bytes: a real file to hide."""
    image = Image.fromarray(squeezed(cover))
    for side in range(max(image.size), 16, -16):
        small, buffer = image.copy(), io.BytesIO()
        small.thumbnail((side, side))
        small.save(buffer, "JPEG", quality=75)
        if buffer.tell() <= limit:
            return buffer.getvalue()
    raise ValueError(f"no JPEG of this photograph fits {limit} bytes")
