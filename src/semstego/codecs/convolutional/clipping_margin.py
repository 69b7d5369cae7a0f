# SPDX-License-Identifier: Apache-2.0
"""Room for the dither: symbols moved, before rounding, until Ds puts no pixel so near 0 or 255 that dither clips it.

A clipped pixel tells a receiver nothing but an inequality. Stochastic rounding gives a pixel the variance 1/6 times the
sum of the squares of what symbols add to it, as the mean of p (1 - p) over rounding errors is 1/6; a margin of
``DEVIATIONS`` standard deviations is kept. What is moved, and how far, depends on the undithered picture alone, so it
is the same whether a message is hidden or not. Pictures without white or black are not touched.
"""

from typing import Final

import numpy as np

from semstego.codecs.convolutional.affine_map import AffineMap, Maps

DEVIATIONS: Final = 0.25  # the least at which every draw of 160 validation crops was recovered, with some to spare
ENOUGH: Final = 0.3  # grey levels that may lack of the margin
MOST_STEPS: Final = 60
STEP: Final = 0.35  # of gradient descent, each symbol by the diagonal of the normal equations
MOMENTUM: Final = 0.6


def with_margin(symbols: Maps, affine: AffineMap) -> Maps:
    """The symbols, moved as little as gradient descent on the squares of what lacks of the margin moves them.

    Args:
        symbols: Before rounding, ``(c, h', w')``.
        affine: Ds.

    Returns:
        As many, before rounding.
    """
    margin = DEVIATIONS * np.sqrt(affine.variance(np.full(symbols.shape, 1 / 6)))
    scale = STEP / affine.power(np.ones(affine.offset.shape))
    velocity = np.zeros_like(symbols)
    for _ in range(MOST_STEPS):
        pixels = affine.picture(symbols)
        lacking = np.maximum(0.5 + margin - pixels, 0) - np.maximum(pixels - (254.5 - margin), 0)
        if np.abs(lacking).max() < ENOUGH:
            break
        velocity = MOMENTUM * velocity + scale * affine.gather(lacking)
        symbols = symbols + velocity
    return symbols
