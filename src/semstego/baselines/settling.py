# SPDX-License-Identifier: Apache-2.0
"""The sender's last step: write the file, read it as receivers will, and mend what they would misread.

Clipped pixels, the cover's own quantisation and the rounding of pixels move coefficients after they were set. The
sender simulates the channel, moves the carriers that show a wrong element, or are less than a margin from doing so,
towards the middle of the right cell, and writes again. Blocks that clip and are misread become darker or brighter.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semstego.baselines.base import Elements
from semstego.baselines.elements import CHANNEL_QUALITY, Rule, extremes
from semstego.baselines.jpeg import BLOCK, MOST_COEFFICIENT, Blocks, Jpeg, spectrum
from semstego.channel.compression import Jpeg as JpegChannel
from semstego.codecs.base import Picture

ROUNDS: Final = 8
MARGINS: Final = (2.0, 0.5)
"""Before the channel, 3.6 deviations of the noise of variance 0.3; behind it, coefficients are multiples of steps."""

SPARE: Final = 4.0
"""How far the pixels of a misread block are kept from black and white [grey levels]."""


def sent(picture: Picture) -> Picture:
    """A picture behind the channel, which draws nothing."""
    return JpegChannel(CHANNEL_QUALITY).picture(picture, np.random.default_rng(0))


def settled(cover: Jpeg, target: Blocks, wanted: Elements, rule: Rule) -> Jpeg:
    """The cover with luminance coefficients near ``target`` that show the wanted elements before and behind JPEG.

    Of all rounds, the file with the fewest wrong elements is returned, of equal ones the first.
    """
    aim = target
    best, fewest = cover, wanted.size + wanted.size + 1
    for _ in range(ROUNDS):
        file = cover.with_quantised(_quantised(aim, cover.table))
        seen = [spectrum(picture) for picture in (file.pixels, sent(file.pixels))]
        wrong = np.sum([rule.read(one) != wanted for one in seen], axis=0)
        if wrong.sum() < fewest:
            best, fewest = file, int(wrong.sum())
        ways = np.stack([rule.away(one, wanted, margin) for one, margin in zip(seen, MARGINS, strict=True)])
        if not ways.any():
            break
        share = np.maximum(np.count_nonzero(ways, axis=0), 1)
        written = file.quantised * cover.table
        aim = rule.put(written, rule.carriers(written) + ways.sum(axis=0) / share)
        misread = rule.put(np.zeros(aim.shape), wrong).any(axis=(2, 3))
        aim[:, :, 0, 0] += np.where(misread, _inwards(file), 0)
    return best


def _inwards(file: Jpeg) -> NDArray[np.float64]:
    """What moves the mean of each block so that its pixels do not clip, (rows, columns)."""
    least, largest = extremes(file)
    return BLOCK * (np.maximum(SPARE - least, 0) - np.maximum(largest - (255 - SPARE), 0))


def _quantised(coefficients: Blocks, table: NDArray[np.float64]) -> NDArray[np.int16]:
    """As a JPEG file with this table holds them."""
    return np.clip(np.rint(coefficients / table), -MOST_COEFFICIENT, MOST_COEFFICIENT).astype(np.int16)
