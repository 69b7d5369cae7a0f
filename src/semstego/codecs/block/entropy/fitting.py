# SPDX-License-Identifier: Apache-2.0
"""Fit the tables of :mod:`semstego.codecs.block.entropy.model` to the symbols of photographs.

    for every plane and kind of pass
        prediction   forward selection of taps by least squares, reweighted towards least absolute residuals
        energy       the same for the sizes of the residuals, from sizes known already; no weight below 0
        thresholds   quantiles of the energy, closer together where it is high
    together
        distributions   contexts clustered by code length, with a floor under every tail

Floating point is welcome here: what comes out is rounded to integers, and only those are ever used to read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.block.entropy.model import EntropyModel
from semstego.codecs.block.entropy.range_coder import FREQUENCY_BITS
from semstego.codecs.block.entropy.scan import (
    KINDS,
    ONE,
    START,
    Planes,
    is_known,
    passes,
    residuals,
    scan,
    tap_index,
)
from semstego.compiled import compiled

__all__ = ["fit"]

TAPS: Final = 16
CONTEXTS: Final = 20
FOLDS: Final = 2
DISTRIBUTIONS: Final = 48
SAMPLES: Final = 16_000  # per plane and kind
MIN_GAIN: Final = 0.002  # of the squares that are left; a tap that explains less is not taken

_ROUNDS: Final = 3
_CLUSTER_ROUNDS: Final = 30
_NEAR: Final = np.minimum(np.arange(256), 256 - np.arange(256))  # |residual|
_SURROUNDED: Final = 6  # earlier planes whose 3 x 3 neighbourhood may be looked at; of the others the same place only

Numbers = NDArray[np.float64]


class _Places(NamedTuple):
    """Positions of one kind of pass in one picture."""

    picture: int
    stride: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


def fit(symbols: Sequence[Planes], seed: int = 0) -> EntropyModel:
    """Fit an entropy model.

    Args:
        symbols: uint8 ``(k, h', w')`` of each photograph, the same k for all.
        seed: Of the positions that are looked at.

    Returns:
        The model. Its tables may differ between machines in their last digit, as least squares does: store them.
    """
    if not symbols:
        raise ValueError("no symbols to fit to")
    kept = len(symbols[0])
    arrays = [np.array(planes, np.uint8, order="C") for planes in symbols]
    errors = [np.zeros_like(planes) for planes in arrays]
    places = _draw([planes.shape[1:] for planes in arrays], np.random.default_rng(seed))
    draft = _draft(kept)
    counts = np.zeros((kept, KINDS, CONTEXTS * FOLDS, 256), np.int64)
    for plane in range(kept):
        for kind in set(places) - {START}:
            _fit_prediction(draft, arrays, places[kind], plane, kind)
        for planes, spent in zip(arrays, errors, strict=True):
            for _ in _coded(draft, planes, spent, plane):
                pass  # fills ``spent``
        for kind in set(places) - {START}:
            _fit_energy(draft, errors, places[kind], plane, kind)
        for planes, spent in zip(arrays, errors, strict=True):
            for kind, chosen, coded in _coded(draft, planes, spent, plane):
                pairs = chosen.ravel().astype(np.int64) * 256 + coded.ravel()
                counts[plane, kind] += np.bincount(pairs, minlength=counts[0, 0].size).reshape(-1, 256)
    assignment, frequencies = _cluster(counts.reshape(-1, 256).astype(np.float64))
    return replace(draft, assignment=assignment.reshape(draft.assignment.shape), frequencies=frequencies)


def _coded(
    model: EntropyModel, symbols: Planes, errors: Planes, plane: int
) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Kind of every pass of one plane, distributions and residuals ``(rows, columns)``; also fills ``errors``."""
    for step in passes(*symbols.shape[1:]):
        base, chosen = scan(symbols, errors, model.tables, plane, step)
        yield step.kind, chosen, residuals(symbols, errors, plane, step, base)


