# SPDX-License-Identifier: Apache-2.0
"""What the commands share: names of parts, standard output, progress, and printing."""

import json
import os
import select
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeVar

import typer

from semstego.errors import ArgumentError, OutputError, SemstegoError, SemstegoWarning, WeightsError

if TYPE_CHECKING:
    from semstego.codecs.base import Codec
    from semstego.schemes.base import Scheme

Part = TypeVar("Part")


def scheme(name: str, p_e: float | None = None, psnr: float | None = None, survive: str | None = None) -> "Scheme":
    """The scheme of this name; wrong words are wrong usage, whatever else would be asked for."""
    from semstego.api.arguments import scheme_of
    from semstego.schemes import base

    chosen = named(base.SCHEMES.get, name, "--scheme")
    option = "--p-e" if p_e is not None else "--psnr" if survive is None else "--survive"
    return named(lambda _: scheme_of(chosen, p_e, psnr, survive), name, option)


def codec(name: str | None) -> "Codec | None":
    """The codec of this name, if one is named; wrong words are wrong usage."""
    from semstego.codecs import registry

    return None if name is None else named(registry.load, name, "--codec")


def named(load: Callable[[str], Part], name: str, option: str) -> Part:
    """What a name stands for; a name that stands for nothing is wrong usage of the option."""
    try:
        return load(name)
    except (ArgumentError, WeightsError) as error:
        raise typer.BadParameter(f"{option}: {error}") from None


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Imports of packages that come with an extra of this name; without them, a sentence that says so.

    Raises:
        SemstegoError: If one is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "a package").partition(".")[0]
        raise SemstegoError(f"this needs {missing}, which is not installed: pip install 'semstego[{name}]'") from None


def write_message(message: bytes) -> None:
    """The message on standard output; a terminal is spared anything but text."""
    if sys.stdout is not None and sys.stdout.isatty() and not _is_text(message):
        say("(the message is not plain text: use -o FILE)", to_stderr=True)
        return
    write_bytes(message)


def write_bytes(content: bytes) -> None:
    """Bytes on standard output."""
    with _standard_output() as out:
        file: BinaryIO = out.buffer  # type: ignore[attr-defined]
        left = memoryview(content)
        while left:  # an unbuffered stream takes as much as it can, and one that does not block perhaps nothing
            try:
                taken = file.write(left) or 0
            except BlockingIOError as error:
                taken = error.characters_written
            if not taken:
                select.select([], [file], [])
            left = left[taken:]


def check_no_terminal() -> None:
    """Refuse to write what is no text to a terminal.

    Raises:
        OutputError: If standard output is closed.
        typer.BadParameter: If it is a terminal.
    """
    with _standard_output() as out:
        if out.isatty():
            raise typer.BadParameter("standard output is a terminal: redirect it, or name a file")


def say(text: str, *, to_stderr: bool = False) -> None:
    """A text and the end of its line."""
    if to_stderr:
        try:
            print(text, file=sys.stderr, flush=True)
        except OSError:  # nobody is left to tell
            sys.stderr = open(os.devnull, "w")  # noqa: SIM115 -- open to the end
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    write_bytes(f"{text}\n".encode(encoding, "backslashreplace"))


def show(facts: dict[str, Any], as_json: bool, *, to_stderr: bool = False) -> None:
    """Facts as one JSON object, or a line each."""
    if as_json:
        say(json.dumps(facts), to_stderr=to_stderr)
        return
    for name, value in facts.items():
        if value is not None:
            say(f"{name.replace('_', ' '):>28}  {_shown(value)}", to_stderr=to_stderr)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_shown(of)} at {name}" for name, of in value.items())
    return f"{value:,}" if isinstance(value, int) else escaped(str(value))


def escaped(text: str) -> str:
    """The text without what would move a terminal's cursor, change its colours, or turn its lines around."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def page_width() -> int | None:
    """Columns that a page may take: what COLUMNS says, else those of the terminal; None for a file or a pipe."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError, AttributeError):  # no terminal, or no file at all
        return None


def printable(tree: Any) -> Any:
    """Dictionaries and lists, with each text as the output's encoding can show it: what it lacks is escaped."""
    if isinstance(tree, dict):
        return {key: printable(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [printable(value) for value in tree]
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return tree.encode(encoding, "backslashreplace").decode(encoding) if isinstance(tree, str) else tree


@contextmanager
def _standard_output() -> Iterator[IO[str]]:
    """Standard output, flushed at the end.

    Raises:
        BrokenPipeError: If nobody reads it any more.
        OutputError: If it is closed or full.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer would be written again at the end, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputError(f"standard output: {error.strerror}") from None


@contextmanager
def progress(quiet: bool = False) -> Iterator[Callable[[str, float], None]]:
    """A progress bar for work with the codec, whose kernels may have to be compiled first; nothing if ``quiet``."""
    with warnings.catch_warnings():
        if quiet:
            warnings.simplefilter("ignore", SemstegoWarning)
            yield lambda what, share: None
            return
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
    from semstego.codecs.block.kernels import encode_rows
    from semstego.compiled import is_cached

    if not is_cached(encode_rows):
        say("first run: compiling kernels (some 10 s, once)", to_stderr=True)


def _is_text(message: bytes) -> bool:
    try:
        return all(character.isprintable() or character in "\n\t" for character in message.decode())
    except UnicodeDecodeError:
        return False
