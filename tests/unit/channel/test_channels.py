# SPDX-License-Identifier: Apache-2.0
"""What channels do to pictures and symbols, against second constructions and the laws that they name."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semstego.channel import links
from semstego.channel.base import Chain
from semstego.channel.links import LostBlocks
from semstego.channel.semantic import Semantic
from semstego.channel.words import MOST_LINKS, WORDS, channel, several
from semstego.codecs import registry
from semstego.codecs.base import Symbols
from semstego.errors import ArgumentError, PictureError

LINKS = ("bit-errors:0.01", "lost-blocks:0.3", "awgn:20", "rayleigh:20")
PICTURES = (
    "jpeg:75", "jpeg:75:444", "webp:80", "noise:5", "resize:0.5", "scale:0.5", "scale:1.5", "gamma:1.1",
    "brightness:-10", "contrast:1.1", "crop:0.9", "rotate:0.5", "codec:cr085",
)  # fmt: skip


def rng(seed=0):
    return np.random.default_rng(seed)


def picture(channels=3, height=97, width=120):
    y, x, c = np.mgrid[:height, :width, :channels]
    return np.clip(128 + 60 * np.sin(x / 9 + c) + 40 * np.cos(y / 7) + rng().normal(0, 3, y.shape), 0, 255).astype("u1")


def symbols(k=3, height=80, width=90):
    values = rng(1).integers(60, 200, (k, height, width), dtype=np.uint8)
    return Symbols(values, height, width, 3, 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("words", [*PICTURES, *LINKS])
def test_a_channel_is_fixed_by_its_generator_and_keeps_what_it_does_not_touch(words, channels):
    one, cover = channel(words), picture(channels)
    first, second = (one.picture(cover.copy(), rng(5)) for _ in range(2))
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == channels
    np.testing.assert_array_equal(first, second)
    assert (words in LINKS) == (first.shape == cover.shape and bool((first == cover).all()))
    sent = symbols()
    arrived = [one.symbols(sent, rng(5)) for _ in range(2)]
    assert (arrived[0].values == arrived[1].values).all()
    assert (words in LINKS) == bool((arrived[0].values != sent.values).any())
    assert arrived[0].with_values(sent.values) == sent


def test_every_word_is_tried_above():
    assert {word.partition(":")[0] for word in (*PICTURES, *LINKS)} == set(WORDS)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("jpeg:40", {"format": "JPEG", "quality": 40, "subsampling": "4:2:0"}),
        ("jpeg:40:444", {"format": "JPEG", "quality": 40, "subsampling": "4:4:4"}),
        ("webp:50", {"format": "WEBP", "quality": 50}),
    ],
)
def test_compression_is_that_of_the_library(words, options):
    buffer = io.BytesIO()
    Image.fromarray(picture()).save(buffer, **options)
    expected = np.asarray(Image.open(buffer).convert("RGB"))
    np.testing.assert_array_equal(channel(words).picture(picture(), rng()), expected)


def test_a_chain_goes_from_left_to_right():
    both = channel("scale:0.5, jpeg:50")
    halved = channel("scale:0.5").picture(picture(), rng())
    np.testing.assert_array_equal(both.picture(picture(), rng()), channel("jpeg:50").picture(halved, rng()))
    assert (both.picture(picture(), rng()) != channel("jpeg:50,scale:0.5").picture(picture(), rng())).any()
    assert Chain(()).picture(picture(), rng()).tobytes() == picture().tobytes()


def test_tone_curves():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)

    def of(words):
        return channel(words).picture(ramp, rng()).ravel().astype(int)

    assert of("brightness:10")[[0, 100, 250, 255]].tolist() == [10, 110, 255, 255]
    assert of("contrast:2")[[0, 64, 128, 138, 255]].tolist() == [0, 0, 128, 148, 255]
    assert of("gamma:2")[[0, 51, 102, 255]].tolist() == [0, 10, 41, 255]


def test_sizes():
    assert channel("scale:0.5").picture(picture(), rng()).shape == (48, 60, 3)
    assert channel("resize:0.5").picture(picture(), rng()).shape == picture().shape
    assert channel("rotate:3").picture(picture(), rng()).shape == picture().shape


@given(st.floats(0.01, 1), st.integers(0, 99))
def test_a_crop_is_a_part_of_the_picture(kept, seed):
    whole = np.arange(40 * 50, dtype=np.uint16)
    coded = np.stack([whole >> 8, whole & 255, whole * 0], axis=-1).astype(np.uint8).reshape(40, 50, 3)
    part = channel(f"crop:{kept}").picture(coded, rng(seed)).astype(int)
    assert part.shape[:2] == (max(1, round(40 * kept)), max(1, round(50 * kept)))
    places = part[..., 0] * 256 + part[..., 1]
    top, left = divmod(int(places[0, 0]), 50)
    expected = whole.reshape(40, 50)[top : top + part.shape[0], left : left + part.shape[1]]
    np.testing.assert_array_equal(places, expected)


def test_crops_reach_every_place():
    places = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    assert {int(channel("crop:0.5").picture(places, rng(seed))[0, 0, 0]) for seed in range(40)} == {0, 1, 2, 3}


def test_noise_has_its_deviation():
    grey = np.full((300, 300, 1), 128, np.uint8)
    difference = channel("noise:5").picture(grey, rng()).astype(float) - 128
    assert abs(difference.std() - np.sqrt(25 + 1 / 12)) < 0.05
    assert abs(difference.mean()) < 0.06


def test_bit_errors_come_at_their_rate_in_every_bit():
    sent = symbols()
    wrong = np.unpackbits((channel("bit-errors:0.05").symbols(sent, rng()).values ^ sent.values)[..., None], axis=-1)
    rates = wrong.reshape(-1, 8).mean(axis=0)
    assert np.abs(rates - 0.05).max() < 6 * np.sqrt(0.05 * 0.95 / (wrong.size / 8))


@pytest.mark.parametrize("word", ["awgn", "rayleigh"])
def test_links_keep_their_signal_to_noise_ratio(word):
    """Of Rayleigh by how often noise over fading exceeds a threshold, for its variance is infinite."""
    sent = symbols(3, 200, 200)
    difference = channel(f"{word}:25").symbols(sent, rng()).values.astype(float) - sent.values
    deviation = sent.values.std() * 10 ** (-25 / 20)
    if word == "awgn":
        assert abs(difference.std() / np.hypot(deviation, np.sqrt(1 / 12)) - 1) < 0.01
    else:  # |noise / fading| exceeds t with the probability 1 - t / sqrt(t^2 + 2)
        for t in (1.0, 3.0):
            share = (np.abs(difference) > t * deviation).mean()
            assert abs(share - (1 - t / np.sqrt(t * t + 2))) < 0.04


def test_lost_symbols_come_from_the_rows_around(monkeypatch):
    values = np.arange(4 * 6 * 5, dtype=np.uint8).reshape(4, 6, 5)  # each column a straight line
    sent = Symbols(values, 6, 5, 3, 1)
    monkeypatch.setattr(links, "BLOCK_SYMBOLS", 2)
    arrived = LostBlocks(0.4).symbols(sent, rng(3)).values
    inner = arrived[:, 1:-1].astype(int) - values[:, 1:-1]
    assert (inner == 0).mean() > 0.7  # a gap between two rows is filled by the line
    assert (arrived != values).any()
    nothing = LostBlocks(1.0).symbols(sent, rng()).values
    assert (nothing == 128).all()


def test_blocks_are_lost_at_their_rate():
    values = np.repeat(np.uint8([0, 255]), 200 * links.BLOCK_SYMBOLS).reshape(2, 200, links.BLOCK_SYMBOLS)
    ramp = values ^ (np.arange(200, dtype=np.uint8) % 2 * 255)[:, None]
    arrived = LostBlocks(0.25).symbols(Symbols(ramp, 200, links.BLOCK_SYMBOLS, 1, 1), rng(8)).values
    changed = (arrived != ramp).any(axis=2).mean()
    assert 0.17 < changed < 0.34


def test_semantic_communication_is_encoding_and_decoding():
    codec = registry.load("cr085")
    encoded = codec.encode(picture()).symbols
    np.testing.assert_array_equal(channel("codec:cr085").picture(picture(), rng()), codec.decode(encoded))
    noisy = Semantic(codec, channel("awgn:10")).picture(picture(), rng())
    assert (noisy != codec.decode(encoded)).any()


@pytest.mark.parametrize(
    "words",
    [
        "", ",", "jpeg", "jpeg:", "jpeg:0", "jpeg:101", "jpeg:75.5", "jpeg:75:411", "jpeg:75:444:1", "webp:nan",
        "noise:-1", "noise:nan", "resize:0", "resize:inf", "scale:17", "gamma:0", "gamma:inf", "brightness:inf",
        "contrast:-1", "crop:0", "crop:1.01", "rotate:46", "bit-errors:0.6", "lost-blocks:-0.1", "awgn:nan",
        "rayleigh:1e9", "codec:nowhere", "jpeg:75;webp:80", "JPEG:75", "jpeg:75," * 40,
    ],
)  # fmt: skip
def test_words_that_say_nothing_are_refused_in_a_sentence(words):
    with pytest.raises(ArgumentError) as refusal:
        channel(words)
    assert len(str(refusal.value)) < 400
    assert "\n" not in str(refusal.value)


def test_a_refusal_says_what_is_wrong():
    for words, expected in (("jpeg:0", "1 to 100"), ("jpeg:x", "jpeg:QUALITY"), ("fog:3", "there are jpeg, webp")):
        with pytest.raises(ArgumentError, match=expected):
            channel(words)


def test_a_picture_that_a_format_cannot_hold_is_refused():
    for word, most in (("webp:80", 16_383), ("jpeg:80", 65_500)):
        assert channel(word).picture(np.zeros((8, most, 1), np.uint8), rng()).shape == (8, most, 1)
        with pytest.raises(PictureError, match=str(most)):
            channel(word).picture(np.zeros((8, most + 1, 1), np.uint8), rng())
    with pytest.raises(PictureError, match="megapixels"):
        channel("scale:16").picture(np.zeros((600, 600, 1), np.uint8), rng())


def test_plus_signs_make_a_chain_and_commas_of_several_channels_part_them():
    np.testing.assert_array_equal(
        channel("scale:0.5+jpeg:50").picture(picture(), rng()), channel("scale:0.5,jpeg:50").picture(picture(), rng())
    )
    assert several("jpeg:50,scale:0.5+jpeg:75") == ("jpeg:50", "scale:0.5+jpeg:75")
    assert several(["jpeg:50", Chain(())]) == ("jpeg:50", Chain(()))


@pytest.mark.parametrize("words", ["", [], "jpeg", "jpeg:50,", [3], ["jpeg:50"] * (MOST_LINKS + 1)])
def test_several_channels_are_one_to_thirty_two_that_say_something(words):
    with pytest.raises(ArgumentError):
        several(words)
