# SPDX-License-Identifier: Apache-2.0
"""Covers that were JPEGs: a scheme that keeps no law refuses or shrinks them, the certified one need not."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import semstego
from semstego.errors import ArgumentError
from semstego.io.jpeg_history import find_jpeg_history

SEMSTEGO = Path(sys.executable).parent / "semstego"
MESSAGE = b"Meet me at noon."


@pytest.fixture(scope="module")
def cover(photographs):
    """A photograph as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(photographs["coffee"]).save(file, "JPEG", quality=85)
    return file.getvalue()


def test_syndrome_refuses_a_jpeg_and_names_both_ways_out(cover, key):
    with pytest.raises(ArgumentError, match=r"stems from a JPEG.*shrink=True.*allow_jpeg_history=True"):
        semstego.hide(cover, MESSAGE, key=key, scheme="syndrome")


def test_syndrome_hides_in_a_jpeg_if_told(cover, key):
    out = semstego.hide(cover, MESSAGE, key=key, scheme="syndrome", allow_jpeg_history=True)
    assert semstego.reveal(out.stream, key=key).message == MESSAGE


def test_a_shrunk_cover_is_three_quarters_as_high_and_wide_and_no_jpeg(cover, key):
    out = semstego.hide(cover, MESSAGE, key=key, scheme="syndrome", shrink=True)
    assert out.picture.shape == (160, 240, 3)
    assert semstego.reveal(out.png, key=key).message == MESSAGE


def test_the_same_photograph_never_saved_as_jpeg_is_taken(photographs, key):
    with pytest.warns(semstego.CoverWarning):  # it ships with the package
        out = semstego.hide(photographs["coffee"], MESSAGE, key=key, scheme="syndrome")
    assert not find_jpeg_history(photographs["coffee"]).found
    assert semstego.reveal(out.stream, key=key).message == MESSAGE


def test_the_certified_scheme_takes_a_jpeg_as_it_is(cover, key):
    out = semstego.hide(cover, MESSAGE, key=key, scheme="certified")
    assert semstego.reveal(out.stream, key=key).message == MESSAGE


def test_many_covers_are_told_the_same(cover, key):
    (refused,) = semstego.hide_many([(cover, MESSAGE)], key=key, scheme="syndrome")
    assert isinstance(refused, ArgumentError)
    (taken,) = semstego.hide_many([(cover, MESSAGE)], key=key, scheme="syndrome", allow_jpeg_history=True)
    assert semstego.reveal(taken.stream, key=key).message == MESSAGE


def test_the_command_line_says_it_in_its_own_words(cover, tmp_path):
    (tmp_path / "cover.jpg").write_bytes(cover)
    (tmp_path / "message.txt").write_bytes(MESSAGE)
    (tmp_path / "phrase").write_text("open sesame")

    def hide(*options):
        command = [SEMSTEGO, "hide", "cover.jpg", "message.txt", "-o", "out.sem", "--passphrase-file", "phrase"]
        return subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)

    refused = hide("--scheme", "syndrome")
    assert refused.returncode == 1
    assert "--shrink" in refused.stderr
    assert "--allow-jpeg-history" in refused.stderr
    assert not (tmp_path / "out.sem").exists()
    for option in ("--shrink", "--allow-jpeg-history"):
        done = hide("--scheme", "syndrome", "--force", option)
        assert done.returncode == 0, done.stderr
