# SPDX-License-Identifier: Apache-2.0
"""Schemes on crops of the bundled photographs: one set of pictures for all cases, fresh messages per seed."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from PIL import Image

from semstego.codecs import registry, stream
from semstego.codecs.base import Symbols
from semstego.datasets.built import crops
from semstego.errors import DataError
from semstego.evaluation.hiding import hide_random
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.features.informed import NAMES
from semstego.steganalysis.import_closure import closure_digest
from semstego.steganalysis.protocol import PARTS, AuditProtocol
from semstego.steganalysis.sources import schemes as scheme_source
from semstego.steganalysis.sources.schemes import VIEWS, SchemeSource, crops_of
from semstego.system.stego_system import StegoSystem

PROTOCOL = AuditProtocol("tiny", (12,), 10, 10, (0, 1))
TILES = {"train": 4, "validation": 3, "test": 3}
SCHEMES = ("lsb", "syndrome", "learned")
QUICK = tuple(view for view in VIEWS if view != "inverted")  # which takes most of the time, and has a test of its own


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def quiet(what, share):
    assert 0 < share <= 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory, photographs):
    """Crops of tiles of 107 pixels; lists say which tiles are for what."""
    tiles, lists, built = (tmp_path_factory.mktemp(name) for name in ("tiles", "lists", "built"))
    pictures = (photographs[name][:, left : left + 106] for name in ("coffee", "chelsea", "astronaut", "rocket")
                for left in (0, 106, 212))  # fmt: skip
    for part, count in TILES.items():
        names = [f"{part}{number}.png" for number in range(count)]
        for name, picture in zip(names, pictures, strict=False):
            Image.fromarray(picture).save(tiles / name)
        (lists / crops.LISTS[part]).write_text("\n".join(names))
    counts = {"train": 14, "validation": 12, "test": 12}
    crops.build(built / "crops", tiles, kind="plain", split=lists, counts=counts)
    return built / "crops"


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """A source, and all its pairs of seed 0 by case and part."""
    cache = Cache(tmp_path_factory.mktemp("cache"))
    source = SchemeSource(crops_of(folder, PROTOCOL), SCHEMES, (0.4,), PROTOCOL, cache, views=QUICK)
    return source, {(case, part): source.pairs(case, part, 0, quiet) for case in source.cases for part in PARTS}


def test_cases_are_schemes_at_payloads(folder):
    source = SchemeSource(crops_of(folder, PROTOCOL), ("lsb", "learned"), (0.1, 1.0), PROTOCOL, Cache(None))
    assert source.cases == ["lsb 0.1", "learned 0.1", "lsb 1", "learned 1"]


def test_every_case_has_the_same_pictures(made):
    source, found = made
    for part in PARTS:
        views = [found[case, part] for case in source.cases]
        for one in views[1:]:
            np.testing.assert_array_equal(one["picture"].photographs, views[0]["picture"].photographs)
        np.testing.assert_array_equal(views[0]["picture"].cover, views[1]["picture"].cover)  # one codec
        close = np.abs(views[0]["picture"].cover.astype(int) - views[2]["picture"].cover).mean((1, 2, 3))
        assert (close < 10).all()  # another codec's reconstruction of the same crop


def test_a_crop_that_one_case_cannot_carry_is_in_none(made):
    source, found = made
    carried = {key: mask.copy() for key, mask in source._carried.items()}
    carried["lsb 0.4", "test", 0][:] = True
    carried["lsb 0.4", "test", 0][3] = False
    short = replace(source, _carried=carried)
    left = short.pairs("learned 0.4", "test", 0, quiet)["features"]
    np.testing.assert_array_equal(left.cover[:3], found["learned 0.4", "test"]["features"].cover[:3])
    np.testing.assert_array_equal(left.cover[3:9], found["learned 0.4", "test"]["features"].cover[4:10])


def test_no_photograph_is_in_two_parts(made):
    _, found = made
    used = {part: set(found["lsb 0.4", part]["picture"].photographs.tolist()) for part in PARTS}
    assert all(used.values())
    assert not any(used[one] & used[other] for one, other in combinations(PARTS, 2))


def test_there_are_as_many_as_the_protocol_wants(made):
    _, found = made
    assert [len(found["syndrome 0.4", part]["features"]) for part in PARTS] == [12, 10, 10]


def test_each_seed_has_messages_of_its_own_on_the_same_covers(made):
    source, found = made
    for case in source.cases:
        first, other = found[case, "test"]["features"], source.pairs(case, "test", 1, quiet)["features"]
        np.testing.assert_array_equal(first.cover, other.cover)
        assert all((one != another).any() for one, another in zip(first.stego, other.stego, strict=True))


def test_a_second_call_embeds_nothing(made, monkeypatch):
    source, found = made

    def never(*_):
        raise AssertionError("embedded again")

    monkeypatch.setattr(scheme_source, "_views", never)
    again = replace(source, _carried={}).pairs("syndrome 0.4", "train", 0, quiet)
    for name, one in found["syndrome 0.4", "train"].items():
        np.testing.assert_array_equal(again[name].stego, one.stego)
    with pytest.raises(AssertionError, match="embedded again"):
        source.pairs("syndrome 0.4", "train", 2, quiet)


def test_what_was_lost_from_the_cache_comes_back_with_the_same_messages(made):
    source, found = made
    for path in sorted(source.cache.folder.iterdir())[::3]:
        path.unlink()
    again = replace(source, _carried={})
    for case in source.cases:
        for name, one in again.pairs(case, "test", 0, quiet).items():
            np.testing.assert_array_equal(one.stego, found[case, "test"][name].stego)


def test_an_open_codec_gives_views_that_a_closed_one_has_not(made):
    _, found = made
    assert set(found["lsb 0.4", "test"]) == {"features", "picture", "numbers", "informed"}
    views = found["learned 0.4", "test"]
    assert set(views) == {"features", "picture", "numbers", "informed", "re-encoded", "residual"}
    difference = views["features"].stego.astype(int) - views["re-encoded"].stego
    np.testing.assert_array_equal(views["residual"].stego, np.clip(128 + difference, 0, 255))
    assert np.abs(difference).mean() < 30


@pytest.mark.slow
def test_whoever_inverts_ds_finds_what_was_sent_nearer_than_by_encoding_the_picture_again(folder, tmp_path):
    source = SchemeSource(crops_of(folder, PROTOCOL), ("learned",), (0.4,), PROTOCOL, Cache(tmp_path))
    views = source.pairs("learned 0.4", "test", 0, quiet)
    assert set(views) == set(VIEWS)
    sent = views["features"].stego.astype(int)
    distances = {view: np.abs(sent - views[view].stego).mean() for view in ("inverted", "re-encoded")}
    assert distances["inverted"] < distances["re-encoded"] / 2


def test_numbers_are_the_bytes_of_the_stream_and_what_lies_at_the_ends(made):
    _, found = made
    views, point = found["syndrome 0.4", "test"], registry.load("cr085")
    for symbols, picture, numbers in zip(
        views["features"].stego, views["picture"].stego, views["numbers"].stego, strict=True
    ):
        ends = [(values == end).sum() for values in (symbols, picture) for end in (0, 255)]
        wrapped = Symbols(symbols, 64, 64, 3)
        assert numbers.tolist() == [len(stream.write(wrapped, point)), *ends]
        np.testing.assert_array_equal(picture.transpose(1, 2, 0), point.decode(wrapped))


def test_a_warden_with_the_original_sees_every_change_of_a_plain_codec(made):
    _, found = made
    views = found["syndrome 0.4", "test"]
    changed = (views["features"].cover != views["features"].stego).sum((1, 2, 3))
    column = NAMES.index("forbidden")
    assert views["informed"].stego[:, column].tolist() == changed.tolist()
    assert not views["informed"].cover[:, column].any()


def test_a_full_payload_is_what_each_crop_holds(folder, tmp_path):
    source = SchemeSource(
        crops_of(folder, PROTOCOL), ("certified",), (np.inf,), PROTOCOL, Cache(tmp_path), views=("features", "informed")
    )
    assert source.cases == ["certified full"]
    views, codec = source.pairs("certified full", "test", 0, quiet), registry.load("cr085")
    shares = (views["features"].cover != views["features"].stego).mean((1, 2, 3))
    assert (shares > 0.1).all()  # the cover is another draw
    assert np.abs(views["informed"].stego).max() < 6  # by the law, and without a forbidden move
    rng = np.random.default_rng(0)
    for picture in crops_of(folder, PROTOCOL)["test"][0][:3]:
        hiding = hide_random(StegoSystem(codec, CertifiedScheme()), picture, 10**6, rng, at_most=True)
        assert hiding.sealed.payload_bits == CertifiedScheme().capacity_bits(hiding.cover) // 8 * 8


def test_payloads_that_nobody_carries_are_one_of_our_errors(folder):
    for scheme in ("lsb", "hill", "suniward"):
        with pytest.raises(DataError, match="carr"):
            SchemeSource(crops_of(folder, PROTOCOL), (scheme,), (6.0,), PROTOCOL, Cache(None)).pairs(
                f"{scheme} 6", "test", 0, quiet
            )


def test_crops_that_are_not_there_are_a_data_error(tmp_path):
    with pytest.raises(DataError):
        SchemeSource(crops_of(tmp_path, PROTOCOL), ("lsb",), (0.4,), PROTOCOL, Cache(None)).pairs(
            "lsb 0.4", "test", 0, quiet
        )


OWN = """
from semstego.schemes.lsb import LsbMatching

SCHEME = LsbMatching(name="own")
"""


def test_a_scheme_of_ones_own_is_audited_by_its_place(folder, tmp_path, monkeypatch):
    (tmp_path / "own_package.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    cache = Cache(tmp_path / "cache")
    source = SchemeSource(crops_of(folder, PROTOCOL), ("own_package:SCHEME",), (0.4,), PROTOCOL, cache, views=QUICK)
    (case,) = source.cases
    pairs = source.pairs(case, "test", 0, quiet)["features"]
    assert (pairs.cover != pairs.stego).any()
    kept = len(list(cache.folder.iterdir()))
    replace(source, _carried={}).pairs(case, "test", 0, quiet)
    assert len(list(cache.folder.iterdir())) == kept
    (tmp_path / "own_package.py").write_text(OWN + "\n# other code\n")
    closure_digest.cache_clear()
    replace(source, _carried={}).pairs(case, "test", 0, quiet)
    assert len(list(cache.folder.iterdir())) == 2 * kept
