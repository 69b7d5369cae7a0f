# SPDX-License-Identifier: Apache-2.0
"""Downloads from a real server: whole and right, resumed, or refused with nothing under the file's name."""

import hashlib

import numpy as np
import pytest

from semstego.datasets.download.download import download
from semstego.errors import DataError

CONTENT = np.random.default_rng(1).bytes(700_000)
SIZE = len(CONTENT)
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def fetch(server, tmp_path):
    """Download the one file into a folder that is not there yet."""
    server.files["/set.bin"] = CONTENT

    def run(sha256=SUM, size=SIZE, **options):
        target = tmp_path / "new" / "set.bin"
        download(f"{server.address}/set.bin", target, sha256=sha256, size=size, **options)
        return target

    return run


@pytest.fixture
def part(tmp_path):
    (tmp_path / "new").mkdir()
    return tmp_path / "new" / "set.bin.part"


def test_the_file_arrives_and_the_part_is_gone(fetch):
    seen = []
    target = fetch(progress=lambda name, share: seen.append((name, share)))
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["set.bin"]
    assert seen[-1] == ("set.bin", 1.0)
    assert seen == sorted(seen)
    assert len(seen) > 1


def test_a_file_that_is_there_and_right_is_kept_without_network(fetch, server):
    fetch()
    fetch()
    assert len(server.asked) == 1


def test_a_file_that_is_there_and_wrong_is_replaced(fetch, part):
    part.with_name("set.bin").write_bytes(b"old")
    assert fetch().read_bytes() == CONTENT


def test_an_interrupted_download_goes_on_where_it_broke_off(fetch, server, tmp_path):
    server.cut = 300_000
    with pytest.raises(DataError, match=r"broken off after 300,000 of 700,000 bytes"):
        fetch()
    assert not (tmp_path / "new" / "set.bin").exists()
    server.cut = None
    assert fetch().read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=300000-"]


def test_a_server_without_ranges_starts_over(fetch, server, part):
    part.write_bytes(CONTENT[:1000])
    server.ranges = False
    assert fetch().read_bytes() == CONTENT


def test_a_whole_part_needs_no_network(fetch, server, part):
    part.write_bytes(CONTENT)
    assert fetch().read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize("length", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_cannot_be_right_is_thrown_away(fetch, part, length):
    part.write_bytes(b"x" * length)
    assert fetch().read_bytes() == CONTENT


def test_a_part_of_another_file_is_removed_and_the_next_call_succeeds(fetch, part):
    part.write_bytes(b"x" * 1000)
    with pytest.raises(DataError, match=r"another file than expected: it has SHA-256 .* removed"):
        fetch()
    assert not part.exists()
    assert fetch().read_bytes() == CONTENT


def test_a_page_of_another_length_does_not_overwrite_a_part(fetch, server, part):
    part.write_bytes(CONTENT[:1000])
    server.ranges, server.files["/set.bin"] = False, b"<html>Please log in</html>"
    with pytest.raises(DataError, match="announces 26 bytes instead of 700,000"):
        fetch()
    assert part.read_bytes() == CONTENT[:1000]


def test_an_endless_file_is_left_at_the_limit(fetch, server, tmp_path):
    server.announce, server.files["/set.bin"] = False, CONTENT * 2
    with pytest.raises(DataError, match="more than 700,000 bytes"):
        fetch()
    assert (tmp_path / "new" / "set.bin.part").stat().st_size <= len(CONTENT)


def test_a_missing_file_is_told_with_all_a_person_needs(fetch, server, tmp_path):
    server.files.clear()
    with pytest.raises(DataError) as error:
        fetch()
    for fact in ("404", "set.bin", f"{server.address}/set.bin", "700,000 bytes", SUM, str(tmp_path / "new")):
        assert fact in str(error.value)
    assert not (tmp_path / "new").exists()


def test_a_server_that_is_not_there_is_a_data_error(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(DataError, match=r"cannot be fetched .*refused"):
        download("http://127.0.0.1:9/set.bin", tmp_path / "set.bin", sha256=SUM, size=5)


def test_a_folder_in_the_way_is_a_data_error(fetch, part):
    part.with_name("set.bin").mkdir()
    with pytest.raises(DataError, match="directory"):
        fetch()


def test_without_a_sum_the_size_is_a_limit(fetch, server):
    assert fetch(sha256=None, size=1 << 20).read_bytes() == CONTENT


def test_without_a_sum_a_broken_transfer_is_still_noticed_and_resumed(fetch, server):
    server.cut = 10_000
    with pytest.raises(DataError, match="broken off"):
        fetch(sha256=None, size=1 << 20)
    server.cut = None
    assert fetch(sha256=None, size=1 << 20).read_bytes() == CONTENT


def test_without_a_sum_a_larger_file_is_refused(fetch):
    with pytest.raises(DataError, match="announces 700,000 bytes"):
        fetch(sha256=None, size=1000)
