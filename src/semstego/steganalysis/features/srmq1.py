# SPDX-License-Identifier: Apache-2.0
"""SRMQ1, the spatial rich model with one quantisation step, of pictures or of feature maps.

[Fridrich2012] J. Fridrich, J. Kodovsky, "Rich models for steganalysis of digital images", IEEE TIFS 7(3), 2012.

    plane ─ residuals 0..4 ─ lowest of a set ─┬─ four neighbours in a row    ─ 625 counts ┐
            srm_residuals.py                  └─ four neighbours in a column ─ 625 counts ┴ merge ─ part of the features

A part, such as ``s1_minmax22h``, adds the shares of patterns in rows for one list of sets to those in columns for
another; its twin ``s1_minmax22v`` swaps the lists. The highest of a set is the negated lowest of the negated residuals,
so a minmax part is counted twice, for the residuals and for their negatives:

    minmax  325 features, summing to 4   (a, b, c, d) merged with (d, c, b, a)
    spam    169 features, summing to 2   and with (-a, -b, -c, -d), (-d, -c, -b, -a); the pattern of zeros comes first

Merged patterns are in the order of their first member, parts in that of `SRM_PARTS`.

Differs from the paper in: parts do not sum to one. They are as in the authors' public code, which turns each
co-occurrence into shares before adding them.
"""

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled
from semstego.steganalysis.features.srm_residuals import LEVELS, SRM_FAMILIES, quantised_residuals

__all__ = ["SRMQ1_SIZE", "SRM_PARTS", "srmq1", "srmq1_per_channel"]

_REACH = 3  # pixels from the first to the last residual of a pattern
_PATTERNS = LEVELS ** (_REACH + 1)
_SMALLEST = 8  # side of a plane [px] on which the 5x5 kernel leaves one pattern

# Sets of residuals to take the lowest of, in rows | in columns. Names of residuals: srm_residuals.py.
_OF_DIFFERENCES = {
    "minmax22h": "64 | 82",
    "minmax22v": "82 | 64",
    "minmax24": "68 62 48 42 | 68 62 48 42",
    "minmax34h": "486 624 | 862 248",
    "minmax34v": "862 248 | 486 624",
    "minmax41": "6482 | 6482",
    "minmax34": "689 623 487 421 | 689 623 487 421",
    "minmax48h": "6897 4213 6231 4879 | 6239 4871 6893 4217",
    "minmax48v": "6239 4871 6893 4217 | 6897 4213 6231 4879",
    "minmax54": "68973 62391 42137 48719 | 68973 62391 42137 48719",
    "spam14h": "6 | 8",
    "spam14v": "8 | 6",
}
_OF_SECOND_DIFFERENCES = {
    "minmax21": "68 | 68",
    "minmax41": "6879 | 6879",
    "minmax32": "689 687 | 689 687",
    "minmax24h": "96 76 | 98 78",
    "minmax24v": "98 78 | 96 76",
    "spam12h": "6 | 8",
    "spam12v": "8 | 6",
}
_OF_KERNELS = {
    "minmax24": "84 26 86 24 | 84 26 86 24",
    "minmax22h": "82 | 64",
    "minmax22v": "64 | 82",
    "minmax41": "8264 | 8264",
    "spam14h": "8 2 | 4 6",
    "spam14v": "4 6 | 8 2",
}
# The public code lists the parts of third differences in another order.
_S3 = "minmax22h minmax22v minmax34h minmax34v minmax24 minmax41 minmax34 minmax48h minmax48v minmax54 spam14h spam14v"
_SETS = (
    {f"s1_{name}": sets for name, sets in _OF_DIFFERENCES.items()}
    | {f"s2_{name}": sets for name, sets in _OF_SECOND_DIFFERENCES.items()}
    | {f"s3_{name}": _OF_DIFFERENCES[name] for name in _S3.split()}
    | {f"{family}_{name}": sets for family in ("s3x3", "s5x5") for name, sets in _OF_KERNELS.items()}
    | {"s3x3_spam11": "5 | 5", "s5x5_spam11": "5 | 5"}
)


