# SPDX-License-Identifier: Apache-2.0
"""A peer in a worker process: it works, or the caller gets one error in time, whatever it does."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from semstego.errors import CapacityError, NothingFoundError, PeerError
from semstego.peers import process
from semstego.peers.process import Worker

HERE = str(Path(__file__).parent)


def worker(name, **settings):
    return Worker(f"toys:{name}", paths=(HERE, *sys.path), **settings)


@pytest.fixture
def picture(rng):
    return rng.integers(0, 256, (40, 30, 3), np.uint8)


def test_a_message_goes_in_and_comes_back_through_one_process(picture):
    with worker("toy") as toy:
        stego = toy.hide(picture, b"meet me")
        first = toy._process.pid
        assert stego.shape == picture.shape
        assert stego.dtype == np.uint8
        assert not np.array_equal(stego, picture)
        assert toy.reveal(stego, 0) == b"meet me"
        assert toy._process.pid == first
    assert toy._process is None


def test_a_receiver_who_has_to_be_told_is_told_the_length(picture):
    with worker("told") as told:
        assert told.reveal(told.hide(picture, b"meet me"), 4) == b"meet"


def test_what_a_peer_may_raise_comes_through(picture):
    with worker("toy") as toy:
        with pytest.raises(CapacityError) as raised:
            toy.hide(picture, bytes(300))
        assert (raised.value.needed, raised.value.available) == (300, 255)
        with pytest.raises(NothingFoundError):
            toy.reveal(np.zeros_like(picture), 3)
        assert toy.reveal(toy.hide(picture, b"still here"), 0) == b"still here"


def test_large_pictures_do_not_block_both_sides(rng):
    picture = rng.integers(0, 256, (700, 900, 3), np.uint8)
    with worker("toy") as toy:
        assert toy.reveal(toy.hide(picture, b"x"), 0) == b"x"


def test_a_grey_picture_is_refused_by_the_worker(picture):
    with worker("toy") as toy, pytest.raises(PeerError, match="is wanted"):
        toy.hide(picture[:, :, :1], b"x")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smaller", "is wanted"),
        ("floating", "can be meant|is wanted"),
        ("objects", "Object arrays"),
        ("much", "can be meant"),
        ("ending", "without a whole answer"),
        ("refusing", r"RuntimeError: line one \?\[2Jline two"),
    ],
)
def test_a_picture_that_is_none_ends_in_one_error(picture, name, said):
    with worker(name) as bad:
        for _ in range(2):  # the next one is answered by another process
            with pytest.raises(PeerError, match=said) as raised:
                bad.hide(picture, b"x")
            assert len(str(raised.value)) < 3000


def test_a_message_longer_than_its_picture_is_refused(picture):
    with worker("long") as bad, pytest.raises(PeerError, match="can be meant"):
        bad.reveal(picture, 3)


def test_a_worker_that_died_meanwhile_is_missed_once(picture):
    with worker("toy") as toy:
        toy.start()
        toy._process.kill()
        toy._process.wait()
        with pytest.raises(PeerError, match="ended"):
            toy.hide(picture, b"x")
        assert toy.reveal(toy.hide(picture, b"x"), 0) == b"x"


@pytest.mark.parametrize("name", ["hanging", "parent"])
def test_a_hanging_worker_is_killed_in_time(picture, name):
    bad = worker(name, answer_seconds=2.0)
    bad.start()
    running, started = bad._process, time.monotonic()
    with pytest.raises(PeerError, match="did not answer in time"):
        bad.hide(picture, b"x")
    assert time.monotonic() - started < 10
    assert running.returncode is not None
    assert bad._process is None


def test_time_in_which_this_process_was_stopped_does_not_count(monkeypatch):
    clock = iter([0.0, 500.0, 500.0, 500.25])  # a second of waiting that took 500
    monkeypatch.setattr(process.time, "monotonic", lambda: next(clock))
    answers = iter([([], [], []), ([7], [], [])])
    monkeypatch.setattr(process.select, "select", lambda *what: next(answers))
    patience = process.Patience(5.0)
    assert patience.for_reading(7)
    assert patience.left == 3.75


@pytest.mark.parametrize("name", ["failing", "nobody", "unversioned"])
def test_a_peer_that_does_not_start_says_why(picture, name):
    said = {"failing": "no such peer", "nobody": "cannot be had", "unversioned": "0.0.1 is wanted"}[name]
    with worker(name) as bad, pytest.raises(PeerError, match=said):
        bad.hide(picture, b"x")


def test_an_interpreter_that_is_none_ends_in_one_error(picture, tmp_path):
    with pytest.raises(PeerError, match="does not start"):
        Worker("toys:toy", tmp_path / "python").hide(picture, b"x")
    talker = tmp_path / "talker"
    talker.write_text("#!/bin/sh\necho Welcome to this interpreter\nsleep 60\n")
    talker.chmod(0o755)
    with pytest.raises(PeerError, match="was not asked for"):
        Worker("toys:toy", talker).hide(picture, b"x")
    talker.write_text("#!/bin/sh\nsleep 60\n")
    with pytest.raises(PeerError, match="did not answer in time"):
        Worker("toys:toy", talker, start_seconds=0.5).hide(picture, b"x")


def test_a_worker_that_takes_no_request_is_killed(tmp_path):
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\nprintf 'M\\0\\0\\0\\0\\0\\0\\0\\0'\nsleep 60\n")
    deaf.chmod(0o755)
    with pytest.raises(PeerError, match="takes no request"):
        Worker("toys:toy", deaf, answer_seconds=1.0).hide(np.zeros((600, 600, 3), np.uint8), b"x")


def test_passphrases_do_not_reach_a_worker(picture, monkeypatch):
    monkeypatch.setenv("SEMSTEGO_PASSPHRASE", "open sesame")
    with worker("looking") as looking:
        assert np.array_equal(looking.hide(picture, b"x"), picture)
