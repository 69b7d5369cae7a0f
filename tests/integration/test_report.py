# SPDX-License-Identifier: Apache-2.0
"""What `hide` reports and `capacity` promises: certified figures, and covers with dither and without."""

import io
import json
import math
from importlib import resources

import numpy as np
import pytest
from PIL import Image

import semstego
from semstego.codecs import registry
from semstego.coding import polar
from semstego.errors import ArgumentError, CapacityError
from semstego.message.cipher import Key
from semstego.metrics.image import feature_snr_db, psnr_db, ssim
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.schemes.syndrome.scheme import SyndromeScheme

KEY = Key(bytes(range(32)))
CERTIFIED = ("p_e_bound", "kl_bound_nats", "tv_bound", "pictures_at_049")


@pytest.fixture(scope="module")
def cover(photographs):
    return np.ascontiguousarray(photographs["coffee"][40:140, 100:231])


@pytest.fixture(scope="module")
def holds(cover):
    return semstego.capacity(cover)


@pytest.fixture(scope="module")
def out(cover, holds):
    return semstego.hide(cover, bytes(holds.max_message_bytes), key=KEY)


# --- the report


def test_a_certified_report_says_what_is_certain(out):
    report = out.report
    assert (report.codec, report.scheme, report.dither, report.retries) == ("cr085", "certified", 1, 0)
    assert 0.499 <= report.p_e_bound == polar.p_e_bound(report.kl_bound_nats) < 0.4991  # eight bits are the steps
    assert report.tv_bound == polar.tv_bound(report.kl_bound_nats) >= math.sqrt(report.kl_bound_nats / 2)
    assert report.p_e_bound <= 0.5 - report.tv_bound / 2 + 1e-12
    count = report.pictures_at_049
    assert 80 < count < 120  # 0.499 is a tenth as far from guessing, and the root counts
    assert polar.p_e_bound(count * report.kl_bound_nats) >= 0.49 > polar.p_e_bound((count + 1) * report.kl_bound_nats)
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize("p_e", [0.4, 0.45, 0.4999])
def test_the_detection_error_that_was_asked_for_is_kept(cover, p_e):
    largest = semstego.capacity(cover, p_e=p_e).max_message_bytes
    assert semstego.hide(cover, bytes(largest), key=KEY, p_e=p_e).report.p_e_bound >= p_e
    with pytest.raises(CapacityError) as refusal:
        semstego.hide(cover, bytes(largest + 1), key=KEY, p_e=p_e)
    assert (refusal.value.needed, refusal.value.available) == (largest + 1, largest)


def test_with_a_given_nonce_nothing_is_certain_of_the_detection_error(cover):
    given, fresh = (semstego.hide(cover, b"noon", key=KEY, nonce=nonce).report for nonce in (bytes(8), None))
    assert given.p_e_bound is None
    assert fresh.p_e_bound >= 0.499
    assert given.kl_bound_nats is given.tv_bound is given.pictures_at_049 is None


def test_a_short_message_is_surer_than_a_long_one(cover, out):
    short = semstego.hide(cover, b"noon", key=KEY).report
    assert short.kl_bound_nats < out.report.kl_bound_nats
    assert short.p_e_bound > out.report.p_e_bound
    assert short.pictures_at_049 > out.report.pictures_at_049


@pytest.mark.parametrize("scheme", ["syndrome", "lsb"])
def test_other_schemes_certify_nothing(cover, scheme):
    report = semstego.hide(cover, b"noon", key=KEY, scheme=scheme).report
    assert (report.scheme, report.codec, report.dither) == (scheme, "cr085-plain", 0)
    assert [getattr(report, name) for name in CERTIFIED] == [None] * 4
    assert report.psnr1_db == report.psnr1_undithered_db
    assert report.psnr2_db == report.psnr2_undithered_db


