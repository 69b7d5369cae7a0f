# SPDX-License-Identifier: Apache-2.0
"""Streams and pictures through channels, by the public function and by the command."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import semstego
from semstego.channel.base import Channel
from semstego.errors import ArgumentError
from semstego.message.cipher import Key

KEY = Key(bytes(32))
MESSAGE = b"Meet me at noon."


@pytest.fixture(scope="module")
def hidden():
    y, x, c = np.mgrid[:80, :96, :3]
    noise = np.random.default_rng(0).normal(0, 4, y.shape)
    cover = np.clip(128 + 60 * np.sin(x / 9 + c) + 40 * np.cos(y / 7) + noise, 0, 255).astype(np.uint8)
    return semstego.hide(cover, MESSAGE, key=KEY)


def command(folder, *words, status=0):
    done = subprocess.run(
        [Path(sys.executable).parent / "semstego", "transmit", *words], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == status, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def test_a_channel_that_changes_nothing_leaves_the_message_at_both_stages(hidden):
    for source in (hidden.stream, hidden.png):
        arrived = semstego.transmit(source, "brightness:0")
        assert (arrived.psnr_db, arrived.ssim) == (None, 1.0)
        assert semstego.reveal(arrived.picture, key=KEY).message == MESSAGE
    assert semstego.transmit(hidden.stream, "awgn:120").stream == hidden.stream


def test_symbols_that_a_link_changes_travel_in_a_stream_that_is_in_order(hidden):
    arrived = semstego.transmit(hidden.stream, "bit-errors:0.01", seed=1)
    symbols = hidden.symbols.size
    assert 0.05 * symbols < arrived.changed_symbols < 0.11 * symbols  # 1 - 0.99^8 is 0.077
    np.testing.assert_array_equal(semstego.reconstruct(arrived.stream), arrived.picture)
    with pytest.raises(semstego.NothingFoundError):
        semstego.reveal(arrived.stream, key=KEY)
    assert semstego.transmit(hidden.stream, "bit-errors:0.01", seed=1).stream == arrived.stream
    assert semstego.transmit(hidden.stream, "bit-errors:0.01", seed=2).stream != arrived.stream


def test_of_a_stream_the_picture_goes_through_the_channel_behind_the_link(hidden):
    both = semstego.transmit(hidden.stream, "bit-errors:0.01,scale:0.5", seed=1)
    link = semstego.transmit(hidden.stream, "bit-errors:0.01", seed=1)
    assert both.stream == link.stream
    np.testing.assert_array_equal(both.picture, semstego.transmit(link.picture, "scale:0.5").picture)
    assert (both.psnr_db, both.ssim) == (None, None)  # of another size


def test_grey_stays_grey_and_is_measured(hidden):
    grey = hidden.picture[..., 1]
    arrived = semstego.transmit(grey, "jpeg:50")
    assert arrived.picture.shape == grey.shape
    assert arrived.stream is arrived.changed_symbols is None
    error = ((arrived.picture.astype(float) - grey) ** 2).mean()
    assert arrived.psnr_db == pytest.approx(10 * np.log10(255**2 / error), abs=1e-4)


def test_a_grey_picture_is_written_by_the_commands(hidden, tmp_path):
    (tmp_path / "s.sem").write_bytes(semstego.send(hidden.picture[..., 1]))
    command(tmp_path, "s.sem", "--channel", "brightness:0", "--picture", "a.png")
    main = [Path(sys.executable).parent / "semstego", "reconstruct", "s.sem", "-o", "b.png"]
    assert subprocess.run(main, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "L"


def test_a_channel_of_ones_own(hidden):
    class Mirror(Channel):
        def picture(self, picture, rng):
            return np.ascontiguousarray(picture[:, ::-1])

    np.testing.assert_array_equal(semstego.transmit(hidden.png, Mirror()).picture, hidden.picture[:, ::-1])


@pytest.mark.parametrize("seed", [-1, 1.5, "x"])
def test_a_seed_is_a_whole_number_from_0_up(hidden, seed):
    with pytest.raises(semstego.SemstegoError, match="from 0 up"):
        semstego.transmit(hidden.png, "noise:1", seed=seed)


@pytest.mark.parametrize("channel", [None, 75, b"jpeg:75", Channel])
def test_what_is_no_channel_is_refused(hidden, channel):
    with pytest.raises(semstego.SemstegoError, match="channel"):
        semstego.transmit(hidden.png, channel)


def test_the_command_writes_what_the_function_gives(hidden, tmp_path):
    (tmp_path / "s.sem").write_bytes(hidden.stream)
    words = ("s.sem", "--channel", "awgn:20,jpeg:75", "--seed", "3", "-o", "a.sem", "--picture", "a.png", "--json")
    facts = json.loads(command(tmp_path, *words).stdout)
    expected = semstego.transmit(hidden.stream, "awgn:20,jpeg:75", seed=3)
    assert (tmp_path / "a.sem").read_bytes() == expected.stream
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), expected.picture)
    assert facts == {
        "psnr_db": expected.psnr_db, "ssim": expected.ssim, "changed_symbols": expected.changed_symbols, "height": 80,
        "width": 96,
    }  # fmt: skip
    command(tmp_path, *words, status=1)  # nothing is overwritten


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("r.png", "--channel", "fog:3"), b"--channel: there is no channel"),
        (("r.png", "--channel", "jpeg:75", "-o", "a.sem"), b"name --picture"),
        (("r.png",), b"--channel"),
        (("r.png", "--channel", "noise:1", "--seed", "-1"), b"--seed"),
    ],
)
def test_wrong_words_are_wrong_usage_and_write_nothing(hidden, tmp_path, words, said):
    (tmp_path / "r.png").write_bytes(hidden.png)
    assert said in command(tmp_path, *words, status=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["r.png"]


def test_a_picture_has_no_symbols_for_a_link(hidden):
    with pytest.raises(ArgumentError, match="symbols"):
        semstego.transmit(hidden.png, "awgn:20")
