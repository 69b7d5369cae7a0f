# SPDX-License-Identifier: Apache-2.0
"""The robust scheme and the comparison of channels, on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SEMSTEGO = Path(sys.executable).parent / "semstego"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, photographs):
    place = tmp_path_factory.mktemp("robust")
    cover = np.pad(photographs["chelsea"], ((0, 107), (0, 128), (0, 0)), mode="reflect")
    (place / "photographs").mkdir()
    Image.fromarray(cover).save(place / "photographs" / "cover.png")
    (place / "note.txt").write_bytes(b"https://example.org/x7")
    (place / "words").write_text("correct horse battery staple and more\n")
    return place


def command(folder, *words, status=0):
    done = subprocess.run([SEMSTEGO, *words], cwd=folder, capture_output=True, check=False)
    assert done.returncode == status, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def hide(folder, *words, status=0):
    cover = ("hide", "photographs/cover.png", "note.txt", "--scheme", "robust", "--passphrase-file", "words", "--force")
    return command(folder, *cover, *words, status=status)


def test_what_is_hidden_to_survive_is_read_from_a_jpeg_and_from_a_part_of_it(folder):
    done = hide(folder, "--survive", "jpeg:50,resize:0.5+jpeg:75", "-o", "o.sem", "--picture", "o.png", "--json")
    report = json.loads(done.stdout)
    assert len(report["margins"]) == 2
    assert min(report["margins"]) >= 1.4
    with Image.open(folder / "o.png") as image:
        image.save(folder / "again.jpg", quality=50)
    assert command(folder, "reveal", "again.jpg", "--passphrase-file", "words").stdout == b"https://example.org/x7"


def test_a_picture_that_was_resized_is_read_with_search_alone(folder):
    hide(folder, "--psnr", "46", "-o", "p.sem", "--picture", "p.png")
    with Image.open(folder / "p.png") as image:
        image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(folder / "small.png")
    words = ("reveal", "small.png", "--scheme", "robust", "--passphrase-file", "words")
    command(folder, *words, status=1)
    assert command(folder, *words, "--search").stdout == b"https://example.org/x7"


@pytest.mark.parametrize(("words", "status"), [
    (("--survive", "jpegg:50"), 2), (("--survive", "jpeg:50", "--psnr", "48"), 2), (("--psnr", "12"), 2),
    (("--p-e", "0.499"), 2), (("--with-name",), 1), (("--survive", "noise:250"), 1),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(folder, words, status):
    done = hide(folder, *words, "-o", "never.sem", status=status)
    assert not (folder / "never.sem").exists()
    assert done.stderr.decode().strip()


def test_channels_are_compared_and_the_figures_written(folder):
    words = ("compare", "channels", "photographs", "--system", "robust", "--system", "certified@cr050", "--side", "256",
             "--channel", "none", "--channel", "jpeg:75", "-o", "found.json", "--force")  # fmt: skip
    shown = command(folder, *words).stdout.decode().splitlines()
    assert shown[-1].split()[0] == "jpeg:75"
    assert shown[-1].split()[2:] == ["100", "0"]
    report = json.loads((folder / "found.json").read_bytes())
    assert [one["codec"] for one in report["systems"]] == ["cr085", "cr050"]
    assert [one["exact"] for one in report["systems"][1]["channels"]] == [1, 0]


@pytest.mark.parametrize("words", [("--system", "nothing"), ("--system", "robust@nothing"), ("--channel", "jpeg"),
                                   ("--system", "syndrome@cr085")])  # fmt: skip
def test_a_comparison_of_what_is_none_is_wrong_usage(folder, words):
    command(folder, "compare", "channels", "photographs", *words, status=1 if "syndrome@cr085" in words else 2)
