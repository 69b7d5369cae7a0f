# SPDX-License-Identifier: Apache-2.0
"""What the command line makes of errors and of odd surroundings: one sentence, and an exit status."""

import contextlib
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from semstego.cli import terminal
from semstego.cli.options import NAMES_OF_STANDARD
from semstego.errors import ConfigError, OutputError, SemstegoError, SemstegoWarning

UsageError: Any = typer.BadParameter.__base__
"""Wrong usage of any kind; typer has no name of its own for it."""

_OUTPUT = re.compile(rf"(?:^| )(?:-\w*o|--output)[ =]?(?:{'|'.join(NAMES_OF_STANDARD)})(?: |$)")
"""Words that send the output to standard output; errors in it would be taken for a stream."""

REFUSED, USAGE, INTERRUPTED = 1, 2, 130


@contextmanager
def surroundings() -> Iterator[None]:
    """Standard streams that may be closed or narrow, and warnings in plain words.

    A closed stream's number would else go to the next file that is opened, and what belongs into the stream with it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 -- open to the end
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    elsewhere = warnings.showwarning

    def shown(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        if issubclass(category, SemstegoWarning):
            terminal.say(f"semstego: warning: {terminal.escaped(str(message))}", to_stderr=True)
        else:
            elsewhere(message, category, *rest, **named)

    with warnings.catch_warnings():
        warnings.simplefilter("always", SemstegoWarning)
        warnings.showwarning = shown
        yield


def status_of(error: Exception, words: Sequence[str]) -> int:
    """Say what went wrong, in a sentence or as JSON, and return the exit status.

    Args:
        error: Any; those of Python itself are raised again, for they are faults of semstego.
        words: Of the command line.
    """
    if isinstance(error, UsageError) and "--json" not in words:
        error.message = terminal.escaped(error.message)
        with contextlib.suppress(OSError):
            error.show()
        return USAGE
    if isinstance(error, BrokenPipeError):  # whoever reads has read enough
        return REFUSED
    if _is_interruption(error):
        return INTERRUPTED
    if isinstance(error, typer.Abort):
        return REFUSED
    sentence = _sentence(error)
    if "--json" not in words:
        terminal.say(f"semstego: {sentence}", to_stderr=True)
    else:
        facts = {name: value for name, value in vars(error).items() if isinstance(value, int | str)}
        to_stderr = isinstance(error, OutputError) or sys.stdout is None or bool(_OUTPUT.search(" ".join(words)))
        told: dict[str, Any] = {"type": type(error).__name__, "message": sentence}
        told |= {} if isinstance(error, UsageError) else facts
        try:
            terminal.say(json.dumps({"error": told}), to_stderr=to_stderr)
        except (OutputError, OSError):  # of standard output, which is full
            terminal.say(json.dumps({"error": told}), to_stderr=True)
    return USAGE if isinstance(error, UsageError) else REFUSED


def _is_interruption(error: BaseException | None) -> bool:
    """Whether it comes of one, which other errors may have followed."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _sentence(error: Exception) -> str:
    if isinstance(error, UsageError):
        return str(error.format_message())
    if isinstance(error, OSError):
        return terminal.escaped(f"{error.filename or 'standard output'}: {error.strerror or error}")
    if isinstance(error, MemoryError):
        return "there is not enough memory for this picture"
    if isinstance(error, ConfigError):  # a fault a line
        return "\n".join(map(terminal.escaped, str(error).split("\n")))
    if isinstance(error, SemstegoError):
        return terminal.escaped(str(error))
    raise error
