# SPDX-License-Identifier: Apache-2.0
"""Ds as what it is without an activation: an affine map from symbols to grey levels, sparse and nearly shift-invariant.

    grey levels before rounding = offset + sum over symbols of symbol * its footprint

All layers of Ds are convolutions, so the footprint of a symbol, what +1 on it adds to the pixels around it, is the same
for all symbols of a map but those in the outermost rows and columns: the first layer keeps the size of its map, and so
drops what they spread beyond it.
"""

import copy
from functools import cached_property
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from semstego.codecs.convolutional.codec import ConvolutionalCodec
from semstego.compiled import compiled

Maps = NDArray[np.float64]
LEAST_SIDE = 2  # symbols in a row or column
FIRST, BETWEEN, LAST = range(3)  # places of a symbol in its row or column, as footprints tell them apart


def is_affine(codec: ConvolutionalCodec) -> bool:
    """Whether Ds has no activation."""
    return bool(codec.shape.activation == "none")


class AffineMap:
    """Ds in float64, for features of one size.

    Attributes:
        shape: Of the symbols, ``(c, h', w')``.
        footprints: Grey levels per symbol, ``(3, 3, c, c, r, r)``: by place of the symbol in its column and row
            (first, between, last), map of the symbol, and channel of the picture.
        reach: Pixels by which footprints go beyond the picture on each side; what lies there is dropped.
        offset: The picture of symbols that are all 0, ``(c, h, w)`` [grey levels].
    """

    def __init__(self, codec: ConvolutionalCodec, height: int, width: int) -> None:
        """Read the map off an affine codec, for features of this height and width, at least LEAST_SIDE."""
        channels = codec.shape.channels
        assert codec.shape.scale is not None
        assert min(height, width) >= LEAST_SIDE
        self.shape = channels, height, width
        decoder = copy.deepcopy(codec.decoder).double()
        zero = torch.full((1, *self.shape), -float(codec.shape.scale), dtype=torch.float64)
        with torch.inference_mode():
            self.offset: Maps = decoder(zero)[0].numpy() * 255
        projections = codec.shape.projections
        self.reach = 2 if projections else 0
        if projections:
            last = decoder.layers[-1]
            assert isinstance(last, nn.Conv2d)
            last.padding = (2, 2)  # drops nothing at the edge of the picture
        self.footprints = _footprints(decoder, channels, 2.0 * codec.shape.scale, int(projections))

    def spread(self, symbols: Maps) -> Maps:
        """What symbols add to the picture, the linear part: ``(c, h', w')`` to ``(c, h, w)`` [grey levels]."""
        return self._spread(symbols, self.footprints)

    def gather(self, pixels: Maps) -> Maps:
        """The transpose of :meth:`spread`: ``(c, h, w)`` to ``(c, h', w')``."""
        return self._gather(pixels, self.footprints)

    def widened(self, pixels: Maps) -> Maps:
        """A picture with zeros around it, ``(c, h' + r - 1, w' + r - 1)``: footprints begin where their symbols are."""
        return np.pad(pixels, ((0, 0), (self.reach, self.reach), (self.reach, self.reach)))

    def power(self, weights: Maps) -> Maps:
        """The sum of the squares of each symbol's footprint, pixels weighted: ``(c, h, w)`` to ``(c, h', w')``."""
        return self._gather(weights, self._squares)

    def variance(self, of_symbols: Maps) -> Maps:
        """The variance of each pixel [grey levels squared] where symbols vary independently, ``(c, h', w')``."""
        return self._spread(of_symbols, self._squares)

    def picture(self, symbols: Maps) -> Maps:
        """The picture of symbols before rounding and clipping, ``(c, h, w)`` [grey levels]."""
        return self.offset + self.spread(symbols)

    @cached_property
    def _squares(self) -> Maps:
        return np.square(self.footprints)

    def _spread(self, symbols: Maps, footprints: Maps) -> Maps:
        lost = footprints.shape[-1] - 1
        wide = np.zeros((self.shape[0], self.shape[1] + lost, self.shape[2] + lost))
        _spread(np.ascontiguousarray(symbols, np.float64), footprints, wide)
        return wide[:, self.reach : wide.shape[1] - self.reach, self.reach : wide.shape[2] - self.reach]

    def _gather(self, pixels: Maps, footprints: Maps) -> Maps:
        found = np.zeros(self.shape)
        _gather(self.widened(pixels), footprints, found)
        return found


