# SPDX-License-Identifier: Apache-2.0
"""What every peer offers: somebody else's way to hide bytes in a picture and to read them again.

picture, message ─▸ Peer.hide ─▸ stego picture ──channel──▶ Peer.reveal ─▸ message

``hide`` and ``reveal`` run in a worker process, in an environment that has the peer's package and NumPy, and nothing of
ours but this folder. So its module imports the package inside its methods, and everything else from the standard
library, NumPy, ``semstego.errors`` and this folder.
"""

from abc import abstractmethod
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semstego.registry import Registry

Picture: TypeAlias = NDArray[np.uint8]
"""RGB, uint8 ``(h, w, 3)``."""


class Peer(Protocol):
    """Somebody else's tool, with the settings that it ships with.

    Attributes:
        name: What tables call it.
        package: Its distribution on PyPI, with which its environment goes by; empty if it needs none, and runs in an
            interpreter like this one.
        version: Of the package.
        licence: Its licence, as SPDX writes it.
        requirements: What pip installs for it, versions pinned.
        bare: What pip installs after that, without what it asks for itself.
        told_length: Whether the receiver has to be told the length of the message; such a tool reads something in every
            picture, and never says that there is nothing.
    """

    name: str
    package: str = ""
    version: str = ""
    licence: str = ""
    requirements: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    told_length: bool = False

    @abstractmethod
    def payload_bits(self, picture: Picture) -> int:
        """Net length of the longest message that it takes in this picture [bits]; asked without its package."""

    @abstractmethod
    def hide(self, picture: Picture, message: bytes) -> Picture:
        """The picture with the message, of the same size.

        Raises:
            CapacityError: If the message does not fit.
        """

    @abstractmethod
    def reveal(self, picture: Picture, length: int) -> bytes:
        """The message in a picture.

        Args:
            picture: What arrived.
            length: Of the message [bytes]; for those alone that have to be told.

        Raises:
            NothingFoundError: If the tool says that there is none.
        """


MEMBERS = (
    *("name", "package", "version", "licence", "requirements", "bare", "told_length"),
    *("payload_bits", "hide", "reveal"),
)
PEERS = Registry[Peer]("peer", "semstego.peers.methods", "PEER", members=MEMBERS)
