# SPDX-License-Identifier: Apache-2.0
"""Files are written completely or not at all: to a temporary file beside the target, which is then renamed."""

import contextlib
import os
import tempfile
from pathlib import Path

from semstego.errors import OutputError


def write_all(contents: dict[Path, bytes], *, force: bool = False) -> None:
    """Write several files, none of them if one cannot be written.

    Raises:
        OutputError: If one exists already (without ``force``), is a folder, or cannot be written.
    """
    for path in contents:
        check_output(path, force=force)
    staged: dict[Path, Path] = {}
    placed: list[Path] = []
    try:
        for path, content in contents.items():
            staged[path] = _stage(path, content)
        for path, temporary in staged.items():
            _place(temporary, path, force=force)
            placed.append(path)
    except (OSError, OutputError) as error:
        if not force:
            for path in placed:
                path.unlink()
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {error.filename2 or error.filename}: {error.strerror}") from None
    finally:
        for temporary in staged.values():
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


def check_output(path: Path, *, force: bool) -> None:
    """Refuse a path that must not be written, before the long work.

    Raises:
        OutputError: If it is a folder, exists (without ``force``), or its folder does not exist.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder")
    if path.exists() and not force:
        raise OutputError(f"{path} exists already (--force overwrites it)")
    if not path.parent.is_dir():
        raise OutputError(f"there is no folder {path.parent}")


def _place(temporary: Path, path: Path, *, force: bool) -> None:
    """Give the staged file its name; a file that another process made meanwhile is kept."""
    if not force:
        with contextlib.suppress(OSError):  # on file systems without hard links
            os.link(temporary, path)
            return
        check_output(path, force=False)
    os.replace(temporary, path)


def _stage(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(name, 0o666 & ~umask)
    return Path(name)