def _draft(kept: int) -> EntropyModel:
    """A model without taps, each of whose contexts is a distribution of its own."""
    contexts = np.arange(CONTEXTS * FOLDS, dtype=np.uint8).reshape(CONTEXTS, FOLDS)
    return EntropyModel(
        taps=np.zeros((kept, KINDS, TAPS, 3), np.int16),
        weights=np.zeros((kept, KINDS, TAPS), np.int32),
        error_taps=np.zeros((kept, KINDS, TAPS, 3), np.int16),
        error_weights=np.zeros((kept, KINDS, TAPS), np.int32),
        thresholds=np.ones((kept, KINDS, CONTEXTS - 1), np.int32),
        assignment=np.tile(contexts, (kept, KINDS, 1, 1)),
        frequencies=np.zeros((0, 256), np.uint16),
    )


def _draw(shapes: Sequence[tuple[int, ...]], rng: np.random.Generator) -> dict[int, list[_Places]]:
    """At most about ``SAMPLES`` positions of every kind, spread over pictures by their size."""
    grids = [
        (i, step, step.of(np.empty(shape, np.bool_)).shape) for i, shape in enumerate(shapes) for step in passes(*shape)
    ]
    totals = np.zeros(KINDS)
    for _, step, (rows, columns) in grids:
        totals[step.kind] += rows * columns
    places: dict[int, list[_Places]] = {}
    for i, step, (rows, columns) in grids:
        size = rows * columns
        picked = rng.choice(size, min(size, int(np.ceil(size * SAMPLES / totals[step.kind]))), replace=False)
        y, x = step.top + 2 * step.stride * (picked // columns), step.left + 2 * step.stride * (picked % columns)
        places.setdefault(step.kind, []).append(_Places(i, step.stride, y, x))
    return places


def _candidates(plane: int, kind: int) -> NDArray[np.int64]:
    """Taps ``(t, 3)`` to choose from."""
    around = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    own = [(plane, y, x) for y, x in around if is_known(kind, y, x)]
    before = [(p, y, x) for p in range(min(plane, _SURROUNDED)) for y, x in around]
    return np.array(own + before + [(p, 0, 0) for p in range(_SURROUNDED, plane)], np.int64)


@compiled
def _gather(
    planes: Planes,
    taps: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Values ``(positions, t)`` of taps."""
    flat = planes.ravel()
    for i in range(len(rows)):
        for t in range(len(taps)):
            values[i, t] = flat[tap_index(planes, taps[t], rows[i], columns[i])]


def _placed(taps: NDArray[np.int64], plane: int, stride: int) -> NDArray[np.int64]:
    """Taps ``(t, 3)`` with those in ``plane`` itself scaled from strides to symbols."""
    placed = taps.copy()
    placed[placed[:, 0] == plane, 1:] *= stride
    return placed


def _table(arrays: Sequence[Planes], places: Sequence[_Places], taps: NDArray[np.int64], plane: int) -> Numbers:
    """Values ``(positions, t)`` of taps over all pictures."""
    parts = []
    for spot in places:
        parts.append(np.empty((len(spot.rows), len(taps))))
        _gather(arrays[spot.picture], _placed(taps, plane, spot.stride), spot.rows, spot.columns, parts[-1])
    return np.concatenate(parts)


def _fit_prediction(
    draft: EntropyModel, arrays: Sequence[Planes], places: Sequence[_Places], plane: int, kind: int
) -> None:
    """Choose and weigh the taps of a prediction."""
    taps = _candidates(plane, kind)
    known = _table(arrays, places, taps, plane) - 128
    truth = _table(arrays, places, np.array([[plane, 0, 0]]), plane)[:, 0] - 128
    residual = truth
    for _ in range(_ROUNDS):  # 1 / |r| turns squares into absolute values; 0.7 because symbols are whole
        chosen, weights = _select(known, truth, 1 / (0.7 + np.abs(residual)), signed=True)
        residual = truth - known[:, chosen] @ weights
    draft.taps[plane, kind, : len(chosen)] = taps[chosen]
    draft.weights[plane, kind, : len(chosen)] = np.rint(weights * ONE)


def _fit_energy(
    draft: EntropyModel, errors: Sequence[Planes], places: Sequence[_Places], plane: int, kind: int
) -> None:
    """Choose and weigh the taps of the energy, and part it into contexts."""
    taps = _candidates(plane, kind)
    known = _table(errors, places, taps, plane)
    truth = _table(errors, places, np.array([[plane, 0, 0]]), plane)[:, 0]
    expected = np.full(len(truth), truth.mean())
    for _ in range(_ROUNDS):  # a size is as far off as it is large, so relative errors count
        chosen, weights = _select(known, truth, 1 / (0.3 + expected) ** 2, signed=False)
        expected = known[:, chosen] @ weights
    draft.error_taps[plane, kind, : len(chosen)] = taps[chosen]
    draft.error_weights[plane, kind, : len(chosen)] = np.rint(weights * ONE)
    energy = known[:, chosen] @ draft.error_weights[plane, kind, : len(chosen)]
    shares = 1 - (1 - np.arange(1, CONTEXTS - 1) / (CONTEXTS - 1)) ** 1.3
    # Energy 0 is a context of its own, though photographs may never show it: flat drawings live in it.
    draft.thresholds[plane, kind] = [1, *np.floor(np.quantile(energy, shares)) + 1]


def _select(known: Numbers, truth: Numbers, weight: Numbers, *, signed: bool) -> tuple[NDArray[np.intp], Numbers]:
    """Forward selection of columns of ``known`` for weighted least squares; a tap needs 50 positions to stand on."""
    weighted = known * weight[:, None]
    gram, pull = known.T @ weighted, truth @ weighted
    rest, left, deflated = gram.copy(), float(truth @ (truth * weight)), pull.copy()
    chosen: list[int] = []
    for _ in range(min(TAPS, len(truth) // 50, len(gram))):
        power = np.diag(rest)
        usable = (power > 1e-6 * np.diag(gram)) & (signed | (deflated > 0))
        usable[chosen] = False
        gains = np.where(usable, deflated**2 / np.where(usable, power, 1), 0)
        best = int(gains.argmax())
        if gains[best] <= MIN_GAIN * left:
            break
        chosen.append(best)
        left -= gains[best]
        share = rest[best] / rest[best, best]
        deflated = deflated - share * deflated[best]
        rest = rest - np.outer(share, rest[best])
    while chosen:
        part = gram[np.ix_(chosen, chosen)]
        weights = np.linalg.solve(part + 1e-6 * np.trace(part) / len(part) * np.eye(len(part)), pull[chosen])
        if signed or weights.min() > 0:
            return np.array(chosen), weights
        chosen.pop(int(weights.argmin()))
    return np.zeros(0, np.intp), np.zeros(0)


def _cluster(counts: Numbers) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Assignment ``(contexts,)`` of counts ``(contexts, 256)`` to distributions, and these ``(d, 256)``."""
    size = counts.sum(axis=1)
    spread = np.log((counts @ _NEAR + 0.001) / (size + 1))  # a context never seen is taken for a flat one
    low, high = np.quantile(spread[size > 0], [0.001, 0.999])
    label = np.clip((spread - low) / max(high - low, 1e-9) * DISTRIBUTIONS, 0, DISTRIBUTIONS - 1).astype(np.int64)
    for _ in range(_CLUSTER_ROUNDS):
        bits = -np.log2(np.stack([_smooth(counts[label == d].sum(axis=0)) for d in range(DISTRIBUTIONS)]))
        moved = np.where(size > 0, (counts @ bits.T).argmin(axis=1), label)
        if (moved == label).all():
            break
        label = moved
    rows = [_to_integers(_smooth(counts[label == d].sum(axis=0))) for d in range(DISTRIBUTIONS)]
    return label.astype(np.uint8), np.stack(rows)


def _smooth(counts: Numbers) -> Numbers:
    """Counts ``(256,)`` as a distribution on two floors: a wider Laplacian, and a level one for the unseen."""
    total = counts.sum()
    wide = np.exp(-_NEAR / (2 * (counts @ _NEAR + 1) / (total + 1) + 0.3))
    floor = 20 + 0.002 * total
    smooth: Numbers = (counts + floor * (0.9 * wide / wide.sum() + 0.1 / 256)) / (total + floor)
    return smooth


def _to_integers(distribution: Numbers) -> NDArray[np.uint16]:
    """Frequencies of 1 or more, 2^16 together."""
    frequencies = np.maximum(1, np.floor(distribution * (1 << FREQUENCY_BITS))).astype(np.int64)
    frequencies[frequencies.argmax()] += (1 << FREQUENCY_BITS) - frequencies.sum()
    return frequencies.astype(np.uint16)
