# SPDX-License-Identifier: Apache-2.0
"""`semstego audit` as scripts use it: exit status, one sentence on error, JSON, files left alone, and a cache."""

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semstego.cli.main import main
from semstego.codecs import registry
from semstego.codecs import stream as container
from semstego.steganalysis import statistics
from semstego.steganalysis.learning import feature_detector


@pytest.fixture
def audit(monkeypatch, capsys):
    """Run the command in this process: its exit status is asserted, its words are given."""
    monkeypatch.setattr(statistics, "DRAWS", 40)
    monkeypatch.setattr(statistics, "PERMUTATIONS", 20)

    def run(*arguments, status=0):
        monkeypatch.setattr(sys, "argv", ["semstego", "audit", *map(str, arguments)])
        with pytest.raises(SystemExit) as done:
            main()
        words = capsys.readouterr()
        assert done.value.code == status, words.err
        return words

    return run


def of(folders, cache, *more):
    places = ["--covers", folders / "covers", "--stegos", folders / "stegos", "--cache", cache]
    return [*places, "--seeds", 1, *more]


def one_sentence(words):
    assert words.err.startswith("semstego: ")
    assert len(words.err.splitlines()) == 1
    assert not words.out
    return words.err


def test_an_audit_of_folders_is_a_page_a_file_and_a_picture(folders, audit, tmp_path):
    out, plot = tmp_path / "audit.json", tmp_path / "audit.svg"
    words = audit(
        *of(folders, tmp_path / "cache", "--detectors", "histogram, SPAM", "-o", out, "--plot", plot, "--curve")
    )
    assert words.out.startswith("Audit, rigorous protocol")
    assert "stegos: detection is" in words.out
    report = json.loads(out.read_text())
    assert {(one["view"], one["judge"]) for one in report["cells"]} == {
        ("picture", "histogram"), ("picture", "SPAM"), ("file sizes", "numbers"),
    }  # fmt: skip
    assert {one["case"] for one in report["cells"]} == {"stegos"}
    assert all(one["curve"] for one in report["cells"])
    ET.fromstring(plot.read_bytes())