def _footprints(decoder: nn.Module, channels: int, step: float, dropped: int) -> Maps:
    """The footprints of the nine symbols of a 3x3 map, which stand for those of every larger one.

    Args:
        decoder: Ds in float64, that drops nothing at the edge of the picture.
        channels: Of features and pictures.
        step: Width of 255 symbols in features, so that footprints are in grey levels.
        dropped: Pixels that the first layer drops on each side.
    """
    probes = torch.zeros(3, 3, channels, channels, 3, 3, dtype=torch.float64)
    for y, x, channel in product(range(3), range(3), range(channels)):
        probes[y, x, channel, channel, y, x] = step
    with torch.inference_mode():
        flat = probes.reshape(-1, channels, 3, 3)
        pictures = (decoder(flat) - decoder(torch.zeros_like(flat[:1]))).numpy()
    pictures = np.pad(pictures, ((0, 0), (0, 0), (dropped, dropped), (dropped, dropped)))
    side = pictures.shape[-1] - 2
    pictures = pictures.reshape(3, 3, channels, channels, side + 2, side + 2)
    cut = np.empty((3, 3, channels, channels, side, side))
    for y, x in product(range(3), repeat=2):
        cut[y, x] = pictures[y, x, ..., y : y + side, x : x + side]
    return cut


@compiled
def place(index: int, count: int) -> int:
    """Whether a row or column is the first, the last, or between."""
    if index == 0:
        return FIRST
    return LAST if index == count - 1 else BETWEEN


@compiled
def _spread(symbols: Maps, footprints: Maps, wide: Maps) -> None:
    """Add every symbol's footprint to a picture with the edge that is dropped."""
    channels, height, width = symbols.shape
    side = footprints.shape[-1]
    between = np.zeros(width + 2 * (side - 1))  # a row without its ends, and room for footprints on both sides
    for y in range(height):
        row = place(y, height)
        for source in range(channels):
            values = symbols[source, y]
            between[side : side + width - 2] = values[1:-1]
            for target in range(channels):
                for dy in range(side):
                    pixels = wide[target, y + dy]
                    for dx in range(side):
                        share = footprints[row, BETWEEN, source, target, dy, dx]
                        moved = between[side - 1 - dx :]
                        for x in range(len(pixels)):
                            pixels[x] += share * moved[x]
                        pixels[dx] += footprints[row, FIRST, source, target, dy, dx] * values[0]
                        pixels[width - 1 + dx] += footprints[row, LAST, source, target, dy, dx] * values[width - 1]


@compiled
def _gather(wide: Maps, footprints: Maps, found: Maps) -> None:
    """Add to every symbol the product of its footprint and the picture with the edge that is dropped."""
    channels, height, width = found.shape
    side = footprints.shape[-1]
    for y in range(height):
        row = place(y, height)
        for source in range(channels):
            values = found[source, y]
            for target in range(channels):
                for dy in range(side):
                    pixels = wide[target, y + dy]
                    for dx in range(side):
                        share = footprints[row, BETWEEN, source, target, dy, dx]
                        for x in range(1, width - 1):
                            values[x] += share * pixels[x + dx]
                        values[0] += footprints[row, FIRST, source, target, dy, dx] * pixels[dx]
                        values[width - 1] += footprints[row, LAST, source, target, dy, dx] * pixels[width - 1 + dx]