def test_stego_is_compared_with_a_fresh_draw_and_with_what_has_no_dither(cover, out):
    codec, report = registry.load("cr085"), out.report
    undithered = codec.encode(cover)
    np.testing.assert_array_equal(out.undithered_symbols, undithered.symbols.values)
    np.testing.assert_array_equal(out.undithered_picture, codec.decode(undithered.symbols))
    drawn = undithered.symbols.with_values(out.cover_symbols)
    np.testing.assert_array_equal(out.cover_picture, codec.decode(drawn))
    np.testing.assert_array_equal(out.picture, codec.decode(undithered.symbols.with_values(out.symbols)))
    assert report.psnr1_db == pytest.approx(psnr_db(out.symbols, out.cover_symbols), abs=1e-4)
    assert report.psnr2_db == pytest.approx(psnr_db(out.picture, out.cover_picture), abs=1e-4)
    assert report.psnr1_undithered_db == pytest.approx(psnr_db(out.symbols, out.undithered_symbols), abs=1e-4)
    assert report.psnr2_undithered_db == pytest.approx(psnr_db(out.picture, out.undithered_picture), abs=1e-4)
    assert report.ssim2 == pytest.approx(ssim(out.picture, out.cover_picture), abs=1e-4)
    assert report.ssim1 == pytest.approx(ssim(out.symbols, out.cover_symbols, channel_axis=0), abs=1e-4)
    snr = feature_snr_db(out.cover_symbols, out.symbols, undithered.steps)
    assert report.feature_snr_db == pytest.approx(snr, abs=1e-4)
    assert report.psnr1_undithered_db > report.psnr1_db + 0.5  # two draws are further apart than one from the middle
    assert report.psnr2_undithered_db > report.psnr2_db + 0.5
    assert report.changed_symbols == np.count_nonzero(out.symbols != out.cover_symbols)


def test_the_cover_is_drawn_anew_unless_the_nonce_is_given(cover):
    fresh = [semstego.hide(cover, b"noon", key=KEY).cover_symbols for _ in range(2)]
    assert (fresh[0] != fresh[1]).any()
    given = [semstego.hide(cover, b"noon", key=KEY, nonce=bytes(8)) for _ in range(2)]
    np.testing.assert_array_equal(given[0].cover_symbols, given[1].cover_symbols)
    assert (given[0].cover_symbols != given[0].symbols).any()


def test_wet_symbols_are_those_of_the_law(cover, out):
    chances = registry.load("cr085").encode(cover).law.chances
    assert out.report.wet_symbols == np.count_nonzero(chances == 0)
    assert not (out.symbols != out.undithered_symbols)[chances == 0].any()


# --- what fits


def test_capacity_says_exactly_what_fits_at_several_detection_errors(cover, holds):
    assert list(holds.certified_message_bytes) == ["0.49", "0.499", "0.4999"]
    assert holds.max_message_bytes == holds.recommended_message_bytes == holds.certified_message_bytes["0.499"]
    assert holds.recommended_p_e == 0.499
    for level, largest in holds.certified_message_bytes.items():
        assert semstego.capacity(cover, p_e=float(level)).max_message_bytes == largest
        assert semstego.hide(cover, bytes(largest), key=KEY, p_e=float(level)).report.p_e_bound >= float(level)
    assert holds.wet_symbols == np.count_nonzero(registry.load("cr085").encode(cover).law.chances == 0)


def test_a_name_takes_its_room(cover, holds):
    room = holds.max_message_bytes - 1 - len("a.txt")
    assert semstego.hide(cover, bytes(room), key=KEY, name="a.txt").stream
    with pytest.raises(CapacityError) as refusal:
        semstego.hide(cover, bytes(room + 1), key=KEY, name="a.txt")
    assert refusal.value.available == room


@pytest.mark.slow
def test_another_scheme_is_promised_what_was_measured_of_it(cover):
    found = semstego.capacity(cover, scheme="syndrome")
    assert found.certified_message_bytes is None
    assert found.recommended_message_bytes < found.max_message_bytes
    assert 0.4 < found.recommended_p_e < 0.5
    assert not found.measured.startswith("for another")
    grey = semstego.capacity(cover[:, :, 0], scheme="syndrome")
    assert grey.recommended_p_e is None
    assert grey.measured.startswith("for another")


