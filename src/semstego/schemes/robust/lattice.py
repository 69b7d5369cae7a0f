# SPDX-License-Identifier: Apache-2.0
"""Spread dither modulation: a slot's bit moves its projection to one of two lattices, and soft decisions read it.

    lattice of bit b    (dither + b / 2 + n) * period, n = ..., -1, 0, 1, ...
    sender              moves the projection by a share of the way to the nearest point of its bit's lattice
    receiver            finds the period by the pilots, which makes it blind to the gain of the channel

Chen and Wornell, "Quantization index modulation", IEEE Trans. Inf. Theory 47(4), 2001.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.message.bits import Bits
from semstego.schemes.robust.band import sums_around

PERIODS: Final[NDArray[np.float64]] = np.exp(np.arange(np.log(4.5), np.log(280.0), 0.012))
"""Periods that a receiver tries [grey levels, in the scale of an orthonormal DCT]."""

_FINER: NDArray[np.float64] = np.exp(np.linspace(-0.012, 0.012, 25))
DEVIATIONS: Final = 0.06 * 2.0 ** (np.arange(7) / 2)
"""Standard deviations of errors that a receiver tries [periods]; at the last one, 0.48, all is noise."""

_CLIP = 12.0  # of the logarithm of the odds of a bit


@dataclass(frozen=True)
class Fit:
    """What pilots tell.

    Attributes:
        form: Number of the format whose pilots they are.
        period: At which they agree best [grey levels].
        z: Their agreement over its standard deviation in a picture without a message.
    """

    form: int
    period: float
    z: float


def gaps(projections: NDArray[np.float64], offsets: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """How far each projection is from the nearest point of a lattice that lies ``offsets`` periods from 0."""
    places = projections / period - offsets
    distances: NDArray[np.float64] = (np.rint(places) - places) * period
    return distances


def fit(projections: NDArray[np.float64], dithers: NDArray[np.float64], bits: Bits) -> Fit:
    """Format and period by the pilots' projections and dithers ``(cells, pilots)``, and bits ``(formats, ...)``."""
    signs = 1 - 2 * bits.reshape(len(bits), -1).astype(np.float64)
    flat = projections.ravel(), dithers.ravel()
    form, near, _ = _best(*flat, signs, PERIODS)
    finer: NDArray[np.float64] = near * _FINER
    _, period, agreement = _best(*flat, signs[form : form + 1], finer)
    return Fit(form, period, agreement * float(np.sqrt(2 / max(projections.size, 1))))


def _best(
    projections: NDArray[np.float64],
    dithers: NDArray[np.float64],
    signs: NDArray[np.float64],
    periods: NDArray[np.float64],
) -> tuple[int, float, float]:
    """The format and period that agree best, and the sum of the cosines there."""
    angles = projections / periods[:, None] - dithers
    agreement = np.cos(2 * np.pi * angles) @ signs.T
    place, form = np.unravel_index(np.argmax(agreement), agreement.shape)
    return int(form), float(periods[place]), float(agreement[place, form])


def evidence(data: NDArray[np.float64], pilots: NDArray[np.float64], period: float, rows: int) -> NDArray[np.float64]:
    """Log p(1) / p(0) of the bits of data slots, by normal errors that are wrapped around the period.

    How large errors are differs over a picture, since channels spare some places and wipe out others. Each cell takes
    the deviation that is likeliest for the slots of its own and of those around it.

    Args:
        data: Distance of projections from the lattice of a 0, ``(cells, slots)``.
        pilots: Distance of the pilots' projections from their lattice, ``(cells, pilots)``.
        period: Of the lattices, in the same unit.
        rows: Of cells.
    """
    zero, one = _log_density(data / period), _log_density(data / period - 0.5)
    likelihood = np.logaddexp(zero, one).sum(axis=2) + _log_density(pilots / period).sum(axis=2)
    best = np.argmax(sums_around(likelihood.reshape(len(DEVIATIONS), rows, -1)), axis=0).ravel()
    odds: NDArray[np.float64] = (one - zero)[best, np.arange(len(data))]
    return np.clip(odds, -_CLIP, _CLIP)


def _log_density(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of errors in periods ``(cells, slots)``, for each of the deviations, ``(deviations, cells, slots)``."""
    wrapped = errors - np.rint(errors)
    scale = DEVIATIONS[:, None, None]
    terms = np.stack([-(((wrapped + whole) / scale) ** 2) / 2 for whole in (-1, 0, 1)])
    density: NDArray[np.float64] = np.logaddexp.reduce(terms, axis=0) - np.log(scale)
    return density


def information_bits(logits: NDArray[np.float64], bits: Bits) -> float:
    """Mutual information of bits and what is believed of them, summed [bit]: a code can make no more of it."""
    return float((1 - np.logaddexp(0, -logits * (2.0 * bits - 1.0)) / np.log(2)).sum())
