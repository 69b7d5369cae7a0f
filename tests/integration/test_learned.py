# SPDX-License-Identifier: Apache-2.0
"""Files through the shipped models of the learned scheme: exact at both stages, or refused."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import semstego
from semstego.codecs import registry
from semstego.codecs import stream as container
from semstego.datasets.enlarge import softened
from semstego.errors import (
    ArgumentError,
    CapacityError,
    EmbeddingError,
    NothingFoundError,
    PictureError,
    StreamError,
    WeightsError,
)
from semstego.message.cipher import Key

LEARNED = ("learned-010", "learned-050", "learned-100", "learned-photo", "learned-task")
DEFAULT_MODEL = "learned-photo"
KEY = Key(bytes(range(32)))
MESSAGE = b"Meet me at noon, by the fountain." * 4


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def cover(photographs):
    """A picture of CIFAR's kind, 64 x 64."""
    large = Image.fromarray(photographs["coffee"][:384, 100:484]).resize((64, 64), Image.Resampling.BOX)
    return softened(np.asarray(large)[None], 32)[0]


@pytest.fixture(scope="module")
def hidden(cover):
    return semstego.hide(cover, MESSAGE, key=KEY, scheme="learned", nonce=bytes(8))


def test_a_file_comes_back_exactly_at_both_stages(hidden):
    for source in (hidden.stream, hidden.png):
        found = semstego.reveal(source, key=KEY, scheme="learned")
        assert found.message == MESSAGE
        assert found.codec == DEFAULT_MODEL
    assert semstego.reveal(hidden.stream, key=KEY).stage == "features"  # the stream says which model it needs


def test_the_report_counts_what_was_done(hidden, cover):
    report = hidden.report
    assert report.compression_ratio == pytest.approx(0.8789, abs=1e-4)
    assert report.changed_symbols == np.count_nonzero(hidden.symbols != hidden.cover_symbols) > 0
    assert report.payload_bits == 8 * (len(MESSAGE) + 28)
    assert np.abs(hidden.picture.astype(int) - cover).mean() < 4


def test_wrong_key_absence_and_damage_look_alike(hidden, cover):
    empty = semstego.send(cover, codec=DEFAULT_MODEL)
    damaged = bytearray(hidden.stream)
    damaged[-20] ^= 1
    cases = [
        (hidden.stream, Key(bytes(32))),
        (hidden.png, Key(bytes(32))),
        (empty, KEY),
        (bytes(damaged), KEY),
        (cover, KEY),
    ]
    for source, key in cases:
        with pytest.raises(NothingFoundError):
            semstego.reveal(source, key=key, scheme="learned")


def test_the_receiver_without_a_key_sees_what_the_sender_saw(hidden):
    assert (semstego.reconstruct(hidden.stream) == hidden.picture).all()


def test_one_pixel_more_or_less_does_not_matter_to_the_code(hidden):
    rng = np.random.default_rng(0)
    disturbed = hidden.picture.astype(int)
    where = rng.random(disturbed.shape) < 0.05
    disturbed[where] += rng.choice([-1, 1], where.sum())
    assert semstego.reveal(np.clip(disturbed, 0, 255).astype("u1"), key=KEY, scheme="learned").message == MESSAGE


def test_equal_inputs_give_equal_streams_and_another_nonce_another(cover, hidden):
    again = semstego.hide(cover, MESSAGE, key=KEY, scheme="learned", nonce=bytes(8))
    other = semstego.hide(cover, MESSAGE, key=KEY, scheme="learned", nonce=bytes([1] * 8))
    assert again.stream == hidden.stream != other.stream


@pytest.mark.parametrize("size", [(48, 80), (64, 48)])
def test_pictures_of_other_sizes(cover, size):
    picture = np.asarray(Image.fromarray(cover).resize(size[::-1], Image.Resampling.BICUBIC))
    out = semstego.hide(picture, b"short", key=KEY, scheme="learned", nonce=bytes(8))
    assert semstego.reveal(out.png, key=KEY, scheme="learned").message == b"short"


