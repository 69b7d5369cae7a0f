# SPDX-License-Identifier: Apache-2.0
"""Tables I and IV: covers as the paper has them, and counts of carriers whose fate is known."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image

from semstego.baselines.jpeg import Jpeg
from semstego.codecs import registry
from semstego.errors import ArgumentError, InfeasibleError
from semstego.evaluation import table1, table1_text
from semstego.evaluation.bit_carriers import BitCarrier, Hidden, OfBaseline, OfSystem, Reading
from semstego.evaluation.journal import Journal
from semstego.progress import no_progress
from semstego.schemes.base import SCHEMES
from semstego.system.stego_system import StegoSystem

pytest.importorskip("jpeglib")
pytest.importorskip("reedsolo")

STUDY = table1.BitStudy(96, 1, ("none", "jpeg:50", "brightness:40"))


@pytest.fixture(scope="module")
def paths(tmp_path_factory, photographs):
    folder = tmp_path_factory.mktemp("photographs")
    for name in ("astronaut", "coffee", "rocket"):
        Image.fromarray(np.squeeze(photographs[name])[:200, :240]).save(folder / f"{name}.png")
    Image.new("RGB", (200, 200), (90, 90, 90)).save(folder / "flat.png")
    Image.new("RGB", (60, 60)).save(folder / "small.png")
    return sorted(folder.iterdir())


def of_system(scheme, codec):
    return OfSystem(StegoSystem(registry.load(codec), SCHEMES.get(scheme)))


@dataclass(frozen=True)
class Known(BitCarrier):
    """It reads 3 of 4 bits where the picture was changed, and refuses every picture whose number it is given."""

    refuses: int = -1

    @property
    def facts(self):
        return {"carrier": "known", "ours": False}

    @property
    def identity(self):
        return f"known {self.refuses}"

    def hidden(self, cover, bits, rng):
        if self.refuses == bits:
            raise InfeasibleError("no")
        return KnownHidden(cover.pixels, cover.pixels)


@dataclass(frozen=True, eq=False)
class KnownHidden(Hidden):
    picture: np.ndarray
    unmarked: np.ndarray

    def read(self, arrived):
        same = np.array_equal(arrived, self.picture)
        return Reading(0.0, 1.0, 1.0, True) if same else Reading(0.25, 0.5, 0.75, False)


def test_covers_are_grey_or_colour_jpegs_of_the_papers_quality_and_rate(paths):
    grey, small = list(STUDY.covers(paths)), list(replace(table1.SMALL, attacks=("none",)).covers(paths))
    assert len(grey) == len(small) - 2 == 3  # the flat one has nothing that a rate by coefficients counts
    tables = Image.open(paths[0]).convert("L")
    assert grey[0].pixels.shape == (96, 96, 1)
    assert small[0].pixels.shape == (64, 64, 3)
    tables.save(paths[0].parent / "again.jpg", quality=65)
    assert np.array_equal(grey[0].table, Jpeg((paths[0].parent / "again.jpg").read_bytes()).table)
    (paths[0].parent / "again.jpg").unlink()
    assert STUDY.bits(grey[0]) == -(-grey[0].nonzero_ac // 10)
    assert table1.SMALL.bits(small[0]) == 410
    assert table1.LARGE.bits(small[0]) == 6554


def test_small_covers_have_the_detail_of_half_their_side(paths):
    def high(study):
        cover = next(iter(study.covers(paths)))
        return np.abs(np.fft.fft2(cover.pixels[:, :, 1].astype(float)))[20:45, 20:45].mean()

    assert high(table1.SMALL) < 0.5 * high(replace(table1.SMALL, detail=0))


def test_what_is_read_is_counted_and_averaged(paths):
    covers = list(STUDY.covers(paths))
    found = STUDY.of_carrier(Known(), covers, Journal(None, {}, bool), 1, no_progress)
    assert json.loads(json.dumps(found)) == found
    none, jpeg, bright = found["attacks"]
    assert none["right_after"] == {"mean": 1, "low": 1, "high": 1}
    assert none["psnr_db"] is None
    assert 25 < jpeg["psnr_db"] < 45
    assert bright["element_errors"]["mean"] == 0.25
    assert bright["whole"]["mean"] == 0
    assert bright["whole"]["high"] == pytest.approx(0.5615, abs=1e-4)
    assert (found["refused"], found["pictures"]) == (0, 3)


def test_refusals_are_counted_and_left_out_of_means(paths):
    covers = list(STUDY.covers(paths))
    one = STUDY.of_carrier(Known(STUDY.bits(covers[1])), covers, Journal(None, {}, bool), 1, no_progress)
    assert one["refused"] == 1
    assert one["attacks"][1]["right_after"]["mean"] == 0.75
    none = STUDY.of_carrier(Known(STUDY.bits(covers[1])), covers[1:2], Journal(None, {}, bool), 1, no_progress)
    assert (none["refused"], none["attacks"]) == (1, [])
    assert "1/1" in table1_text.table({"side": 96, "carriers": [one, none]})
    mean = table1.mean_of_methods([one, none, one | {"ours": True}])
    assert mean["methods"] == 1
    assert mean["attacks"][1]["right_after"]["mean"] == 0.75


def test_attacks_draw_the_same_for_all_and_a_cut_study_goes_on(paths, tmp_path):
    study = replace(STUDY, attacks=("none", "noise:5"))
    carriers = [OfBaseline("dmas"), of_system("certified", "cr085")]
    whole = table1.of_studies([study], carriers, paths, tmp_path, 1, no_progress)
    lines = (tmp_path / "96x96.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + 2 * 3
    (tmp_path / "96x96.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:20])
    again = table1.of_studies([study], carriers, paths, tmp_path, 1, no_progress)
    for one in (*whole[0]["carriers"], *again[0]["carriers"]):
        one.pop("seconds_median", None)
    assert again == whole
    with pytest.raises(ArgumentError, match="another study"):
        table1.of_studies([replace(study, seed=1)], carriers, paths, tmp_path, 1, no_progress)


@pytest.mark.parametrize("spoiled", [
    3, None, {}, {"bits": 1}, {"bits": 1, "attacks": [1]}, {"bits": "x", "attacks": []},
    {"bits": 1, "attacks": 3 * [{"whole": 1000}], "seconds": 1, "psnr_db": 1, "psnr_cover_db": 1},
])  # fmt: skip
def test_spoiled_results_are_refused(paths, tmp_path, spoiled):
    covers = list(STUDY.covers(paths))
    STUDY.of_carrier(Known(), covers, STUDY.journal(covers, tmp_path / "j"), 1, no_progress)
    lines = (tmp_path / "j").read_text().splitlines()
    lines[1] = json.dumps([json.loads(lines[1])[0], spoiled])
    (tmp_path / "j").write_text("\n".join(lines) + "\n")
    with pytest.raises(ArgumentError):
        STUDY.journal(covers, tmp_path / "j")


def test_carriers_of_one_name_do_not_mix(paths, tmp_path):
    study, other = replace(STUDY, attacks=("none",)), Known(7)
    found = table1.of_studies([study], [Known(), Known()], paths, tmp_path, 1, no_progress)
    assert len(found[0]["carriers"]) == 2  # what is named twice counts once; and the mean
    with pytest.raises(ArgumentError, match="name 'known'"):
        table1.of_studies([study], [Known(), other], paths, tmp_path, 1, no_progress)
    table1.of_studies([study], [other], paths, tmp_path, 1, no_progress)
    assert len((tmp_path / "96x96.jsonl").read_text().splitlines()) == 1 + 2 * 3


def test_methods_and_ours_read_what_they_can(paths):
    covers = list(STUDY.covers(paths))
    dmas, ours, learned = (
        STUDY.of_carrier(one, covers[:2], Journal(None, {}, bool), 1, no_progress)
        for one in (OfBaseline("dmas"), of_system("certified", "cr085"), of_system("learned", "learned-photo"))
    )
    assert [row["whole"]["mean"] for row in dmas["attacks"][:2]] == [1, 1]
    assert dmas["attacks"][0]["right_before"]["mean"] == 1
    assert dmas["attacks"][0]["element_errors"]["mean"] < 1e-3
    assert [row["whole"]["mean"] for row in ours["attacks"]] == [1, 0, 0]
    assert 0.4 < ours["attacks"][1]["right_after"]["mean"] < 0.6
    assert learned["psnr_cover_db"] is None  # three channels, of a grey cover
    assert learned["attacks"][0]["whole"]["mean"] == 1
    assert ours["psnr_db"] > ours["psnr_cover_db"]


def test_photographs_that_give_no_cover_are_refused(paths):
    with pytest.raises(ArgumentError, match="gives a cover"):
        table1.of_studies([STUDY], [Known()], [paths[-1]], None, 1, no_progress)


def test_the_papers_figures_stand_beside_what_was_measured():
    attacks = {(study.side, words) for study in (table1.GREY, table1.SMALL, table1.LARGE) for words in study.attacks}
    assert {*table1_text.PAPER} <= attacks
    row = {"attack": "jpeg:50", "right_after": {"mean": 0.9, "low": 0.8, "high": 1}, "whole": {"mean": 0.5}}
    study = {"side": 360, "carriers": [{"carrier": "DMAS", "attacks": [row]}, {"carrier": "GMAS", "attacks": [row]}]}
    lines = [line.split() for line in table1_text.table(study).splitlines()]
    assert ["DMAS", "-", "-", "90.00", "80.00", "100.00", "50", "99.91"] in lines
    assert ["GMAS", "-", "-", "90.00", "80.00", "100.00", "50", "100.00"] in lines
