# SPDX-License-Identifier: Apache-2.0
"""What is said of covers and passphrases before anything is hidden: warnings, and the refusal of what was a JPEG."""

import hashlib
import json
import warnings
from functools import lru_cache
from importlib import resources

from semstego.api.arguments import Buffer
from semstego.codecs.base import Picture
from semstego.errors import ArgumentError, SemstegoWarning
from semstego.io.jpeg_history import find_jpeg_history
from semstego.schemes.base import Scheme

LEAST_PASSPHRASE = 20  # characters; seven words drawn by dice have some thirty


class PassphraseWarning(SemstegoWarning):
    """The passphrase is so short that it may be guessed, and then nothing is hidden."""


class CoverWarning(SemstegoWarning):
    """The cover gives the message away: everybody has it, or changes show in it at once."""


def warn_of(cover: Picture, passphrase: str | Buffer | None) -> None:
    """Warn of covers and passphrases that cannot keep a secret."""
    if passphrase is not None and len(passphrase) < LEAST_PASSPHRASE:
        text = "this passphrase is short: whoever guesses it finds the message; take seven words drawn by dice"
        warnings.warn(text, PassphraseWarning, stacklevel=3)
    if hashlib.sha256(cover.tobytes()).hexdigest() in _bundled_digests():
        warnings.warn("this cover ships with semstego: anybody can compare it", CoverWarning, stacklevel=3)
    if cover.shape[2] == 3 and (cover == cover[:, :, :1]).all():
        text = "this cover is a grey picture stored in colour: changes will show as colour; convert it to grey first"
        warnings.warn(text, CoverWarning, stacklevel=3)


def refuse_jpeg_history(cover: Picture, scheme: Scheme) -> None:
    """Refuse a cover that stems from a JPEG.

    Raises:
        ArgumentError: It names both ways out.
    """
    if find_jpeg_history(cover).found:
        raise ArgumentError(
            f"this cover stems from a JPEG, which gives away what the scheme {scheme.name!r} hides in it: shrink it "
            f"(shrink=True, --shrink), or hide all the same (allow_jpeg_history=True, --allow-jpeg-history)"
        )


@lru_cache
def _bundled_digests() -> frozenset[str]:
    credits = json.loads((resources.files("semstego") / "datasets" / "photographs" / "credits.json").read_text())
    return frozenset(entry["pixels_sha256"] for entry in credits)
