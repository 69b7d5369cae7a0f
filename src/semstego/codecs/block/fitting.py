# SPDX-License-Identifier: Apache-2.0
"""Fit a block codec to photographs: bases by principal components, entropy models by counting.

Second moments are taken about mid-grey (128), where the decoder puts a dropped coefficient, and averaged over the
reflections of a block. Photographs are weighted by the inverse of their own squared error, in a few rounds: that
maximises the mean PSNR over photographs, where plain components would serve the noisiest ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semstego.codecs.base import Picture
from semstego.codecs.block.basis import BlockBasis
from semstego.codecs.block.codec import BlockCodec
from semstego.codecs.block.entropy import fitting as entropy_fitting

ROUNDS = 4
TURNING_SWEEPS = 3
ANGLES = 64  # tried between 0 and 90 degrees
SIMILAR = 2.0  # ratio of variances up to which two components may be mixed


class Design(NamedTuple):
    """Shape of one basis: side of a block [pixels] and coefficients kept."""

    block: int
    kept: int


# Colour (3 channels) and grey (1) of each shipped point. Grey pictures have no colour redundancy to give up, so
# cr085 takes blocks of 3 x 3 and keeps 8 of 9; the ratio printed is always the actual one. At task's ratio a codec that
# looks at pixels alone costs a classifier over 5 points (docs/task.md).
DESIGNS = {
    "cr085": {3: Design(2, 10), 1: Design(3, 8)},
    "cr050": {3: Design(4, 24), 1: Design(8, 32)},
    "cr025": {3: Design(8, 48), 1: Design(8, 16)},
    "task": {3: Design(8, 8), 1: Design(8, 8)},
}


def fit_bases(
    like: str, pictures: Mapping[int, Sequence[Picture]], progress: Callable[[str, float], None]
) -> dict[int, BlockBasis]:
    """Bases by number of channels.

    Args:
        like: Which design to fit: a key of ``DESIGNS``.
        pictures: uint8 ``(h, w, c)`` by number of channels c = 3 and 1.
        progress: Told what is being done and the share that is done.
    """
    bases = {}
    for channels, design in DESIGNS[like].items():
        progress(f"basis, {channels} channels", 0)
        bases[channels] = fit_basis(pictures[channels], design, channels)
    return bases


def fit_entropy(
    name: str,
    bases: Mapping[int, BlockBasis],
    pictures: Mapping[int, Sequence[Picture]],
    progress: Callable[[str, float], None],
) -> BlockCodec:
    """The codec of these bases, named ``name`` (up to 16 characters), its entropy models fitted."""
    codec = BlockCodec(name, dict(bases), {})
    models = {}
    for channels in (3, 1):
        progress(f"entropy model, {channels} channels", 0)
        models[channels] = entropy_fitting.fit([codec.encode(picture).symbols.values for picture in pictures[channels]])
    return replace(codec, entropy=models)


def fit_basis(pictures: Sequence[Picture], design: Design, channels: int) -> BlockBasis:
    """The basis that maximises the mean PSNR of the pictures, quantisation included."""
    moments = [_moments(picture, design.block) for picture in pictures]
    weights = np.ones(len(moments))
    for _ in range(ROUNDS):
        total = np.tensordot(weights, np.stack(moments), 1)
        rows = _components(_reflected(total, design.block), design.kept)
        basis = BlockBasis.from_rows(rows, design.block, channels)
        dropped = np.eye(rows.shape[1]) - rows.T @ rows
        noise = (basis.steps**2).sum() / 12
        weights = 1 / (np.array([np.sum(dropped * moment) for moment in moments]) + noise)
    return basis


def _moments(picture: Picture, block: int) -> NDArray[np.float64]:
    """Second moments ``(n, n)`` about 128 of all whole blocks of one picture, per block."""
    rows, columns, channels = picture.shape[0] // block, picture.shape[1] // block, picture.shape[2]
    cut = picture[: rows * block, : columns * block].astype(np.float32) - 128
    blocks = cut.reshape(rows, block, columns, block, channels).swapaxes(1, 2).reshape(-1, block * block * channels)
    moments: NDArray[np.float64] = (blocks.T @ blocks).astype(np.float64) / len(blocks)
    return moments


def _reflected(moments: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """Average over the four reflections of a block's pixel positions.

    Not over quarter turns: they would make horizontal and vertical patterns equally strong, and any mixture of two
    equally strong components is a component, so that the result would hang on the linear algebra library.
    """
    channels = len(moments) // (block * block)
    positions = np.arange(len(moments)).reshape(block, block, channels)
    orders = [positions[::y, ::x].ravel() for y in (1, -1) for x in (1, -1)]
    result: NDArray[np.float64] = np.mean([moments[np.ix_(order, order)] for order in orders], axis=0)
    return result


def _components(moments: NDArray[np.float64], kept: int) -> NDArray[np.float64]:
    """The ``kept`` strongest components, turned towards small steps, each with its largest entry positive."""
    variances, vectors = np.linalg.eigh(moments)
    rows = _turned(vectors.T[::-1][:kept].copy(), variances[::-1][:kept])
    peaks = np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1)
    signed: NDArray[np.float64] = rows * np.sign(peaks)
    return signed


def _turned(rows: NDArray[np.float64], variances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn pairs of similarly strong components in their plane so that their steps, and so the noise, get smaller.

    Steps follow from ||v||_1, which is small for rows that look at few pixels. What is kept and what is dropped stays
    the same; pairs of unequal strength are left alone, since turning those would mix what the transform has separated.
    """
    angles = np.arange(1, ANGLES) * np.pi / (2 * ANGLES)
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    for _ in range(TURNING_SWEEPS):
        for i in range(len(rows)):
            for j in range(i + 1, len(rows)):
                if variances[i] > SIMILAR * variances[j]:
                    break
                first, second = cosine * rows[i] + sine * rows[j], cosine * rows[j] - sine * rows[i]
                noise = np.abs(first).sum(axis=1) ** 2 + np.abs(second).sum(axis=1) ** 2
                best = noise.argmin()
                if noise[best] < np.abs(rows[i]).sum() ** 2 + np.abs(rows[j]).sum() ** 2 - 1e-9:
                    rows[i], rows[j] = first[best], second[best]
    return rows
