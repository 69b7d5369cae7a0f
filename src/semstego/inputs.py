# SPDX-License-Identifier: Apache-2.0
"""Files, pipes and devices from outside: opened and read once, within a limit, and never waited for without end."""

import os
import selectors
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semstego.errors import PictureError, SemstegoError, StreamError

__all__ = ["PATIENCE_SECONDS", "naming", "read_once", "reason", "size_of"]

PATIENCE_SECONDS = 5.0
"""How long a FIFO may have nobody at its other end."""

_BLOCK = 1 << 20  # bytes that are read at a time
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_once(path: str | os.PathLike[str], limit: int, refusal: type[SemstegoError] = SemstegoError) -> bytes:
    """Content of a file, a FIFO, a process substitution, or a device such as /dev/stdin.

    Args:
        path: Of the file.
        limit: The most that is taken [bytes].
        refusal: Kind of the error.

    Raises:
        SemstegoError: A ``refusal`` that names the file, if it cannot be read, or is longer than ``limit``.
    """
    if not isinstance(path, str | os.PathLike):
        raise refusal(f"a file is named by text or a path, not by {type(path).__name__}")
    try:
        handle = os.open(path, _FLAGS)
        try:
            content = _content(handle, limit)
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:
        raise refusal(f"{path!s}: {reason(error)}") from None
    if content is None:
        raise refusal(f"{path!s}: longer than {limit >> 20} MiB")
    return content


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Errors about the picture or stream in a file name the file, once."""
    try:
        yield
    except (PictureError, StreamError) as error:
        known = str(error).startswith(f"{path!s}: ")
        raise type(error)(str(error) if known else f"{path!s}: {error}") from None


def reason(error: OSError | ValueError) -> str:
    """What an error of the operating system, or of a path that cannot be one, says in a sentence."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else "this cannot be the name of a file"


def size_of(path: Path) -> int:
    """Size of a file [bytes] that a library opens by its name.

    Raises:
        OSError: If there is none, or it is a folder, a pipe or a device, which have no size and may have no end.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "it is no regular file")
    return found.st_size


def _wait_for(handle: int) -> None:
    """Until there is something to read."""
    with selectors.DefaultSelector() as selector:
        selector.register(handle, selectors.EVENT_READ)
        selector.select()


def _content(handle: int, limit: int) -> bytes | None:
    """All that can be read, or None if that is longer than the limit."""
    kind = os.fstat(handle)
    if stat.S_ISREG(kind.st_mode) and kind.st_size > limit:
        return None
    content, heard = bytearray(), not stat.S_ISFIFO(kind.st_mode)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while len(content) <= limit:
        try:
            block = os.read(handle, _BLOCK)
        except BlockingIOError:  # a writer is there, and slow
            heard = True
            _wait_for(handle)
            continue
        if not block and (heard or content):
            break
        if not block and time.monotonic() > give_up:
            raise OSError(0, "nobody writes to it")
        if not block:
            time.sleep(0.02)
        content += block
    return bytes(content) if len(content) <= limit else None