@pytest.mark.parametrize(("columns", "encoding"), [("20", "ascii"), ("40", "latin-1"), ("nonsense", "utf-8")])
def test_the_page_is_complete_in_any_terminal(folders, tmp_path, columns, encoding):
    """As scripts run it: no terminal, and an encoding that may lack the letters of the folder's name."""
    name = "Фото"
    shutil.copytree(folders / "stegos", tmp_path / name)
    options = ["--covers", folders / "covers", "--stegos", name, "--cache", tmp_path / "cache", "--seeds", "1"]
    done = subprocess.run(
        [sys.executable, "-c", "from semstego.cli.main import main; main()", "audit", *options, "--detectors", "SPAM"],
        capture_output=True, check=False, cwd=tmp_path,
        env=os.environ | {"COLUMNS": columns, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = done.stdout.decode(encoding)
    assert name.encode(encoding, "backslashreplace").decode(encoding) in page
    assert re.search(r"\d\.\d{3}\s+\(\d\.\d{3}-\d\.\d{3}\)", page)  # P_E and its interval
    assert re.search(r"Photographs: 59,\s+in\s+60\s+pairs", page)  # two crops lie 4 pixels apart
    if columns.isdecimal():
        assert all(len(one) <= int(columns) or len(one.split()) == 1 for one in page.splitlines())


def test_a_second_audit_extracts_nothing_and_says_the_same(folders, audit, tmp_path, monkeypatch):
    command = of(folders, tmp_path / "cache", "--detectors", "SPAM", "--json")
    first = audit(*command).out
    (spam,) = [one for one in json.loads(first)["cells"] if one["judge"] == "SPAM"]
    assert spam["p_e"]["estimate"] < 0.35

    def never(*arguments, **options):
        raise AssertionError("extracted again")

    monkeypatch.setattr(feature_detector, "features", never)
    assert audit(*command).out == first
    with pytest.raises(AssertionError, match="extracted again"):
        audit(*of(folders, tmp_path / "other", "--detectors", "SPAM"))


def test_covers_against_themselves_are_refused(folders, audit, tmp_path):
    places = ["--covers", folders / "covers", "--stegos", folders / "covers", "--cache", tmp_path / "cache"]
    assert "do not differ" in one_sentence(audit(*places, "--detectors", "SPAM", "--seeds", 1, status=1))


def test_streams_are_audited_by_their_symbols(audit, tmp_path, crops):
    codec = registry.load("cr050")
    for name in ("covers", "stegos"):
        (tmp_path / name).mkdir()
    for number, picture in enumerate(crops[:24]):
        symbols = codec.encode(np.tile(picture, (2, 2, 1))).symbols
        (tmp_path / "covers" / f"{number}.sem").write_bytes(container.write(symbols, codec))
        louder = symbols.with_values(symbols.values ^ np.uint8(3))
        (tmp_path / "stegos" / f"{number}.sem").write_bytes(container.write(louder, codec))
    words = audit(*of(tmp_path, tmp_path / "cache", "--detectors", "histogram", "--json"))
    assert {one["view"] for one in json.loads(words.out)["cells"]} == {"features", "file sizes"}


def test_what_cannot_be_audited_is_one_sentence_and_status_1(folders, audit, tmp_path, crops):
    keep = ["--cache", tmp_path / "cache"]
    missing = audit("--covers", folders / "covers", "--stegos", tmp_path / "nowhere", *keep, status=1)
    assert "nowhere" in one_sentence(missing)
    few = tmp_path / "few"
    few.mkdir()
    for number in range(19):
        Image.fromarray(crops[number]).save(few / f"{number:03}.png")
    command = ["--covers", folders / "covers", "--stegos", few, *keep]
    assert "20 pairs at least" in one_sentence(audit(*command, status=1))
    Image.fromarray(crops[19][:40]).save(few / "019.png")
    assert "differ in size" in one_sentence(audit(*command, status=1))
    (few / "019.png").write_bytes(b"no picture")
    assert "019.png" in one_sentence(audit(*command, status=1))
    assert "build-crops" in one_sentence(audit("--scheme", "lsb", "--data", tmp_path, *keep, status=1))
    (tmp_path / "file").write_text("in the way")
    assert "file" in one_sentence(audit(*of(folders, tmp_path / "file", "--detectors", "histogram"), status=1))


def test_what_exists_is_not_overwritten_and_noticed_before_the_work(folders, audit, tmp_path, monkeypatch):
    out = tmp_path / "audit.json"
    out.write_text("mine")
    command = of(folders, tmp_path / "cache", "--detectors", "histogram", "-o", out)
    (tmp_path / "audit.svg").write_text("mine")
    for option, path in (("-o", out), ("--plot", tmp_path / "audit.svg")):
        words = audit(*of(folders, tmp_path / "cache", option, path), status=1)
        assert "--force" in one_sentence(words)
    assert not (tmp_path / "cache").exists()
    assert out.read_text() == (tmp_path / "audit.svg").read_text() == "mine"
    audit(*command, "--force")
    assert json.loads(out.read_text())["cells"]


def test_a_missing_library_for_plots_is_noticed_before_the_work(folders, audit, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "semstego.plots.audit", None)
    words = audit(*of(folders, tmp_path / "cache", "--plot", tmp_path / "out.svg"), status=1)
    assert "semstego[plots]" in one_sentence(words)
    assert not (tmp_path / "cache").exists()


def test_a_core_install_says_what_it_lacks(folders, audit, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "semstego.steganalysis.sources.folders", None)
    words = audit(*of(folders, tmp_path / "cache"), status=1)
    assert "semstego[audit]" in one_sentence(words)


def test_judges_is_another_word_for_detectors_and_names_have_any_case(folders, audit, tmp_path):
    first, second = (
        audit(*of(folders, tmp_path / "cache", option, names, "--json")).out
        for option, names in (("--detectors", "histogram,SPAM"), ("--judges", "HISTOGRAM, spam, Spam"))
    )
    assert first == second


OWN = """
import numpy as np

from semstego.steganalysis.detectors.base import Detector, Scores


class LowestBits(Detector):
    name = "lowest bits"

    def scores(self, parts, *, seed, progress):
        return Scores(*((maps % 2).mean((1, 2, 3)) for one in parts[1:] for maps in (one.cover, one.stego)))


class Nothing:
    pass
"""


def test_a_detector_of_ones_own_is_named_by_its_package(folders, audit, tmp_path, monkeypatch):
    (tmp_path / "own_detectors.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    names = "histogram,own_detectors:LowestBits"
    report = json.loads(audit(*of(folders, tmp_path / "cache", "--detectors", names, "--json")).out)
    assert {one["judge"] for one in report["cells"]} == {"histogram", "lowest bits", "numbers"}
    for name in ("Nothing", "Missing"):
        command = of(folders, tmp_path / "cache", "--detectors", f"own_detectors:{name}")
        assert name in audit(*command, status=2).err
    del sys.modules["own_detectors"]


def test_a_network_without_torch_says_what_is_lacking(folders, audit, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "semstego.steganalysis.detectors.xunet", None)
    words = audit(*of(folders, tmp_path / "cache", "--detectors", "xunet"), status=1)
    assert "semstego[audit]" in one_sentence(words)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--covers", "a", "--stegos", "b", "-o", "out", "--plot", "out"], "a file of its own"),
        ([], "--covers"),
        (["--covers", "somewhere"], "--stegos"),
        (["--covers", "a", "--stegos", "b", "--scheme", "lsb"], "--scheme"),
        (["--scheme", "lsb"], "--data"),
        (["--scheme", "rot13", "--data", "."], "rot13"),
        (["--scheme", "lsb", "--data", ".", "--payloads", "much"], "--payloads"),
        (["--scheme", "lsb", "--data", ".", "--payloads", "0.5,-1"], "--payloads"),
        (["--scheme", "lsb", "--data", ".", "--payloads", "nan"], "--payloads"),
        (["--covers", "a", "--stegos", "b", "--detectors", "Solomon"], "Solomon"),
        (["--covers", "a", "--stegos", "b", "--detectors", ","], "nothing"),
        (["--covers", "a", "--stegos", "b", "--protocol", "sloppy"], "'rigorous', 'paper'"),
        (["--covers", "a", "--stegos", "b", "--pairs", "9"], "--pairs"),
        (["--covers", "a", "--stegos", "b", "--seeds", "0"], "--seeds"),
    ],
)
def test_wrong_usage_is_status_2_and_named(audit, arguments, named):
    assert named in audit(*arguments, status=2).err


def test_the_installed_command_refuses_without_a_traceback(tmp_path):
    command = [Path(sys.executable).parent / "semstego", "audit", "--covers", tmp_path, "--stegos", tmp_path]
    done = subprocess.run([*command, "--cache", tmp_path / "c"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("semstego: ")
    assert "Traceback" not in done.stderr
