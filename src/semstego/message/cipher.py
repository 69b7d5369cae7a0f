# SPDX-License-Identifier: Apache-2.0
"""Keys, keystreams and the authenticated cipher; every primitive comes from the `cryptography` package.

    passphrase --Argon2id, fixed application salt--> master key --HKDF(purpose, context)--> one key per purpose

Nothing here draws random numbers; the sender passes the nonce in.
"""

import codecs
import hmac
import unicodedata
from dataclasses import dataclass, field

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from numpy.typing import NDArray

from semstego.errors import ArgumentError, NothingFoundError

# The receiver has the passphrase and nothing else, so the salt cannot be random; SECURITY.md says what that costs.
APPLICATION_SALT = b"semstego passphrase salt, v1"
ARGON2_MEMORY_KIB = 64 * 1024
ARGON2_PASSES = 3
ARGON2_LANES = 1
TAG_BYTES = 16
KEY_BYTES = 32


@dataclass(frozen=True)
class Key:
    """A master key; make it once with :func:`derive_key` and use it for many pictures."""

    master: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check the master key.

        Raises:
            ArgumentError: If it is not 32 bytes.
        """
        if not isinstance(self.master, bytes) or len(self.master) != KEY_BYTES:
            raise ArgumentError(f"a key has {KEY_BYTES} bytes, which derive_key() makes of a passphrase")

    def derive(self, purpose: str, context: bytes = b"", length: int = 32) -> bytes:
        """HKDF-Expand of the master key for one purpose and context [``length`` bytes]."""
        info = b"semstego v1 " + purpose.encode() + b"\0" + context
        return HKDFExpand(hashes.SHA256(), length, info).derive(self.master)

    def permutation(self, purpose: str, context: bytes, size: int) -> NDArray[np.int64]:
        """Keyed order of ``size`` things: the stable argsort of a keystream of 64-bit numbers.

        A keystream and a stable sort are the same in every version of every library; NumPy's generators are not.
        """
        numbers = np.frombuffer(keystream(self.derive(purpose, context), 8 * size), "<u8")
        return np.argsort(numbers, kind="stable")

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        return isinstance(other, Key) and hmac.compare_digest(self.master, other.master)

    def __hash__(self) -> int:
        """Hash of the master key's hash, so that keys can be dictionary keys."""
        return hash(self.derive("python hash"))


def derive_key(passphrase: str | bytes | bytearray | memoryview) -> Key:
    """Master key of a passphrase by Argon2id (64 MiB, 3 passes): slow on purpose, reuse it for many pictures.

    Text is normalised to NFKC, so that the same words typed on another system give the same key. A byte order mark in
    front, which some editors write, is no part of a passphrase.

    Raises:
        ArgumentError: If the passphrase is empty, or no text or bytes.
    """
    if not isinstance(passphrase, str | bytes | bytearray | memoryview):
        raise ArgumentError(f"a passphrase is text or bytes, not {type(passphrase).__name__}")
    if isinstance(passphrase, str):
        try:
            secret = unicodedata.normalize("NFKC", passphrase).encode(errors="surrogateescape")
        except UnicodeEncodeError:
            raise ArgumentError("the passphrase has characters that UTF-8 does not have: give bytes") from None
    else:
        secret = bytes(passphrase)
    secret = secret.removeprefix(codecs.BOM_UTF8)
    if not secret:
        raise ArgumentError("the passphrase is empty")
    function = Argon2id(
        salt=APPLICATION_SALT,
        length=KEY_BYTES,
        iterations=ARGON2_PASSES,
        lanes=ARGON2_LANES,
        memory_cost=ARGON2_MEMORY_KIB,
    )
    return Key(function.derive(secret))


def keystream(key: bytes, size: int) -> bytes:
    """``size`` bytes of the ChaCha20 keystream of a 32-byte key that is used for this and nothing else."""
    encryptor = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()
    return encryptor.update(bytes(size))


def seal(key: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """AES-256-SIV: 16 bytes of synthetic IV, then as many bytes as the plaintext has. ``key`` has 64 bytes."""
    return AESSIV(key).encrypt(plaintext, [associated])


def unseal(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """The plaintext.

    Raises:
        NothingFoundError: Whatever is wrong: key, data, associated data or length.
    """
    try:
        return AESSIV(key).decrypt(sealed, [associated])
    except (InvalidTag, ValueError):
        raise NothingFoundError from None