@pytest.mark.parametrize("model", LEARNED)
def test_every_shipped_model_carries_a_file(cover, model):
    out = semstego.hide(cover, b"sixteen bytes ..", key=KEY, scheme="learned", codec=model, nonce=bytes(8))
    assert semstego.reveal(out.stream, key=KEY).codec == model
    assert semstego.reveal(out.png, key=KEY, scheme="learned", codec=model).message == b"sixteen bytes .."


def test_a_short_message_moves_fewer_symbols_than_a_long_one(cover):
    changed = [
        semstego.hide(cover, bytes(size), key=KEY, scheme="learned", nonce=bytes(8)).report.changed_symbols
        for size in (5, 60)
    ]
    assert changed[0] < 0.7 * changed[1]


def test_a_scheme_that_there_is_not_is_refused(hidden):
    with pytest.raises(ArgumentError, match="no scheme"):
        semstego.reveal(hidden.png, key=KEY, scheme="learnt")


def test_what_does_not_fit_is_refused(cover):
    with pytest.raises(CapacityError) as error:
        semstego.hide(cover, bytes(450), key=KEY, scheme="learned")
    assert error.value.available < 450
    with pytest.raises((EmbeddingError, CapacityError)):
        semstego.hide(
            np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype="u1"), bytes(390), key=KEY, scheme="learned"
        )


def test_what_no_model_is_for_is_refused(cover, hidden, tmp_path):
    with pytest.raises(PictureError, match="channels"):
        semstego.hide(cover[:, :, 0], b"x", key=KEY, scheme="learned")
    with pytest.raises(PictureError, match="megapixels"):
        semstego.hide(np.tile(cover, (32, 32, 1)), b"x", key=KEY, scheme="learned")
    with pytest.raises(WeightsError):
        semstego.hide(cover, b"x", key=KEY, scheme="learned", codec=tmp_path / "none.safetensors")
    other = next(name for name in LEARNED if name != DEFAULT_MODEL)
    with pytest.raises(StreamError):
        semstego.reveal(hidden.stream, key=KEY, codec=other)


def test_a_stream_whose_symbols_have_another_size_is_refused(hidden):
    stream = container.unpack(hidden.stream)
    small = io.BytesIO()
    Image.new("RGB", (10, 10)).save(small, "PNG")
    for coded in (small.getvalue(), b"no picture", stream.coded[:100]):
        forged = container.pack(
            container.Stream(
                codec=stream.codec, fingerprint=stream.fingerprint, height=64, width=64, channels=3, coded=coded
            )
        )
        with pytest.raises(NothingFoundError):
            semstego.reveal(forged, key=KEY)
    assert container.symbols_in(stream, registry.load(DEFAULT_MODEL)).values.shape == (3, 60, 60)


@pytest.mark.slow
def test_the_command_line_hides_and_reveals(cover, tmp_path):
    Image.fromarray(cover).save(tmp_path / "cover.png")
    (tmp_path / "secret.txt").write_bytes(MESSAGE)

    def semstego_cli(*words):
        command = [Path(sys.executable).parent / "semstego", *words]
        environment = {"SEMSTEGO_PASSPHRASE": "correct horse", "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)

    done = semstego_cli("hide", "cover.png", "secret.txt", "-o", "a.sem", "--picture", "a.png", "--scheme", "learned")
    assert done.returncode == 0, done.stderr
    assert semstego_cli("reveal", "a.sem", "-o", "1.txt").returncode == 0
    assert semstego_cli("reveal", "a.png", "-o", "2.txt", "--scheme", "learned").returncode == 0
    assert (tmp_path / "1.txt").read_bytes() == (tmp_path / "2.txt").read_bytes() == MESSAGE
    assert semstego_cli("hide", "cover.png", "secret.txt", "-o", "b.sem", "--scheme", "magic").returncode == 2
