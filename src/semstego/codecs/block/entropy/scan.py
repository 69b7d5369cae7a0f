# SPDX-License-Identifier: Apache-2.0
"""What the entropy coder knows when it meets a symbol: passes over a plane, taps, predictions, contexts.

    plane by plane; inside a plane, one symbol and then level by level, the stride s halving to 1:

        e . e . e      e: known
        . A . A .      A: four corners   each pass is one strided slice, so that all its contexts
        e . e . e      B: A and e        are computed before any of its symbols is read
        B A B A B      C: everything

    known symbols --taps, weights--> prediction --> residual, mirrored so that the prediction's fraction is positive
    known residuals --taps, weights--> energy --thresholds--> context --assignment--> distribution

A tap is one known symbol: a neighbour in the same plane, counted in strides, or one in a plane coded before, counted in
symbols. Integers only: every machine must see the same contexts.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = [
    "KINDS",
    "START",
    "Pass",
    "Planes",
    "Tables",
    "is_known",
    "pass_table",
    "passes",
    "residuals",
    "restore",
    "scan",
    "tap_index",
]

KINDS: Final = 10  # three passes at strides 1, 2 and beyond, and the first symbol
START: Final = 9
WEIGHT_BITS: Final = 12
ONE: Final = 1 << WEIGHT_BITS

Planes = NDArray[np.uint8]  # (k, h', w')


def is_known(kind: int, row: int, column: int) -> bool:
    """Whether the neighbour this many strides away, in the same plane, is coded before a pass of this kind."""
    if kind == START:
        return False
    odd_row, odd_column = bool(row % 2), bool(column % 2)
    return (odd_row and odd_column, odd_row != odd_column, odd_row or odd_column)[kind % 3]


class Pass(NamedTuple):
    """One strided slice of a plane, and what is known when it is coded."""

    kind: int
    """Index of the pass in the model's tables, 0 to ``KINDS`` - 1."""
    top: int
    left: int
    stride: int
    """Unit of a tap in the same plane; the slice itself goes in steps of twice that [symbols]."""

    def of(self, plane: NDArray[Any]) -> NDArray[Any]:
        """View of the slice ``(rows, columns)``."""
        return plane[self.top :: 2 * self.stride, self.left :: 2 * self.stride]


def passes(height: int, width: int) -> Iterator[Pass]:
    """Passes of a plane in coding order, empty ones left out."""
    stride = 1 << max(0, (max(height, width) - 1).bit_length() - 1)
    yield Pass(START, 0, 0, stride)
    while stride and max(height, width) > 1:
        level = 3 * min(stride.bit_length() - 1, 2)
        for kind, (top, left) in enumerate(((stride, stride), (stride, 0), (0, stride))):
            if top < height and left < width:
                yield Pass(level + kind, top, left, stride)
        stride >>= 1


def pass_table(height: int, width: int) -> NDArray[np.int64]:
    """The fields of these passes ``(n, 4)``, for compiled loops."""
    return np.array(list(passes(height, width)), np.int64)


class Tables(NamedTuple):
    """What :class:`semstego.codecs.block.entropy.model.EntropyModel` says about every pass."""

    taps: NDArray[np.int16]
    weights: NDArray[np.int32]
    error_taps: NDArray[np.int16]
    error_weights: NDArray[np.int32]
    thresholds: NDArray[np.int32]
    assignment: NDArray[np.uint8]


@compiled
def tap_index(planes: Planes, tap: NDArray[np.int64], y: int, x: int) -> int:
    """Flat index of a tap; beyond an edge its mirror image, beyond two edges the plane's first symbol."""
    _, height, width = planes.shape
    row, column = y + tap[1], x + tap[2]
    if row < 0 or row >= height:
        row = y - tap[1]
    if column < 0 or column >= width:
        column = x - tap[2]
    if row < 0 or row >= height or column < 0 or column >= width:
        row, column = 0, 0
    index: int = (tap[0] * height + row) * width + column
    return index


