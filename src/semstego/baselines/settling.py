# SPDX-License-Identifier: Apache-2.0
"""The sender's last step: write the file, read it as receivers will, and mend what they would misread.

Clipped pixels, the cover's own quantisation and the rounding of pixels move coefficients after they were set. The
sender simulates the channel, moves the carriers that show a wrong element, or are less than a margin from doing so,
towards the middle of the right cell, and writes again.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.baselines.base import Elements
from semstego.baselines.elements import CHANNEL_QUALITY, Rule
from semstego.baselines.jpeg import MOST_COEFFICIENT, Blocks, Jpeg, spectrum
from semstego.channel.compression import Jpeg as JpegChannel
from semstego.codecs.base import Picture

ROUNDS: Final = 8
MARGINS: Final = (2.0, 0.5)
"""Before the channel, 3.6 deviations of the noise of variance 0.3; behind it, coefficients are multiples of steps."""


def settled(cover: Jpeg, target: Blocks, wanted: Elements, rule: Rule) -> Jpeg:
    """The cover with luminance coefficients near ``target`` that show the wanted elements before and behind JPEG.

    Of all rounds, the file with the fewest wrong elements is returned, of equal ones the first.
    """
    aim = target
    best, fewest = cover, wanted.size + wanted.size + 1
    for _ in range(ROUNDS):
        file = cover.with_quantised(_quantised(aim, cover.table))
        seen = [spectrum(picture) for picture in (file.pixels, _sent(file.pixels))]
        wrong = sum(int(np.count_nonzero(rule.read(one) != wanted)) for one in seen)
        if wrong < fewest:
            best, fewest = file, wrong
        ways = np.stack([rule.away(one, wanted, margin) for one, margin in zip(seen, MARGINS, strict=True)])
        if not ways.any():
            break
        share = np.maximum(np.count_nonzero(ways, axis=0), 1)
        aim = rule.put(aim, rule.carriers(aim) + ways.sum(axis=0) / share)
    return best


def _quantised(coefficients: Blocks, table: NDArray[np.float64]) -> NDArray[np.int16]:
    """As a JPEG file with this table holds them."""
    return np.clip(np.rint(coefficients / table), -MOST_COEFFICIENT, MOST_COEFFICIENT).astype(np.int16)


def _sent(picture: Picture) -> Picture:
    """Behind the channel, which draws nothing."""
    return JpegChannel(CHANNEL_QUALITY).picture(picture, np.random.default_rng(0))
