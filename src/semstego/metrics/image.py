# SPDX-License-Identifier: Apache-2.0
"""How far a picture, or a block of symbols, is from another: PSNR, SSIM, and the signal-to-noise ratio of features.

[Wang2004] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
structural similarity", IEEE TIP 13(4), 2004.

Everything is measured on the 8-bit data that travels, never on floats before rounding. Two equal arrays have an
infinite PSNR (``math.inf``, not a capped figure): an average over pictures that contains one shows it at once.
"""

import math

import numpy as np
from numpy.typing import NDArray

from semstego.compiled import compiled

__all__ = ["SSIM_WINDOW", "feature_snr_db", "psnr_db", "ssim"]

SSIM_WINDOW = 11
"""Side of the SSIM window [px]; smaller maps have no SSIM."""

_TAPS = np.exp(-0.5 * (np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2) ** 2 / 1.5**2)
_TAPS /= _TAPS.sum()
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2


def psnr_db(a: NDArray[np.uint8], b: NDArray[np.uint8], peak: float = 255) -> float:
    """Peak signal-to-noise ratio, 10 log10(peak^2 / mean((a - b)^2)).

    Args:
        a: uint8 array of any shape: a picture ``h w c`` or symbols ``c h w``.
        b: The array to compare with, of the same shape.
        peak: The largest possible value.

    Returns:
        The ratio [dB]; ``math.inf`` for equal arrays.

    Raises:
        ValueError: If the shapes differ, an array is not uint8, or there is nothing to compare.
    """
    _check_pair(a, b)
    squared = _moments(a.reshape(-1), b.reshape(-1))[2]
    return math.inf if squared == 0 else 10 * math.log10(peak * peak * a.size / squared)


def ssim(a: NDArray[np.uint8], b: NDArray[np.uint8], *, channel_axis: int | None = -1) -> float | None:
    """Mean structural similarity, Eq. (13) and (17) of [Wang2004].

    An 11x11 Gaussian window of sigma 1.5, kept wholly inside the map; K1 = 0.01, K2 = 0.03, L = 255. Of several
    channels the index is taken one by one and averaged.

    Args:
        a: A uint8 picture ``h w c``, symbols ``c h w`` (``channel_axis=0``), or one map ``h w``.
        b: The array to compare with, of the same shape.
        channel_axis: Which axis holds the channels; of no effect on a single map ``h w``.

    Returns:
        The index in [-1, 1], 1 for equal arrays; None if a side is shorter than the window.

    Raises:
        ValueError: If the shapes differ, an array is not uint8, or it has neither two nor three axes.
    """
    _check_pair(a, b)
    if a.ndim == 2:
        a, b, axis = a[np.newaxis], b[np.newaxis], 0
    elif a.ndim == 3 and channel_axis is not None:
        axis = channel_axis
    else:
        raise ValueError(f"SSIM wants a map h w, or three axes and a channel_axis; got {a.shape}, {channel_axis}")
    planes_a, planes_b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    height, width = planes_a.shape[1:]
    if min(height, width) < SSIM_WINDOW:
        return None
    # One contiguous plane at a time: a twelve-megapixel picture needs 24 MB here instead of gigabytes of float maps.
    planes = zip(planes_a, planes_b, strict=True)
    total = sum(_ssim_plane(np.ascontiguousarray(p), np.ascontiguousarray(q)) for p, q in planes)
    return float(total / planes_a.shape[0])


