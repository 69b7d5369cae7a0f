# SPDX-License-Identifier: Apache-2.0
"""``compare peers`` and ``peers`` on the command line, with a peer that runs in this very interpreter."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from semstego.cli.main import app
from semstego.errors import OutputError

TOYS = Path(__file__).parents[1] / "unit" / "peers"


@pytest.fixture
def photos(photographs, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("astronaut", "coffee"):
        Image.fromarray(np.squeeze(photographs[name])[:96, :112]).save(folder / f"{name}.png")
    return folder


@pytest.fixture(autouse=True)
def places(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(TOYS))
    monkeypatch.setenv("SEMSTEGO_PEERS", str(tmp_path / "peers"))


def run(*words):
    return CliRunner().invoke(app, [*map(str, words)])


def test_ours_and_others_stand_in_one_table(photos, tmp_path):
    out = tmp_path / "peers.json"
    words = ("compare", "peers", photos, "--message-bytes", 4, "--channel", "jpeg:50", "--system", "certified")
    done = run(*words, "--peer", "toys:toy", "--peer", "stego-lsb", "-o", out)
    assert done.exit_code == 0, done.output
    assert "ours: certified" in done.output
    assert "not here: stego-lsb is not installed" in done.output
    ours, toy, lsb = json.loads(out.read_text())["contenders"]
    assert [row["exact"] for row in ours["channels"]] == [2, 0]
    assert [row["exact"] for row in toy["channels"]] == [2, 0]
    assert toy["psnr_db"] > 40
    assert lsb["licence"] == "MIT"
    assert isinstance(run(*words, "-o", out).exception, OutputError)


@pytest.mark.parametrize("words", [("--peer", "nobody"), ("--channel", "fog:1"), ("--system", "nothing")])
def test_wrong_words_are_wrong_usage(photos, words):
    assert run("compare", "peers", photos, *words).exit_code == 2


def test_the_list_says_who_is_installed():
    rows = json.loads(run("peers", "list", "--json").output)
    assert {row["name"] for row in rows} >= {"stego-lsb", "blind-watermark", "rivagan", "steganogan-dense"}
    assert not any(row["installed"] for row in rows)
    assert "not installed" in run("peers", "list").output


def test_what_needs_nothing_is_installed_at_once(tmp_path):
    done = run("peers", "install", "toys:toy")
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "peers").exists()
