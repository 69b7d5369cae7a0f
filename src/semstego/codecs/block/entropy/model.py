# SPDX-License-Identifier: Apache-2.0
"""Lossless entropy coding of symbols, by integers alone.

Contexts come from :mod:`semstego.codecs.block.entropy.scan`; each chooses one of some dozen distributions of residuals,
and :mod:`semstego.codecs.block.entropy.range_coder` does the rest. Weights, thresholds and distributions are integers,
stored with the codec's weights and fitted to photographs (:mod:`semstego.codecs.block.entropy.fitting`). A golden test
compares the bytes.

Whatever the symbols are, they come back, and coded they never take more than a byte each.
"""

import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.block.entropy import range_coder
from semstego.codecs.block.entropy.planes import code_plane
from semstego.codecs.block.entropy.range_coder import FREQUENCY_BITS, State, Words
from semstego.codecs.block.entropy.scan import KINDS, Planes, Tables, is_known, pass_table
from semstego.errors import DamagedStreamError, WeightsError

__all__ = ["EntropyModel"]

_MAX_WEIGHT: Final = 1 << 20  # keeps every sum of 2^15 taps inside int64
_MAX_DISTANCE: Final = 64
_FORM: Final[dict[str, tuple[type, int]]] = {
    "taps": (np.int16, 4),
    "weights": (np.int32, 3),
    "error_taps": (np.int16, 4),
    "error_weights": (np.int32, 3),
    "thresholds": (np.int32, 3),
    "assignment": (np.uint8, 4),
    "frequencies": (np.uint16, 2),
}


