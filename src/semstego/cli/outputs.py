# SPDX-License-Identifier: Apache-2.0
"""What commands write: files, and - for standard output; names are checked before the long work."""

from collections.abc import Iterable, Mapping
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


def check(wanted: Mapping[str, str], *, force: bool) -> None:
    """Refuse outputs that could not be written, or whose name says something else than their content.

    Args:
        wanted: By path, or - for standard output, the kind of content.
        force: Whether files that exist are replaced.

    Raises:
        OutputError: If one cannot be written, or exists (without ``force``).
        typer.BadParameter: If a name belongs to another kind of content, or standard output is a terminal.
    """
    for path, kind in wanted.items():
        suffix = Path(path).suffix.lower()
        if kind and suffix in _KNOWN - {kind}:
            raise typer.BadParameter(f"{path}: this is to be {_CONTENT[kind]}, so name it {kind}, not {suffix}")
        if path != STANDARD:
            check_output(Path(path), force=force)
        elif kind:
            terminal.check_no_terminal()


def given(wanted: Mapping[str | None, str]) -> dict[str, str]:
    """Those that were asked for."""
    return {path: kind for path, kind in wanted.items() if path is not None}


def check_different(paths: Iterable[str]) -> None:
    """Refuse two outputs in one place.

    Raises:
        typer.BadParameter: If two of the paths are one file, or both standard output.
    """
    places = [path if path == STANDARD else Path(path).resolve() for path in paths]
    if len(set(places)) < len(places):
        raise typer.BadParameter("each output needs a file of its own")


def write(contents: Mapping[str, bytes], *, force: bool) -> None:
    """Write all of them, standard output first, for what was written there cannot be taken back.

    Raises:
        OutputError: If one cannot be written.
    """
    if STANDARD in contents:
        terminal.write_bytes(contents[STANDARD])
    write_all({Path(path): content for path, content in contents.items() if path != STANDARD}, force=force)
