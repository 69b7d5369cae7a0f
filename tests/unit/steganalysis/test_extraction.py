# SPDX-License-Identifier: Apache-2.0
"""Features are the same in chunks and from the cache, which believes nothing but whole files of its own."""

import io
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import parallel_config

from semstego.errors import OutputError, SemstegoError
from semstego.steganalysis.features import extraction
from semstego.steganalysis.features.extraction import EXTRACTORS, Cache, Extractor, features
from semstego.steganalysis.features.histogram import histogram_per_channel


@pytest.fixture
def maps(rng):
    return rng.integers(0, 256, (7, 2, 9, 8), dtype=np.uint8)


def never():
    raise AssertionError("computed again")


def silent(what, share):
    assert 0 < share <= 1


# --- histogram


def test_a_histogram_counts_as_numpy_does(maps):
    found = histogram_per_channel(maps)
    slow = [[np.histogram(plane, np.arange(257))[0] / plane.size for plane in one] for one in maps]
    np.testing.assert_allclose(found, np.array(slow).reshape(7, -1), rtol=1e-6)


# --- cache


def test_what_is_kept_is_not_computed_again(tmp_path, maps):
    first = Cache(tmp_path / "new").get("mean", maps, lambda: maps.mean((2, 3)))
    np.testing.assert_array_equal(first, Cache(tmp_path / "new").get("mean", maps, never))
    assert first.dtype == np.float64


def test_another_name_content_shape_or_type_is_something_else(tmp_path, maps):
    cache = Cache(tmp_path)
    cache.get("mean", maps, lambda: np.zeros(1))
    other = maps.copy()
    other[3, 1, 2, 3] ^= 1
    for what, inputs in (("men", maps), ("mean", other), ("mean", maps.reshape(7, 2, 8, 9)), ("mean", maps.view("i1"))):
        assert cache.get(what, inputs, lambda: np.ones(1)) == 1
    assert len(list(tmp_path.iterdir())) == 5
    strided = np.ascontiguousarray(maps.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert cache.get("mean", strided, never) == 0


@pytest.mark.parametrize("kept_bytes", [0, 5, 60, 128, 200, -1])
def test_half_a_file_is_made_whole_again(tmp_path, maps, kept_bytes):
    cache = Cache(tmp_path)
    cache.get("copy", maps, maps.copy)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:kept_bytes])
    np.testing.assert_array_equal(cache.get("copy", maps, maps.copy), maps)
    assert path.read_bytes() == whole


class Bomb:
    def __reduce__(self):
        return never, ()


def test_pickles_are_neither_written_nor_believed(tmp_path, maps):
    cache = Cache(tmp_path)
    with pytest.raises(ValueError, match="allow_pickle"):
        cache.get("objects", maps, lambda: np.array([{}], object))
    assert not list(tmp_path.iterdir())
    cache.get("copy", maps, maps.copy)
    (path,) = tmp_path.iterdir()
    planted = io.BytesIO()
    np.save(planted, np.array([Bomb()], object), allow_pickle=True)
    for content in (planted.getvalue(), pickle.dumps(Bomb())):
        path.write_bytes(content)
        np.testing.assert_array_equal(cache.get("copy", maps, maps.copy), maps)


def test_many_may_write_the_same_at_once(tmp_path, maps):
    big = np.tile(maps, (40, 1, 1, 1))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: Cache(tmp_path).get("copy", big, big.copy), range(40)))
    for one in found:
        np.testing.assert_array_equal(one, big)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]


def test_a_folder_that_cannot_be_written_is_one_of_our_errors(tmp_path, maps):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot keep"):
        Cache(tmp_path / "file").get("copy", maps, maps.copy)


def test_without_a_folder_nothing_is_kept(maps):
    assert Cache(None).get("one", maps, lambda: np.ones(1)) == 1
    assert Cache(None).get("one", maps, lambda: np.zeros(1)) == 0


# --- features


@pytest.fixture
def chunks_of_three(monkeypatch):
    monkeypatch.setattr(extraction, "CHUNK", 3)


@pytest.mark.usefixtures("chunks_of_three")
@pytest.mark.parametrize("workers", [1, 2])
def test_features_in_chunks_are_those_of_all_in_their_order(maps, workers):
    shares = []
    with parallel_config(backend="threading"):
        found = features(
            EXTRACTORS["histogram"], maps, Cache(None), workers=workers, progress=lambda _, s: shares.append(s)
        )
    np.testing.assert_array_equal(found, histogram_per_channel(maps))
    np.testing.assert_allclose(shares, [1 / 3, 2 / 3, 1])


@pytest.mark.usefixtures("chunks_of_three")
def test_more_maps_leave_kept_chunks_as_they_are(tmp_path, maps):
    seen = []

    def counted(some):
        seen.append(len(some))
        return histogram_per_channel(some)

    for count in (6, 6, 7):
        features(Extractor("counted", counted), maps[:count], Cache(tmp_path), workers=1, progress=silent)
    assert seen == [3, 3, 1]
    assert len(list(tmp_path.iterdir())) == 3


def test_every_extractor_but_the_slow_one_gives_rows_of_float32(photographs):
    crops = photographs["coffee"][None, 40:56, 60:76].transpose(0, 3, 1, 2)
    sizes = {"histogram": 3 * 256, "SPAM": 3 * 686, "SRMQ1": 3 * 12_753, "joint": 3 * (3 * 169 + 125)}
    for name, size in sizes.items():
        found = EXTRACTORS[name].of(crops).extract(crops)
        assert found.shape == (1, size)
        assert found.dtype == np.float32
    assert set(EXTRACTORS) == {*sizes, "SRM"}


# --- sealwatch


def test_without_sealwatch_it_is_asked_for(maps, monkeypatch):
    monkeypatch.setitem(sys.modules, "sealwatch", None)
    with pytest.raises(SemstegoError, match=r"semstego\[audit\]"):
        EXTRACTORS["SRM"].extract(maps)


SRM = """
import sys, numpy as np
from semstego.steganalysis.features.extraction import EXTRACTORS, sealwatch
plane = np.random.default_rng(1).integers(0, 256, (1, 1, 12, 12), dtype=np.uint8)
np.save(sys.argv[1], EXTRACTORS["SRM"].extract(plane))
np.save(sys.argv[2], sealwatch().tools.flatten(sealwatch().srm.extract(plane[0, 0])))
"""


@pytest.mark.slow
def test_srm_is_sealwatchs_in_an_order_that_every_process_has_and_its_import_says_nothing(tmp_path):
    pytest.importorskip("jpeglib")  # came with sealwatch, and does not warn
    ours, theirs = [], []
    for seed in (1, 2):
        files = [tmp_path / f"{who}{seed}.npy" for who in ("ours", "theirs")]
        environment = os.environ | {"PYTHONHASHSEED": str(seed)}
        done = subprocess.run(
            [sys.executable, "-W", "always", "-c", SRM, *files], env=environment, capture_output=True, check=True
        )
        assert not done.stderr
        ours.append(np.load(files[0]))
        theirs.append(np.load(files[1]))
    assert ours[0].shape == (1, 34_671)
    assert ours[0].dtype == np.float32
    np.testing.assert_array_equal(ours[0], ours[1])
    assert (theirs[0] != theirs[1]).any()  # else nothing needs sorting
    np.testing.assert_array_equal(np.sort(ours[0][0]), np.sort(theirs[0]))
