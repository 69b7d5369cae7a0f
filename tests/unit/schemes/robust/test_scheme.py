# SPDX-License-Identifier: Apache-2.0
"""The robust scheme as its users have it: what is hidden is read, behind channels too, and nothing else ever is."""

import io

import numpy as np
import pytest
from PIL import Image

import semstego
from semstego.channel.words import channel
from semstego.codecs import registry
from semstego.errors import ArgumentError, CapacityError, EmbeddingError, NothingFoundError
from semstego.message.cipher import Key
from semstego.schemes.base import Cover
from semstego.schemes.robust.marking import Marker
from semstego.schemes.robust.scheme import SCHEME, RobustScheme

KEY, OTHER = Key(bytes(range(32))), Key(bytes(32))
PICTURE_CHANNELS = (
    "jpeg:95", "jpeg:50", "jpeg:30", "webp:80", "noise:5", "resize:0.75", "resize:0.5+jpeg:50", "gamma:0.9",
    "gamma:1.1", "brightness:10", "contrast:1.1", "codec:cr025",
)  # fmt: skip


def large(picture, height=384, width=512):
    """A bundled photograph, mirrored at its edges to so many pixels."""
    there = picture.shape[:2]
    return np.pad(picture, ((0, height - there[0]), (0, width - there[1]), (0, 0)), mode="reflect")


@pytest.fixture(scope="module")
def cover(photographs):
    return large(photographs["chelsea"])


@pytest.fixture(scope="module")
def hidden(cover):
    return semstego.hide(cover, b"Meet me at noon.", key=KEY, scheme="robust")


def nothing_in(source, **options):
    with pytest.raises(NothingFoundError):
        semstego.reveal(source, **({"key": KEY, "scheme": "robust"} | options))


@pytest.mark.parametrize("length", [0, 32, 33, 128, 129, 600])
@pytest.mark.parametrize("grey", [False, True])
def test_messages_of_every_class_come_back_at_both_stages(photographs, length, grey):
    message = np.random.default_rng(length).bytes(length)
    photograph = np.squeeze(large(photographs["camera" if grey else "astronaut"], 461, 530))
    out = semstego.hide(photograph, message, key=KEY, scheme="robust")
    for source, stage in ((out.stream, "features"), (out.png, "picture")):
        found = semstego.reveal(source, key=KEY)
        assert (found.message, found.stage, found.scheme) == (message, stage, "robust")
    assert out.report.marked_psnr_db >= {32: 48, 128: 46, 1024: 42}[next(c for c in (32, 128, 1024) if length <= c)]


@pytest.mark.parametrize("codec", [name for name in registry.names(with_open=False)])
def test_it_hides_in_every_point_with_dither_and_without(photographs, codec):
    out = semstego.hide(large(photographs["chelsea"], 256, 330), b"noon", key=KEY, scheme="robust", codec=codec)
    for source in (out.stream, out.picture):
        assert semstego.reveal(source, key=KEY, scheme="robust").message == b"noon"


@pytest.mark.parametrize("words", PICTURE_CHANNELS)
def test_a_picture_that_went_through_a_channel_is_read(hidden, words):
    picture = channel(words).picture(hidden.picture, np.random.default_rng(1))
    assert semstego.reveal(picture, key=KEY, scheme="robust").message == b"Meet me at noon."


@pytest.mark.parametrize("words", ["awgn:20", "bit-errors:0.001"])
def test_a_stream_that_went_through_a_channel_is_read(hidden, words):
    arrived = semstego.transmit(hidden.stream, words, seed=1)
    assert semstego.reveal(arrived.stream, key=KEY).message == b"Meet me at noon."
    if words == "awgn:20":  # the picture of wrong bits is full of spikes
        assert semstego.reveal(arrived.picture, key=KEY).message == b"Meet me at noon."


def test_despiking_reads_what_wrong_bits_hide(cover):
    """At a strength where the undespiked picture is not read."""
    out = semstego.hide(cover, b"noon", key=KEY, scheme="robust", psnr=52)
    arrived = semstego.transmit(out.stream, "bit-errors:0.002", seed=3)
    nothing_in(arrived.picture)
    assert semstego.reveal(arrived.stream, key=KEY, scheme="robust").message == b"noon"


def test_a_real_jpeg_file_is_read(hidden):
    file = io.BytesIO()
    Image.fromarray(hidden.picture).save(file, "JPEG", quality=60)
    assert semstego.reveal(file.getvalue(), key=KEY).message == b"Meet me at noon."


