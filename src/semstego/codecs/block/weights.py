# SPDX-License-Identifier: Apache-2.0
"""Weights of block codecs: an operating point in a file, bases, entropy tables, and the width of its dither.

Shipped are ``cr085``, ``cr050`` and ``cr025``, fitted for the eye, and ``task``, fitted for a classifier too, which
keeps so little that only large pictures hold a message. Each of them ships twice: with its dither, which all senders of
the point share, and as ``cr085-plain`` and so on, which rounds plainly.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from semstego.codecs.base import DITHER_SCALE, PLAIN, is_dither
from semstego.codecs.block.basis import BlockBasis
from semstego.codecs.block.codec import KINDS, BlockCodec
from semstego.codecs.block.entropy.model import EntropyModel
from semstego.errors import WeightsError
from semstego.inputs import read_once

FORMAT = "semstego block codec 1"
FORMATS = (FORMAT,)
CLOSED = True
ASIDE: frozenset[str] = frozenset()
MAX_WEIGHTS_BYTES = 16 << 20


def points(name: str) -> tuple[str, ...]:
    """Names of the codecs that the shipped weights of this name are."""
    return name, name + PLAIN


def load(path: Path, name: str) -> BlockCodec:
    """The codec in a weights file, under this name; one of :func:`points`, or that of a file of one's own.

    Raises:
        WeightsError: If the file is damaged, or holds something else.
    """
    codec = parse(read_once(path, MAX_WEIGHTS_BYTES, WeightsError), name)
    return replace(codec, dither=0.0) if name == path.stem + PLAIN else codec


def parse(data: bytes, name: str) -> BlockCodec:
    """The codec in the content of a weights file; errors as in :func:`load`."""
    try:
        arrays = safetensors.numpy.load(data)
    except safetensors.SafetensorError as error:
        raise WeightsError(f"{name}: not a weights file ({error})") from None
    try:
        bases = {channels: _basis(arrays, kind, channels) for channels, kind in KINDS.items()}
        entropy = {
            channels: EntropyModel.from_arrays(_under(arrays, f"{kind}.entropy.")) for channels, kind in KINDS.items()
        }
    except KeyError as error:
        raise WeightsError(f"{name}: the weights lack {error}") from None
    for channels, basis in bases.items():
        if entropy[channels].kept != basis.kept:
            raise WeightsError(f"{name}: the entropy model does not fit the basis")
    return BlockCodec(name, bases, entropy, _dither(data, name))


def to_bytes(codec: BlockCodec) -> bytes:
    """The weights as a safetensors file."""
    facts = {"name": codec.name, "format": FORMAT, "dither": str(codec.dither)}
    return safetensors.numpy.save(codec.to_arrays(), facts)


def _dither(data: bytes, name: str) -> float:
    """What a sound weights file says of its dither; files from before there was one say nothing, and round plainly."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    text = (header.get("__metadata__") or {}).get("dither", "0")
    try:
        dither = float(text)
    except ValueError:
        dither = -1.0
    if not is_dither(dither):
        raise WeightsError(
            f"{name}: the width of the dither is {text!r:.40}, not a multiple of 1/{DITHER_SCALE} up to 1"
        )
    return dither


def _basis(arrays: dict[str, NDArray[np.generic]], kind: str, channels: int) -> BlockBasis:
    blocks, analysis, synthesis = (arrays[f"{kind}.{part}"] for part in ("block", "analysis", "synthesis"))
    if blocks.shape != (1,) or analysis.ndim != 2 or any(a.dtype != np.int32 for a in (blocks, analysis, synthesis)):
        raise WeightsError("the basis does not have the shape of a block codec")
    basis = BlockBasis(int(blocks[0]), channels, analysis.astype(np.int64), synthesis.astype(np.int64))
    basis.check()
    return basis


def _under(arrays: dict[str, NDArray[np.generic]], prefix: str) -> dict[str, NDArray[np.generic]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
