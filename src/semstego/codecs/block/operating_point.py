# SPDX-License-Identifier: Apache-2.0
"""An operating point: a block codec with the tables that code its symbols, as weights in one file.

Shipped are ``cr085``, ``cr050`` and ``cr025``, fitted for the eye, and ``task``, fitted for a classifier too, which
keeps so little that only large pictures hold a message; a path to a weights file stands for a point of one's own.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from semstego.codecs import stream as container
from semstego.codecs.base import Symbols
from semstego.codecs.block.basis import BlockBasis
from semstego.codecs.block.codec import BlockCodec
from semstego.codecs.block.entropy.model import EntropyModel
from semstego.codecs.stream import Stream
from semstego.errors import StreamError, WeightsError

PICTURE_POINTS = ("cr085", "cr050", "cr025")
SHIPPED = (*PICTURE_POINTS, "task")
MAX_WEIGHTS_BYTES = 16 << 20
KINDS = {3: "colour", 1: "grey"}  # by number of channels


@dataclass(frozen=True)
class OperatingPoint:
    """A codec and its entropy models.

    Attributes:
        codec: Es and Ds.
        entropy: Model of the symbols, by number of channels.
    """

    codec: BlockCodec
    entropy: dict[int, EntropyModel]

    @property
    def name(self) -> str:
        """The codec's name."""
        return self.codec.name

    @cached_property
    def fingerprint(self) -> bytes:
        """First 8 bytes of SHA-256 over the weights: other weights cannot read the streams."""
        digest = hashlib.sha256()
        for name, array in sorted(self.to_arrays().items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
        return digest.digest()[:8]

    def pack(self, symbols: Symbols) -> bytes:
        """The `.sem` stream of symbols."""
        coded = self.entropy[symbols.channels].encode(symbols.values)
        return container.pack_symbols(symbols, coded, self.name, self.fingerprint)

    def unpack(self, stream: Stream) -> Symbols:
        """The symbols of a stream.

        Raises:
            StreamError: If other weights made the stream, or it is damaged.
        """
        if stream.fingerprint != self.fingerprint:
            raise StreamError(f"the stream was made with other weights than this {self.name!r}")
        shape = self.codec.symbol_shape(stream.height, stream.width, stream.channels)
        values = self.entropy[stream.channels].decode(stream.coded, shape)
        return Symbols(values, stream.height, stream.width, stream.channels)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """All weights by name."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for channels, kind in KINDS.items():
            basis = self.codec.basis(channels)
            arrays[f"{kind}.block"] = np.array([basis.block], np.int32)
            arrays[f"{kind}.analysis"] = basis.analysis.astype(np.int32, order="C")  # safetensors writes memory order
            arrays[f"{kind}.synthesis"] = basis.synthesis.astype(np.int32, order="C")
            for name, array in self.entropy[channels].to_arrays().items():
                arrays[f"{kind}.entropy.{name}"] = np.ascontiguousarray(array)
        return arrays

    def to_bytes(self) -> bytes:
        """The weights as a safetensors file."""
        return safetensors.numpy.save(self.to_arrays(), {"name": self.name, "format": "semstego block codec 1"})


def load(name: str | Path) -> OperatingPoint:
    """A shipped operating point by name, or the one in a weights file.

    Raises:
        WeightsError: If there is no such point, or the file is damaged or no weights at all.
    """
    if name in SHIPPED:
        return _load_shipped(str(name))
    path = Path(name)
    if not path.is_file():
        raise WeightsError(f"no codec {str(name)!r}: shipped are {', '.join(SHIPPED)}, else give a weights file")
    if path.stat().st_size > MAX_WEIGHTS_BYTES:
        raise WeightsError(f"{path}: larger than any weights of a block codec")
    if not container.NAME.fullmatch(os.fsencode(path.stem)):
        raise WeightsError(f"{path}: a codec is named after its file, 1 to 16 printable ASCII characters")
    return _parse(path.read_bytes(), path.stem)


@lru_cache
def _load_shipped(name: str) -> OperatingPoint:
    return _parse((resources.files("semstego") / "weights" / f"{name}.safetensors").read_bytes(), name)


def _parse(data: bytes, name: str) -> OperatingPoint:
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
    return OperatingPoint(BlockCodec(name, bases[3], bases[1]), entropy)


def _basis(arrays: dict[str, NDArray[np.generic]], kind: str, channels: int) -> BlockBasis:
    blocks, analysis, synthesis = (arrays[f"{kind}.{part}"] for part in ("block", "analysis", "synthesis"))
    if blocks.shape != (1,) or analysis.ndim != 2 or any(a.dtype != np.int32 for a in (blocks, analysis, synthesis)):
        raise WeightsError("the basis does not have the shape of a block codec")
    basis = BlockBasis(int(blocks[0]), channels, analysis.astype(np.int64), synthesis.astype(np.int64))
    basis.check()
    return basis


def _under(arrays: dict[str, NDArray[np.generic]], prefix: str) -> dict[str, NDArray[np.generic]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
