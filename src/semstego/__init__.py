# SPDX-License-Identifier: Apache-2.0
"""semstego: hide a file in the semantic features of a picture, and read it back bit for bit at both stages.

    import semstego

    key = semstego.derive_key("correct horse battery staple")
    out = semstego.hide("cover.png", b"meet me at noon", key=key)
    assert semstego.reveal(out.stream, key=key).message == b"meet me at noon"    # stage I
    assert semstego.reveal(out.picture, key=key).message == b"meet me at noon"   # stage II

Everything below is loaded on first use (PEP 562), so that `import semstego` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semstego.api.batch import hide_many, reveal_many
    from semstego.api.capacity import Capacity, capacity
    from semstego.api.cover_checks import CoverWarning, PassphraseWarning
    from semstego.api.hide_reveal import hide, info, reconstruct, reveal, send
    from semstego.api.report import Report
    from semstego.api.results import Hidden, Revealed
    from semstego.api.transmit import Arrived, transmit
    from semstego.errors import (
        CapacityError,
        EmbeddingError,
        NothingFoundError,
        OutputError,
        PictureError,
        SemstegoError,
        StreamError,
        WeightsError,
    )
    from semstego.message.cipher import Key, derive_key
    from semstego.system.stego_system import StegoSystem

__version__ = "0.1.0"

_HOMES = {
    "semstego.api.cover_checks": ("CoverWarning", "PassphraseWarning"),
    "semstego.api.hide_reveal": ("hide", "info", "reconstruct", "reveal", "send"),
    "semstego.api.results": ("Hidden", "Revealed"),
    "semstego.api.capacity": ("Capacity", "capacity"),
    "semstego.api.transmit": ("Arrived", "transmit"),
    "semstego.errors": (
        "CapacityError", "EmbeddingError", "NothingFoundError", "OutputError", "PictureError", "SemstegoError",
        "StreamError", "WeightsError",
    ),
    "semstego.api.batch": ("hide_many", "reveal_many"),
    "semstego.message.cipher": ("Key", "derive_key"),
    "semstego.api.report": ("Report",),
    "semstego.system.stego_system": ("StegoSystem",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Arrived",
    "Capacity",
    "CapacityError",
    "CoverWarning",
    "EmbeddingError",
    "Hidden",
    "Key",
    "NothingFoundError",
    "OutputError",
    "PassphraseWarning",
    "PictureError",
    "Report",
    "Revealed",
    "SemstegoError",
    "StegoSystem",
    "StreamError",
    "WeightsError",
    "capacity",
    "derive_key",
    "hide",
    "hide_many",
    "info",
    "reconstruct",
    "reveal",
    "reveal_many",
    "send",
    "transmit",
]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'semstego' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