@pytest.mark.parametrize(
    "act", [semstego.capacity, lambda cover, **options: semstego.hide(cover, b"x", key=KEY, **options)]
)
def test_a_detection_error_is_for_the_certified_scheme_alone(cover, act):
    for scheme in ("syndrome", "lsb", SyndromeScheme()):
        with pytest.raises(ArgumentError, match="certifies no detection error: leave p_e out"):
            act(cover, scheme=scheme, p_e=0.49)
    for p_e in (0.5, 0.39, math.nan):
        with pytest.raises(ArgumentError, match=r"p_e must be from 0\.4"):
            act(cover, p_e=p_e)


def test_an_object_of_the_scheme_brings_its_detection_error(cover):
    own = CertifiedScheme(0.45)
    assert semstego.capacity(cover, scheme=own) == semstego.capacity(cover, p_e=0.45)
    assert semstego.capacity(cover, scheme=own, p_e=0.49) == semstego.capacity(cover, p_e=0.49)
    assert semstego.capacity(cover, scheme=own).certified_message_bytes.keys() == {"0.45", "0.49", "0.499", "0.4999"}


# --- codecs and schemes that do not go together


@pytest.mark.parametrize("scheme", ["syndrome", "hill", "suniward", "side-informed", "lsb"])
@pytest.mark.parametrize("codec", ["cr085", "cr050", "cr025", "task"])
def test_schemes_that_do_not_keep_the_law_are_refused_where_there_is_one(cover, scheme, codec):
    with pytest.raises(ArgumentError, match=rf"'{codec}' rounds at random"):
        semstego.hide(cover, b"x", key=KEY, scheme=scheme, codec=codec)


def test_what_stream_info_says_of_dither(cover, out):
    for stream, codec, dither in (
        (out.stream, "cr085", 1),
        (semstego.send(cover, codec="cr050-plain"), "cr050-plain", 0),
    ):
        facts = semstego.info(stream)
        assert (facts["version"], facts["codec"], facts["dither"], facts["shipped"]) == (2, codec, dither, True)
        assert facts["stream_bytes"] == len(stream)


def test_who_shrinks_to_hide_can_shrink_to_send_and_to_ask_for_room(cover):
    hidden, sent = semstego.hide(cover, b"noon", key=KEY, shrink=True), semstego.send(cover, shrink=True)
    assert {name: semstego.info(hidden.stream)[name] for name in ("height", "width", "codec", "dither")} == {
        name: semstego.info(sent)[name] for name in ("height", "width", "codec", "dither")
    }
    room = semstego.capacity(cover, shrink=True)
    assert room.max_message_bytes < semstego.capacity(cover).max_message_bytes
    hidden = semstego.hide(cover, bytes(room.max_message_bytes), key=KEY, shrink=True)
    with pytest.raises(semstego.CapacityError) as refusal:
        semstego.hide(cover, bytes(room.max_message_bytes + 1), key=KEY, shrink=True)
    assert refusal.value.available == room.max_message_bytes


@pytest.mark.parametrize(("scheme", "codec"), [("syndrome", "cr085"), ("lsb", "task"), ("certified", "cr085-plain")])
def test_capacity_refuses_what_hide_refuses(cover, scheme, codec):
    words = []
    for act in (semstego.capacity, lambda *one, **named: semstego.hide(*one, b"x", key=KEY, **named)):
        with pytest.raises(ArgumentError) as refusal:
            act(cover, scheme=scheme, codec=codec)
        words.append(str(refusal.value))
    assert words[0] == words[1]


@pytest.mark.slow
def test_no_rate_is_recommended_for_a_cover_that_stems_from_a_jpeg():
    with resources.as_file(resources.files("semstego") / "datasets" / "photographs" / "coffee.png") as path:
        photograph = Image.open(path).convert("RGB")
    born = io.BytesIO()
    photograph.save(born, "JPEG", quality=75)
    with Image.open(born) as again:
        advised = semstego.capacity(np.asarray(again), scheme="syndrome")
    assert (advised.recommended_message_bytes, advised.recommended_p_e) == (0, None)
    assert "JPEG" in advised.measured
    assert advised.max_message_bytes > 0


def test_levels_of_the_detection_error_keep_their_digits(cover):
    for p_e in (0.4999999, 0.49900001):
        assert str(p_e) in semstego.capacity(cover, p_e=p_e).certified_message_bytes
