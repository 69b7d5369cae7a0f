# SPDX-License-Identifier: Apache-2.0
"""The worker process: one peer, in the environment of its package, answers requests until nobody asks any more.

It is started with a package ``semstego`` that is this folder's and has no ``__init__`` (see
:mod:`semstego.peers.process`), since the environment has none of what semstego needs.
"""

import os
from importlib import metadata
from typing import BinaryIO

from semstego.errors import CapacityError, NothingFoundError, PeerError
from semstego.peers import wire
from semstego.peers.base import PEERS, Peer

LETTERS = (wire.HIDE, wire.REVEAL)


def serve(name: str) -> None:
    """Answer on what is standard output now; whatever the peer prints goes to standard error from here on."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(0, "rb")
    try:
        peer = PEERS.get(name)
        _check_version(peer)
    except Exception as error:
        _send(answers, wire.part(wire.FAILED, _said(error)))
        return
    _send(answers, wire.part(wire.MESSAGE, peer.version.encode()))
    while (first := requests.peek(1)[:1]) in LETTERS and first:
        _send(answers, _answer(peer, requests))


def _check_version(peer: Peer) -> None:
    if peer.package and (found := metadata.version(peer.package)) != peer.version:
        raise PeerError(f"{peer.package} {found} is installed, and {peer.version} is wanted")


def _answer(peer: Peer, requests: BinaryIO) -> bytes:
    """What is answered to the next request."""
    letter, body = _next(requests, dict.fromkeys(LETTERS, wire.most_picture_bytes((wire.MOST_PIXELS, 3))))
    _, argument = _next(requests, {wire.MESSAGE: wire.MOST_MESSAGE})
    try:
        picture = wire.picture_of(body)
        if letter == wire.HIDE:
            return wire.part(wire.PICTURE, wire.picture_bytes(peer.hide(picture, argument)))
        return wire.part(wire.MESSAGE, peer.reveal(picture, wire.number_of(argument)))
    except CapacityError as error:
        return wire.part(wire.TOO_LONG, wire.NUMBERS.pack(error.needed, error.available))
    except NothingFoundError:
        return wire.part(wire.NOTHING)
    except Exception as error:  # whatever somebody's tool does
        return wire.part(wire.FAILED, _said(error))


def _next(requests: BinaryIO, limits: dict[bytes, int]) -> tuple[bytes, bytes]:
    return wire.received(requests.read, limits)


def _send(answers: BinaryIO, answer: bytes) -> None:
    answers.write(answer)
    answers.flush()


def _said(error: Exception) -> bytes:
    return f"{type(error).__name__}: {error}".encode("utf-8", "replace")[: wire.MOST_TEXT]
