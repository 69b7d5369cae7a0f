# SPDX-License-Identifier: Apache-2.0
"""What the commands share: passphrases, standard streams, progress, and printing."""

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from semstego.errors import ArgumentError, SemstegoError
from semstego.io.pictures import MAX_FILE_BYTES
from semstego.message.frame import MAX_BODY_BYTES

if TYPE_CHECKING:
    from semstego.schemes.base import Scheme

Part = TypeVar("Part")
ENVIRONMENT = "SEMSTEGO_PASSPHRASE"


def passphrase(file: Path | None, *, confirm: bool, stdin_used: bool) -> str:
    """From the file's first line, else the environment, else a prompt on the terminal."""
    if file is not None:
        try:
            with file.open(encoding="utf-8") as lines:
                words = lines.readline(1 << 16).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SemstegoError(f"{file}: the passphrase cannot be read ({error})") from None
    elif ENVIRONMENT in os.environ:
        words = os.environ[ENVIRONMENT]
    elif stdin_used or not sys.stdin.isatty():
        raise typer.BadParameter(f"no terminal to ask for a passphrase: use --passphrase-file or {ENVIRONMENT}")
    else:
        words = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
    if not words:
        raise SemstegoError("the passphrase is empty")
    return words


def scheme(name: str, p_e: float | None = None) -> "Scheme":
    """The scheme of this name; wrong words are wrong usage, whatever else would be asked for."""
    from semstego.api.hide_reveal import scheme_of
    from semstego.schemes import base

    chosen = named(base.SCHEMES.get, name, "--scheme")
    return named(lambda _: scheme_of(chosen, p_e), name, "--p-e")


def named(load: Callable[[str], Part], name: str, option: str) -> Part:
    """What a name stands for; a name that stands for nothing is wrong usage of the option."""
    try:
        return load(name)
    except ArgumentError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def read_source(path: str) -> bytes | Path:
    """A picture or stream: the path, or what standard input holds."""
    return _stdin(MAX_FILE_BYTES) if path == "-" else Path(path)


def read_message(path: str) -> bytes | Path:
    """The message's file, or what standard input holds."""
    return _stdin(MAX_BODY_BYTES) if path == "-" else Path(path)


def write_message(message: bytes) -> None:
    """The message on standard output; a terminal is spared anything but text."""
    if sys.stdout.isatty() and not _is_text(message):
        print("(the message is not plain text: use -o FILE)", file=sys.stderr)
        return
    sys.stdout.buffer.write(message)
    sys.stdout.buffer.flush()


def show(facts: dict[str, Any], as_json: bool, *, to_stderr: bool = False) -> None:
    """Facts as one JSON object, or a line each."""
    out = sys.stderr if to_stderr else sys.stdout
    if as_json:
        print(json.dumps(facts), file=out)
        return
    for name, value in facts.items():
        if value is not None:
            print(
                f"{name.replace('_', ' '):>28}  {value:,}"
                if isinstance(value, int)
                else f"{name.replace('_', ' '):>28}  {value}",
                file=out,
            )


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """A progress bar for work with the codec, whose kernels may have to be compiled first."""
    announce_compilation()
    with bar() as report:
        yield report


@contextmanager
def bar() -> Iterator[Callable[[str, float], None]]:
    """A progress bar on a terminal's standard error, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("starting", total=1.0)
        yield lambda what, share: shown.update(task, description=what, completed=share)


def announce_compilation() -> None:
    """Say so when the kernels are not compiled yet."""
    from semstego.codecs.block.kernels import kernels_are_cached

    if not kernels_are_cached():
        print("first run: compiling kernels (some 10 s, once)", file=sys.stderr)


@contextmanager
def warnings_in_plain_words() -> Iterator[None]:
    """Warnings as one line on standard error."""

    def print_line(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"semstego: warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = print_line
        yield


def _stdin(limit: int) -> bytes:
    data = sys.stdin.buffer.read(limit + 1)
    if len(data) > limit:
        raise SemstegoError(f"standard input holds more than {limit >> 20} MiB")
    return data


def _is_text(message: bytes) -> bool:
    try:
        return all(character.isprintable() or character in "\n\t" for character in message.decode())
    except UnicodeDecodeError:
        return False
