# SPDX-License-Identifier: Apache-2.0
"""Render the documents that quote measured figures: templates in docs/templates/, figures from results/*.json.

    python -m tools.fill_figures            # render every template
    python -m tools.fill_figures --check    # write nothing, exit 1 if a document is not what its template renders

docs/templates/ mirrors the repository: docs/templates/docs/audit.md renders docs/audit.md. Edit the template, never
the document. A document that quotes no measured figure has no template. In a template a figure is written like a field
of an f-string, a path and a format:

    {{quality.crops.1.0.psnr2_db.mean:.1f}}    results/quality.json, then key by key; one decimal: 46.9
    {{speed.share *100:.1f}}                   a factor, here to show a fraction in per cent: 12.5
    {{audit.rows[stage=picture,bpp=0.5,method=HILL].p_e.estimate:.2f}}    the one entry of a list that fits: 0.37
    {{audit.protocol.train.0:.0f}}             an entry of a list by its number; no decimals: 800
    {{stc.bits:,.0f}}                          thousands with commas: 1,000

A key may hold dots and slashes: of several keys that fit, the longest is taken. From 10,000 on thousands get commas
in any case. Halves are rounded away from zero. A template with a marker that leads to no number renders nothing. Lines
that are comments, ``<!-- ... -->``, are for those who edit the template, and are left out of the document.
"""

import argparse
import difflib
import json
import math
import re
import sys
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TEMPLATES = Path("docs/templates")
MARKER = re.compile(r"\{\{(?P<path>[^{}\n]+):(?P<form>,?\.\d+f)\}\}")
COMMENT = re.compile(r"^<!--.*-->\n", re.MULTILINE)
FACTOR = re.compile(r"(?P<path>.*?)\s+\*(?P<factor>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


def templates() -> list[Path]:
    """All templates, each with its path relative to the repository root."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / TEMPLATES).rglob("*.md"))


def document(template: Path) -> Path:
    """The document that a template renders; both paths are relative to the repository root."""
    return template.relative_to(TEMPLATES)


@cache
def results(stem: str) -> Any:
    """Read one file of results; raises KeyError if there is none."""
    path = ROOT / "results" / f"{stem}.json"
    if not path.is_file():
        raise KeyError(f"there is no results/{stem}.json")
    return json.loads(path.read_text(encoding="utf-8"))


def look_up(path: str) -> Decimal:
    """Find the number that the path of a marker leads to, times the marker's factor.

    Raises:
        KeyError: If the path leads nowhere, or to something that is no finite number.
    """
    given = FACTOR.fullmatch(path)
    stem, _, rest = (given["path"] if given else path).partition(".")
    number = Decimal(repr(_descend(results(stem), rest)))
    return number * Decimal(given["factor"]) if given else number  # a product is rounded to 28 digits


def _descend(node: Any, rest: str) -> int | float:
    """Walk down ``rest``; every step takes the longest key that leads to a number. Raises KeyError if none does."""
    if not rest and isinstance(node, int | float) and not isinstance(node, bool) and math.isfinite(node):
        return node
    for child, remainder in _steps(node, rest):
        try:
            return _descend(child, remainder)
        except KeyError:
            continue
    raise KeyError(f"no number at {rest!r}")


def _steps(node: Any, rest: str) -> Iterator[tuple[Any, str]]:
    """Yield the children that the beginning of ``rest`` may mean, longest key first, each with what is left of it."""
    if rest.startswith("["):
        wanted, _, remainder = rest[1:].partition("]")
        fitting = _entries(node, wanted)
        if len(fitting) == 1:
            yield fitting[0], remainder.removeprefix(".")
        return
    if isinstance(node, list):
        node = {str(index): entry for index, entry in enumerate(node)}
    for key in sorted(node, key=len, reverse=True) if isinstance(node, dict) else ():
        if rest.startswith(key) and rest[len(key) : len(key) + 1] in ("", ".", "["):
            yield node[key], rest[len(key) :].removeprefix(".")


def _entries(node: Any, wanted: str) -> list[dict[str, Any]]:
    """The entries of the list ``node`` that fulfil all conditions of ``wanted``, written ``key=value,key=value``."""
    conditions = [condition.partition("=") for condition in wanted.split(",")]
    return [
        entry
        for entry in (node if isinstance(node, list) else [])
        if isinstance(entry, dict) and all(str(entry.get(key)) == value for key, _, value in conditions)
    ]


def formatted(value: Decimal, form: str) -> str:
    """Write a number in the format of a marker, ``.2f`` or ``,.2f`` for two decimals."""
    decimals = int(form.strip(",.f"))
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0  # no minus before nothing
    return f"{rounded:,f}" if "," in form or abs(rounded) >= 10_000 else f"{rounded:f}"


def filled(text: str) -> tuple[str, list[str]]:
    """Replace every marker of a text by its figure.

    Returns:
        The text, and one line ``line number: marker: reason`` for each marker that leads to no number or is malformed;
        these stand in the text as they were.
    """
    lines, faults = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        fresh, wrong = _filled_line(line)
        lines.append(fresh)
        faults += [f"{number}: {fault}" for fault in wrong]
    return "\n".join(lines), faults


def _filled_line(line: str) -> tuple[str, list[str]]:
    """Do what ``filled`` does for one line; its faults bear no line number."""
    faults = []

    def figure(match: re.Match[str]) -> str:
        try:
            return formatted(look_up(match["path"]), match["form"])
        except KeyError as error:
            faults.append(f"{match[0]}: {error.args[0]}")
            return match[0]

    fresh = MARKER.sub(figure, line)
    for brace in re.finditer(r"\{\{.*|\}\}", MARKER.sub(" ", line)):
        faults.append(f"{brace[0]:.80}: not of the form {{{{path:.1f}}}}")
    return fresh, faults


def rendered(template: Path) -> tuple[str, list[str]]:
    """Render one template, given by its path relative to the root.

    Returns:
        The text of the document, which says at its end where it comes from, and the template's faults.
    """
    text, faults = filled((ROOT / template).read_text(encoding="utf-8"))
    origin = f"<!-- made from {template.as_posix()} by python -m tools.fill_figures -->\n"
    return COMMENT.sub("", text) + origin, [f"{template.as_posix()}:{fault}" for fault in faults]


def main(arguments: list[str] | None = None) -> int:
    """Render or check all documents, print what is wrong or changes, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a document is stale")
    options = parser.parse_args(arguments)
    wrong = False
    for template in templates():
        fresh, faults = rendered(template)
        name = document(template).as_posix()
        path = ROOT / name
        stands = path.read_text(encoding="utf-8") if path.is_file() else ""
        changes = difflib.unified_diff(stands.splitlines(), fresh.splitlines(), name, name, n=0, lineterm="")
        for line in faults or changes:
            print(line)
        wrong |= bool(faults) or (options.check and stands != fresh)
        if not options.check and not faults and stands != fresh:
            path.write_text(fresh, encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
