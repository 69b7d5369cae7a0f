# SPDX-License-Identifier: Apache-2.0
"""Environments of peers: one folder for each package, with an interpreter and what pip installs there.

$SEMSTEGO_PEERS, else $XDG_CACHE_HOME/semstego/peers, else ~/.cache/semstego/peers
└── PACKAGE/bin/python
            installed       what pip has installed; where it is missing, an installation was cut
"""

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from semstego.errors import OutputError, PeerError
from semstego.io import files
from semstego.peers.base import PEERS, Peer
from semstego.peers.process import Worker
from semstego.progress import Progress, no_progress

VARIABLE: Final = "SEMSTEGO_PEERS"
INSTALL_SECONDS: Final = 3600


def folder() -> Path:
    """Where the environments are.

    Raises:
        OutputError: If there is no home folder.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named).absolute()
    place = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not place.is_absolute():  # as the XDG specification wants it
        try:
            place = Path.home() / ".cache"
        except RuntimeError:
            raise OutputError(f"there is no home folder to keep peers in: set {VARIABLE}") from None
    return place / "semstego" / "peers"


def python(peer: Peer) -> Path:
    """The interpreter of a peer's environment, whether it is there or not; this one if it needs no package."""
    return folder() / peer.package / "bin" / "python" if peer.package else Path(sys.executable)


def is_installed(peer: Peer) -> bool:
    """Whether a peer has its environment, of today's requirements."""
    if not peer.package:
        return True
    try:
        return python(peer).is_file() and _mark(peer).read_text(encoding="utf-8") == _installed(peer)
    except (OSError, ValueError):
        return False


def worker(name: str) -> Worker:
    """A worker of the peer of this name; it starts when it is asked for something.

    Raises:
        ArgumentError: If there is none of the name.
        PeerError: If it is not installed.
    """
    peer = PEERS.get(name)
    if not is_installed(peer):
        raise PeerError(f"{name} is not installed here: semstego peers install {name}")
    return Worker(name, python(peer), () if peer.package else tuple(sys.path))


def install(peer: Peer, progress: Progress = no_progress) -> None:
    """Make a peer's environment, and see whether it works.

    Raises:
        PeerError: If pip cannot install something, naming the last line it said.
    """
    if not peer.package:
        return
    home = folder() / peer.package
    if is_installed(peer):
        return
    progress(f"making {home}", 0.0)
    try:
        venv.EnvBuilder(with_pip=True, symlinks=True, clear=True).create(home)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeerError(f"{home} cannot be made: {error}") from None
    steps = [one for one in ([*peer.requirements], ["--no-deps", *peer.bare] if peer.bare else []) if one]
    for number, step in enumerate(steps):
        progress(f"installing {step[-1]}", (number + 1) / (len(steps) + 1))
        _pip(python(peer), step)
    files.write_all({_mark(peer): _installed(peer).encode()}, force=True)


def _mark(peer: Peer) -> Path:
    return folder() / peer.package / "installed"


def _installed(peer: Peer) -> str:
    return "\n".join((*peer.requirements, *peer.bare))


def _pip(interpreter: Path, words: list[str]) -> None:
    command = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise PeerError(f"pip did not install {words[-1]} in time") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise PeerError(f"pip cannot install {words[-1]}: {' '.join(said)[-300:]}")
