# SPDX-License-Identifier: Apache-2.0
"""What commands read: passphrases, and covers, messages and streams from files or standard input."""

import codecs
import os
import sys
from pathlib import Path

import typer

from semstego.errors import SemstegoError
from semstego.inputs import read_once
from semstego.io.pictures import MAX_FILE_BYTES
from semstego.message.frame import MAX_BODY_BYTES

ENVIRONMENT = "SEMSTEGO_PASSPHRASE"
LONGEST_PASSPHRASE_FILE = 1 << 16  # bytes


def passphrase(file: Path | None, *, confirm: bool, stdin_used: bool) -> str | bytes:
    """From the file's first line, else the environment, else a prompt on the terminal."""
    if file is not None:
        words = _first_line(read_once(file, LONGEST_PASSPHRASE_FILE))
    elif ENVIRONMENT in os.environ:
        words = _decoded(os.fsencode(os.environ[ENVIRONMENT]).rstrip(b"\r\n"))
    elif stdin_used or sys.stdin is None or not sys.stdin.isatty():
        raise typer.BadParameter(f"no terminal to ask for a passphrase: use --passphrase-file or {ENVIRONMENT}")
    else:
        typed: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
        words = _decoded(typed.encode(errors="surrogateescape"))
    if not words:
        raise SemstegoError("the passphrase is empty")
    return words


def _first_line(content: bytes) -> str | bytes:
    """Of a file that some editor wrote: with a byte order mark or without, ended in any way."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", errors="replace").encode()
    lines = content.removeprefix(codecs.BOM_UTF8).replace(b"\r", b"\n").split(b"\n")
    return _decoded(lines[0])


def _decoded(words: bytes) -> str | bytes:
    """Text, or the bytes themselves where they are no UTF-8."""
    try:
        return words.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        return words


def read_source(path: str) -> bytes | Path:
    """A picture or stream: the path, or what standard input holds."""
    return _stdin(MAX_FILE_BYTES) if path == "-" else Path(path)


def read_message(path: str) -> bytes | Path:
    """The message's file, or what standard input holds."""
    return _stdin(MAX_BODY_BYTES) if path == "-" else Path(path)


def _stdin(limit: int) -> bytes:
    if sys.stdin is None:
        raise SemstegoError("standard input is closed")
    try:
        data = sys.stdin.buffer.read(limit + 1)
    except OSError as error:
        raise SemstegoError(f"standard input: {error.strerror}") from None
    if len(data) > limit:
        raise SemstegoError(f"standard input holds more than {limit >> 20} MiB")
    return data
