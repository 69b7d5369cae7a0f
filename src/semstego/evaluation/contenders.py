# SPDX-License-Identifier: Apache-2.0
"""Those that a comparison with peers compares: our codecs and schemes, and other people's tools, behind one interface.

    picture, message ─▸ Contender.hide ─▸ stego picture ──channel──▶ Contender.reveal ─▸ message

Ours send a reconstruction: what it costs to hide is seen against the reconstruction without a message, and what the
codec costs, too, against the original. A peer's picture is compared with the original alone.
"""

import hashlib
from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol

from numpy.random import Generator

from semstego.codecs.base import Picture
from semstego.errors import PeerError, SemstegoError
from semstego.evaluation.channels import opened_picture
from semstego.message.cipher import Key
from semstego.message.draws import SEED_BYTES, Draws
from semstego.message.frame import NONCE_BYTES
from semstego.peers import environment
from semstego.peers.base import PEERS
from semstego.peers.process import Worker
from semstego.schemes.base import Cover
from semstego.system.stego_system import StegoSystem

MOST_BITS: Final = 1 << 34


@dataclass(frozen=True, eq=False)
class Stego:
    """A picture with a message.

    Attributes:
        picture: uint8 ``(h, w, 3)``.
        secret: What sender and receiver share; None of tools that have no key, or whose default was taken.
    """

    picture: Picture
    secret: Key | None = field(default=None, repr=False)


class Contender(Protocol):
    """One of those compared; it travels to other processes."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What tables say of it: ``name``, and where it comes from."""

    @abstractmethod
    def payload_bits(self, picture: Picture) -> int:
        """Net length of the longest message [bits]."""

    @abstractmethod
    def hide(self, picture: Picture, message: bytes, rng: Generator) -> Stego:
        """The picture with the message; errors are those of semstego."""

    @abstractmethod
    def reveal(self, stego: Stego, arrived: Picture, length: int, searching: bool) -> bytes:
        """The message in what arrived of a stego picture.

        Raises:
            NothingFoundError: If it says that there is none.
            PeerError: If a peer's worker fails.
        """

    def unmarked(self, picture: Picture, rng: Generator) -> Picture:
        """What would have been sent without a message."""
        del rng
        return picture


@dataclass(frozen=True)
class OfPeer(Contender):
    """Somebody else's tool, in a worker process of its own.

    Attributes:
        name: As the registry of peers knows it.
    """

    name: str

    @property
    def facts(self) -> dict[str, Any]:
        """Package, version and licence, and whether its receiver is told the length."""
        peer = PEERS.get(self.name)
        facts = {"name": peer.name, "ours": False, "package": peer.package, "version": peer.version}
        return facts | {"licence": peer.licence, "told_length": peer.told_length}

    def absent(self) -> str | None:
        """Why it cannot be had here; None if it can."""
        try:
            with environment.worker(self.name) as worker:
                worker.start()
        except SemstegoError as error:
            return str(error)
        return None

    def payload_bits(self, picture: Picture) -> int:
        """See :class:`Contender`.

        Raises:
            PeerError: If the peer says no number, or fails.
        """
        try:
            bits = PEERS.get(self.name).payload_bits(picture)
        except Exception as error:  # whatever somebody's tool does
            raise PeerError(f"{self.name}: {type(error).__name__}: {error}") from None
        if not isinstance(bits, int) or not 0 <= bits <= MOST_BITS:
            raise PeerError(f"{self.name}: it holds {bits!r:.40} bits, which is no length of a message")
        return bits

    def hide(self, picture: Picture, message: bytes, rng: Generator) -> Stego:
        """See :class:`Contender`."""
        del rng
        return Stego(_worker(self.name).hide(picture, message))

    def reveal(self, stego: Stego, arrived: Picture, length: int, searching: bool) -> bytes:
        """See :class:`Contender`."""
        return _worker(self.name).reveal(arrived, length)


@dataclass(frozen=True)
class OfSystem(Contender):
    """A codec and a scheme of ours.

    Attributes:
        system: The two.
    """

    system: StegoSystem

    @property
    def facts(self) -> dict[str, Any]:
        """Scheme and codec."""
        scheme, codec = self.system.scheme.name, self.system.codec.name
        return {"name": f"ours: {scheme}", "ours": True, "scheme": scheme, "codec": codec, "told_length": False}

    def payload_bits(self, picture: Picture) -> int:
        """See :class:`Contender`."""
        return 8 * self.system.longest_message(Cover(picture, self.system.codec))

    def hide(self, picture: Picture, message: bytes, rng: Generator) -> Stego:
        """With the sender's check of both stages; a key's derivation from a passphrase is not part of it."""
        key = Key(hashlib.sha256(rng.bytes(32)).digest())
        sent = self.system.sender(picture, message, None, key, rng.bytes(NONCE_BYTES))
        return Stego(sent.embedded.received.picture, key)

    def reveal(self, stego: Stego, arrived: Picture, length: int, searching: bool) -> bytes:
        """See :class:`Contender`."""
        assert stego.secret is not None
        return opened_picture(self.system, arrived, stego.secret, searching).message

    def unmarked(self, picture: Picture, rng: Generator) -> Picture:
        """The reconstruction of the picture with nothing hidden."""
        encoding = Cover(picture, self.system.codec).encoding
        return self.system.codec.decode(self.system.without_message(encoding, Draws(rng.bytes(SEED_BYTES))))


@cache
def _worker(name: str) -> Worker:
    """One worker of each peer in this process; it ends with it, as nobody asks it any more."""
    return environment.worker(name)
