# SPDX-License-Identifier: Apache-2.0
"""Features are the same in chunks, in several processes and from the cache."""

import os
import subprocess
import sys

import numpy as np
import pytest
from joblib import parallel_config

from semstego.errors import SemstegoError
from semstego.steganalysis.cache import Cache
from semstego.steganalysis.detectors import histogram, joint, spam, srmq1
from semstego.steganalysis.features import extraction
from semstego.steganalysis.features.extraction import Extractor, FittedExtractor, features
from semstego.steganalysis.features.histogram import histogram_per_channel
from semstego.steganalysis.features.srm import srm_per_channel


@pytest.fixture
def maps(rng):
    return rng.integers(0, 256, (7, 2, 9, 8), dtype=np.uint8)


def silent(what, share):
    assert 0 < share <= 1


# --- histogram


def test_a_histogram_counts_as_numpy_does(maps):
    found = histogram_per_channel(maps)
    slow = [[np.histogram(plane, np.arange(257))[0] / plane.size for plane in one] for one in maps]
    np.testing.assert_allclose(found, np.array(slow).reshape(7, -1), rtol=1e-6)


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
            histogram.DETECTOR.extractor, maps, Cache(None), workers=workers, progress=lambda _, s: shares.append(s)
        )
    np.testing.assert_array_equal(found, histogram_per_channel(maps))
    np.testing.assert_allclose(shares, [1 / 3, 2 / 3, 1])


SIZES = []


def counted(some):
    SIZES.append(len(some))
    return histogram_per_channel(some)


@pytest.mark.usefixtures("chunks_of_three")
def test_more_maps_leave_kept_chunks_as_they_are(tmp_path, maps):
    SIZES.clear()
    for count in (6, 6, 7):
        features(Extractor("counted", counted), maps[:count], Cache(tmp_path), workers=1, progress=silent)
    assert SIZES == [3, 3, 1]
    assert len(list(tmp_path.iterdir())) == 3


def test_features_are_not_kept_if_that_is_not_wanted_or_the_code_is_not_known(tmp_path, maps):
    offset = 1
    for extractor in (
        Extractor("counted", counted, kept=False),
        Extractor("local", lambda some: some.mean(axis=(2, 3)) + offset),
        FittedExtractor("fitted", lambda covers: counted).fitted(maps),
    ):
        features(extractor, maps, Cache(tmp_path), workers=1, progress=silent)
    assert not list(tmp_path.iterdir())


def test_every_extractor_but_the_slow_one_gives_rows_of_float32(photographs):
    crops = photographs["coffee"][None, 40:56, 60:76].transpose(0, 3, 1, 2)
    sizes = {histogram: 3 * 256, spam: 3 * 686, srmq1: 3 * 12_753, joint: 3 * (3 * 169 + 125)}
    for module, size in sizes.items():
        found = module.DETECTOR.extractor.fitted(crops).extract(crops)
        assert found.shape == (1, size)
        assert found.dtype == np.float32


# --- sealwatch


def test_without_sealwatch_it_is_asked_for(maps, monkeypatch):
    monkeypatch.setitem(sys.modules, "sealwatch", None)
    with pytest.raises(SemstegoError, match=r"semstego\[audit\]"):
        srm_per_channel(maps)


SRM = """
import sys, numpy as np
from semstego.steganalysis.features.srm import srm_per_channel
from semstego.steganalysis.sealwatch import sealwatch
plane = np.random.default_rng(1).integers(0, 256, (1, 1, 12, 12), dtype=np.uint8)
np.save(sys.argv[1], srm_per_channel(plane))
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
