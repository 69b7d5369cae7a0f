# SPDX-License-Identifier: Apache-2.0
"""The documents say what is so: figures come from results/*.json, links lead somewhere, commands exist, code runs."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import fill_figures

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*(ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md")), *sorted(ROOT.glob("docs/*.md"))]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
TEMPLATES = fill_figures.templates()
KEYS = st.sampled_from(["a", "b", "a.b", "1", "0", "1.0", "1/10"])
TREES = st.recursive(
    st.integers(), lambda nodes: st.dictionaries(KEYS, nodes, min_size=1) | st.lists(nodes, min_size=1), max_leaves=12
)


def blocks(language, text=README):
    """Fenced blocks of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
def test_a_document_is_what_its_template_renders(template):
    text, faults = fill_figures.rendered(template)
    assert not faults
    assert (ROOT / fill_figures.document(template)).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_a_document_is_plain_and_names_its_template(document):
    text = document.read_text(encoding="utf-8")
    assert "{{" not in text
    made_from = re.findall(r"<!-- made from (\S+) by python -m tools\.fill_figures -->\n\Z", text)
    assert made_from == [str(path) for path in TEMPLATES if ROOT / fill_figures.document(path) == document]
    assert text.count("<!--") == len(made_from)


def test_every_template_renders_a_public_document():
    assert {ROOT / fill_figures.document(template) for template in TEMPLATES} <= set(DOCUMENTS)


def test_the_readme_quotes_results():
    template = (ROOT / fill_figures.TEMPLATES / "README.md").read_text(encoding="utf-8")
    assert len(fill_figures.MARKER.findall(template)) > 20


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


def test_the_commands_of_the_readme_print_what_the_readme_says(tmp_path):
    (commands,) = [block for block in blocks("sh") if "semstego hide" in block]
    (shown,) = blocks("console")
    for name in ("src", "CITATION.cff"):
        (tmp_path / name).symlink_to(ROOT / name)
    script = commands.replace(".venv/bin/semstego", str(Path(sys.executable).with_name("semstego")))
    ran = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    printed = [line for line in ran.stdout.splitlines() if not line.startswith("first run: ")]
    expected = [line for line in shown.splitlines() if line.strip() not in ("...", "") and "seconds" not in line]
    hidden = printed[: printed.index(next(line for line in printed if "seconds" in line))]
    assert [line for line in hidden if line in expected] == expected
    names = [line.split("  ")[-2].strip() for line in printed if line.startswith(" ") and "  " in line.strip()]
    assert {"codec", "seconds", "psnr2 db"} <= set(names)
    for name in ("from-features.cff", "from-picture.cff"):
        assert (tmp_path / name).read_bytes() == (ROOT / "CITATION.cff").read_bytes()


def test_the_detector_of_the_audits_page_finds_a_message(folders):
    (code,) = blocks("python", (ROOT / "docs" / "audit.md").read_text(encoding="utf-8"))
    assert re.search(r"^stegos +picture +unrest +<= 0\.[0-3]", printed_by(code, folders), re.MULTILINE)


@pytest.fixture
def figures(monkeypatch):
    """Results of one file, ``t``, in place of those of the repository."""
    tree = {
        "a": {"1.0": {"x": 1.25}, "1": {"0": {"x": 9}}},
        "rows": [{"m": "HILL", "b": 0.5, "v": 2500}, {"m": "LSB", "v": 1}, {"m": "LSB", "v": 2}],
        "thousand": 1000,
        "flag": True,
        "endless": float("inf"),
    }
    monkeypatch.setattr(fill_figures, "results", {"t": tree}.__getitem__)


@pytest.mark.parametrize(
    ("marker", "shown"),
    [
        ("{{t.a.1.0.x:.1f}}", "1.3"),
        ("{{t.a.1.0.x *-1:.3f}}", "-1.250"),
        ("{{t.rows.1.v:.0f}}", "1"),
        ("{{t.rows[m=HILL,b=0.5].v *100:.0f}}", "250,000"),
        ("{{t.thousand:.0f}}/{{t.thousand:,.0f}}", "1000/1,000"),
    ],
)
@pytest.mark.usefixtures("figures")
def test_markers_become_figures(marker, shown):
    assert fill_figures.filled(f"| {marker} dB |\n") == (f"| {shown} dB |\n", [])


