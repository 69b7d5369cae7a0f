# SPDX-License-Identifier: Apache-2.0
"""Shipped weights and their cards; weights from outside are checked before they are believed."""

import hashlib
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.codecs import registry
from semstego.codecs.base import DITHER_SCALE
from semstego.codecs.block import weights
from semstego.codecs.block.codec import BlockCodec
from semstego.codecs.block.fitting import DESIGNS
from semstego.errors import ArgumentError, SemstegoError, WeightsError

SHIPPED = ("cr085", "cr050", "cr025", "task")

FOLDER = resources.files("semstego") / "weights"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_point_has_a_card_that_fits(name):
    card = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    data = (FOLDER / f"{name}.safetensors").read_bytes()
    point = registry.load(name)
    assert card["sha256"] == hashlib.sha256(data).hexdigest()
    assert card["fingerprint"] == point.fingerprint.hex()
    assert card["name"] == name
    assert all(entry["licence"] for entry in card["data"]["packages"])
    assert sum(entry["photographs"] for entry in card["data"]["packages"]) == card["data"]["photographs"]
    for channels in (1, 3):
        basis = point.basis(channels)
        assert (basis.block, basis.kept) == DESIGNS[name][channels]


@pytest.mark.parametrize("name", SHIPPED)
def test_bases_are_orthonormal(name):
    for channels in (1, 3):
        basis = registry.load(name).basis(channels)
        rows = basis.synthesis / basis.steps[:, None] / 2**24
        np.testing.assert_allclose(rows @ rows.T, np.eye(basis.kept), atol=1e-5)
        np.testing.assert_allclose(basis.steps, np.abs(rows).sum(axis=1) * 128 / 127, rtol=1e-5)


def test_fitted_photographs_are_no_test_photographs():
    split = Path(__file__).parents[3] / "experiments" / "split"
    parts = [set((split / f"{part}.txt").read_text().split()) for part in ("fit", "validation", "test")]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def test_weights_come_back_from_their_file(tmp_path, point):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(weights.to_bytes(point))
    again = registry.load(path)
    assert again.fingerprint == point.fingerprint
    assert again.name == "mine"


@pytest.mark.parametrize("content", [b"", b"not weights", bytes(100), b"\xff" * 8 + b"{}"])
def test_files_that_are_no_weights_are_refused(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError):
        registry.load(path)


def test_words_nested_without_end_are_no_weights(tmp_path):
    path = tmp_path / "deep.safetensors"
    arrays = {"x": np.zeros(1, np.uint8)}
    for words in ("[" * 100_000, '{"format": ' + "[" * 100_000):
        path.write_bytes(safetensors.numpy.save(arrays, {"semstego": words}))
        with pytest.raises(WeightsError):
            registry.load(path)


def test_an_object_needs_a_name_and_a_fingerprint_that_a_header_holds(point):
    for name in ("", "two words", "seventeen letters", "\udc80", 3):
        with pytest.raises(ArgumentError, match="name has 1 to 16 printable"):
            registry.load(replace(point, name=name))
    assert registry.load(replace(point, name="mine")).name == "mine"

    class Unmarked(BlockCodec):
        fingerprint = None

    for fingerprint in (b"", bytes(9), "12345678"):
        Unmarked.fingerprint = fingerprint
        with pytest.raises(ArgumentError, match="must be 8 bytes"):
            registry.load(Unmarked(point.name, point.bases, point.entropy))


def test_what_is_not_there_is_refused(tmp_path):
    for name in ("cr099", tmp_path, tmp_path / "no", "x" * 300, "/tmp/x:y"):
        with pytest.raises(WeightsError):
            registry.load(name)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_tampered_weights_are_refused_or_still_closed(tmp_path_factory, data):
    arrays = safetensors.numpy.load((FOLDER / "cr085.safetensors").read_bytes())
    name = data.draw(st.sampled_from(sorted(arrays)))
    how = data.draw(st.sampled_from(["drop", "shape", "type", "values"]))
    array = arrays[name].copy()
    if how == "drop":
        del arrays[name]
    elif how == "shape":
        arrays[name] = np.ascontiguousarray(array.ravel()[:-1])
    elif how == "type":
        arrays[name] = array.astype(np.float32)
    else:
        limits = np.iinfo(array.dtype)
        array.flat[data.draw(st.integers(0, array.size - 1))] = data.draw(st.integers(int(limits.min), int(limits.max)))
        arrays[name] = array
    path = tmp_path_factory.mktemp("weights") / "x.safetensors"
    path.write_bytes(safetensors.numpy.save(arrays))
    try:
        codec = registry.load(path)
    except WeightsError:
        return
    picture = np.random.default_rng(0).integers(0, 256, (34, 35, 3), np.uint8)
    symbols = codec.encode(picture).symbols
    assert (codec.recover(codec.decode(symbols)).carriers == symbols.carriers).all()


def test_other_weights_cannot_read_a_stream(point):
    import semstego

    stream = semstego.send(np.full((40, 40, 3), (90, 80, 70), np.uint8), codec=point.name)
    other = "cr085" if point.name != "cr085" else "cr050"
    with pytest.raises(SemstegoError):
        semstego.reconstruct(stream, codec=other)


@pytest.mark.parametrize("card", sorted(Path(str(FOLDER)).glob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_that_a_card_points_to_is_there(card):
    root, text = Path(__file__).parents[3], card.read_text()
    named = re.findall(r"(?:results|docs|experiments|configs)/[\w/-]+\.\w+", text)
    assert [name for name in named if not (root / name).is_file()] == []
    assert all((root / "configs" / name).is_file() for name in re.findall(r"[\w-]+\.yaml(?= \(\d)", text))


@pytest.mark.parametrize("step", range(DITHER_SCALE + 1))
def test_every_dither_survives_a_weights_file(step):
    codec = replace(registry.load("cr025"), dither=step / DITHER_SCALE)
    assert weights.parse(weights.to_bytes(codec), "again").dither == step / DITHER_SCALE
