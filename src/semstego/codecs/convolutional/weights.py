# SPDX-License-Identifier: Apache-2.0
"""Weights of convolutional codecs: Es and Ds alone, or within a whole model of the learned scheme."""

from pathlib import Path
from typing import TYPE_CHECKING

from semstego.errors import SemstegoError

if TYPE_CHECKING:
    from semstego.codecs.convolutional.point import ConvolutionalPoint

PREFIXES = {"semstego convolutional codec 1": "", "semstego learned scheme 1": "codec."}  # of the names of weights
FORMATS = tuple(PREFIXES)
CLOSED = False
DITHERED = {"dithered-100": "learned-100"}  # codecs that ship with their twin's weights
ASIDE = frozenset({"codec-64", "codec-256", "codec-grey", "codec-grey-085"})
"""Channels of the paper's Tables I and IV."""


def points(name: str) -> tuple[str, ...]:
    """Names of the codecs that the shipped weights of this name are."""
    return (name, *(twin for twin, plain in DITHERED.items() if plain == name))


def load(path: Path, name: str) -> "ConvolutionalPoint":
    """The codec in a weights file, under this name; torch is imported here, for it takes seconds.

    Raises:
        SemstegoError: If torch is not installed.
        WeightsError: If the file is damaged, or its quantiser needs what a stream does not carry.
    """
    try:
        from semstego.codecs.convolutional import dithered_point, point
    except ImportError:
        raise SemstegoError(f"the codec {name!r} needs torch: pip install 'semstego[learned]'") from None
    plain = point.from_file(path, name, PREFIXES)
    return dithered_point.dithered(plain, name) if DITHERED.get(name) == path.stem else plain
