# SPDX-License-Identifier: Apache-2.0
"""Results of single pictures: kept as they come, whole after any cut, and never those of another study."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego.errors import ArgumentError, OutputError
from semstego.evaluation.journal import Journal

STUDY = {"side": 64, "seed": 1}


def any_result(found):
    return True


def test_what_was_added_is_there_when_the_file_is_opened_again(tmp_path):
    journal = Journal(tmp_path / "j", STUDY, any_result)
    journal.add("DMAS 0", {"bits": 3})
    journal.add("a name\nof two lines", [1.5, None])
    again = Journal(tmp_path / "j", STUDY, any_result)
    assert again["DMAS 0"] == {"bits": 3}
    assert again["a name\nof two lines"] == [1.5, None]
    assert "DMAS 1" not in again


@given(cut=st.integers(0, 200))
def test_a_file_that_was_cut_anywhere_keeps_its_whole_results_and_goes_on(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "j"
    journal = Journal(path, STUDY, any_result)
    for number in range(4):
        journal.add(f"x {number}", number)
    content = path.read_bytes()[:cut]
    path.write_bytes(content)
    again = Journal(path, STUDY, any_result)
    whole = max(0, content.count(b"\n") - 1)
    assert [f"x {number}" in again for number in range(4)] == [number < whole for number in range(4)]
    again.add("x 9", 9)
    lines = path.read_bytes().splitlines()
    assert json.loads(lines[-1]) == ["x 9", 9]
    assert len(lines) == whole + 2


@pytest.mark.parametrize("content", [b"\n", b"{}\n", b'{"study": {"side": 65}}\n', b"\x89PNG\r\n\x1a\n", b"no end"])
def test_the_file_of_something_else_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(ArgumentError):
        Journal(path, STUDY, any_result)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "line", [b"[]", b"nonsense", b"[" * 100_000, b'["x", 1, 2]', b"\xff", b'["x", NaN]', b'["x", -Infinity]', b'"ab"',
    b'{"a": 1, "b": 2}', b"[1, 2]"],
)  # fmt: skip
def test_a_damaged_result_is_refused_with_one_error(tmp_path, line):
    path = tmp_path / "j"
    Journal(path, STUDY, any_result)
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(ArgumentError):
        Journal(path, STUDY, any_result)


def test_places_that_hold_no_file_are_refused(tmp_path):
    with pytest.raises(ArgumentError):
        Journal(tmp_path, STUDY, any_result)
    with pytest.raises(OutputError):
        Journal(tmp_path / "absent" / "j", STUDY, any_result)


def test_without_a_file_results_are_kept_in_memory():
    journal = Journal(None, STUDY, any_result)
    journal.add("x", 1)
    assert journal["x"] == 1


def test_what_is_no_result_of_the_study_is_refused(tmp_path):
    Journal(tmp_path / "j", STUDY, any_result).add("x", 7)
    with pytest.raises(ArgumentError):
        Journal(tmp_path / "j", STUDY, lambda found: found == 8)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "j")
    with pytest.raises(ArgumentError):
        Journal(tmp_path / "j", STUDY, any_result)


def test_a_whole_journal_is_read_where_nothing_can_be_written(tmp_path, monkeypatch):
    Journal(tmp_path / "j", STUDY, any_result).add("x", 7)
    opened = Path.open

    def only_reading(path, mode="r", *rest, **options):
        if mode != "rb":
            raise OSError(30, "Read-only file system")
        return opened(path, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", only_reading)
    assert Journal(tmp_path / "j", STUDY, any_result)["x"] == 7
    with pytest.raises(OutputError):
        Journal(tmp_path / "new", STUDY, any_result)
