# SPDX-License-Identifier: Apache-2.0
"""docs/architecture.md lists the files and layers that there are."""

import re
import tomllib
from pathlib import Path

import pytest

from tools import doc_tree

ROOT = Path(__file__).parents[2]
TEMPLATE = (ROOT / doc_tree.TEMPLATE).read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_tree_is_that_of_the_source():
    advice = "run: python -m tools.doc_tree; python -m tools.fill_figures"
    assert doc_tree.tree(ROOT / doc_tree.PACKAGE) in TEMPLATE, advice
    assert doc_tree.tree(ROOT / doc_tree.PACKAGE) in DOCUMENT, advice


def test_every_module_says_what_it_is():
    for line in doc_tree.tree(ROOT / doc_tree.PACKAGE).splitlines()[1:]:
        assert re.fullmatch(r" +[\w.]+(\.py|/) {2,}\S.*", line), line


def test_the_layers_are_those_that_are_checked():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    shown = DOCUMENT.partition("## Layers")[2].partition("## ")[0]
    (block,) = re.findall(r"(?:^ {4}.*\n)+", shown, re.MULTILINE)
    assert [" ".join(layer.split()) for layer in block.split(">")] == [
        layer.replace("semstego.", "") for layer in layers
    ]


@pytest.fixture
def package(tmp_path):
    """A small package."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "__init__.py").write_text('"""The whole."""\n')
    (tmp_path / "alone.py").write_text('"""One line.\n\nMore.\n"""\n')
    (tmp_path / "inner" / "__init__.py").write_text('"""A room."""\n')
    return tmp_path


def test_a_new_file_changes_the_tree(package):
    before = "text\n" + doc_tree.BEGIN + doc_tree.END + "after\n"
    first = doc_tree.with_tree(before, package)
    assert "      alone.py     One line.\n      inner/       A room.\n" in first
    (package / "inner" / "new.py").write_text('"""New."""\n')
    second = doc_tree.with_tree(first, package)
    assert "        new.py     New.\n" in second
    assert second.startswith("text\n")
    assert second.endswith("after\n")


@pytest.mark.parametrize("missing", [doc_tree.BEGIN, doc_tree.END])
def test_a_template_without_a_marker_is_refused(package, missing):
    with pytest.raises(ValueError, match="lacks"):
        doc_tree.with_tree((doc_tree.BEGIN + doc_tree.END).replace(missing, ""), package)