@pytest.mark.parametrize(
    "path",
    ["t.a.2", "t.a", "t.rows[m=QIM].v", "t.rows[m=LSB].v", "t.rows[m=HILL", "t.flag", "t.endless", "none.a", "t", ""],
)
@pytest.mark.usefixtures("figures")
def test_paths_that_lead_to_no_number_are_refused(path):
    with pytest.raises(KeyError):
        fill_figures.look_up(path)


@pytest.mark.parametrize(
    "broken",
    [
        "{{t.a.2:.1f}}",
        "{{t.a.1.0.x}}",
        "{{t.a.1.0.x:.1}}",
        "{{t.a.1.0.x:1f}}",
        "{{}}",
        "{{t.a",
        "t.a}}",
        "{{t.\na:.1f}}",
    ],
)
@pytest.mark.usefixtures("figures")
def test_a_broken_marker_is_a_fault_and_stays(broken):
    text, faults = fill_figures.filled(f"first\n{broken} and {{{{t.thousand:.0f}}}}\n")
    assert text == f"first\n{broken} and 1000\n"
    assert faults
    assert all(re.match(r"[23]: ", fault) for fault in faults)


@given(st.text().filter(lambda text: "{{" not in text and "}}" not in text))
def test_text_without_markers_stays(text):
    assert fill_figures.filled(text) == (text, [])


@given(st.decimals(-(10**9), 10**9, allow_nan=False), st.integers(0, 6), st.booleans())
def test_figures_are_rounded_to_the_format(value, decimals, commas):
    shown = fill_figures.formatted(value, f"{',' if commas else ''}.{decimals}f")
    number = Decimal(shown.replace(",", ""))
    assert abs(number - value) <= Decimal(1).scaleb(-decimals) / 2
    assert len(shown.partition(".")[2]) == decimals
    assert ("," in shown) == (abs(number) >= (1_000 if commas else 10_000))
    assert number or not shown.startswith("-")


def leaves(node, path):
    """All numbers of a tree, each with its path."""
    if isinstance(node, int):
        return [(path, node)]
    children = node.items() if isinstance(node, dict) else enumerate(node)
    return [leaf for key, child in children for leaf in leaves(child, f"{path}.{key}")]


@given(TREES)
def test_every_number_is_found_by_its_path(tree):
    found = leaves(tree, "t")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fill_figures, "results", {"t": tree}.__getitem__)
        for path, _ in found:
            assert fill_figures.look_up(path) in [value for other, value in found if other == path]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one template and one result; its root."""
    monkeypatch.setattr(fill_figures, "ROOT", tmp_path)
    monkeypatch.setattr(fill_figures, "results", fill_figures.results.__wrapped__)  # without the cache
    (tmp_path / "docs" / "templates" / "docs").mkdir(parents=True)
    (tmp_path / "results").mkdir()
    (tmp_path / "docs" / "templates" / "docs" / "page.md").write_text("{{t.x:.1f}} dB\n")
    (tmp_path / "results" / "t.json").write_text(json.dumps({"x": 46.94}))
    return tmp_path


def test_rendering_writes_and_checking_only_compares(repository, capsys):
    page = repository / "docs" / "page.md"
    assert fill_figures.main(["--check"]) == 1
    assert not page.exists()
    assert fill_figures.main([]) == 0
    origin = "<!-- made from docs/templates/docs/page.md by python -m tools.fill_figures -->"
    assert page.read_text() == f"46.9 dB\n{origin}\n"
    capsys.readouterr()
    assert fill_figures.main(["--check"]) == 0
    assert capsys.readouterr().out == ""
    (repository / "results" / "t.json").write_text(json.dumps({"x": 47}))
    assert fill_figures.main(["--check"]) == 1
    assert "-46.9 dB\n+47.0 dB\n" in capsys.readouterr().out
    assert page.read_text().startswith("46.9 dB")


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_template_with_a_broken_marker_renders_nothing(repository, capsys, options):
    assert fill_figures.main([]) == 0
    capsys.readouterr()
    (repository / "docs" / "templates" / "docs" / "page.md").write_text("{{t.x:.2f}} dB\n{{t.y:.1f}} dB\n")
    assert fill_figures.main(options) == 1
    assert capsys.readouterr().out == "docs/templates/docs/page.md:2: {{t.y:.1f}}: no number at 'y'\n"
    assert (repository / "docs" / "page.md").read_text().startswith("46.9 dB")
