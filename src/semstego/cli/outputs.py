# SPDX-License-Identifier: Apache-2.0
"""What commands write: files, and - for standard output; names are checked before the long work."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from semstego.cli import terminal
from semstego.cli.options import STANDARD
from semstego.io.files import check_output, write_all

STREAM, PNG, SVG, JSON, WEIGHTS, ANYTHING = ".sem", ".png", ".svg", ".json", ".safetensors", ""
"""Kinds of content, each by the suffix that goes with it."""

_CONTENT = {
    STREAM: "a stream", PNG: "a PNG picture", SVG: "an SVG drawing", JSON: "JSON", WEIGHTS: "weights",
}  # fmt: skip
_PICTURES = ".jpg .jpeg .jpe .jfif .webp .tif .tiff .bmp .gif .ppm .pgm .pbm .pnm .jp2 .j2k .avif .heic .ico .tga .pdf"
_KNOWN = {*_CONTENT, *_PICTURES.split()}


def check(wanted: Sequence[tuple[str | None, str]], *, force: bool) -> None:
    """Refuse outputs that cannot be written, that share a place, or whose name says something else than their content.

    Args:
        wanted: Paths, or - for standard output, each with its kind of content; None for one that is not asked for.
        force: Whether files that exist are replaced.

    Raises:
        OutputError: If one cannot be written, or exists (without ``force``).
        typer.BadParameter: If two are one place, a name belongs to another kind of content, or standard output is a
            terminal.
    """
    given = [(path, kind) for path, kind in wanted if path is not None]
    places = [path if path == STANDARD else Path(path).resolve() for path, _ in given]
    if len(set(places)) < len(places):
        raise typer.BadParameter("each output needs a file of its own")
    for path, kind in given:
        suffix = Path(path).suffix.lower()
        if kind and suffix in _KNOWN - {kind}:
            raise typer.BadParameter(f"{path}: this is to be {_CONTENT[kind]}, so name it {kind}, not {suffix}")
        if path != STANDARD:
            check_output(Path(path), force=force)
        elif kind:
            terminal.check_no_terminal()


def write(contents: Mapping[str, bytes], *, force: bool) -> None:
    """Write all of them, standard output first, for what was written there cannot be taken back.

    Raises:
        OutputError: If one cannot be written.
    """
    if STANDARD in contents:
        terminal.write_bytes(contents[STANDARD])
    write_all({Path(path): content for path, content in contents.items() if path != STANDARD}, force=force)
