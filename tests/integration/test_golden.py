# SPDX-License-Identifier: Apache-2.0
"""Streams and pictures that were made once must be read on every machine and by every later version.

Make them anew, after a deliberate change of the format, with ``python tests/integration/test_golden.py``.
"""

import hashlib
import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import semstego
from semstego.datasets.enlarge import softened
from semstego.io.pictures import load_picture
from semstego.message.cipher import Key

LEARNED = ("learned-010", "learned-050", "learned-100", "learned-photo", "learned-task")
PICTURE_POINTS = ("cr085", "cr050", "cr025")

GOLDEN = Path(__file__).parents[1] / "golden"
KEY = Key(bytes(range(32)))
NAME = "golden.txt"
DIGESTS = GOLDEN / "digests.json"  # of what `hide` makes; the streams beside it were made by older costs
CASES = [(codec, cover) for codec in PICTURE_POINTS for cover in ("coffee", "camera")]  # colour and grey
LEARNED_CASES = [(model, "coffee") for model in LEARNED]


def message_of(codec, cover):
    return f"golden message in {cover} by {codec}".encode()


def whole(cover):
    return load_picture((resources.files("semstego") / "datasets" / "photographs" / f"{cover}.png").read_bytes())


def cut_of(cover):
    return np.squeeze(whole(cover)[40:101, 90:167])


def digests(out):
    """Of a stream and of the picture's pixels: PNG files differ between editions of zlib."""
    return [hashlib.sha256(one).hexdigest() for one in (out.stream, out.picture.tobytes())]


def soft(cover):
    """A picture of CIFAR's kind, 64 x 64, which every model carries something in."""
    square = Image.fromarray(whole(cover)[:384, 100:484]).resize((64, 64), Image.Resampling.BOX)
    return softened(np.asarray(square)[None], 32)[0]


@pytest.mark.parametrize(("codec", "cover"), CASES)
def test_what_was_written_once_is_still_read(codec, cover):
    stream, picture = GOLDEN / f"{cover}-{codec}.sem", GOLDEN / f"{cover}-{codec}.png"
    for source, stage in ((stream, "features"), (picture, "picture")):
        found = semstego.reveal(source, key=KEY)
        assert (found.message, found.stage, found.name) == (message_of(codec, cover), stage, NAME)
    shown = load_picture(picture)
    assert (semstego.reconstruct(stream) == np.squeeze(shown)).all()


@pytest.mark.parametrize(("model", "cover"), LEARNED_CASES)
def test_what_a_learned_model_wrote_once_is_still_read(model, cover):
    for suffix, stage in ((".sem", "features"), (".png", "picture")):
        found = semstego.reveal(GOLDEN / f"{cover}-{model}{suffix}", key=KEY)
        assert (found.message, found.stage, found.name) == (message_of(model, cover), stage, NAME)
        assert found.scheme == "learned"
        assert found.codec == model or stage == "picture"  # another model's D2 may read it first


@pytest.mark.parametrize(("codec", "cover"), CASES)
def test_the_same_inputs_still_give_the_same_bytes(codec, cover):
    out = semstego.hide(cut_of(cover), message_of(codec, cover), key=KEY, codec=codec, name=NAME, nonce=bytes(8))
    assert digests(out) == json.loads(DIGESTS.read_text())[f"{cover}-{codec}"]


def test_the_passphrase_of_a_golden_stream_still_gives_its_key():
    assert semstego.reveal(GOLDEN / "passphrase.sem", passphrase="golden passphrase").message == b"by passphrase"


if __name__ == "__main__":
    made = {}
    for codec, cover in CASES:
        out = semstego.hide(cut_of(cover), message_of(codec, cover), key=KEY, codec=codec, name=NAME, nonce=bytes(8))
        (GOLDEN / f"{cover}-{codec}.sem").write_bytes(out.stream)
        (GOLDEN / f"{cover}-{codec}.png").write_bytes(out.png)
        made[f"{cover}-{codec}"] = digests(out)
    DIGESTS.write_text(json.dumps(made, indent=1) + "\n")
    for model, cover in LEARNED_CASES:
        out = semstego.hide(
            soft(cover), message_of(model, cover), key=KEY, codec=model, scheme="learned", name=NAME, nonce=bytes(8)
        )
        (GOLDEN / f"{cover}-{model}.sem").write_bytes(out.stream)
        (GOLDEN / f"{cover}-{model}.png").write_bytes(out.png)
    out = semstego.hide(cut_of("camera"), b"by passphrase", passphrase="golden passphrase", nonce=bytes(8))
    (GOLDEN / "passphrase.sem").write_bytes(out.stream)
