# SPDX-License-Identifier: Apache-2.0
"""Files are written whole or not at all, and nothing is left behind; on a real file system, with real kills."""

import contextlib
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from semstego.errors import OutputError
from semstego.io import files
from semstego.io.files import created, write_all

OLD, NEW = b"old" * 1000, b"new" * 1000
KILLED = """
import os, sys
from pathlib import Path
from semstego.io import files
step, calls = int(sys.argv[2]), 0
def counted(call):
    def counting(*arguments, **named):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), 9)
        return call(*arguments, **named)
    return counting
for name in ("open", "fsync", "link", "replace", "fstat"):
    setattr(os, name, counted(getattr(os, name)))
files.write_all({Path(sys.argv[1], "a"): b"a" * 9999, Path(sys.argv[1], "b"): b"b" * 9999}, force=True)
"""


def hidden(folder):
    """Temporary files in a folder."""
    return [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.fixture(autouse=True)
def every_write_cleans():
    """Abandoned files are looked for once in a process; here, in each test."""
    files._remove_abandoned.cache_clear()


def test_files_are_written_together_or_not_at_all(tmp_path):
    (tmp_path / "there").write_bytes(OLD)
    for bad in (tmp_path / "there", tmp_path / "no" / "folder", tmp_path, tmp_path / ("n" * 300), tmp_path / "a\0b"):
        with pytest.raises(OutputError):
            write_all({tmp_path / "new": NEW, bad: NEW})
        assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert (tmp_path / "there").read_bytes() == OLD
    write_all({tmp_path / "there": NEW}, force=True)
    assert (tmp_path / "there").read_bytes() == NEW


def test_names_may_be_as_long_as_the_file_system_lets_them(tmp_path):
    path = tmp_path / ("n" * 255)
    write_all({path: NEW})
    assert path.read_bytes() == NEW


def test_symbolic_links_are_followed_and_stay(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(OLD)
    (tmp_path / "link").symlink_to("folder/file")
    (tmp_path / "dangling").symlink_to("folder/new")
    (tmp_path / "nowhere").symlink_to("absent/new")
    (tmp_path / "loop").symlink_to("loop")
    write_all({tmp_path / "link": NEW, tmp_path / "dangling": NEW}, force=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "dangling").is_symlink()
    assert (tmp_path / "folder" / "file").read_bytes() == (tmp_path / "folder" / "new").read_bytes() == NEW
    for bad in ("nowhere", "loop"):
        with pytest.raises(OutputError):
            write_all({tmp_path / bad: NEW}, force=True)


def test_a_fifo_is_written_into_and_stays(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "fifo").read_bytes()))
    reader.start()
    write_all({tmp_path / "fifo": NEW, tmp_path / "file": OLD})
    reader.join(10)
    assert read == [NEW]
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)


def test_a_fifo_that_nobody_reads_ends_in_a_sentence_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE_SECONDS", 0.2)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OutputError, match="fifo: nobody reads from it"):
        write_all({tmp_path / "fifo": NEW, tmp_path / "file": OLD})
    assert [path.name for path in tmp_path.iterdir()] == ["fifo"]


def test_devices_are_written_into_and_never_replaced(tmp_path):
    write_all({Path("/dev/null"): NEW})
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(OutputError, match="/dev/full: No space left"):
        write_all({Path("/dev/full"): NEW, tmp_path / "file": OLD}, force=True)
    assert not list(tmp_path.iterdir())


