# SPDX-License-Identifier: Apache-2.0
"""Peers for tests, good and bad; they run in a worker process of this very interpreter."""

import os
import sys
import time

import numpy as np

from semstego.errors import CapacityError, NothingFoundError
from semstego.peers.base import Peer


class Toy(Peer):
    """The message in the first values, behind its length; it prints a lot."""

    name = "toy"

    def payload_bits(self, picture):
        return 8 * min(255, picture.size - 1)

    def hide(self, picture, message):
        print("hiding " * 1000)
        if 8 * len(message) > self.payload_bits(picture):
            raise CapacityError(len(message), self.payload_bits(picture) // 8)
        flat = picture.ravel().copy()
        flat[: len(message) + 1] = [len(message), *message]
        return flat.reshape(picture.shape)

    def reveal(self, picture, length):
        flat = picture.ravel()
        if flat[0] == 0:
            raise NothingFoundError
        return flat[1 : flat[0] + 1].tobytes()


class Told(Toy):
    """As many bytes as it is told."""

    name = "told"
    told_length = True

    def reveal(self, picture, length):
        return picture.ravel()[1 : length + 1].tobytes()


class Bad(Toy):
    """What ``how`` says, where a picture is wanted."""

    name = "bad"

    def __init__(self, how):
        self.how = how

    def hide(self, picture, message):
        return self.how(picture)

    def reveal(self, picture, length):
        return self.how(picture)


def hang(picture):
    time.sleep(600)


def hang_with_child(picture):
    if os.fork() == 0:
        time.sleep(600)
    time.sleep(600)


def end(picture):
    os._exit(3)


def refuse(picture):
    raise RuntimeError("line one\n\x1b[2Jline two" + 10_000 * "x")


def count_environment(picture):
    names = [name for name in os.environ if name.startswith("SEMSTEGO")]
    return picture if not names and "numba" not in sys.modules else None


toy, told = Toy(), Told()
hanging, parent, ending, refusing, looking = map(Bad, (hang, hang_with_child, end, refuse, count_environment))
smaller = Bad(lambda picture: picture[1:])
floating = Bad(lambda picture: picture.astype(float))
objects = Bad(lambda picture: np.full(picture.shape, None))
much = Bad(lambda picture: np.zeros(10 * picture.size, np.uint8))
long = Bad(lambda picture: bytes(10 * picture.size))
unversioned = Toy()
unversioned.package, unversioned.version = "numpy", "0.0.1"


def failing():
    raise RuntimeError("no such peer")
