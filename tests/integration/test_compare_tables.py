# SPDX-License-Identifier: Apache-2.0
"""``compare table1`` and ``table4`` on the command line, and the codecs that ship as their channels."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import semstego
from semstego.cli.main import app
from semstego.codecs import registry
from semstego.errors import ArgumentError, NothingFoundError, OutputError
from semstego.metrics.image import psnr_db

pytest.importorskip("jpeglib")
pytest.importorskip("reedsolo")

ASIDE = ("codec-64", "codec-256", "codec-grey", "codec-grey-085")


@pytest.fixture
def photos(photographs, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(photographs["chelsea"]).resize((420, 380)).save(folder / "chelsea.png")
    return folder


def run(*words):
    return CliRunner().invoke(app, ["compare", *map(str, words)])


def test_table_1_compares_methods_and_ours_and_goes_on_where_it_was(photos, tmp_path):
    out, words = tmp_path / "t.json", ("--baseline", "dmas", "--system", "certified", "--run", tmp_path / "run")
    done = run("table1", photos, *words, "-o", out)
    assert done.exit_code == 0, done.output
    for expected in ("jpeg:50", "codec:codec-grey-085", "99.91", "DMAS", "certified in cr085"):
        assert expected in done.output
    study = json.loads(out.read_text())["studies"][0]
    assert (study["side"], study["covers"]) == (360, 1)
    dmas, ours, _ = study["carriers"]
    attacks = {row["attack"]: row for row in dmas["attacks"]}
    assert attacks["none"]["whole"]["mean"] == attacks["jpeg:50"]["whole"]["mean"] == 1
    assert attacks["codec:codec-grey"]["psnr_db"] > 30
    assert ours["attacks"][0]["whole"]["mean"] == 1
    kept = (tmp_path / "run" / "360x360.jsonl").read_bytes()
    again = run("table1", photos, *words, "--json")
    assert (tmp_path / "run" / "360x360.jsonl").read_bytes() == kept
    assert json.loads(again.output)["studies"][0]["carriers"][0] == dmas
    assert isinstance(run("table1", photos, *words, "-o", out).exception, OutputError)
    assert isinstance(run("table1", photos, *words, "--seed", 1).exception, ArgumentError)


def test_table_4_has_both_sizes_and_counts_refusals(photos):
    done = run("table4", photos, "--baseline", "crpas", "--baseline", "gmas", "--system", "learned@learned-010")
    assert done.exit_code == 0, done.output
    assert done.output.count("CRPAS-like") == 2  # it holds the message in none of the sizes
    assert done.output.count("1/1") == 2
    assert "51.23" in done.output
    assert "50.07" in done.output


def test_what_is_named_wrongly_or_gives_no_cover_is_refused(photos, tmp_path):
    for words in (("--baseline", "nosuch"), ("--system", "nosuch"), ("--system", "robust@nosuch")):
        assert run("table1", photos, *words).exit_code == 2
    Image.new("RGB", (100, 100)).save(tmp_path / "small.png")
    for file in photos.iterdir():
        file.unlink()
    (tmp_path / "small.png").rename(photos / "small.png")
    assert isinstance(run("table1", photos).exception, ArgumentError)


@pytest.mark.parametrize("name", ASIDE)
def test_channels_of_the_tables_ship_and_no_receiver_searches_them(name, photographs):
    codec = registry.load(name)
    assert name not in registry.names()
    assert registry.is_known(name)
    picture = photographs["astronaut"][:256, :256]
    picture = picture if name in ("codec-64", "codec-256") else np.asarray(Image.fromarray(picture).convert("L"))
    picture = picture.reshape(256, 256, -1)
    assert psnr_db(picture, codec.decode(codec.encode(picture).symbols)) > 18


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["codec-64", "codec-grey"])
def test_a_stream_of_such_a_codec_is_read_by_its_name_alone(photographs, name):
    cover = photographs["astronaut"][:128, :128]
    cover = cover if name == "codec-64" else np.asarray(Image.fromarray(cover).convert("L"))
    sent = semstego.send(cover, codec=name)
    assert psnr_db(cover, semstego.reconstruct(sent)) > 25
    with pytest.raises(NothingFoundError):
        semstego.reveal(sent, key=semstego.derive_key("correct horse battery staple and more"))
