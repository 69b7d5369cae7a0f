# SPDX-License-Identifier: Apache-2.0
"""Debian packages, with Debian's own tools: unpacked whole or not at all."""

import shutil
import subprocess

import pytest

from semstego.datasets.download import debian
from semstego.errors import DataError

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no Debian")


@pytest.fixture
def deb(tmp_path):
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <n@example.org>\nDescription: tiny\n"
    )
    (root / "usr" / "share" / "tiny").mkdir(parents=True)
    (root / "usr" / "share" / "tiny" / "file").write_text("content")
    path = tmp_path / "tiny.deb"
    subprocess.run(["dpkg-deb", "--build", "-Znone", root, path], check=True, capture_output=True)
    return path


def test_a_package_is_unpacked_into_a_new_folder(deb, tmp_path):
    debian.unpack_deb(deb, tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "usr/share/tiny/file").read_text() == "content"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_folder_that_holds_something_is_left_alone(deb, tmp_path):
    with pytest.raises(DataError, match="exists already"):
        debian.unpack_deb(deb, tmp_path / "root")


@pytest.mark.parametrize("length", [0, 100, 700])
def test_a_cut_package_is_refused_and_leaves_nothing(deb, tmp_path, length):
    deb.write_bytes(deb.read_bytes()[:length])
    with pytest.raises(DataError, match="dpkg-deb says"):
        debian.unpack_deb(deb, tmp_path / "a" / "b")
    assert not list((tmp_path / "a").iterdir())


def test_a_package_that_unpacks_to_too_much_is_refused(deb, tmp_path, monkeypatch):
    monkeypatch.setattr(debian, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(DataError, match="unpacks to more"):
        debian.unpack_deb(deb, tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_the_files_are_found_in_the_package_in_its_unpacked_folder_and_by_themselves(deb, tmp_path):
    inside = "usr/share/tiny"
    for source in (deb, tmp_path / "root", tmp_path / "root" / inside):
        with debian.content("tiny", inside, source) as folder:
            assert (folder / "file").read_text() == "content"


def test_a_source_that_is_not_there_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="there is no"), debian.content("tiny", "usr", tmp_path / "none.deb"):
        pass
