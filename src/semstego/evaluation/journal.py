# SPDX-License-Identifier: Apache-2.0
"""Results of single pictures, written as they come: a long study that was cut goes on where it was.

A file of JSON lines: the first says what the study is, each other one is a result with its name.
"""

import json
from pathlib import Path
from typing import Any, Final

from semstego.errors import ArgumentError, OutputError

MOST_BYTES: Final = 1 << 30


class Journal:
    """Results by name.

    Args:
        path: The file, which is made where there is none; None keeps results in memory alone.
        study: What JSON takes, and what the results depend on.

    Raises:
        ArgumentError: If the file is that of another study, or none.
        OutputError: If it cannot be read or written.
    """

    def __init__(self, path: Path | None, study: dict[str, Any]) -> None:
        self._path = path
        self._found: dict[str, Any] = {}
        if path is None:
            return
        first = json.dumps({"study": study}, sort_keys=True)
        try:
            if path.is_dir() or (path.exists() and path.stat().st_size > MOST_BYTES):
                raise ArgumentError(f"{path} holds no results of a study")
            lines = path.read_bytes().split(b"\n") if path.exists() else []
            whole = lines[:-1]  # what follows the last line's end was cut while it was written
            if whole and whole[0] != first.encode():
                raise ArgumentError(f"{path} holds the results of another study: name a new file")
            self._found = dict(_named(line, path) for line in whole[1:])
            if not whole and lines and not first.encode().startswith(lines[-1]):
                raise ArgumentError(f"{path} holds no results of a study")
            with path.open("r+b" if whole else "wb") as file:
                file.truncate(sum(len(line) + 1 for line in whole))
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


def _named(line: bytes, path: Path) -> tuple[str, Any]:
    try:
        name, result = json.loads(line)
        return str(name), result
    except (ValueError, TypeError, RecursionError):
        raise ArgumentError(f"{path} holds no results of a study") from None
