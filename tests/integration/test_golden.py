# SPDX-License-Identifier: Apache-2.0
"""Streams and pictures that were made once must be read on every machine and by every later version.

Make them anew, after a deliberate change of the format, with ``python tests/integration/test_golden.py``.
"""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import semstego
from semstego.codec.operating_point import PICTURE_POINTS
from semstego.data.io import load_picture
from semstego.message.cipher import Key

GOLDEN = Path(__file__).parents[1] / "golden"
KEY = Key(bytes(range(32)))
CASES = [(codec, cover) for codec in PICTURE_POINTS for cover in ("coffee", "camera")]  # colour and grey


def message_of(codec, cover):
    return f"golden message in {cover} by {codec}".encode()


@pytest.mark.parametrize(("codec", "cover"), CASES)
def test_what_was_written_once_is_still_read(codec, cover):
    stream, picture = GOLDEN / f"{cover}-{codec}.sem", GOLDEN / f"{cover}-{codec}.png"
    for source, stage in ((stream, "features"), (picture, "picture")):
        found = semstego.reveal(source, key=KEY)
        assert (found.message, found.stage, found.name) == (message_of(codec, cover), stage, "golden.txt")
    shown = load_picture(picture)
    assert (semstego.reconstruct(stream) == np.squeeze(shown)).all()


def test_the_passphrase_of_a_golden_stream_still_gives_its_key():
    assert semstego.reveal(GOLDEN / "passphrase.sem", passphrase="golden passphrase").message == b"by passphrase"


if __name__ == "__main__":
    for codec, cover in CASES:
        whole = load_picture((resources.files("semstego") / "data" / "photographs" / f"{cover}.png").read_bytes())
        cut = np.squeeze(whole[40:101, 90:167])
        out = semstego.hide(cut, message_of(codec, cover), key=KEY, codec=codec, name="golden.txt", nonce=bytes(8))
        (GOLDEN / f"{cover}-{codec}.sem").write_bytes(out.stream)
        (GOLDEN / f"{cover}-{codec}.png").write_bytes(out.png)
    out = semstego.hide(cut, b"by passphrase", passphrase="golden passphrase", nonce=bytes(8))
    (GOLDEN / "passphrase.sem").write_bytes(out.stream)
