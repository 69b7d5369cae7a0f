# SPDX-License-Identifier: Apache-2.0
"""The JPEG-history warden: it finds file and pixels, catches one byte in plain rounding, and knows the law."""

import io
from itertools import product

import numpy as np
import pytest
from PIL import Image

from semstego.codecs import registry
from semstego.codecs.base import CHANCE_SCALE
from semstego.evaluation.hiding import hide_random
from semstego.io.pictures import load_picture
from semstego.message.draws import Draws
from semstego.message.frame import OVERHEAD_BYTES
from semstego.metrics.detection import auc
from semstego.progress import no_progress
from semstego.schemes.base import SCHEMES
from semstego.steganalysis.features.jpeg_history import features_of, jpeg_history_detector
from semstego.steganalysis.jpeg.decoder import JpegFormat
from semstego.steganalysis.jpeg.estimation import Estimate, Surprise, estimate, sums
from semstego.steganalysis.pairs import Pairs, Parts
from semstego.system.stego_system import StegoSystem

PLAIN, DITHERED = "cr085-plain", "cr085"
SUBSAMPLING = {"grey": 0, "4:4:4": 0, "4:2:0": 2}
COLOURED = ("astronaut", "chelsea", "coffee", "rocket")


def after_jpeg(picture, sampling, quality):
    with Image.fromarray(picture) as image:
        source = image.convert("L") if sampling == "grey" else image
        file = io.BytesIO()
        source.save(file, "JPEG", quality=quality, subsampling=SUBSAMPLING[sampling])
    return load_picture(file.getvalue())


def sent(codec, picture):
    """What the receiver sees of a picture with nothing hidden."""
    return codec.decode(StegoSystem(codec).without_message(codec.encode(picture), Draws(bytes(32))))


@pytest.mark.parametrize(("codec", "sampling"), [*product((PLAIN, DITHERED), SUBSAMPLING)])
def test_the_jpeg_of_a_reconstruction_is_found_with_most_of_its_pixels(photographs, codec, sampling):
    used = registry.load(codec)
    original = after_jpeg(photographs["astronaut"][100:148, 40:88], sampling, 80)
    found = estimate(sent(used, original), used)
    assert found.format == JpegFormat(sampling, 80)
    assert (found.original == original).all(axis=2).mean() > 0.8


def test_a_grid_that_starts_elsewhere_is_searched(photographs):
    used = registry.load(PLAIN)
    original = after_jpeg(photographs["coffee"][64:160, 64:160], "4:2:0", 80)[11:91, 2:82]
    shifts = tuple(product(range(8), range(8)))
    found = estimate(sent(used, original), used, (70, 80), shifts)
    assert (found.format, found.shift) == (JpegFormat("4:2:0", 80), (5, 14))


def squares(photographs, count, rng):
    for number in range(count):
        picture = photographs[COLOURED[number % len(COLOURED)]]
        top, left = (rng.integers(length - 64 + 1) for length in picture.shape[:2])
        yield after_jpeg(np.ascontiguousarray(picture[top : top + 64, left : left + 64]), "4:4:4", 75)


def test_one_byte_in_plain_rounding_is_caught(photographs, rng):
    system = StegoSystem(registry.load(PLAIN), SCHEMES.get("syndrome"))
    hidden = [hide_random(system, one, 8 * (OVERHEAD_BYTES + 1), rng) for one in squares(photographs, 12, rng)]
    covers, stegos = (
        np.stack([system.codec.decode(one).transpose(2, 0, 1) for one in symbols])
        for symbols in ([one.plain for one in hidden], [one.embedded.symbols for one in hidden])
    )
    pairs = Pairs(covers, stegos, np.arange(len(covers)))
    parts = Parts(*(pairs.take(rows) for rows in np.split(np.arange(len(covers)), 3)))
    scores = jpeg_history_detector(PLAIN).scores(parts, seed=0, progress=no_progress)
    assert auc(scores.cover, scores.stego) > 0.9


@pytest.fixture(scope="module")
def with_law(photographs):
    codec = registry.load(DITHERED)
    original = after_jpeg(photographs["coffee"][64:160, 64:160], "4:4:4", 75)
    return original, codec.encode(original)


def known(original, encoding, symbols):
    """What a warden would find who holds the original."""
    return Estimate(JpegFormat("4:4:4", 75), (0, 0), original, symbols, Surprise.of(symbols, encoding))


def test_what_the_law_gives_is_as_surprising_as_it_says(with_law, rng):
    original, encoding = with_law
    system = StegoSystem(registry.load(DITHERED))
    drawn = [system.without_message(encoding, Draws(rng.bytes(32))) for _ in range(40)]
    features = np.array([features_of(known(original, encoding, one)) for one in drawn])
    assert (features[:, 0] == 1).all()  # nothing impossible
    deviations = features[:, -2:]
    assert np.abs(deviations.mean(0)).max() < 4.5 / np.sqrt(40)
    assert 0.65 < deviations.std(0).min() <= deviations.std(0).max() < 1.4


def test_more_moves_than_the_law_says_and_moves_that_it_forbids_are_seen(with_law, rng):
    original, encoding = with_law
    chances = encoding.law.chances
    often = 1.2 * np.abs(chances) / CHANCE_SCALE
    moved = encoding.symbols.values + np.sign(chances) * (rng.random(chances.shape) < often)
    too_many = features_of(known(original, encoding, encoding.symbols.with_values(moved.astype(np.uint8))))
    assert too_many[-2] > 4
    where = rng.random(chances.shape) < 0.01
    forbidden = encoding.symbols.values - np.where(chances < 0, -1, 1) * where
    found = features_of(known(original, encoding, encoding.symbols.with_values(forbidden.astype(np.uint8))))
    assert found[0] < 0.5


def test_sums_are_those_over_all_blocks_that_touch_a_unit(rng):
    codec = registry.load(PLAIN)
    symbols = codec.encode(rng.integers(0, 256, (50, 45, 1), dtype=np.uint8)).symbols
    assert symbols.block == 3  # which divides no unit
    maps, (rows, columns) = rng.random(symbols.carriers.shape), symbols.carrying
    found = sums(maps, symbols, (3, 5), 8)
    assert found.shape == (5, 5)
    for row, column in np.ndindex(5, 5):
        blocks = [
            maps[:, i, j].sum()
            for i, j in np.ndindex(rows, columns)
            if 3 * i < 3 + 8 * (row + 1) and 3 * (i + 1) > 3 + 8 * row
            if 3 * j < 5 + 8 * (column + 1) and 3 * (j + 1) > 5 + 8 * column
        ]
        assert found[row, column] == pytest.approx(sum(blocks))
