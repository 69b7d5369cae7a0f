# SPDX-License-Identifier: Apache-2.0
"""One file from the network: resumed where it broke off, limited in size, checked before it gets its name."""

import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

from semstego.datasets.download.pinned import Pinned
from semstego.errors import DataError
from semstego.progress import Progress, no_progress

BLOCK = 1 << 18
SECONDS = 30  # without a byte, after which the transfer is given up


def download(
    address: str, destination: Path, *, sha256: str | None, size: int, progress: Progress = no_progress
) -> None:
    """Fetch a file, unless it is there already and right.

    What came before an interruption stays in ``destination`` + ``.part``, and the next call goes on from there.

    Args:
        address: http or https.
        destination: The file; its folder is made if need be.
        sha256: Hexadecimal, or None where no sum is published.
        size: In bytes; without ``sha256`` the most that is taken.
        progress: Told the file's name and the share that has come.

    Raises:
        DataError: If the address cannot be reached, the transfer breaks off, another file comes, or the folder cannot
            be written. The text says how to go on, by hand too.
    """
    wanted = Pinned(destination.name, size, sha256)
    if wanted.fault(destination) is None:
        return
    part = destination.with_name(f"{destination.name}.part")
    try:
        _transfer(address, part, wanted, progress)
        if fault := wanted.fault(part):
            part.unlink(missing_ok=True)
            raise DataError(f"{address} is another file than expected: it {fault}. What came has been removed")
        os.replace(part, destination)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataError(_advice(address, destination, wanted, error)) from None


def _transfer(address: str, part: Path, wanted: Pinned, progress: Progress) -> None:
    """Append to ``part`` what is missing, or start over where the server cannot go on."""
    start = part.stat().st_size if part.exists() else 0
    if start and start == wanted.size and wanted.fault(part) is None:
        return
    start = start if start < wanted.size else 0
    try:
        response = _open(address, start)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 416 or not start:
            raise
        response, start = _open(address, 0), 0  # the part is as long as the file, or longer: begin again
    with response:
        if response.status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise OSError("the server sends another range than asked for")
        start = start if response.status == 206 else 0
        end = _end(response, start, wanted)
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab" if start else "wb") as file:
            _copy(response, file, end, wanted, progress)


def _open(address: str, start: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": "semstego", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    response: http.client.HTTPResponse = urllib.request.urlopen(
        urllib.request.Request(address, headers=headers), timeout=SECONDS
    )
    return response


def _end(response: http.client.HTTPResponse, start: int, wanted: Pinned) -> int | None:
    """Where the file is to end, if that is known. A wrong announcement is refused before a part is overwritten."""
    length = response.headers.get("Content-Length")
    if length is None:
        return wanted.size if wanted.sha256 else None
    end = start + int(length)
    if end > wanted.size or (wanted.sha256 and end != wanted.size):
        raise OSError(f"the server announces {end:,} bytes instead of {wanted.size:,}")
    return end


def _copy(
    response: http.client.HTTPResponse, file: BinaryIO, end: int | None, wanted: Pinned, progress: Progress
) -> None:
    """Write what the server sends, and refuse more bytes than the file may have."""
    done = file.tell()
    while block := response.read(BLOCK):
        done += len(block)
        if done > wanted.size:
            raise OSError(f"the server sends more than {wanted.size:,} bytes")
        file.write(block)
        progress(wanted.name, done / (end or wanted.size))
    if end is not None and done < end:
        raise OSError(f"broken off after {done:,} of {end:,} bytes")


def _advice(address: str, destination: Path, wanted: Pinned, error: Exception) -> str:
    """What went wrong, and how a person can do the same by hand."""
    reason: object = error
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        reason = error.reason
    facts = f"{wanted.size:,} bytes, SHA-256 {wanted.sha256}" if wanted.sha256 else f"at most {wanted.size:,} bytes"
    return (
        f"{address} cannot be fetched ({' '.join(str(reason).split()) or type(error).__name__}). Try again: it goes on "
        f"where it broke off. Or fetch {wanted.name} ({facts}) from {address} by other means, put it into the folder "
        f"{destination.parent}, and run the same command again"
    )
