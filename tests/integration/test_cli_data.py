# SPDX-License-Identifier: Apache-2.0
"""`semstego data` as scripts use it: exit status, one sentence on error, nothing half-made."""

import subprocess
import sys
import zipfile
from pathlib import Path

from semstego.datasets.base import DATASETS, can_be_fetched

SEMSTEGO = Path(sys.executable).parent / "semstego"
FETCHED = [name for name in DATASETS.shipped() if can_be_fetched(DATASETS.get(name))]


def run(*arguments, status=0):
    done = subprocess.run([SEMSTEGO, "data", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_help_says_how_to_see_the_names():
    assert "a wrong name lists all" in " ".join(run("fetch", "--help").stdout.split())


def test_a_set_is_taken_from_a_folder_and_then_kept(tmp_path):
    header = b"P5\n512 512\n255\n"
    with zipfile.ZipFile(tmp_path / "BOSSbase_1.01.zip", "w") as archive:
        for number in range(1, 10_001):
            archive.writestr(f"BOSSbase_1.01/{number}.pgm", header)
    assert run("fetch", "bossbase", "-o", tmp_path / "out", "--from", tmp_path).stdout.endswith("is complete\n")
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["BOSSbase_1.01.zip", "BOSSbase_1.01.zip.sha256"]
    (tmp_path / "BOSSbase_1.01.zip").unlink()
    run("fetch", "bossbase", "-o", tmp_path / "out")


def test_the_name_is_checked_before_the_options_that_are_missing():
    done = run("fetch", "imagenet", status=2)
    assert "there is no data set 'imagenet'" in done.stderr
    assert "--output" not in done.stderr


def test_an_object_of_another_package_is_fetched_or_refused(tmp_path, monkeypatch):
    (tmp_path / "my_data.py").write_text(
        "from semstego.datasets.base import DataSet\n"
        "class Noted(DataSet):\n"
        "    name = 'noted'\n"
        "    def fetch(self, folder, source, progress):\n"
        "        folder.mkdir()\n"
        "        (folder / 'note').write_text('here')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run("fetch", "my_data:Noted", "-o", tmp_path / "out")
    assert (tmp_path / "out" / "note").read_text() == "here"
    assert "'os:path' is no data set: it has no 'name'" in run("fetch", "os:path", "-o", tmp_path, status=2).stderr


def test_an_unknown_set_is_wrong_usage(tmp_path):
    done = run("fetch", "imagenet", "-o", tmp_path / "out", status=2)
    assert all(name in done.stderr for name in FETCHED)
    assert not (tmp_path / "out").exists()


def test_a_set_that_is_built_is_wrong_usage(tmp_path):
    done = run("fetch", "crops", "-o", tmp_path / "out", status=2)
    assert all(name in done.stderr for name in FETCHED)
    assert not (tmp_path / "out").exists()


def test_files_that_are_missing_are_one_sentence_and_status_1(tmp_path):
    for name in ("fashion-mnist", "bossbase"):
        done = run("fetch", name, "-o", tmp_path / "out", "--from", tmp_path, status=1)
        assert done.stderr.startswith("semstego: ")
        assert len(done.stderr.splitlines()) == 1
        assert not (tmp_path / "out").exists()
