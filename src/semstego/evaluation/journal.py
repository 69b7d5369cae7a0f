# SPDX-License-Identifier: Apache-2.0
"""Results of single pictures, written as they come: a long study that was cut goes on where it was.

A file of JSON lines: the first says what the study is, each other one is a result with its name.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from semstego.errors import ArgumentError, OutputError

MOST_BYTES: Final = 1 << 30


class Journal:
    """Results by name.

    Args:
        path: The file, which is made where there is none; None keeps results in memory alone.
        study: What JSON takes, and what the results depend on.
        is_result: Whether what a file says is a result of the study.

    Raises:
        ArgumentError: If the file is that of another study, or none.
        OutputError: If it cannot be read or written.
    """

    def __init__(self, path: Path | None, study: dict[str, Any], is_result: Callable[[Any], bool]) -> None:
        self._path = path
        self._found: dict[str, Any] = {}
        if path is None:
            return
        first = json.dumps({"study": study}, sort_keys=True)
        try:
            if path.exists() and (not path.is_file() or path.stat().st_size > MOST_BYTES):
                raise ArgumentError(f"{path} holds no results of a study")
            content = path.read_bytes() if path.exists() else b""
            whole = content.split(b"\n")[:-1]  # what follows the last line's end was cut while it was written
            if whole and whole[0] != first.encode():
                raise ArgumentError(f"{path} holds the results of another study: name a new one")
            if not whole and not first.encode().startswith(content):
                raise ArgumentError(f"{path} holds no results of a study")
            self._found = dict(_named(line, path, is_result) for line in whole[1:])
            kept = sum(len(line) + 1 for line in whole)
            if kept == len(content) > 0:
                return
            with path.open("r+b" if whole else "wb") as file:
                file.truncate(kept)
                if not whole:
                    file.write(first.encode() + b"\n")
        except OSError as error:
            raise OutputError(f"{path}: {error.strerror or error}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def __getitem__(self, name: str) -> Any:
        return self._found[name]

    def add(self, name: str, result: Any) -> None:
        """Keep a result, which JSON takes, at once.

        Raises:
            OutputError: If the file cannot be written.
        """
        self._found[name] = result
        if self._path is None:
            return
        try:
            with self._path.open("ab") as file:
                file.write(json.dumps([name, result]).encode() + b"\n")
        except OSError as error:
            raise OutputError(f"{self._path}: {error.strerror or error}") from None


def _named(line: bytes, path: Path, is_result: Callable[[Any], bool]) -> tuple[str, Any]:
    try:
        found = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != 2 or not isinstance(found[0], str) or not is_result(found[1]):
        raise ArgumentError(f"{path} holds no results of a study")
    return found[0], found[1]


def _refuse(word: str) -> None:
    """NaN and the infinities, which are no JSON."""
    raise ValueError(word)
