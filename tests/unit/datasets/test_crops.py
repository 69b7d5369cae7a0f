# SPDX-License-Identifier: Apache-2.0
"""Crops of photographs: of the right kind, from disjoint photographs, and the same ones every time."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from semstego.cli.main import app
from semstego.datasets import sets
from semstego.datasets.built import crops
from semstego.datasets.folder import photographs
from semstego.errors import DataError, OutputError

COUNTS = {"train": 30, "validation": 8, "test": 12}


@pytest.fixture(scope="module")
def photographs_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(1)
    for i in range(16):
        small = rng.integers(0, 256, (12, 16, 3), np.uint8)
        Image.fromarray(small).resize((200, 150), Image.Resampling.BICUBIC).save(folder / f"view{i:02}.png")
    Image.new("RGB", (200, 150), (90, 90, 90)).save(folder / "flat.png")  # holds no crop
    return folder


@pytest.fixture(scope="module")
def built(photographs_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "crops"
    crops.build(folder, photographs_folder, kind="cifar", counts=COUNTS)
    return folder


def test_crops_of_cifars_kind_have_no_detail_that_32_pixels_cannot_hold(photographs_folder, rng):
    noise = rng.integers(0, 256, (150, 200, 3), np.uint8)
    plain, cifar = (next(crops.crops(noise, crops.generator(0, "x"), kind=kind)) for kind in crops.KINDS)
    assert plain.shape == cifar.shape == (64, 64, 3)
    assert cifar.dtype == np.uint8

    def high(picture):  # energy above half the band, where 32 pixels have none
        return np.abs(np.fft.fft2(picture[:, :, 1].astype(float))[24:41, 24:41]).mean()

    assert high(plain) > 8 * high(cifar)


def test_sets_come_from_disjoint_photographs_and_are_no_flat_pictures(built):
    facts = json.loads((built / "crops.json").read_text())
    files = {entry["file"]: entry["set"] for entry in facts["photographs"]}
    names = [entry["file"] for entry in facts["photographs"]]
    for name, count in COUNTS.items():
        with np.load(built / f"{name}.npz") as arrays:
            assert arrays["pictures"].shape == (count, 64, 64, 3)
            used = {names[place] for place in arrays["photographs"]}
            assert arrays["pictures"].std((1, 2, 3)).min() >= crops.LEAST_DEVIATION
        assert {files[file] for file in used} == {name}
        assert "flat.png" not in used
        assert len(used) > 1


def test_the_same_seed_gives_the_same_crops_and_another_photograph_moves_none(photographs_folder, built, tmp_path):
    crops.build(tmp_path / "again", photographs_folder, kind="cifar", counts=COUNTS)
    assert (tmp_path / "again" / "train.npz").read_bytes() == (built / "train.npz").read_bytes()
    crops.build(tmp_path / "other", photographs_folder, kind="cifar", counts=COUNTS, seed=1)
    assert (tmp_path / "other" / "train.npz").read_bytes() != (built / "train.npz").read_bytes()


def test_a_set_is_loaded_by_name_and_refused_when_it_is_none(built, tmp_path):
    data = sets.load("crops", built, "validation")
    assert len(data) == 8
    assert not data.labels.any()
    for split, folder in (("test-unseen", built), ("train", tmp_path)):
        with pytest.raises(DataError):
            sets.load("crops", folder, split)
    (tmp_path / "train.npz").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="no built set"):
        sets.load("crops", tmp_path, "train")


def test_too_many_crops_and_unknown_kinds_are_refused_and_leave_nothing(photographs_folder, tmp_path):
    with pytest.raises(DataError, match="hold"):
        crops.build(tmp_path / "out", photographs_folder, kind="plain", counts=COUNTS | {"test": 10**6})
    with pytest.raises(DataError, match="plain, cifar"):
        crops.build(tmp_path / "out", photographs_folder, kind="round", counts=COUNTS)
    assert not list(tmp_path.iterdir())


def test_the_command_builds_and_overwrites_nothing(photographs_folder, tmp_path):
    command = ["data", "build-crops", "-o", str(tmp_path / "out"), "--photographs", str(photographs_folder)]
    counts = ["--train", "10", "--validation", "8", "--test", "12", "--side", "100"]
    result = CliRunner().invoke(app, [*command, *counts, "--kind", "plain"], catch_exceptions=False)
    assert result.exit_code == 0
    assert sets.load("crops", tmp_path / "out", "train").pictures.shape == (10, 100, 100, 3)
    assert isinstance(CliRunner().invoke(app, command).exception, OutputError)


@pytest.mark.parametrize(("kind", "side"), [("plain", 128), ("cifar", 128), ("plain", 32), ("plain", 96)])
def test_crops_of_another_side_are_cut_of_squares_that_are_no_smaller(rng, kind, side):
    noise = rng.integers(0, 256, (150, 200, 3), np.uint8)
    assert next(crops.crops(noise, rng, kind=kind, side=side)).shape == (side, side, 3)
    assert not list(crops.crops(noise[:120], rng, kind=kind, side=128))


@pytest.mark.parametrize("side", [0, -64, 31, 65, 514, 10**9])
def test_sides_out_of_range_are_refused(photographs_folder, tmp_path, side):
    with pytest.raises(DataError, match="side"):
        crops.build(tmp_path / "none", photographs_folder, kind="plain", side=side, counts=COUNTS)
    assert not (tmp_path / "none").exists()


def test_more_photographs_than_their_numbers_can_count_are_refused(photographs_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(crops, "MOST_PHOTOGRAPHS", 16)
    with pytest.raises(DataError, match="at most 16 photographs"):
        crops.build(tmp_path / "none", photographs_folder, kind="plain", counts=COUNTS)


def test_a_list_that_is_no_text_is_refused(photographs_folder, tmp_path):
    (tmp_path / "list").write_bytes(b"\xff\xd8\xff\xe0")
    for names in (tmp_path / "list", tmp_path / "absent"):
        with pytest.raises(DataError, match="cannot be read"):
            photographs(photographs_folder, names)