@pytest.mark.parametrize(
    "words", ["crop:0.9", "scale:0.75", "scale:1.4+jpeg:75", "rotate:1", "rotate:-0.4", "gamma:1.4"]
)
def test_what_moved_is_found_by_a_search_and_not_without(hidden, words):
    picture = channel(words).picture(hidden.picture, np.random.default_rng(2))
    if words != "gamma:1.4":  # which may be read as it is
        nothing_in(picture)
    told = []
    found = semstego.reveal(picture, key=KEY, scheme="robust", search=True, progress=lambda *what: told.append(what))
    assert found.message == b"Meet me at noon."
    assert any(what.startswith("searching") for what, _ in told)


def test_another_key_an_unmarked_picture_noise_and_small_pictures_are_nothing(hidden, cover):
    rng = np.random.default_rng(5)
    nothing_in(hidden.picture, key=OTHER)
    nothing_in(hidden.stream, key=OTHER)
    for picture in (
        cover,
        semstego.reconstruct(semstego.send(cover)),
        rng.integers(0, 256, (256, 256, 3), dtype=np.uint8),
        np.zeros((256, 256), np.uint8),
        cover[:32, :32],
        cover[:63, :400],
        cover[:64, :64],
    ):
        nothing_in(picture)
    nothing_in(cover[:192, :192], search=True)
    nothing_in(cover[:40, :300], search=True)


def test_a_picture_that_is_too_small_is_refused_with_what_fits(photographs):
    small = np.ascontiguousarray(photographs["coffee"][:200, :130])  # six cells
    assert semstego.hide(small, bytes(128), key=KEY, scheme="robust").report.payload_bits == 8 * 144
    with pytest.raises(CapacityError) as refusal:
        semstego.hide(small, bytes(129), key=KEY, scheme="robust")
    assert refusal.value.available == 128
    with pytest.raises(CapacityError) as refusal:
        semstego.hide(small[:100, :100], b"x", key=KEY, scheme="robust")
    assert refusal.value.available == 0


def test_capacity_is_that_of_the_size_alone(photographs):
    sizes = {(64, 192): 0, (128, 128): 32, (128, 192): 128, (384, 448): 1024}
    for (height, width), most in sizes.items():
        for name in ("coffee", "chelsea"):
            picture = np.resize(photographs[name], (height, width, 3))
            assert semstego.capacity(picture, scheme="robust").max_message_bytes == most


@pytest.mark.parametrize(
    ("height", "width", "length"), [(64, 256, 32), (128, 128, 1), (128, 192, 128), (448, 400, 1024)]
)
def test_what_capacity_promises_is_hidden_and_read(photographs, height, width, length):
    """In the least number of cells, whatever the picture."""
    for name in ("coffee", "chelsea", "rocket"):
        picture = np.resize(large(photographs[name], 448, 400), (height, width, 3))
        out = semstego.hide(picture, bytes(length), key=KEY, scheme="robust")
        assert semstego.reveal(out.png, key=KEY, scheme="robust").message == bytes(length)


def test_more_than_1024_bytes_and_names_are_refused(cover):
    with pytest.raises(CapacityError):
        semstego.hide(cover, bytes(1025), key=KEY, scheme="robust")
    with pytest.raises(ArgumentError, match="name"):
        semstego.hide(cover, b"x", key=KEY, scheme="robust", name="x.txt")


def test_equal_messages_are_equal_marks_whatever_the_nonce(photographs):
    picture = photographs["coffee"][:192, :256]
    one, other = (
        semstego.hide(picture, b"noon", key=KEY, scheme="robust", codec="cr085-plain", nonce=nonce)
        for nonce in (bytes(8), b"otherone")
    )
    assert one.stream == other.stream


def test_the_report_says_how_the_picture_was_marked(hidden):
    assert 48 <= hidden.report.marked_psnr_db < 48.1
    assert hidden.report.margins is None
    assert hidden.report.overhead_bytes == 48 - len(b"Meet me at noon.")
    assert hidden.report.p_e_bound is None


# --- strength


