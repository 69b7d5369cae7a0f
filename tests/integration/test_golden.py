# SPDX-License-Identifier: Apache-2.0
"""Streams and pictures that were made once must be read on every machine and by every later version.

Those of the certified scheme are made anew, after a deliberate change of the format, with ``python
tests/integration/test_golden.py``. All others have version 1 of the format, which nobody writes any more: they stay.
"""

import hashlib
import json
import struct
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import semstego
from semstego.codecs import stream as container
from semstego.io.pictures import load_picture
from semstego.message.cipher import Key

LEARNED = ("learned-010", "learned-050", "learned-100", "learned-photo", "learned-task")
PICTURE_POINTS = ("cr085", "cr050", "cr025")

GOLDEN = Path(__file__).parents[1] / "golden"
KEY = Key(bytes(range(32)))
NAME = "golden.txt"
DIGESTS = GOLDEN / "digests.json"  # of what `hide` makes; the streams of version 1 beside it were made by older costs
FIRST = struct.Struct("<4sBB16s8sIII")  # header of version 1, but for the checksum
CASES = [(codec, cover) for codec in PICTURE_POINTS for cover in ("coffee", "camera")]  # colour and grey
LEARNED_CASES = [(model, "coffee") for model in LEARNED]


def message_of(codec, cover):
    return f"golden message in {cover} by {codec}".encode()


def certified(codec, cover):
    """What hides by default, in enough of a photograph for the smallest point."""
    room = np.squeeze(whole(cover)[40:201, 90:267])
    return semstego.hide(room, message_of(codec, cover), key=KEY, codec=codec, name=NAME, nonce=bytes(8))


def whole(cover):
    return load_picture((resources.files("semstego") / "datasets" / "photographs" / f"{cover}.png").read_bytes())


def cut_of(cover):
    return np.squeeze(whole(cover)[40:101, 90:167])


def digests(*parts):
    return [hashlib.sha256(one).hexdigest() for one in parts]


def first_version(stream):
    """A stream of a plain point as version 1 had it, when the point had the shorter name."""
    read = container.unpack(stream)
    name, sizes = read.codec.removesuffix("-plain").encode(), (read.height, read.width, len(read.coded))
    header = FIRST.pack(container.MAGIC, 1, read.channels, name, read.fingerprint, *sizes)
    return header + hashlib.sha256(header + read.coded).digest()[:8] + read.coded


@pytest.mark.parametrize(("codec", "cover"), CASES)
def test_what_was_written_once_is_still_read(codec, cover):
    stream, picture = GOLDEN / f"{cover}-{codec}.sem", GOLDEN / f"{cover}-{codec}.png"
    for source, stage in ((stream, "features"), (picture, "picture")):
        found = semstego.reveal(source, key=KEY)
        assert (found.message, found.stage, found.name) == (message_of(codec, cover), stage, NAME)
    assert semstego.info(stream)["version"] == 1
    shown = load_picture(picture)
    assert (semstego.reconstruct(stream) == np.squeeze(shown)).all()


@pytest.mark.parametrize(("codec", "cover"), CASES)
def test_what_was_certified_once_is_still_read(codec, cover):
    stream, picture = GOLDEN / f"{cover}-{codec}-certified.sem", GOLDEN / f"{cover}-{codec}-certified.png"
    for source, stage in ((stream, "features"), (picture, "picture")):
        found = semstego.reveal(source, key=KEY)
        assert (found.message, found.stage, found.name) == (message_of(codec, cover), stage, NAME)
        assert (found.codec, found.scheme) == (codec, "certified")
    facts = semstego.info(stream)
    assert (facts["version"], facts["dither"], facts["shipped"]) == (2, 1, True)
    assert (semstego.reconstruct(stream) == np.squeeze(load_picture(picture))).all()


@pytest.mark.parametrize(("model", "cover"), LEARNED_CASES)
def test_what_a_learned_model_wrote_once_is_still_read(model, cover):
    for suffix, stage in ((".sem", "features"), (".png", "picture")):
        found = semstego.reveal(GOLDEN / f"{cover}-{model}{suffix}", key=KEY)
        assert (found.message, found.stage, found.name) == (message_of(model, cover), stage, NAME)
        assert found.scheme == "learned"
        assert found.codec == model or stage == "picture"  # another model's D2 may read it first


@pytest.mark.parametrize(("codec", "cover"), CASES)
def test_the_same_inputs_still_give_the_same_bytes(codec, cover):
    """Of pictures the pixels are compared: PNG files differ between editions of zlib."""
    out = certified(codec, cover)
    wanted = json.loads(DIGESTS.read_text())[f"{cover}-{codec}-certified"]
    assert digests(out.stream, out.picture.tobytes(), out.cover_symbols.tobytes()) == wanted


@pytest.mark.parametrize(("codec", "cover"), CASES)
def test_without_dither_the_same_inputs_give_what_version_1_wrote(codec, cover):
    out = semstego.hide(
        cut_of(cover), message_of(codec, cover), key=KEY, codec=f"{codec}-plain", scheme="syndrome", name=NAME,
        nonce=bytes(8),
    )  # fmt: skip
    wanted = json.loads(DIGESTS.read_text())[f"{cover}-{codec}"]
    assert digests(first_version(out.stream), out.picture.tobytes()) == wanted
    again = semstego.reveal(first_version(out.stream), key=KEY)
    assert (again.message, again.codec) == (message_of(codec, cover), codec)


def test_version_1_is_rebuilt_as_it_was():
    for path in sorted(GOLDEN.glob("*.sem")):
        if "certified" not in path.name:
            read = container.read(path)
            written = container.pack(replace(read, version=container.VERSION))
            assert first_version(written) == path.read_bytes()


def test_the_passphrase_of_a_golden_stream_still_gives_its_key():
    assert semstego.reveal(GOLDEN / "passphrase.sem", passphrase="golden passphrase").message == b"by passphrase"


if __name__ == "__main__":
    made = json.loads(DIGESTS.read_text())
    for codec, cover in CASES:
        out = certified(codec, cover)
        (GOLDEN / f"{cover}-{codec}-certified.sem").write_bytes(out.stream)
        (GOLDEN / f"{cover}-{codec}-certified.png").write_bytes(out.png)
        made[f"{cover}-{codec}-certified"] = digests(out.stream, out.picture.tobytes(), out.cover_symbols.tobytes())
    DIGESTS.write_text(json.dumps(made, indent=1) + "\n")
