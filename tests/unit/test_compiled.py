# SPDX-License-Identifier: Apache-2.0
"""The cache of compiled kernels: whatever is wrong with it, the work goes on, with one warning at most."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semstego.compiled import compiled, is_cached
from semstego.errors import ConfigError

KERNELS = """
from semstego.compiled import compiled

@compiled
def doubled(value):
    return 2 * value
"""
RUN = "import kernels; print(kernels.doubled(2))"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "kernels.py").write_text(KERNELS)
    return tmp_path


def ran(folder, code=RUN, **environment):
    """What a process prints, and its warnings."""
    there = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=there
        | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), "PYTHONDONTWRITEBYTECODE": "1"}
        | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "4\n"
    assert done.stderr.count("Warning") <= 1
    return done.stderr


def files(folder):
    return [path for path in folder.rglob("*.nb?")]


def test_kernels_are_kept_and_used_again(folder):
    assert ran(folder) == ""
    kept = {path: path.stat().st_mtime_ns for path in files(folder)}
    assert len(kept) == 2  # an index, and what it tells of
    assert ran(folder) == ""
    assert {path: path.stat().st_mtime_ns for path in files(folder)} == kept


@pytest.mark.slow
@pytest.mark.parametrize("which", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:10]),
        lambda path: path.write_bytes(path.read_bytes()[:-10]),
        lambda path: path.write_bytes(os.urandom(1000)),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\0"),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["empty", "start alone", "cut", "noise", "last byte", "folder"],
)
def test_a_damaged_cache_is_made_anew(folder, which, damage):
    ran(folder)
    for path in folder.rglob(which):
        damage(path)
    assert "CacheWarning" in ran(folder)


@pytest.mark.parametrize("which", ["*.nbi", "*.nbc"])
def test_where_a_single_bit_is_wrong_the_cache_is_made_anew(folder, which):
    """In the middle, where there are names and machine code: to unpickle it would raise nothing."""
    ran(folder)
    (path,) = folder.rglob(which)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "CacheWarning" in ran(folder)


@pytest.mark.slow
def test_a_missing_file_of_the_cache_is_made_anew(folder):
    ran(folder)
    for path in folder.rglob("*.nbc"):
        path.unlink()
    assert ran(folder) == ""
    assert len(files(folder)) == 2


def test_a_cache_that_was_made_from_other_sources_is_not_used(folder):
    """A kernel holds the code of those that it calls, so any change of the package makes all of them stale."""
    code = "import semstego.compiled as c; c._sources_stamp = lambda: '{}'; " + RUN
    ran(folder, code.format("old"))
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbi")}
    ran(folder, code.format("new"))
    assert all(path.stat().st_mtime_ns > before for path, before in kept.items())


def test_data_of_other_sources_behind_a_fresh_index_do_not_run(folder):
    """A process that is killed between the two leaves such a pair."""
    code = "import semstego.compiled as c; c._sources_stamp = lambda: '{}'; " + RUN
    ran(folder, code.format("old"))
    (data,) = folder.rglob("*.nbc")
    old = data.read_bytes()
    ran(folder, code.format("new"))
    new = data.read_bytes()
    data.write_bytes(old)
    assert ran(folder, code.format("new")) == ""
    assert len(data.read_bytes()) == len(new)
    assert data.read_bytes() != old


@pytest.mark.slow
def test_two_processes_that_write_at_once_do_not_mix_up_their_kernels(folder):
    """Each keeps another signature, and both have read the index before one has written it."""
    code = (
        "import sys, time, numpy as np, kernels, semstego.compiled as c\n"
        "kind, before, after = sys.argv[1], *map(float, sys.argv[2:])\n"
        "index = c._CheckedFile._save_index\n"
        "def slow(self, overloads):\n    time.sleep(before); index(self, overloads); time.sleep(after)\n"
        "c._CheckedFile._save_index = slow\n"
        "print(kernels.doubled(np.dtype(kind).type(2_000_000_000)))"
    )
    there = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}

    def start(*words):
        return subprocess.Popen([sys.executable, "-c", code, *words], cwd=folder, env=there, stdout=subprocess.PIPE)

    pair = [start("int32", "0.3", "1"), start("uint32", "1", "0.1")]
    expected = [one.communicate()[0] for one in pair]
    assert [start(kind, "0", "0").communicate()[0] for kind in ("int32", "uint32")] == expected


@pytest.fixture
def read_only(folder):
    """A place where nobody can write, root neither: where a folder should be, there is a file."""
    (folder / "__pycache__").write_bytes(b"")
    (folder / "file").write_bytes(b"")
    return folder


def test_beside_sources_that_cannot_be_written_the_users_folder_serves(read_only, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    assert ran(read_only, HOME=str(home), XDG_CACHE_HOME=str(home / "cache")) == ""
    assert len(files(home / "cache")) == 2


@pytest.mark.slow
def test_without_a_home_a_temporary_folder_of_the_users_own_serves(read_only, tmp_path):
    there = {"HOME": str(tmp_path / "file"), "XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    assert ran(read_only, **there) == ""
    (own,) = tmp_path.glob("semstego-kernels-*")
    assert own.stat().st_mode & 0o077 == 0
    assert len(files(own)) == 2


@pytest.mark.parametrize(
    "spoil", [lambda path: path.chmod(0o777), lambda path: (path.rename(f"{path}x"), path.symlink_to(f"{path}x"))]
)
def test_a_temporary_folder_that_others_can_write_is_not_used(read_only, tmp_path, spoil):
    there = {"HOME": str(tmp_path / "file"), "XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    ran(read_only, **there)
    (own,) = tmp_path.glob("semstego-kernels-*")
    for path in files(own):
        path.unlink()
    spoil(own)
    assert "no folder can be written" in ran(read_only, **there)
    assert not files(tmp_path)


@pytest.mark.slow
def test_without_any_folder_at_all_the_work_goes_on(read_only, tmp_path):
    code = "import tempfile, errno\ndef none(*a, **n): raise FileNotFoundError(errno.ENOENT, 'none')\n"
    code += "tempfile.gettempdir = tempfile.TemporaryFile = none\n" + RUN
    there = {"HOME": str(tmp_path / "file"), "XDG_CACHE_HOME": str(tmp_path / "file")}
    assert "no folder can be written" in ran(read_only, code, **there)


@pytest.mark.slow
def test_a_full_disk_costs_time_alone(folder):
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); " + RUN
    assert "cannot be kept" in ran(folder, code)
    assert not files(folder)


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["0", "-1", "many", "1.5", ""])
def test_a_number_of_threads_that_is_none_is_refused_in_a_sentence(folder, threads):
    code = "import semstego\ntry:\n import semstego.compiled\nexcept semstego.SemstegoError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_NUM_THREADS": threads},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = f"NUMBA_NUM_THREADS must be a whole number from 1 up, not {threads!r}\n" if threads else ""
    assert (done.stdout, done.stderr) == (expected, "")
    assert issubclass(ConfigError, Exception)


def test_without_compilation_kernels_are_functions(folder):
    assert ran(folder, NUMBA_DISABLE_JIT="1") == ""


def test_kernels_divide_as_numpy_does():
    @compiled
    def ratio(a, b):
        return a / b

    assert ratio(1.0, 0.0) == float("inf")
    assert not is_cached(ratio) or Path(ratio.stats.cache_path).exists()