def test_what_must_survive_does_and_no_more_is_changed_than_that_takes(cover):
    mild = semstego.hide(cover, b"noon", key=KEY, scheme="robust", survive="jpeg:75")
    harsh = semstego.hide(cover, b"noon", key=KEY, scheme="robust", survive=["jpeg:75", "noise:15+jpeg:40"])
    assert mild.report.marked_psnr_db > harsh.report.marked_psnr_db + 2
    assert len(harsh.report.margins) == 2
    assert 1.4 <= min(harsh.report.margins) < 2.2
    way = channel("noise:15+jpeg:40")
    for seed in range(12):
        picture = way.picture(harsh.picture, np.random.default_rng(seed))
        assert semstego.reveal(picture, key=KEY, scheme="robust").message == b"noon"


def test_symbol_channels_are_simulated_too(cover):
    out = semstego.hide(cover, b"noon", key=KEY, scheme="robust", survive="bit-errors:0.003,awgn:18")
    for words in ("bit-errors:0.003", "awgn:18"):
        for seed in range(3):
            arrived = semstego.transmit(out.stream, words, seed=seed)
            assert semstego.reveal(arrived.stream, key=KEY, scheme="robust").message == b"noon"


@pytest.mark.parametrize("words", ["noise:200", "jpeg:1", "crop:0.5", "scale:0.5", "rotate:20"])
def test_what_nothing_survives_is_refused(cover, words):
    with pytest.raises(EmbeddingError, match=f"36 dB survives '{words}'"):
        semstego.hide(cover, b"noon", key=KEY, scheme="robust", survive=["jpeg:90", words])


@pytest.mark.parametrize("options", [
    {"psnr": 29}, {"psnr": 61}, {"psnr": "48"}, {"psnr": float("nan")}, {"survive": "jpegg:50"}, {"survive": ""},
    {"survive": []}, {"survive": [3]}, {"psnr": 48, "survive": "jpeg:50"}, {"survive": ",".join(["jpeg:50"] * 33)},
    {"psnr": 48, "scheme": "certified"}, {"survive": "jpeg:50", "scheme": "syndrome"}, {"p_e": 0.499},
])  # fmt: skip
def test_wrong_words_are_refused(cover, options):
    with pytest.raises(ArgumentError):
        semstego.hide(cover, b"noon", key=KEY, **({"scheme": "robust"} | options))


def test_one_strength_is_as_good_as_the_class_of_the_message():
    assert RobustScheme(40.0).psnr_db == 40
    assert SCHEME.psnr_db is None
    assert SCHEME.marks_picture
    assert SCHEME.keeps_law
    assert SCHEME.default_codec == "cr085"
    assert Cover(np.zeros((64, 64, 3), np.uint8), registry.load("cr085")).encoding.law is not None


class Odd:
    """A channel that gives what it is made with."""

    def __init__(self, give):
        self.give = give

    def symbols(self, symbols, rng):
        return symbols

    def picture(self, picture, rng):
        return self.give(picture)


@pytest.mark.parametrize("give", [
    lambda picture: picture[:, :, 0], lambda picture: picture.astype(float), lambda picture: None,
    lambda picture: np.concatenate([picture, picture[:, :, :1]], axis=2), lambda picture: picture[:0],
])  # fmt: skip
def test_a_channel_of_ones_own_that_gives_no_picture_is_refused(cover, give):
    with pytest.raises(ArgumentError, match="no picture"):
        semstego.hide(cover[:192, :256], b"noon", key=KEY, scheme="robust", survive=Odd(give))


@pytest.mark.parametrize("give", [
    lambda picture: picture[:40, :300], lambda picture: picture[:, :10],
    lambda picture: np.pad(picture, ((0, 0), (0, 64), (0, 0)), mode="edge"),
])  # fmt: skip
def test_a_channel_of_ones_own_that_gives_another_size_is_survived_by_nothing(cover, give):
    with pytest.raises(EmbeddingError, match="survives 'Odd'"):
        semstego.hide(cover[:192, :256], b"noon", key=KEY, scheme="robust", survive=[Odd(give)])


def test_what_cannot_come_back_is_tried_once_where_a_nonce_changes_nothing(monkeypatch):
    picture = 255 * np.random.default_rng(1).integers(0, 2, (128, 192, 3), dtype=np.uint8)
    tried = []
    marked = Marker.marked
    monkeypatch.setattr(Marker, "marked", lambda self, psnr_db: tried.append(psnr_db) or marked(self, psnr_db))
    with pytest.raises(EmbeddingError):
        semstego.hide(picture, b"noon", key=KEY, scheme="robust", codec="cr085-plain")
    assert len(tried) == 1