def merged_patterns(*, with_sign: bool) -> NDArray[np.int64]:
    """Place in its part of each of the 625 patterns (a, b, c, d), at 125 a + 25 b + 5 c + d with a, b, c, d in 0..4."""
    codes = np.arange(_PATTERNS).reshape(4 * (LEVELS,))
    twins = [codes, codes.transpose(3, 2, 1, 0)]
    if with_sign:
        twins += [np.flip(twin) for twin in twins]
    first = np.min(twins, axis=0).ravel()
    if with_sign:
        first[_PATTERNS // 2] = -1  # the pattern of zeros
    return np.unique(first, return_inverse=True)[1].astype(np.int64)


_MERGED = np.stack([merged_patterns(with_sign=False), merged_patterns(with_sign=True)])
_IS_SPAM = ["_spam" in name for name in _SETS]
_STOPS = np.cumsum([int(_MERGED[int(is_spam)].max()) + 1 for is_spam in _IS_SPAM]).tolist()

SRM_PARTS = {name: slice(start, stop) for name, start, stop in zip(_SETS, [0, *_STOPS[:-1]], _STOPS, strict=True)}
"""Where each part lies among the features of a plane."""

SRMQ1_SIZE: int = _STOPS[-1]
"""Features of one plane: 12,753."""


def _plan(family: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What to count of one family of residuals.

    Returns:
        Parts ``parts 4`` of (start among the features, 1 if spam, first pair, last pair + 1), and pairs ``pairs 2`` of
        (set in rows, set in columns), a set as a mask with bit i for residual i.
    """
    parts: list[tuple[int, int, int, int]] = []
    pairs: list[tuple[int, int]] = []
    names = SRM_FAMILIES[family].names
    for (name, sets), is_spam in zip(_SETS.items(), _IS_SPAM, strict=True):
        if name.split("_")[0] != family:
            continue
        rows, columns = ([sum(1 << names.index(n) for n in s) for s in side.split()] for side in sets.split("|"))
        first = len(pairs)
        pairs += zip(rows, columns, strict=True)
        parts.append((SRM_PARTS[name].start, int(is_spam), first, len(pairs)))
    return np.array(parts), np.array(pairs)


_PLANS = {family: _plan(family) for family in SRM_FAMILIES}


def srmq1(planes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """SRMQ1 features of a batch of planes.

    Args:
        planes: uint8 ``n h w``, both sides at least 8 px.

    Returns:
        float32 ``n 12753``, see `SRM_PARTS`.

    Raises:
        ValueError: If the planes are not a uint8 batch ``n h w`` with sides of 8 px or more.
    """
    if planes.ndim != 3 or planes.dtype != np.uint8 or min(planes.shape[1:]) < _SMALLEST:
        raise ValueError(f"SRMQ1 wants uint8 n h w, sides at least {_SMALLEST} px; got {planes.dtype} {planes.shape}")
    features = np.zeros((len(planes), SRMQ1_SIZE), np.float32)
    for name, family in SRM_FAMILIES.items():
        _fill(np.ascontiguousarray(planes), family.kernels, family.step, *_PLANS[name], features)
    return features


def srmq1_per_channel(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """SRMQ1 features of every channel, one after another: each channel of a codec has its own statistics.

    Args:
        pictures: uint8 ``n c h w``, symbols or pictures with the channels first.

    Returns:
        float32 ``n (c 12753)``.
    """
    count, channels = pictures.shape[:2]
    return srmq1(pictures.reshape(count * channels, *pictures.shape[2:])).reshape(count, channels * SRMQ1_SIZE)


@compiled
def _fill(
    planes: NDArray[np.uint8],
    kernels: NDArray[np.int16],
    step: int,
    parts: NDArray[np.int64],
    pairs: NDArray[np.int64],
    features: NDArray[np.float32],
) -> None:
    """Features of every plane that come from one family of residuals."""
    width = planes.shape[2] - kernels.shape[2] + 1
    in_rows, in_columns = np.empty(_PATTERNS, np.int64), np.empty(_PATTERNS, np.int64)
    for n in range(planes.shape[0]):
        residuals = quantised_residuals(planes[n], kernels, step)
        for start, is_spam, first, last in parts:
            in_rows[:] = 0
            in_columns[:] = 0
            for sign in range(2 - is_spam):  # a spam part merges signs: negatives would add nothing
                for pair in range(first, last):
                    _count_in_rows(_lowest(residuals[sign], pairs[pair, 0]), width, in_rows)
                    _count_in_columns(_lowest(residuals[sign], pairs[pair, 1]), width, in_columns)
            part, merged = features[n, start:], _MERGED[is_spam]
            _add_shares(in_rows, merged, 2 - is_spam, part)
            _add_shares(in_columns, merged, 2 - is_spam, part)


@compiled
def _lowest(residuals: NDArray[np.uint8], mask: int) -> NDArray[np.uint8]:
    """The lowest residual of a set at every pixel."""
    lowest = np.full(residuals.shape[1], LEVELS, np.uint8)
    for i in range(residuals.shape[0]):
        if mask >> i & 1:
            residual = residuals[i]
            for p in range(lowest.size):
                lowest[p] = min(lowest[p], residual[p])
    return lowest


@compiled
def _patterns(levels: NDArray[np.uint8], step: int) -> NDArray[np.uint16]:
    """The pattern of four levels, ``step`` pixels apart, from every pixel on."""
    # Kept out of the loops that count, so that the processor computes several patterns at a time.
    patterns = np.empty(levels.size - _REACH * step, np.uint16)
    second, third, fourth = levels[step:], levels[2 * step :], levels[3 * step :]
    for p in range(patterns.size):
        patterns[p] = ((levels[p] * LEVELS + second[p]) * LEVELS + third[p]) * LEVELS + fourth[p]
    return patterns


@compiled
def _count_in_rows(levels: NDArray[np.uint8], width: int, counts: NDArray[np.int64]) -> None:
    patterns = _patterns(levels, 1)
    for start in range(0, levels.size, width):
        for pattern in patterns[start : start + width - _REACH]:
            counts[pattern] += 1


@compiled
def _count_in_columns(levels: NDArray[np.uint8], width: int, counts: NDArray[np.int64]) -> None:
    for pattern in _patterns(levels, width):
        counts[pattern] += 1


@compiled
def _add_shares(counts: NDArray[np.int64], merged: NDArray[np.int64], total: int, part: NDArray[np.float32]) -> None:
    """Add counts, as shares that sum to ``total``, to the merged patterns."""
    weight = total / counts.sum()
    for pattern in range(_PATTERNS):
        part[merged[pattern]] += weight * counts[pattern]
