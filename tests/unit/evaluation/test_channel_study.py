# SPDX-License-Identifier: Apache-2.0
"""Messages through channels: what is counted, of schemes whose fate is known."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from semstego.codecs import registry
from semstego.errors import ArgumentError
from semstego.evaluation.channels import Study, table
from semstego.progress import no_progress
from semstego.schemes import base
from semstego.schemes.base import Embedding, Scheme, reader_of
from semstego.schemes.lsb import SCHEME as LSB
from semstego.system.stego_system import StegoSystem


def study(scheme, codec, pictures, channels, **settings):
    system = StegoSystem(registry.load(codec), base.SCHEMES.get(scheme))
    return Study(channels, **settings).of_system(system, pictures, 1, no_progress)


@pytest.fixture(scope="module")
def pictures(photographs):
    return [np.ascontiguousarray(photographs[name][:192, :256]) for name in ("chelsea", "coffee", "rocket")]


def row(found, words):
    return next(one for one in found["channels"] if one["channel"] == words)


def test_a_fragile_message_arrives_where_nothing_happens_and_nowhere_else(pictures):
    found = study("certified", "cr085", pictures, ("none", "jpeg:90", "bit-errors:0.01", "brightness:3"))
    assert json.loads(json.dumps(found)) == found
    assert [(one["exact"], one["nothing"], one["wrong"]) for one in found["channels"]] == [(3, 0, 0)] + 3 * [(0, 3, 0)]
    assert row(found, "none")["outcomes"] == "eee"
    assert row(found, "none")["psnr_db"] is None  # infinite
    assert 25 < row(found, "jpeg:90")["psnr_db"] < 45
    assert row(found, "jpeg:90")["share"]["high"] == pytest.approx(0.5615, abs=1e-4)
    assert found["marked_psnr_db"] is None


def test_a_robust_message_arrives_and_is_searched_for_if_that_is_asked(pictures):
    words = ("none", "jpeg:75", "scale:0.75")
    plain = study("robust", "cr085", pictures[:1], words)
    searched = study("robust", "cr085", pictures[:1], words, searching=True)
    assert [one["outcomes"] for one in plain["channels"]] == ["e", "e", "n"]
    assert [one["outcomes"] for one in searched["channels"]] == ["e", "e", "e"]
    assert row(searched, "scale:0.75")["psnr_db"] is None  # of another size
    assert 48 <= plain["marked_psnr_db"] < 48.2


def test_what_is_refused_is_lost_in_every_channel(pictures):
    found = study("robust", "cr085", pictures[:2], ("none", "jpeg:75"), message_bytes=1024)
    assert [one["refused"] for one in found["channels"]] == [2, 2]
    assert [one["share"]["mean"] for one in found["channels"]] == [0, 0]


@dataclass(frozen=True)
class Liar(Scheme):
    """Reads another message than was hidden, once the picture has changed."""

    name: str = "liar"

    def capacity_bits(self, cover):
        return LSB.capacity_bits(cover)

    def embed(self, cover, frame, key, draws, progress):
        other = self.framing.seal(b"another message", None, key, bytes(8)).payload(key)
        object.__setattr__(self, "lie", other)
        return Embedding(LSB.embed(cover, frame, key, draws, progress).symbols)

    def reveal_features(self, symbols, codec, key):
        return LSB.reveal_features(symbols, codec, key)

    def reveal_picture(self, received, key):
        if received.picture.mean() > 250:
            return reader_of(self.lie)
        return self.reveal_features(received.symbols, received.codec, key)


def test_a_wrong_message_is_counted_as_wrong(pictures):
    system = StegoSystem(registry.load("cr085-plain"), Liar())
    found = Study(("none", "brightness:255")).of_system(system, pictures[:1], 1, no_progress)
    assert [one["outcomes"] for one in found["channels"]] == ["e", "w"]


def test_words_that_say_nothing_are_refused_before_anything_is_hidden():
    with pytest.raises(ArgumentError):
        Study(("jpeg:50", "jpegg:50"))


def test_the_table_has_a_row_for_each_channel_and_a_column_for_each_system(pictures):
    found = [study(scheme, "cr085", pictures[:1], ("none", "jpeg:75")) for scheme in ("robust", "certified")]
    lines = table(found).splitlines()
    assert len(lines) == 3
    assert "robust in cr085" in lines[0]
    assert "certified in cr085" in lines[0]
    assert lines[1].split() == ["none", "-", "100", "100"]
    assert lines[2].split()[0] == "jpeg:75"
    assert lines[2].split()[2:] == ["100", "0"]