@dataclass(frozen=True)
class EntropyModel:
    """Tables of the entropy coder, for k planes.

    Attributes:
        taps: int16 ``(k, KINDS, t, 3)``: plane, rows and columns of each known symbol that predicts.
        weights: int32 ``(k, KINDS, t)`` of these, in 2^-12; 0 for an unused tap.
        error_taps: int16 ``(k, KINDS, u, 3)``: the same for residuals known already.
        error_weights: int32 ``(k, KINDS, u)`` of these, 0 or more; their sum is the energy.
        thresholds: int32 ``(k, KINDS, q - 1)``, rising: energies that part the q contexts.
        assignment: uint8 ``(k, KINDS, q, f)``: distribution of each context and fraction of the prediction.
        frequencies: uint16 ``(d, 256)``: distributions of residuals, each 1 or more and 2^16 together.
    """

    taps: NDArray[np.int16]
    weights: NDArray[np.int32]
    error_taps: NDArray[np.int16]
    error_weights: NDArray[np.int32]
    thresholds: NDArray[np.int32]
    assignment: NDArray[np.uint8]
    frequencies: NDArray[np.uint16]

    @property
    def kept(self) -> int:
        """Planes the model is made for, k."""
        return len(self.taps)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The tables by name, to be stored."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "EntropyModel":
        """The model from stored tables.

        Raises:
            WeightsError: If a table is missing or could lead a reader astray.
        """
        missing = [field.name for field in fields(cls) if field.name not in arrays]
        if missing:
            raise WeightsError(f"the entropy model lacks {', '.join(missing)}")
        model = cls(**{field.name: np.ascontiguousarray(arrays[field.name]) for field in fields(cls)})
        model._check()
        return model

    def _check(self) -> None:
        """Refuse tables that would make ``scan`` look outside the planes, overflow, or not add up."""
        lead = (self.kept, KINDS)
        for name, (dtype, dimensions) in _FORM.items():
            array = getattr(self, name)
            if array.dtype != dtype or array.ndim != dimensions or not array.size:
                raise WeightsError(
                    f"the entropy model's {name} are no {dimensions}-dimensional {np.dtype(dtype)} table"
                )
            if name != "frequencies" and array.shape[:2] != lead:
                raise WeightsError(f"the entropy model's {name} are not made for {lead[0]} planes")
        if not (_is_sound(self.taps, self.weights) and _is_sound(self.error_taps, self.error_weights)):
            raise WeightsError("the entropy model looks at symbols it cannot know")
        contexts = self.thresholds.shape[2] + 1
        if self.assignment.shape[2] != contexts or self.assignment.max() >= len(self.frequencies):
            raise WeightsError("the entropy model's contexts and distributions do not fit together")
        sums = self.frequencies.sum(axis=1, dtype=np.int64)
        if self.frequencies.shape[1] != 256 or self.frequencies.min() < 1 or (sums != 1 << FREQUENCY_BITS).any():
            raise WeightsError("the entropy model's frequencies are not distributions")

    @cached_property
    def tables(self) -> Tables:
        """Those that the compiled loops look at; a read-only one is another type to Numba, and compiled for."""
        return Tables(*(np.require(getattr(self, name), requirements=["C", "W"]) for name in Tables._fields))

    @cached_property
    def _bounds(self) -> NDArray[np.uint32]:
        return range_coder.boundaries(self.frequencies)

    def _least_bits(self, size: int) -> int:
        """Bits that so many symbols take at the very least: fewer than these claim a picture to waste hours on.

        A hundredth is let off, so that no rounding can refuse what ``encode`` wrote.
        """
        return int(0.99 * size * -math.log2(self.frequencies.max() / (1 << FREQUENCY_BITS)))

    def encode(self, symbols: Planes) -> bytes:
        """Code symbols, whatever they hold.

        Args:
            symbols: uint8 ``(k, h', w')``.

        Returns:
            At most one byte per symbol: what does not shrink is kept as it is.
        """
        self._check_shape(symbols.shape)
        symbols = np.array(symbols, np.uint8, order="C")
        state, words = range_coder.writer(), np.empty((symbols.size - 1) // 4, np.uint32)
        if self._code(symbols, state, words, reading=False):
            coded = range_coder.finish(state, words).astype("<u4").tobytes()
            if len(coded) < symbols.size:
                return coded
        return symbols.tobytes()

    def decode(self, data: bytes, shape: tuple[int, int, int]) -> Planes:
        """Read symbols.

        Args:
            data: What ``encode`` returned.
            shape: ``(k, h', w')`` of the symbols. The caller has checked it: it alone says how much is allocated.

        Returns:
            uint8 array of this shape.

        Raises:
            DamagedStreamError: If ``data`` cannot come from ``encode``; not every damage shows, see the checksum.
        """
        self._check_shape(shape)
        size = shape[0] * shape[1] * shape[2]
        if len(data) == size:
            return np.frombuffer(data, np.uint8).reshape(shape).copy()
        if len(data) > size or len(data) % 4 or 8 * len(data) < self._least_bits(size):
            raise DamagedStreamError(f"{len(data)} coded bytes do not fit {size} symbols")
        symbols, words = np.zeros(shape, np.uint8), np.frombuffer(data, "<u4").astype(np.uint32)
        state = range_coder.reader(words)
        if not self._code(symbols, state, words, reading=True):
            raise DamagedStreamError("the coded symbols are damaged")
        if not range_coder.is_finished(state, words):
            raise DamagedStreamError("the coded symbols are followed by something else")
        return symbols

    def _code(self, symbols: Planes, state: State, words: Words, *, reading: bool) -> bool:
        """Write or read all planes; False as soon as one of them cannot be."""
        errors, steps = np.zeros_like(symbols), pass_table(*symbols.shape[1:])
        return all(
            code_plane(symbols, errors, plane, steps, self.tables, self._bounds, state, words, reading)
            for plane in range(self.kept)
        )

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        """The caller's mistake, not the stream's."""
        if len(shape) != 3 or shape[0] != self.kept or min(shape) < 1:
            raise ValueError(f"this entropy model is made for {self.kept} planes, not for symbols of shape {shape}")


def _is_sound(taps: NDArray[np.int16], weights: NDArray[np.int32]) -> bool:
    """Whether every tap ``(k, KINDS, t, 3)`` in use is near, and known when it is looked at."""
    if taps.shape != (*weights.shape, 3) or np.abs(weights.astype(np.int64)).max() > _MAX_WEIGHT:
        return False
    own, kinds, _ = np.nonzero(weights)
    planes, rows, columns = taps[weights != 0].astype(np.int64).T
    if ((planes < 0) | (planes > own) | (np.maximum(np.abs(rows), np.abs(columns)) > _MAX_DISTANCE)).any():
        return False
    inside = planes == own
    table = zip(kinds[inside].tolist(), rows[inside].tolist(), columns[inside].tolist(), strict=True)
    return all(is_known(*tap) for tap in table)
