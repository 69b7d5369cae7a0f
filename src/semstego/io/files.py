# SPDX-License-Identifier: Apache-2.0
"""Files are written completely or not at all: to a temporary file beside the target, which is then renamed.

A temporary file is locked by the process that writes it. One that nobody has locked was left by a process that was
killed, and goes when the next one writes into the same folder. Symbolic links are followed, so that they stay links.
FIFOs and devices that take characters, such as /dev/null, are written into; nothing else that is no regular file is
touched.
"""

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from semstego.errors import OutputError
from semstego.inputs import PATIENCE_SECONDS, reason

try:
    import fcntl
except ImportError:  # where files are not locked, what was left stays
    fcntl = None  # type: ignore[assignment]

_PREFIX, _SUFFIX = ".semstego-", ".part"


def write_all(contents: dict[Path, bytes], *, force: bool = False) -> None:
    """Write several files, none of them if one cannot be written; with ``force``, those that are replaced stay so.

    Raises:
        OutputError: If one exists already (without ``force``), is a folder, or cannot be written.
    """
    for path in contents:
        check_output(path, force=force)
    placed: list[Path] = []
    try:
        with ExitStack() as stack:
            staged = {
                path: stack.enter_context(_staged(path, content))
                for path, content in contents.items()
                if not _is_special(path)
            }
            for path in contents.keys() - staged.keys():
                _write_into(path, contents[path])
            for path, temporary in staged.items():
                _place(temporary, path, force=force)
                placed.append(path)
    except BaseException:
        if not force:
            for path in placed:
                _target(path).unlink()
        raise


@contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """A file to write piece by piece; it appears under its name only after all was written, and replaces what is there.

    Raises:
        OutputError: If it cannot be written.
    """
    with _temporary(path) as (temporary, file):
        yield file
        file.flush()
        os.replace(temporary, _target(path))


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in, if it is not there.

    Raises:
        OutputError: If it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot make the folder {path}: {reason(error)}") from None


def check_output(path: Path, *, force: bool) -> None:
    """Refuse a path that must not be written, before the long work.

    Raises:
        OutputError: If it is a folder or a block device, exists (without ``force``), or its folder does not exist.
    """
    with _errors_about(path):
        target = _target(path)
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            if not target.parent.is_dir():
                raise OutputError(f"there is no folder {target.parent}") from None
            return
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path} is a folder")
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        raise OutputError(f"{path} is no file")
    if stat.S_ISREG(mode) and not force:
        raise OutputError(f"{path} exists already (force=True, --force overwrites it)")


def _is_special(path: Path) -> bool:
    """Whether there is a FIFO or a device, which is written into."""
    return path.exists() and not path.is_file()


def _target(path: Path) -> Path:
    """The file that a path stands for, symbolic links followed, whether it exists or not."""
    try:
        return path.resolve()
    except RuntimeError:  # before Python 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
    except ValueError as error:  # of a NUL
        raise OSError(errno.EINVAL, reason(error)) from None


def _place(temporary: Path, path: Path, *, force: bool) -> None:
    """Give the staged file its name; a file that another process made meanwhile is kept."""
    with _errors_about(path):
        if not force:
            with contextlib.suppress(OSError):  # on file systems without hard links
                os.link(temporary, _target(path))
                return
            check_output(path, force=False)
        os.replace(temporary, _target(path))


@contextmanager
def _staged(path: Path, content: bytes) -> Iterator[Path]:
    """The content in a temporary file beside its target."""
    with _temporary(path) as (temporary, file):
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        yield temporary


@contextmanager
def _temporary(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A locked file beside a target, with the permissions of a new one; it is gone afterwards, whatever happens."""
    with _errors_about(path):
        folder = _target(path).parent
        _remove_abandoned(folder)
        temporary, handle = _locked(folder)
        try:
            with os.fdopen(handle, "wb") as file:
                yield temporary, file
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


def _locked(folder: Path) -> tuple[Path, int]:
    """A new file and its handle; made again if another process took it for abandoned before it was locked."""
    while True:
        path = folder / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            if fcntl:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process is about to remove it
            os.close(handle)
            continue
        except OSError:  # file systems without locks
            pass
        if os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)


@lru_cache  # once in a process
def _remove_abandoned(folder: Path) -> None:
    """Remove temporary files that nobody writes any more."""
    if not fcntl:
        return
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with contextlib.suppress(OSError):  # somebody else's, or locked
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if stat.S_ISREG(os.fstat(handle).st_mode):
                    path.unlink()
            finally:
                os.close(handle)


def _write_into(path: Path, content: bytes) -> None:
    """Write into a FIFO or a device; a FIFO that nobody reads is not waited for without end."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    with _errors_about(path):
        while True:
            try:
                handle = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
                break
            except OSError:
                if not path.is_fifo():
                    raise
                if time.monotonic() > give_up:
                    raise OSError(errno.ENXIO, "nobody reads from it") from None
                time.sleep(0.02)
        with os.fdopen(handle, "wb") as file:
            os.set_blocking(handle, True)
            file.write(content)


@contextmanager
def _errors_about(path: Path) -> Iterator[None]:
    """Errors of the operating system as one that names the target, not the temporary file."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from None
