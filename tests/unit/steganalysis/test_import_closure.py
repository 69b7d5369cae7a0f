# SPDX-License-Identifier: Apache-2.0
"""What is kept on disk is named by the code it hangs on: all that is imported, and nothing else."""

import sys
from importlib.util import find_spec

import pytest

from semstego.steganalysis.import_closure import closure_digest, import_closure

FILES = {
    "__init__.py": "",
    "start.py": "import numpy\nfrom mine.deep import relative\n\n\ndef late():\n    from mine import used_late\n",
    "deep/__init__.py": "",
    "deep/relative.py": "from .. import above\nfrom .beside import name\n",
    "deep/beside.py": "name = 1\n",
    "above.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mine import only_types\n",
    "used_late.py": "from semstego.message import bits\n",
    "only_types.py": "",
    "unrelated.py": "",
}
REACHED = {"mine", "mine.start", "mine.deep", "mine.deep.relative", "mine.deep.beside", "mine.above", "mine.used_late"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    for name, text in FILES.items():
        place = tmp_path / "mine" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "mine"
    for name in [name for name in sys.modules if name.split(".")[0] == "mine"]:
        del sys.modules[name]


def test_all_that_is_imported_is_found_and_nothing_else(package):
    found = set(import_closure("mine.start"))
    assert {name for name in found if name.startswith("mine")} == REACHED
    assert {"semstego.message.bits", "semstego.message", "semstego"} <= found
    assert "semstego.message.frame" not in found


@pytest.mark.parametrize(("changed", "matters"), [("deep/beside.py", True), ("unrelated.py", False)])
def test_the_digest_changes_with_what_is_imported(package, changed, matters):
    before = closure_digest.__wrapped__("mine.start")
    (package / changed).write_text("name = 2\n")
    assert (closure_digest.__wrapped__("mine.start") != before) == matters


def test_embeddings_hang_on_the_whole_way_of_a_hide():
    scheme, codec = "semstego.schemes.syndrome.scheme", "semstego.codecs.block.codec"  # which are found by name
    found = import_closure("semstego.steganalysis.sources.schemes", scheme, codec)
    for module in ("concurrency", "codecs.block.entropy", "message.cipher", "system.stego_system", "coding.stc"):
        assert f"semstego.{module}" in found


def test_a_module_that_is_not_there_is_refused():
    with pytest.raises(ModuleNotFoundError):
        import_closure("semstego.no_such_module")


def test_a_module_that_runs_as_a_script_is_followed_under_its_own_name(package, monkeypatch):
    spec = find_spec("mine.start")
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", spec)
    assert import_closure("__main__") == import_closure("mine.start")
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    with pytest.raises(ModuleNotFoundError):
        import_closure("__main__")
