# SPDX-License-Identifier: Apache-2.0
"""The JPEG-history warden: a reconstruction against the JPEG that its original could stem from.

    reconstruction ──estimation──▶ original, if it was a JPEG ──Codec.encode──▶ expected symbols, or their law
    received symbols against expected ones, in cells of 8x8 pixels ──▶ features

Without key and without the original picture. Where the estimate is right, a codec that rounds plainly gives the very
symbols that are expected, and every other one is the message's. A codec with a law gives some symbols or others by
known probabilities; then it is counted whether there are more moves or more surprise than these say.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from semstego.codecs import registry
from semstego.io.jpeg_history import BLOCK
from semstego.steganalysis.features.extraction import Extractor
from semstego.steganalysis.jpeg.estimation import CORNER, QUALITIES, Estimate, Shift, estimate, sums
from semstego.steganalysis.learning.feature_detector import FeatureDetector

FEWEST = np.array([1, 2, 3, 5, 9, 17, 33])  # impossible symbols in a cell: ends of the classes
CERTAIN = 5  # cells with fewer impossible symbols count where moves are compared with the law


def jpeg_history_detector(
    codec: str, qualities: Sequence[int] = QUALITIES, shifts: Sequence[Shift] = CORNER, *, workers: int = 1
) -> FeatureDetector:
    """A detector for reconstructions ``(n, c, h, w)`` of a codec; features and the Fisher discriminant.

    Args:
        codec: Name of a closed codec, or weights, as :func:`semstego.codecs.registry.load` takes them.
        qualities: Qualities of JPEG that are searched; a single one is a known table.
        shifts: Of the 8x8 blocks, that are searched; one that cuts its covers at will needs all 64.
        workers: Number of processes.
    """
    extract = partial(jpeg_history_features, codec, tuple(qualities), tuple(shifts))
    return FeatureDetector(Extractor("JPEG history", extract), workers=workers)


def jpeg_history_features(
    codec: str, qualities: tuple[int, ...], shifts: tuple[Shift, ...], maps: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Features of reconstructions, as :func:`features_of` gives them, float32 ``(n, 10)``.

    Args:
        codec: As in :func:`jpeg_history_detector`.
        qualities: That are searched.
        shifts: That are searched.
        maps: Pictures with the channels first, uint8 ``(n, c, h, w)``.
    """
    used = registry.load(codec)
    return np.stack([features_of(estimate(one.transpose(1, 2, 0), used, qualities, shifts)) for one in maps])


def features_of(found: Estimate) -> NDArray[np.float32]:
    """Features of one picture, ``(10,)``.

    The shares of cells that have 0, 1, 2, 3-4, 5-8, 9-16, 17-32 and more symbols whose probability is 0; and, over
    cells that have few of them, how far the number of moves and the surprise are from what the law lets expect, in
    standard deviations (0 for a codec without a law).
    """
    surprise, chance = found.surprise, found.surprise.chance

    def in_cells(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return sums(values, found.received, found.shift, BLOCK)

    impossible = in_cells(surprise.impossible.astype(np.float64))
    classes = np.bincount(np.searchsorted(FEWEST, impossible.ravel(), side="right"), minlength=len(FEWEST) + 1)
    open_ones = (chance > 0) & ~surprise.impossible
    p = np.where(open_ones, chance, 0.5)
    weight = np.log((1 - p) / p)  # surprise of a move above that of staying
    excess = np.where(open_ones, surprise.moved - p, 0.0)
    spread = np.where(open_ones, p * (1 - p), 0.0)
    certain = impossible < CERTAIN
    deviations = [
        in_cells(excess * power)[certain].sum() / np.sqrt(max(in_cells(spread * power**2)[certain].sum(), 1.0))
        for power in (np.ones_like(weight), weight)
    ]
    return np.array([*(classes / classes.sum()), *deviations], np.float32)
