# SPDX-License-Identifier: Apache-2.0
"""Write the measured figures into README.md and docs/*.md, from results/*.json.

    python -m tools.fill_figures            # fill in or refresh every marked number
    python -m tools.fill_figures --check    # change nothing, exit 1 if a number is stale

A marked number has an invisible comment right behind it that says where it comes from:

    46.9<!--quality.crops.1.0.psnr2_db.mean-->    results/quality.json, then key by key
    12.5<!--speed.share *100-->                   a fraction, shown in per cent
    0.37<!--detectability.rows[stage=picture,bpp=0.5,method=HILL].p_e.estimate-->    the one entry of a list that fits

A key may hold dots and slashes: of several keys that fit the longest is taken. A number keeps its decimals; a figure
that is not there yet is written with question marks, ``??.?`` for one decimal. From 10,000 on thousands get commas.
"""

import argparse
import json
import re
import sys
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "SECURITY.md", "CHANGELOG.md", "docs/*.md")
MARKED = re.compile(r"(?P<shown>-?[\d?][\d,?]*(?:\.[\d?]+)?)<!--(?P<path>[^\s>][^>]*?)-->")
FACTOR = re.compile(r"(?P<path>.*?)\s+\*(?P<factor>[\d.e+-]+)")


class Figure(NamedTuple):
    """One marked number."""

    document: Path
    line: int
    path: str
    shown: str
    fresh: str


def documents() -> list[Path]:
    """The files that may hold marked numbers."""
    return [path for pattern in DOCUMENTS for path in sorted(ROOT.glob(pattern))]


@cache
def results(stem: str) -> Any:
    """One file of results; KeyError if there is none."""
    path = ROOT / "results" / f"{stem}.json"
    if not path.is_file():
        raise KeyError(f"there is no {path.relative_to(ROOT)}")
    return json.loads(path.read_text())


def look_up(path: str) -> Decimal:
    """The number that a marker stands for.

    Raises:
        KeyError: If there is no such entry, or it is no number.
    """
    given = FACTOR.fullmatch(path)
    keys, factor = (given["path"], given["factor"]) if given else (path, "1")
    stem, _, rest = keys.partition(".")
    value = _descend(results(stem), rest)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise KeyError(f"{keys} is no number but {value!r:.80}")
    return Decimal(repr(value)) * Decimal(factor)


def _descend(node: Any, rest: str) -> Any:
    """Walk down ``rest``; every step takes the longest key that leads to an end."""
    if not rest:
        return node
    for key, remainder in _steps(node, rest):
        try:
            return _descend(key, remainder)
        except KeyError:
            continue
    raise KeyError(f"nothing at {rest!r}")


def _steps(node: Any, rest: str) -> list[tuple[Any, str]]:
    """Children that the beginning of ``rest`` may mean, longest key first, each with what is left of ``rest``."""
    if rest.startswith("["):
        wanted, _, remainder = rest[1:].partition("]")
        conditions = [condition.split("=", 1) for condition in wanted.split(",")]
        fitting = [
            entry
            for entry in (node if isinstance(node, list) else [])
            if isinstance(entry, dict) and all(str(entry.get(key)) == value for key, value in conditions)
        ]
        return [(fitting[0], remainder.removeprefix("."))] if len(fitting) == 1 else []
    if isinstance(node, list):
        node = {str(index): entry for index, entry in enumerate(node)}
    if not isinstance(node, dict):
        return []
    found = [
        (key, rest[len(key) :])
        for key in sorted(node, key=len, reverse=True)
        if rest.startswith(key) and rest[len(key) : len(key) + 1] in ("", ".", "[")
    ]
    return [(node[key], remainder.removeprefix(".")) for key, remainder in found]


def formatted(value: Decimal, like: str) -> str:
    """``value`` with as many decimals as ``like`` shows."""
    decimals = len(like.partition(".")[2])
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0  # no minus before nothing
    return f"{rounded:,f}" if "," in like or abs(rounded) >= 10_000 else f"{rounded:f}"


def figures(document: Path) -> tuple[list[Figure], list[str]]:
    """The marked numbers of a document, and what is wrong with the markers that lead nowhere."""
    found, faults = [], []
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), start=1):
        for match in MARKED.finditer(line):
            try:
                fresh = formatted(look_up(match["path"]), match["shown"])
            except KeyError as error:
                faults.append(f"{document.relative_to(ROOT)}:{number}: {match['path']}: {error.args[0]}")
                continue
            found.append(Figure(document, number, match["path"], match["shown"], fresh))
    return found, faults


def fill(document: Path) -> int:
    """Refresh a document's numbers; how many changed. Markers that lead nowhere keep theirs."""
    changed = 0

    def renew(match: re.Match[str]) -> str:
        nonlocal changed
        try:
            fresh = formatted(look_up(match["path"]), match["shown"])
        except KeyError:
            return match[0]
        changed += fresh != match["shown"]
        return f"{fresh}<!--{match['path']}-->"

    text = document.read_text(encoding="utf-8")
    renewed = MARKED.sub(renew, text)
    if renewed != text:
        document.write_text(renewed, encoding="utf-8")
    return changed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if a number is stale")
    options = parser.parse_args()
    wrong = 0
    for document in documents():
        found, faults = figures(document)
        for fault in faults:
            print(fault)
        stale = [figure for figure in found if figure.shown != figure.fresh]
        for figure in stale:
            print(f"{document.relative_to(ROOT)}:{figure.line}: {figure.path}: {figure.shown} -> {figure.fresh}")
        if not options.check:
            fill(document)
            stale = []
        wrong += len(faults) + len(stale)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
