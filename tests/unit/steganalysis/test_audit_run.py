# SPDX-License-Identifier: Apache-2.0
"""An audit with detectors that know, guess, have the wrong sign and cheat: the controls tell them apart."""

import json
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from semstego.errors import ArgumentError
from semstego.steganalysis import controls, statistics
from semstego.steganalysis.audit import run
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.detectors.base import Detector, Scores, Setting
from semstego.steganalysis.pairs import Pairs
from semstego.steganalysis.protocol import AuditProtocol
from semstego.steganalysis.summary import is_informative

PROTOCOL = AuditProtocol("tiny", (6, 12, 24), 16, 40, (0, 1))
GREY = 100


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch):
    monkeypatch.setattr(statistics, "DRAWS", 60)
    monkeypatch.setattr(statistics, "PERMUTATIONS", 10)


def quiet(what, share):
    pass


@dataclass
class FakeSource:
    """Covers are grey all over but for a corner that says which one it is; a case's stegos have loud values moved."""

    cases: tuple[str, ...] = ("loud 1", "still 1")
    spare: int = 5
    grey: dict = field(default_factory=dict)  # by case
    notes: tuple[str, ...] = ("Made up.",)

    def pairs(self, case, part, seed, progress):
        wanted = {"train": 24, "validation": 16, "test": 40}[part] + self.spare
        first = 1000 * ["train", "validation", "test"].index(part)
        cover = np.full((wanted, 1, 16, 16), self.grey.get(case, GREY), np.uint8)
        places = first + np.arange(wanted)
        cover[:, 0, 0, 0], cover[:, 0, 0, 1] = places // 250, places % 250
        stego = cover.copy()
        if case.startswith("loud"):
            stego[:, 0, 8:, 8:] += np.random.default_rng((seed, first)).integers(1, 3, (wanted, 8, 8), np.uint8)
        sizes = np.random.default_rng((seed, first, 1)).normal(size=(2, wanted, 1))
        return {"picture": Pairs(cover, stego, places // 2), "numbers": Pairs(*sizes, places // 2)}


@dataclass
class Knowing(Detector):
    """Counts what is not grey, as nobody could who has no cover."""

    sign: int = 1
    name: str = "knowing"
    seen: list = field(default_factory=list)

    def scores(self, parts, *, seed, progress):
        self.seen.append((seed, parts))
        return Scores(*(self.score(maps) for one in parts[1:] for maps in (one.cover, one.stego)))

    def score(self, maps):
        flat = maps[:, 0, 1:].reshape(len(maps), -1)
        return self.sign * ((flat != np.median(flat)).mean(1) - 0.01)


@dataclass
class Blind(Knowing):
    name: str = "blind"

    def score(self, maps):
        return np.random.default_rng(int(maps.astype(int).sum())).normal(size=len(maps))


class Sided(Knowing):
    """Looks at no picture, but at the list that it is handed in."""

    def scores(self, parts, *, seed, progress):
        return Scores(*(sign * np.ones(len(one)) for one in parts[1:] for sign in (-1, 1)))


def audit(*detectors, source=None, curve=False, protocol=PROTOCOL, cache=None):
    return run(source or FakeSource(), detectors, Setting(protocol, Cache(cache)), curve=curve, progress=quiet)


def cell(report, case, detector="knowing", view="picture"):
    (found,) = [one for one in report["cells"] if (one["case"], one["judge"], one["view"]) == (case, detector, view)]
    return found


def control(report, detector="knowing"):
    (found,) = [one for one in report["controls"] if one["judge"] == detector]
    return found


def test_every_case_view_and_detector_has_a_cell_and_json_takes_it_all():
    report = audit(Knowing(), Blind())
    assert [(one["case"], one["view"], one["judge"]) for one in report["cells"]] == [
        (case, view, detector)
        for case in ("loud 1", "still 1")
        for view, detector in (("picture", "knowing"), ("picture", "blind"), ("numbers", "numbers"))
    ]
    assert [one["judge"] for one in report["controls"]] == ["knowing", "blind", "numbers"]
    again = json.loads(json.dumps(report, allow_nan=False))
    assert again["protocol"] == {"name": "tiny", "train": [6, 12, 24], "validation": 16, "test": 40, "seeds": [0, 1]}
    assert again["notes"] == ["Made up."]
    assert {one["pairs"] for one in again["cells"]} == {40}  # though the source had more
    assert {one["photographs"] for one in again["cells"]} == {20}


def test_who_knows_catches_the_controls_and_what_is_loud_and_finds_nothing_where_nothing_is():
    report = audit(Knowing())
    assert control(report)["caught"] is True
    assert set(control(report)["of"]) == {"cover against cover", "LSB matching 0.4", "HILL 0.4"}
    assert cell(report, "loud 1")["p_e"]["high"] == 0
    still = cell(report, "still 1")
    assert still["p_e"]["low"] <= 0.5 <= still["p_e"]["high"]
    assert still["shown"] is True


def test_kept_controls_are_those_that_were_made(tmp_path, monkeypatch):
    seen = [Knowing(), Knowing(), Knowing()]
    audit(seen[0], cache=None)
    audit(seen[1], cache=tmp_path)
    monkeypatch.setattr(controls, "_each", None)  # nothing is embedded again
    audit(seen[2], cache=tmp_path)
    for made, kept in zip(*(sum((parts for _, parts in one.seen), ()) for one in seen[::2]), strict=True):
        np.testing.assert_array_equal(made.stego, kept.stego)
    with pytest.raises(TypeError):
        audit(Knowing(), cache=tmp_path, protocol=replace(PROTOCOL, seeds=(1,)))


def test_who_is_blind_shows_nothing_and_who_has_the_wrong_sign_neither():
    report = audit(Blind(), Knowing(sign=-1, name="wrong"))
    assert 0.3 < cell(report, "loud 1", "blind")["p_e"]["estimate"] < 0.7
    wrong = cell(report, "loud 1", "wrong")
    assert wrong["auc_turned"]
    assert wrong["auc"]["estimate"] == 1
    assert wrong["p_e"]["estimate"] >= 0.5
    for name in ("blind", "wrong"):
        assert control(report, name)["caught"] is False
        assert cell(report, "loud 1", name)["shown"] is False


def negative(report):
    return control(report)["of"]["cover against cover"]["p_e"]


def test_swapped_labels_end_at_a_half_unless_a_detector_cheats():
    honest = negative(audit(Knowing()))
    assert honest["low"] <= 0.5 <= honest["high"]
    report = audit(Sided())
    assert negative(report)["high"] == 0  # it was told: the control that must not be caught is
    assert control(report)["fooled"] is True
    assert control(report)["caught"] is False
    assert not is_informative(cell(report, "loud 1"))


def test_numbers_have_no_control_that_must_be_caught_and_so_are_never_shown():
    report = audit(Knowing())
    assert control(report, "numbers")["caught"] is None
    assert cell(report, "still 1", "numbers", "numbers")["shown"] is False


def test_controls_are_made_once_for_the_same_covers_and_again_for_those_of_another_codec():
    detector = Knowing()
    audit(detector)
    assert len(detector.seen) == 3 + 2  # three controls in the first run, the loud case in both, the still one never
    other = audit(Knowing(), source=FakeSource(grey={"still 1": 50}))
    assert [(one["case"], one["judge"]) for one in other["controls"]] == [
        ("loud 1", "knowing"), ("loud 1", "numbers"), ("still 1", "knowing"),
    ]  # fmt: skip


def test_each_seed_has_messages_of_its_own_on_the_same_pictures():
    detector = Knowing()
    audit(detector, source=FakeSource(cases=("loud 1",)))
    (first, one), (second, other) = detector.seen[-2:]
    assert (first, second) == (0, 1)
    np.testing.assert_array_equal(one.test.cover, other.test.cover)
    assert (one.test.stego != other.test.stego).any()


def test_the_learning_curve_learns_from_more_and_more_pairs_and_ends_at_the_cell():
    detector = Knowing()
    report = audit(detector, source=FakeSource(cases=("loud 1",)), curve=True)
    found = cell(report, "loud 1")
    assert [point["pairs"] for point in found["curve"]] == [6, 12, 24]
    assert [len(parts.train) for _, parts in detector.seen[3:]] == [24, 24, 6, 6, 12, 12]
    assert {len(parts.test) for _, parts in detector.seen} == {40}
    np.testing.assert_array_equal(detector.seen[-1][1].train.cover, detector.seen[3][1].train.cover[:12])
    assert found["curve"][-1] == {"pairs": 24} | found["p_e"]
    assert "curve" not in cell(audit(Knowing()), "loud 1")


def test_a_curve_stops_at_what_there_is():
    report = audit(Knowing(), curve=True, protocol=AuditProtocol("big", (6, 12, 2000), 500, 1000, (0,)))
    assert [point["pairs"] for point in cell(report, "loud 1")["curve"]] == [6, 12, 29]


def test_two_detectors_of_one_name_are_refused():
    for names in (("one", "one"), ("one", "numbers")):
        with pytest.raises(ArgumentError, match="names of their own"):
            audit(*(Knowing(name=name) for name in names))


def test_detectors_are_prepared_with_the_setting_of_the_audit(tmp_path):
    received, ready = [], Knowing()

    class Prepared(Knowing):
        def prepared(self, setting):
            received.append(setting)
            return ready

    audit(Prepared(), cache=tmp_path)
    assert [(one.protocol, one.cache.folder) for one in received] == [(PROTOCOL, tmp_path)]
    assert ready.seen
