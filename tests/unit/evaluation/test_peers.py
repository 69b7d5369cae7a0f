# SPDX-License-Identifier: Apache-2.0
"""Peers and ours in one study: what is read, what is not tried, and who is not here."""

import json

import numpy as np
import pytest

from semstego.codecs import registry
from semstego.errors import ArgumentError, CapacityError, NothingFoundError, PeerError
from semstego.evaluation import contenders, peers
from semstego.evaluation.contenders import Contender, OfPeer, OfSystem, Stego
from semstego.evaluation.peers import PeerStudy, table
from semstego.peers import environment
from semstego.progress import no_progress
from semstego.schemes.base import SCHEMES
from semstego.system.stego_system import StegoSystem


class Fake(Contender):
    """What ``does`` says at every reading."""

    def __init__(self, *does):
        self.does = list(does)

    facts = {"name": "fake", "ours": False, "told_length": False}  # noqa: RUF012

    def payload_bits(self, picture):
        return 800

    def hide(self, picture, message, rng):
        self.message = message
        if isinstance(self.does[0], CapacityError | PeerError):
            raise self.does[0]
        return Stego(picture ^ 1)

    def reveal(self, stego, arrived, length, searching):
        next_one = self.does.pop(0)
        if isinstance(next_one, Exception):
            raise next_one
        return self.message if next_one == "right" else next_one


@pytest.fixture
def pictures(photographs):
    return [photographs[name][:96, :112, :3] for name in ("astronaut", "coffee")]


def outcomes(does, pictures, channels=("jpeg:90", "crop:0.9")):
    study = PeerStudy(channels, 5)
    return peers._one_picture((study, Fake(*does), pictures[0], 0, 5))


def test_readings_are_exact_wrong_nothing_or_failed(pictures):
    tried = outcomes(["right", b"other", NothingFoundError()], pictures)
    assert [one.outcome for one in tried.passages] == ["exact", "wrong", "nothing"]
    assert 47 < tried.psnr_db < 49
    assert tried.hiding_psnr_db == tried.psnr_db
    assert tried.passages[2].psnr_db is None  # another size
    tried = outcomes(["right", PeerError("it hangs"), "right"], pictures)
    assert [one.outcome for one in tried.passages] == ["exact", "failed", "exact"]
    assert tried.failure == "it hangs"


@pytest.mark.parametrize("first", [b"other", NothingFoundError()])
def test_what_is_not_read_without_a_channel_is_not_tried(pictures, first):
    assert [one.outcome for one in outcomes([first], pictures).passages][1:] == ["untried", "untried"]


@pytest.mark.parametrize(("error", "outcome"), [(CapacityError(5, 0), "refused"), (PeerError("dead"), "failed")])
def test_what_is_not_hidden_is_lost_everywhere(pictures, error, outcome):
    tried = outcomes([error], pictures)
    assert [one.outcome for one in tried.passages] == [outcome] * 3
    assert tried.psnr_db is None


def test_the_first_channel_is_none_and_words_are_checked():
    assert PeerStudy(("jpeg:50", "none")).channels == ("none", "jpeg:50")
    with pytest.raises(ArgumentError):
        PeerStudy(("fog:3",))


def test_ours_are_measured_and_an_absent_peer_is_named(pictures, monkeypatch, tmp_path):
    monkeypatch.setenv(environment.VARIABLE, str(tmp_path))
    ours = OfSystem(StegoSystem(registry.load("cr085"), SCHEMES.get("certified")))
    study = PeerStudy(("jpeg:50",), 4, keeping=True)
    found, made = study.of_all([ours, OfPeer("blind-watermark")], pictures, 1, no_progress)
    mine, theirs = json.loads(json.dumps(found))
    assert mine["channels"][0]["exact"] == 2
    assert mine["channels"][1]["nothing"] == 2
    assert mine["message_bits"] == 32
    assert mine["hiding_psnr_db"] > 35
    assert mine["hide_seconds_per_megapixel"] > 0
    assert "semstego peers install blind-watermark" in theirs["absent"]
    assert [pair[0].shape for pair in made["ours: certified"]] == [(96, 112, 3)] * 2
    shown = table(found)
    assert "not here" in shown
    assert "jpeg:50" in shown


def test_a_peer_that_holds_less_is_given_less_and_ours_beside_it(pictures, monkeypatch):
    class Short(Fake):
        facts = {"name": "short", "ours": False}  # noqa: RUF012

    monkeypatch.setattr(contenders, "OfPeer", Short)
    monkeypatch.setattr(peers, "OfPeer", Short)
    monkeypatch.setattr(Short, "absent", lambda self: None, raising=False)
    monkeypatch.setattr(Short, "payload_bits", lambda self, picture: 16)
    monkeypatch.setattr(peers, "processes", lambda workers: Inline())
    ours = Fake(*["right"] * 8)
    found, _ = PeerStudy((), 4).of_all([ours, Short(*["right"] * 4)], pictures, 1, no_progress, [ours])
    assert [(one["name"], one["message_bits"]) for one in found] == [
        ("fake", 32),
        ("short, 16 bits", 16),
        ("fake, 16 bits", 16),
    ]


class Inline:
    """A pool that does everything itself."""

    def __enter__(self):
        return self

    def __exit__(self, *what):
        pass

    def map(self, work, jobs):
        return map(work, jobs)


@pytest.mark.parametrize("detectors", [("SPAM",), pytest.param(("SPAM", "SRMQ1"), marks=pytest.mark.slow)])
def test_detectors_find_what_is_easily_found(rng, detectors):
    from semstego.steganalysis.sources.studied import Studied, detection

    made = {"easy": [], "same": []}
    for _ in range(24):
        smooth = np.cumsum(rng.normal(0, 1.2, (128, 256, 3)), axis=1) + rng.uniform(90, 150)
        cover = np.clip(smooth, 0, 255).astype(np.uint8) & 0xFE
        made["easy"].append((cover, cover + rng.integers(0, 2, cover.shape, np.uint8)))
        made["same"].append((cover, cover))
    cells, report = detection(made, detectors, 1, no_progress)
    for detector in detectors:
        assert cells["easy"][detector]["p_e"]["estimate"] < 0.1
        assert cells["same"][detector]["p_e"]["estimate"] == 0.5
    assert report["controls"]
    source = Studied(made)
    parts = {
        part: set(source.pairs("easy", part, 0, no_progress)["picture"].photographs)
        for part in ("train", "validation", "test")
    }
    assert len(parts["train"]) == 12
    assert not parts["train"] & parts["test"]
    with pytest.raises(ArgumentError, match="20 photographs"):
        Studied({"few": made["easy"][:19]})
    with pytest.raises(ArgumentError, match="with a message"):
        Studied({"none": [None] * 20})
