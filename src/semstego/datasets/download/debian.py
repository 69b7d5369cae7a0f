# SPDX-License-Identifier: Apache-2.0
"""Data sets that Debian distributes: a package fetched with apt-get, checked by apt's signatures, and unpacked."""

import contextlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from semstego.errors import DataError

NAME = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}")  # Debian policy 5.6.1; nothing that could be an option
MAX_PACKAGE_BYTES = 1 << 30
MAX_UNPACKED_BYTES = 2 << 30
BLOCK = 1 << 20
SECONDS = 1800  # for one step


@contextlib.contextmanager
def content(package: str, inside: str, source: Path | None) -> Iterator[Path]:
    """Give the folder ``inside`` of a package: from ``source``, as installed, or fetched.

    Args:
        package: Name of the package.
        inside: Where it installs the folder, without the leading slash: ``usr/share/...``.
        source: That folder, a folder the package was unpacked into, or the .deb; else the installed package; else it
            is fetched.

    Yields:
        The folder; a temporary one is removed afterwards.

    Raises:
        DataError: As for ``unpack`` and ``unpack_deb``.
    """
    installed = Path("/", inside)
    if source is None and installed.is_dir():
        yield installed
    elif source is not None and source.is_dir():
        yield source / inside if (source / inside).is_dir() else source
    else:
        with tempfile.TemporaryDirectory() as folder:
            into = Path(folder, "content")
            unpack(package, into) if source is None else unpack_deb(source, into)
            yield into / inside


def unpack(package: str, into: Path) -> None:
    """Fetch a Debian package and unpack it.

    Args:
        package: Name of the package.
        into: Folder that gets the package's files (``usr/share/...``); absent or empty, and untouched on failure.

    Raises:
        DataError: If the package cannot be had here, with what to do instead; or as for ``unpack_deb``.
    """
    if not NAME.fullmatch(package):
        raise DataError(f"{package!r} is no name of a Debian package")
    _check_target(into)
    with tempfile.TemporaryDirectory() as folder:
        try:
            _run(["apt-get", "download", "--quiet", package], Path(folder))
        except DataError as error:
            raise DataError(
                f"the Debian package {package} cannot be fetched: {error}. On Debian and Ubuntu `apt-get update` may "
                f"help. Elsewhere download the .deb from https://packages.debian.org/{package}, and pass it, or the "
                f"folder where `ar x FILE.deb && tar xf data.tar.*` unpacked it, with --from"
            ) from None
        debs = sorted(Path(folder).glob("*.deb"))
        if len(debs) != 1:
            raise DataError(f"apt-get download {package} left {len(debs)} packages instead of one")
        unpack_deb(debs[0], into)


def unpack_deb(deb: Path, into: Path) -> None:
    """Unpack a Debian package that is here already.

    Args:
        deb: The package.
        into: Folder that gets its files; absent or empty, and untouched on failure.

    Raises:
        DataError: If it is no such package, is too large packed or unpacked, or ``into`` holds something already.
    """
    _check_target(into)
    try:
        if not deb.is_file():
            raise DataError(f"there is no {deb}")
        if deb.stat().st_size > MAX_PACKAGE_BYTES:
            raise DataError(f"{deb}: larger than {MAX_PACKAGE_BYTES >> 20} MiB")
        deb = deb.resolve()
        _check_content(deb)
        into.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{into.name}.", dir=into.parent) as folder:
            content = Path(folder) / "content"
            _run(["dpkg-deb", "--extract", str(deb), str(content)], Path(folder))
            content.replace(into)
    except OSError as error:
        raise DataError(f"{deb} cannot be unpacked into {into}: {error.strerror}") from None


def _check_target(into: Path) -> None:
    try:
        taken = into.exists() and (not into.is_dir() or any(into.iterdir()))
    except OSError as error:
        raise DataError(f"{into} cannot be looked into: {error.strerror}") from None
    if taken:
        raise DataError(f"{into} exists already, and is not an empty folder")


def _check_content(deb: Path) -> None:
    """Count the bytes of the unpacked stream before anything reaches the disk."""
    command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            total = 0
            while block := process.stdout.read(BLOCK):
                total += len(block)
                if total > MAX_UNPACKED_BYTES:
                    process.kill()
                    raise DataError(f"{deb}: unpacks to more than {MAX_UNPACKED_BYTES >> 20} MiB")
    except FileNotFoundError:
        raise DataError("there is no dpkg-deb on this machine") from None


def _run(command: list[str], folder: Path) -> None:
    """Run a tool of Debian in ``folder``; what it writes to stderr becomes the text of the error."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except FileNotFoundError:
        raise DataError(f"there is no {command[0]} on this machine") from None
    except subprocess.TimeoutExpired:
        raise DataError(f"{command[0]} took longer than {SECONDS // 60} minutes") from None
    if done.returncode:
        last = " ".join(done.stderr.split())[-300:]
        raise DataError(f"{command[0]} says: {last or f'exit status {done.returncode}'}")