def test_a_socket_is_refused(tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        with pytest.raises(OutputError, match="is no file"):
            write_all({tmp_path / "socket": NEW}, force=True)
        assert stat.S_ISSOCK((tmp_path / "socket").stat().st_mode)


def test_a_write_that_fails_half_way_leaves_nothing_and_names_the_target(tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    for call in (
        "files.write_all({Path('small'): b'x', Path('large'): bytes(1 << 20)})",
        "files.write_all({Path('large'): bytes(1 << 20)}, force=True)",
        "write(Path('large'))",
    ):
        code = (
            "from pathlib import Path; from semstego.io import files\n"
            "def write(path):\n with files.created(path) as file:\n  file.write(bytes(1 << 20))\n"
            f"try: {call}\nexcept files.OutputError as error: print(error)"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, preexec_fn=limit
        )
        assert ran.stdout == "cannot write large: File too large\n", ran.stderr
        assert not list(tmp_path.iterdir())


def test_a_file_that_is_made_meanwhile_is_kept(tmp_path, monkeypatch):
    staged = files._staged

    def slow(path, content):
        (tmp_path / "new").write_bytes(OLD)
        return staged(path, content)

    monkeypatch.setattr(files, "_staged", slow)
    with pytest.raises(OutputError, match="exists already"):
        write_all({tmp_path / "new": NEW})
    assert (tmp_path / "new").read_bytes() == OLD
    assert not hidden(tmp_path)


def test_a_rollback_takes_the_file_and_leaves_the_link(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to("target")
    place = files._place

    def meanwhile(temporary, path, *, force):
        if path.name == "second":
            path.write_bytes(OLD)
        place(temporary, path, force=force)

    monkeypatch.setattr(files, "_place", meanwhile)
    with pytest.raises(OutputError, match="exists already"):
        write_all({tmp_path / "link": NEW, tmp_path / "second": NEW})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "second"]
    assert (tmp_path / "link").is_symlink()


def test_an_interruption_between_two_files_leaves_none(tmp_path, monkeypatch):
    place = files._place

    def interrupted(temporary, path, *, force):
        if path.name == "second":
            raise KeyboardInterrupt
        place(temporary, path, force=force)

    monkeypatch.setattr(files, "_place", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_all({tmp_path / "first": NEW, tmp_path / "second": NEW})
    assert not list(tmp_path.iterdir())


def test_a_writer_whose_file_another_process_is_about_to_remove_makes_another(tmp_path, monkeypatch):
    import fcntl

    tries, lock = [], fcntl.flock

    def held(handle, how):
        tries.append(handle)
        if len(tries) == 1:
            raise BlockingIOError
        lock(handle, how)

    monkeypatch.setattr(files.fcntl, "flock", held)
    write_all({tmp_path / "new": NEW})
    assert len(tries) == 2
    assert (tmp_path / "new").read_bytes() == NEW


@pytest.mark.parametrize("step", range(1, 14, 2))
def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path, step):
    for name in "ab":
        (tmp_path / name).write_bytes(OLD)
    ran = subprocess.run([sys.executable, "-c", KILLED, tmp_path, str(step)], check=False)
    assert ran.returncode in (0, -signal.SIGKILL)
    assert {(tmp_path / name).read_bytes() for name in "ab"} <= {OLD, b"a" * 9999, b"b" * 9999}  # none half-written
    write_all({tmp_path / "c": NEW})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


@pytest.mark.slow
def test_of_five_hundred_killed_or_failed_writes_nothing_is_left(tmp_path):
    """At every step of a write, and at random moments; and where the disk is full."""
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "b").write_bytes(OLD)
    rng, killed, failed = np.random.default_rng(1), 0, 0
    for number in range(500):
        command = [sys.executable, "-c", KILLED, tmp_path, str(number % 12 + 1 if number % 5 else 10_000)]
        full = number % 10 == 5
        limit = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))) if full else None
        process = subprocess.Popen(command, preexec_fn=limit, stderr=subprocess.DEVNULL)
        if number % 5 == 0 and not full:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0.02, 0.12))
            process.kill()
        status = process.wait()
        killed, failed = killed + (status == -signal.SIGKILL), failed + (status == 1)
        assert {(tmp_path / name).read_bytes() for name in "ab"} <= {OLD, b"a" * 9999, b"b" * 9999}
    assert killed > 250
    assert failed >= 50
    write_all({tmp_path / "c": NEW})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_files_that_somebody_writes_at_the_moment_are_left_alone(tmp_path):
    with created(tmp_path / "slow") as file:
        file.write(b"first half, ")
        files._remove_abandoned.cache_clear()  # as another process would
        write_all({tmp_path / "quick": NEW})
        file.write(b"second half")
    assert (tmp_path / "slow").read_bytes() == b"first half, second half"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quick", "slow"]


def test_the_file_of_another_kind_with_such_a_name_is_left_alone(tmp_path):
    (tmp_path / ".semstego-x.part").mkdir()
    os.mkfifo(tmp_path / ".semstego-y.part")
    (tmp_path / ".semstego-z.part").symlink_to("/dev/null")
    write_all({tmp_path / "new": NEW})
    assert len(hidden(tmp_path)) == 3


def test_permissions_are_those_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_all({tmp_path / "new": NEW})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
