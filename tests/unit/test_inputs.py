# SPDX-License-Identifier: Apache-2.0
"""Sources are read once, within limits, and not waited for without end; real FIFOs and processes."""

import os
import subprocess
import sys
import threading
import time

import pytest

from semstego import inputs
from semstego.errors import PictureError, SemstegoError
from semstego.inputs import read_once

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def writing(path, *pieces, pause=0.0):
    """A thread that writes the pieces into a FIFO, with a pause before each."""

    def write():
        with open(path, "wb") as file:
            for piece in pieces:
                time.sleep(pause)
                file.write(piece)
                file.flush()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_a_file_is_read(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert read_once(tmp_path / "file", len(CONTENT)) == CONTENT
    assert read_once(str(tmp_path / "file"), 1 << 30) == CONTENT
    (tmp_path / "link").symlink_to("file")
    assert read_once(tmp_path / "link", len(CONTENT)) == CONTENT


@pytest.mark.parametrize("pause", [0.0, 0.2])
def test_a_fifo_is_read_to_its_end_however_slowly_it_is_written(fifo, pause):
    thread = writing(fifo, CONTENT, CONTENT, pause=pause)
    assert read_once(fifo, 1 << 20) == 2 * CONTENT
    thread.join()


def test_a_fifo_whose_writer_comes_late_is_waited_for(fifo):
    threading.Timer(0.3, lambda: writing(fifo, CONTENT)).start()
    assert read_once(fifo, 1 << 20) == CONTENT


def test_a_fifo_that_nobody_writes_ends_in_a_sentence(fifo, monkeypatch):
    monkeypatch.setattr(inputs, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(SemstegoError, match="fifo: nobody writes to it"):
        read_once(fifo, 100)


def test_a_process_substitution_and_standard_input_are_read(tmp_path):
    code = "import sys; from semstego.inputs import read_once; sys.stdout.buffer.write(read_once(sys.argv[1], 1 << 20))"
    (tmp_path / "file").write_bytes(CONTENT)
    command = f"'{sys.executable}' -c '{code}' <(cat file); cat file | '{sys.executable}' -c '{code}' /dev/stdin"
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert ran.stdout == 2 * CONTENT


@pytest.mark.parametrize("longer", [1, 1000])
def test_what_is_longer_than_the_limit_is_refused(tmp_path, fifo, longer):
    (tmp_path / "file").write_bytes(CONTENT)
    with pytest.raises(PictureError, match="file: longer than"):
        read_once(tmp_path / "file", len(CONTENT) - longer, PictureError)
    writing(fifo, CONTENT)
    with pytest.raises(PictureError, match="longer than"):
        read_once(fifo, len(CONTENT) - longer, PictureError)


def test_an_endless_device_is_left_at_the_limit():
    start = time.monotonic()
    with pytest.raises(SemstegoError, match="/dev/zero: longer than 3 MiB"):
        read_once("/dev/zero", 3 << 20)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("nothing", "No such file"), (".", "Is a directory"), ("a\0b", "cannot be the name"), ("n" * 300, "too long")],
)
def test_what_is_no_file_is_named(tmp_path, name, sentence):
    with pytest.raises(SemstegoError, match=sentence) as refusal:
        read_once(f"{tmp_path}/{name}", 100)
    assert name in str(refusal.value)