def feature_snr_db(
    cover_features: NDArray[np.uint8], stego_features: NDArray[np.uint8], steps: NDArray[np.floating] | None = None
) -> float:
    """Signal-to-noise ratio of stego features, 10 log10(sum_k Var_k / sum_k MSE_k).

    The features are (symbol - 128) * step. PSNR on symbols counts how many moved, whatever a step is worth; this
    ratio weighs a move by the size of its step, so it can be compared across codecs.

    Args:
        cover_features: Cover symbols, uint8 ``k h w``.
        stego_features: Stego symbols, uint8 ``k h w``.
        steps: Quantisation step of each channel ``k``; None if all are alike.

    Returns:
        The ratio [dB]; ``math.inf`` for equal symbols, ``-math.inf`` for changed symbols of a constant cover.

    Raises:
        ValueError: If the shapes do not fit together, or a map is not uint8.
    """
    _check_pair(cover_features, stego_features)
    power = np.ones(cover_features.shape[0]) if steps is None else np.asarray(steps, np.float64) ** 2
    if cover_features.ndim != 3 or power.shape != (cover_features.shape[0],):
        raise ValueError(f"symbols of shape {cover_features.shape} do not fit steps of shape {power.shape}")
    positions = cover_features[0].size
    signal = noise = 0.0
    for cover, stego, weight in zip(cover_features, stego_features, power, strict=True):
        total, squares, squared_error = _moments(cover.reshape(-1), stego.reshape(-1))
        signal += weight * (squares * positions - total * total) / positions**2
        noise += weight * squared_error / positions
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal > 0 else -math.inf


def _check_pair(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> None:
    """Refuse what would give a plausible but wrong figure: broadcast shapes, and floats in [0, 1] with peak 255."""
    if a.shape != b.shape:
        raise ValueError(f"cannot compare arrays of shapes {a.shape} and {b.shape}")
    if a.dtype != np.uint8 or b.dtype != np.uint8:
        raise ValueError(f"measures are taken on uint8 data, got {a.dtype} and {b.dtype}")
    if a.size == 0:
        raise ValueError("there is nothing to compare")


@compiled
def _moments(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Exact sums of a, of a^2 and of (a - b)^2 over flat arrays."""
    total = squares = squared_error = 0
    for p, q in zip(a, b):  # noqa: B905 -- Numba has no strict zip; the callers have compared the shapes
        value, gap = int(p), int(p) - int(q)
        total += value
        squares += value * value
        squared_error += gap * gap
    return total, squares, squared_error


@compiled
def _blur_row(row_a: NDArray[np.uint8], row_b: NDArray[np.uint8], sums: NDArray[np.float64]) -> None:
    """Blur one row of a, b, a^2 + b^2 and a b into ``sums`` ``4 w``; SSIM needs no other moments."""
    width = row_a.shape[0]
    moments = np.empty((4, width))
    for x in range(width):
        p, q = float(row_a[x]), float(row_b[x])
        moments[0, x] = p
        moments[1, x] = q
        moments[2, x] = p * p + q * q
        moments[3, x] = p * q
    for k in range(4):
        for x in range(sums.shape[1]):
            total = 0.0
            for t in range(SSIM_WINDOW):
                total += _TAPS[t] * moments[k, x + t]
            sums[k, x] = total


@compiled
def _ssim_plane(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Mean SSIM over one plane ``h w``: only the last eleven blurred rows are kept, in a ring."""
    height, width = a.shape[0] - SSIM_WINDOW + 1, a.shape[1] - SSIM_WINDOW + 1
    ring = np.empty((SSIM_WINDOW, 4, width))
    window = np.empty((4, width))
    index = np.empty(width)
    total = 0.0
    for y in range(a.shape[0]):
        _blur_row(a[y], b[y], ring[y % SSIM_WINDOW])
        if y < SSIM_WINDOW - 1:
            continue
        window[:] = 0.0
        for t in range(SSIM_WINDOW):
            row = ring[(y + 1 + t) % SSIM_WINDOW]
            for k in range(4):
                for x in range(width):
                    window[k, x] += _TAPS[t] * row[k, x]
        for x in range(width):
            mean_a, mean_b = window[0, x], window[1, x]
            product, power = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
            likeness = (2.0 * product + _C1) * (2.0 * (window[3, x] - product) + _C2)
            index[x] = likeness / ((power + _C1) * (window[2, x] - power + _C2))
        total += index.sum()
    return float(total / (height * width))
