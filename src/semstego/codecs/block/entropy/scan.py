# SPDX-License-Identifier: Apache-2.0
"""What the entropy coder knows when it meets a symbol: passes over a plane, taps, predictions, contexts.

    plane by plane; inside a plane, one symbol and then level by level, the stride s halving to 1:

        e . e . e      e: known          each pass is one strided slice, so that all its contexts can be
        . A . A .      A: four corners   computed before any of its symbols is read, and the range coder
        e . e . e      B: A and e        is called once per distribution and pass, not once per symbol
        B A B A B      C: everything

    known symbols --taps, weights--> prediction --> residual, mirrored so that the prediction's fraction is positive
    known residuals --taps, weights--> energy --thresholds--> context --assignment--> distribution

A tap is one known symbol: a neighbour in the same plane, counted in strides, or one in a plane coded before, counted in
symbols. Integers only: every machine must see the same contexts.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["KINDS", "START", "Pass", "Planes", "Rule", "Work", "is_known", "passes", "place", "scan", "tap_index"]

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


class Work(NamedTuple):
    """One pass of one plane, arrays ``(rows, columns)``."""

    kind: int
    target: NDArray[np.uint8]
    """View of its symbols, to be read or filled."""
    base: NDArray[np.int16]
    """Predictions, plus 256 where the residual is mirrored."""
    chosen: NDArray[np.uint8]
    """Indices of the distributions."""

    def residuals(self) -> NDArray[np.int16]:
        """What is coded, 0 to 255; the prediction's fraction always points to 1 rather than to 255."""
        return np.where(self.base < 256, self.target - self.base, self.base - self.target) & 255

    def fill(self, residuals: NDArray[np.int16]) -> None:
        """Put the symbols of these residuals in their place."""
        residuals = residuals.reshape(self.base.shape)
        self.target[...] = np.where(self.base < 256, self.base + residuals, self.base - residuals) & 255


class Rule(NamedTuple):
    """What the model says about one pass of one plane; taps in symbols, unused ones left out."""

    taps: NDArray[np.int64]
    weights: NDArray[np.int64]
    error_taps: NDArray[np.int64]
    error_weights: NDArray[np.int64]
    thresholds: NDArray[np.int64]
    assignment: NDArray[np.uint8]


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _at_edge(planes: Planes, taps: NDArray[np.int64], weights: NDArray[np.int64], y: int, x: int) -> int:
    """Weighted sum of taps, some of which may lie outside the plane."""
    flat, total = planes.ravel(), 0
    for t in range(len(taps)):
        total += weights[t] * np.int64(flat[tap_index(planes, taps[t], y, x)])
    return total


@njit(nogil=True, cache=True)
def _offsets(taps: NDArray[np.int64], height: int, width: int) -> NDArray[np.int64]:
    """How far each tap is from the symbol in a flat array of planes."""
    offsets = np.empty(len(taps), np.int64)
    for t in range(len(taps)):
        offsets[t] = (taps[t, 0] * height + taps[t, 1]) * width + taps[t, 2]
    return offsets


@njit(nogil=True, cache=True)
def _reach(taps: NDArray[np.int64], error_taps: NDArray[np.int64], axis: int) -> int:
    """Largest distance of a tap along rows (1) or columns (2)."""
    reach = 0
    for t in range(len(taps)):
        reach = max(reach, abs(taps[t, axis]))
    for t in range(len(error_taps)):
        reach = max(reach, abs(error_taps[t, axis]))
    return reach


@njit(nogil=True, cache=True)
def scan(
    symbols: Planes,
    errors: Planes,
    origin: tuple[int, int, int],
    rule: Rule,
    base: NDArray[np.int16],
    chosen: NDArray[np.uint8],
) -> None:
    """Predictions and distributions of one pass.

    Args:
        symbols: Symbols ``(k, h', w')``; those of earlier planes and passes are known, no others are looked at.
        errors: Their |symbol - prediction|, same shape.
        origin: Top, left and step of the pass.
        rule: What the model says about the pass.
        base: Output ``(rows, columns)``: prediction, plus 256 where the residual is mirrored.
        chosen: Output ``(rows, columns)``: index of the distribution.
    """
    top, left, step = origin
    _, height, width = symbols.shape
    flat, flat_errors, folds = symbols.ravel(), errors.ravel(), rule.assignment.shape[1]
    near, near_errors = _offsets(rule.taps, height, width), _offsets(rule.error_taps, height, width)
    reach_y, reach_x = _reach(rule.taps, rule.error_taps, 1), _reach(rule.taps, rule.error_taps, 2)
    constant = ONE // 2 - 128 * rule.weights.sum()  # rounds, and takes 128 off every symbol
    for i in range(base.shape[0]):
        y = top + i * step
        for j in range(base.shape[1]):
            x = left + j * step
            total, energy, context = constant, 0, 0
            if reach_y <= y < height - reach_y and reach_x <= x < width - reach_x:
                for t in range(len(near)):
                    total += rule.weights[t] * np.int64(flat[y * width + x + near[t]])
                for t in range(len(near_errors)):
                    energy += rule.error_weights[t] * np.int64(flat_errors[y * width + x + near_errors[t]])
            else:
                total += _at_edge(symbols, rule.taps, rule.weights, y, x)
                energy += _at_edge(errors, rule.error_taps, rule.error_weights, y, x)
            for threshold in rule.thresholds:
                context += energy >= threshold
            fraction = (total & (ONE - 1)) - ONE // 2
            fold = min(2 * abs(fraction) * folds >> WEIGHT_BITS, folds - 1)
            base[i, j] = min(max((total >> WEIGHT_BITS) + 128, 0), 255) + 256 * (fraction < 0)
            chosen[i, j] = rule.assignment[context, fold]


def place(taps: NDArray[np.integer[Any]], plane: int, stride: int) -> NDArray[np.int64]:
    """Taps ``(t, 3)`` with those in ``plane`` itself scaled from strides to symbols."""
    placed = taps.astype(np.int64)
    placed[placed[:, 0] == plane, 1:] *= stride
    return placed
