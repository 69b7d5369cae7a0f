# SPDX-License-Identifier: Apache-2.0
"""Arrays are kept under what they were computed from, and nothing but whole files of the cache's own is believed."""

import io
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module

import numpy as np
import pytest

from semstego.errors import OutputError
from semstego.steganalysis.cache import Cache, code_digest
from semstego.steganalysis.features.histogram import histogram_per_channel
from semstego.steganalysis.features.spam import spam_per_channel
from semstego.steganalysis.import_closure import closure_digest


@pytest.fixture
def maps(rng):
    return rng.integers(0, 256, (7, 2, 9, 8), dtype=np.uint8)


def never():
    raise AssertionError("computed again")


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
    with pytest.raises(OutputError, match="cannot make the folder"):
        Cache(tmp_path / "file").get("copy", maps, maps.copy)


def test_without_a_folder_nothing_is_kept(maps):
    assert Cache(None).get("one", maps, lambda: np.ones(1)) == 1
    assert Cache(None).get("one", maps, lambda: np.zeros(1)) == 0


def test_what_has_no_name_is_not_kept(tmp_path, maps):
    assert Cache(tmp_path).get(None, maps, lambda: np.ones(1)) == 1
    assert not list(tmp_path.iterdir())


# --- names of code


MODULE = """
from own_package.inner import value


def extract(maps):
    return value


class Own:
    pass
"""


@pytest.fixture
def own_package(tmp_path, monkeypatch):
    """A package outside of this one, whose module imports another of its modules."""
    folder = tmp_path / "own_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "module.py").write_text(MODULE)
    (folder / "inner.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    closure_digest.cache_clear()
    yield folder
    closure_digest.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "own_package"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["extract", "Own"])
@pytest.mark.parametrize("changed", ["module.py", "inner.py"])
def test_code_of_another_package_is_named_by_the_files_of_that_package(own_package, name, changed):
    own = getattr(import_module("own_package.module"), name)
    before = code_digest(own)
    assert before == code_digest(own)
    closure_digest.cache_clear()
    (own_package / changed).write_text((own_package / changed).read_text() + "other = 2\n")
    assert code_digest(own) != before


def test_functions_of_one_module_have_names_of_their_own(own_package):
    module = import_module("own_package.module")
    assert len({code_digest(module.extract), code_digest(module.Own), code_digest(spam_per_channel, module.Own)}) == 3


def test_code_that_is_in_no_file_or_has_values_of_its_own_has_no_name(monkeypatch):
    def local(maps):
        return maps

    for unknown in (local, lambda maps: maps, partial(spam_per_channel, conditional=True), np.mean, len):
        assert code_digest(unknown) is None
        assert code_digest(histogram_per_channel, unknown) is None
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)  # as in a session
    typed = {"__name__": "__main__"}
    exec("def extract(maps): return maps", typed)
    assert code_digest(typed["extract"]) is None
