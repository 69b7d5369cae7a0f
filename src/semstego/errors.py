# SPDX-License-Identifier: Apache-2.0
"""Every error a caller can meet, in one tree.

SemstegoError
├── ArgumentError         two arguments contradict each other, or one has the wrong length
├── PictureError          the picture cannot be used: mode, size, format, unreadable file
├── StreamError           the .sem stream is truncated, oversized, or from another version or codec
│   └── DamagedStreamError    whole in form, but its checksum does not fit, or its symbols cannot be decoded
├── DataError             a data set is missing, out of reach, damaged, or not what it should be
├── ConfigError           a configuration has faults; lists every one
├── WeightsError          the weights are missing, damaged or do not fit the codec
├── CapacityError         the message does not fit this cover; carries ``needed`` and ``available`` in bytes
├── EmbeddingError        the sender read something else than it wrote, and so wrote nothing
│   └── UnrecoveredError      a draw that an open codec's receiver does not recover (internal: the sender draws again)
├── InfeasibleError       a syndrome cannot be met with the dry symbols at hand (internal: the scheme retries)
├── NothingFoundError     wrong key, no message, or damage: one text for all three
├── PeerError             another tool cannot be started, does not answer in time, or answers nonsense
└── OutputError           the output exists already, or cannot be written

try:
    got = semstego.reveal("picture.png", passphrase="...")
except semstego.SemstegoError as error:
    print(error)
"""

__all__ = [
    "ArgumentError",
    "CapacityError",
    "ConfigError",
    "DamagedStreamError",
    "DataError",
    "EmbeddingError",
    "InfeasibleError",
    "NothingFoundError",
    "OutputError",
    "PeerError",
    "PictureError",
    "SemstegoError",
    "SemstegoWarning",
    "StreamError",
    "UnrecoveredError",
    "WeightsError",
]


class SemstegoWarning(UserWarning):
    """Base of every warning that semstego gives."""


class SemstegoError(Exception):
    """Base of every error that semstego raises on purpose."""


class PictureError(SemstegoError):
    """The picture cannot be used."""


class StreamError(SemstegoError):
    """The stream cannot be read."""


class DamagedStreamError(StreamError):
    """The stream is whole in form, but its checksum does not fit, or its symbols cannot be decoded."""


class DataError(SemstegoError):
    """The data set cannot be used."""


class ConfigError(SemstegoError):
    """The configuration cannot be used; the text lists every fault, one a line."""


class WeightsError(SemstegoError):
    """The weights cannot be used."""


class ArgumentError(SemstegoError, ValueError):
    """The arguments of a call do not fit together."""


class CapacityError(SemstegoError):
    """The message does not fit; ``needed`` and ``available`` are message bytes."""

    def __init__(self, needed: int, available: int) -> None:
        self.needed, self.available = needed, available
        fits = f"{available} bytes would" if available else "nothing would"
        super().__init__(f"the message has {needed} bytes and does not fit; {fits}")

    def __reduce__(self) -> tuple[type["CapacityError"], tuple[int, int]]:
        """Errors cross processes in ``hide_many`` and ``reveal_many``."""
        return CapacityError, (self.needed, self.available)


class EmbeddingError(SemstegoError):
    """The sender's check read something else than was written."""


class UnrecoveredError(EmbeddingError):
    """The receiver of an open codec recovers other symbols than were drawn."""


class InfeasibleError(SemstegoError):
    """No change of the dry symbols meets the syndrome."""


class NothingFoundError(SemstegoError):
    """Wrong passphrase, no message, or damage; the three cannot be told apart."""

    TEXT = "nothing found: there is no message here for this passphrase, or it is damaged"

    def __init__(self, not_tried: str = "") -> None:
        self.not_tried = not_tried
        super().__init__(f"{self.TEXT}; not everything could be tried: {not_tried}" if not_tried else self.TEXT)

    def __reduce__(self) -> tuple[type["NothingFoundError"], tuple[str]]:
        """Errors cross processes in ``hide_many`` and ``reveal_many``."""
        return NothingFoundError, (self.not_tried,)


class PeerError(SemstegoError):
    """Another tool cannot be started, does not answer in time, or answers nonsense."""


class OutputError(SemstegoError):
    """The result cannot be written where it was asked for."""