@compiled
def _placed(
    taps: NDArray[np.int16], weights: NDArray[np.int32], plane: int, stride: int, height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Taps in use ``(t, 3)``, all in symbols; their weights; and how far they are away in a flat array of planes."""
    placed, used, offsets = (
        np.empty((len(taps), 3), np.int64),
        np.empty(len(taps), np.int64),
        np.empty(len(taps), np.int64),
    )
    count = 0
    for t in range(len(taps)):
        if weights[t] != 0:
            unit = stride if taps[t, 0] == plane else 1
            tap = placed[count]
            tap[0], tap[1], tap[2] = taps[t, 0], taps[t, 1] * unit, taps[t, 2] * unit
            used[count], offsets[count] = weights[t], (tap[0] * height + tap[1]) * width + tap[2]
            count += 1
    return placed[:count], used[:count], offsets[:count]


@compiled
def _at_edge(
    planes: Planes, flat: NDArray[np.uint8], taps: NDArray[np.int64], weights: NDArray[np.int64], y: int, x: int
) -> int:
    """Weighted sum of taps, some of which may lie outside the plane."""
    total = 0
    for t in range(len(taps)):
        total += weights[t] * np.int64(flat[tap_index(planes, taps[t], y, x)])
    return total


@compiled
def scan(
    symbols: Planes, errors: Planes, tables: Tables, plane: int, step: Pass
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Predictions and distributions of one pass.

    Args:
        symbols: Symbols ``(k, h', w')``; those of earlier planes and passes are known, no others are looked at.
        errors: Their |symbol - prediction|, same shape.
        tables: Of the model.
        plane: Index of the plane.
        step: The pass.

    Returns:
        Predictions ``(n,)``, row by row, plus 256 where the residual is mirrored; and indices of the distributions.
    """
    _, height, width = symbols.shape
    kind, top, left, stride = step
    taps, weights, near = _placed(tables.taps[plane, kind], tables.weights[plane, kind], plane, stride, height, width)
    error_taps, error_weights, near_errors = _placed(
        tables.error_taps[plane, kind], tables.error_weights[plane, kind], plane, stride, height, width
    )
    thresholds, assignment = tables.thresholds[plane, kind], tables.assignment[plane, kind]
    flat, flat_errors, folds = symbols.reshape(-1), errors.reshape(-1), assignment.shape[1]
    constant, reach_y, reach_x = ONE // 2, 0, 0  # rounds
    for weight in weights:
        constant -= 128 * weight  # takes 128 off every symbol
    for placed in (taps, error_taps):
        for tap in placed:
            reach_y, reach_x = max(reach_y, abs(tap[1])), max(reach_x, abs(tap[2]))
    size, i = len(range(top, height, 2 * stride)) * len(range(left, width, 2 * stride)), 0
    base, chosen = np.empty(size, np.int16), np.empty(size, np.uint8)
    for y in range(top, height, 2 * stride):
        for x in range(left, width, 2 * stride):
            total, energy, context = constant, 0, 0
            if reach_y <= y < height - reach_y and reach_x <= x < width - reach_x:
                for t in range(len(near)):
                    total += weights[t] * np.int64(flat[y * width + x + near[t]])
                for t in range(len(near_errors)):
                    energy += error_weights[t] * np.int64(flat_errors[y * width + x + near_errors[t]])
            else:
                total += _at_edge(symbols, flat, taps, weights, y, x)
                energy += _at_edge(errors, flat_errors, error_taps, error_weights, y, x)
            for threshold in thresholds:
                context += energy >= threshold
            fraction = (total & (ONE - 1)) - ONE // 2
            fold = min(2 * abs(fraction) * folds >> WEIGHT_BITS, folds - 1)
            base[i] = min(max((total >> WEIGHT_BITS) + 128, 0), 255) + 256 * (fraction < 0)
            chosen[i] = assignment[context, fold]
            i += 1
    return base, chosen


@compiled
def residuals(symbols: Planes, errors: Planes, plane: int, step: Pass, base: NDArray[np.int16]) -> NDArray[np.uint8]:
    """What is coded in one pass, ``(n,)``; also fills ``errors`` there.

    A residual is symbol - prediction modulo 256, or the negative, so that the prediction's fraction always points to 1
    rather than to 255.
    """
    _, height, width = symbols.shape
    found, i = np.empty(len(base), np.uint8), 0
    for y in range(step.top, height, 2 * step.stride):
        for x in range(step.left, width, 2 * step.stride):
            difference = np.int64(symbols[plane, y, x]) - (base[i] & 255)
            found[i] = (difference if base[i] < 256 else -difference) & 255
            errors[plane, y, x] = abs(difference)
            i += 1
    return found


@compiled
def restore(
    symbols: Planes, errors: Planes, plane: int, step: Pass, base: NDArray[np.int16], found: NDArray[np.uint8]
) -> None:
    """Put the symbols of these residuals in their place, and fill ``errors`` there."""
    _, height, width = symbols.shape
    i = 0
    for y in range(step.top, height, 2 * step.stride):
        for x in range(step.left, width, 2 * step.stride):
            prediction, residual = np.int64(base[i] & 255), np.int64(found[i])
            symbol = (prediction + residual if base[i] < 256 else prediction - residual) & 255
            symbols[plane, y, x] = symbol
            errors[plane, y, x] = abs(symbol - prediction)
            i += 1
