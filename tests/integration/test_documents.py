# SPDX-License-Identifier: Apache-2.0
"""The documents say what is so: figures come from results/*.json, links lead somewhere, commands exist, code runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import fill_figures

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = fill_figures.documents()
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def blocks(language, text=README):
    """Fenced blocks of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_marked_numbers_equal_the_results(document):
    found, faults = fill_figures.figures(document)
    assert not faults
    stale = [f"{figure.line}: {figure.path}: {figure.shown}, not {figure.fresh}" for figure in found]
    assert not [line for line, figure in zip(stale, found, strict=True) if figure.shown != figure.fresh]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_marker_stands_behind_a_number(document):
    text = document.read_text(encoding="utf-8")
    assert text.count("<!--") == len(fill_figures.MARKED.findall(text))


def test_the_readme_quotes_results():
    assert len(fill_figures.MARKED.findall(README)) > 20


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_relative_links_lead_to_files(document):
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text)
    local = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if target and not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_anchors_in_links_are_headings(document):
    text = document.read_text(encoding="utf-8")
    for path, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", text):
        other = (document.parent / path).read_text(encoding="utf-8") if path else text
        headings = {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", other, re.MULTILINE)
        }
        assert anchor in headings


def test_commands_in_the_readme_exist():
    semstego = Path(sys.executable).with_name("semstego")
    shown = subprocess.run([semstego, "--help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^  ([a-z][a-z-]+) ", shown.partition("Commands:")[2], re.MULTILINE))
    code = "\n".join([*re.findall(r"`([^`\n]+)`", README), *blocks("sh")])
    named = set(re.findall(r"(?:^|[\s/])semstego ([a-z][a-z-]*)", code))
    assert {"hide", "reveal", "send", "reconstruct", "capacity", "info", "demo", "fit-codec"} <= named
    assert named <= commands


def test_scripts_and_make_targets_in_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"\bmake ([a-z]+)`", README) + re.findall(r"^make ([a-z]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for module in re.findall(r"python -m ((?:experiments|tools)[\w.]+)", README):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


def printed_by(code, folder):
    """What Python prints there."""
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_python_block_of_the_readme_prints_what_the_readme_says():
    (code,), (expected,) = blocks("python"), blocks("text")
    assert len([line for line in code.splitlines() if line]) == 8  # the formatter adds an empty one
    assert printed_by(code, ROOT) == expected


def test_the_detector_of_the_audits_page_finds_a_message(folders):
    (code,) = blocks("python", (ROOT / "docs" / "audit.md").read_text(encoding="utf-8"))
    assert re.search(r"^stegos +picture +unrest +<= 0\.[0-3]", printed_by(code, folders), re.MULTILINE)


def test_longest_keys_win_and_lists_are_searched(monkeypatch):
    tree = {"a": {"1.0": {"x": 1.25}, "1": {"0": {"x": 9}}}, "rows": [{"m": "HILL", "b": 0.5, "v": 2500}]}
    monkeypatch.setattr(fill_figures, "results", lambda stem: tree)
    assert fill_figures.formatted(fill_figures.look_up("t.a.1.0.x"), "?.?") == "1.3"
    assert fill_figures.formatted(fill_figures.look_up("t.rows[m=HILL,b=0.5].v *100"), "?") == "250,000"
    for path in ("t.a.2", "t.a", "t.rows[m=LSB].v"):
        with pytest.raises(KeyError):
            fill_figures.look_up(path)
