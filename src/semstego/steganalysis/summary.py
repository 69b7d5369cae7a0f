# SPDX-License-Identifier: Apache-2.0
"""An audit's report as one page of text, for readers who have to decide whether a message is safe."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

COLUMNS: Final = ("case", "view", "detector", "P_E", "AUC", "missed")
NAMES: Final = 3  # columns that are names; the others are figures
GAP: Final = "  "  # between columns
LEVELS = (
    (0.05, "certain"),
    (0.2, "reliable"),
    (0.35, "better than chance"),
    (0.45, "faint"),
    (1.0, "close to guessing"),
)


def in_words(report: dict[str, Any], width: int | None = None) -> str:
    """The page: how much was measured, a table, the controls, and a sentence for each case.

    Args:
        report: Of :func:`semstego.steganalysis.audit.run`.
        width: Columns of the terminal; lines are wrapped between words, and a table that is wider has a line for each
            fact instead. Nothing is cut off: a word that is longer than a line stays whole. None wraps nothing.
    """
    parts = [_head(report), _table(report, width), _controls(report), _conclusions(report)]
    return "\n\n".join("\n".join(_wrapped(line, width) for line in part) for part in parts)


def _wrapped(line: str, width: int | None) -> str:
    """The line in lines of at most ``width`` columns, the later ones indented like the first and by two more."""
    if width is None or len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    wrapped = textwrap.fill(
        line.strip().replace(" %", "\0%"),  # a figure stays with its unit
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped.replace("\0", " ")


def rating(p_e: float) -> str:
    """What an error probability P_E means, in words."""
    return next(word for most, word in LEVELS if p_e <= most)


def _head(report: dict[str, Any]) -> Iterator[str]:
    protocol = report["protocol"]
    first = report["cells"][0]
    yield (
        f"Audit, {protocol['name']} protocol: learned from {first['training_pairs']:,} pairs, tested on "
        f"{first['pairs']:,} pairs of {first['photographs']:,} photographs; runs: {len(protocol['seeds'])}."
    )
    yield "P_E is the probability that a warden errs: 0 finds every message, 0.5 is guessing. Brackets: 95 % interval."
    yield "Missed is the share of messages that are not found at 5 % false alarms."
    yield from report["notes"]


def _table(report: dict[str, Any], width: int | None) -> Iterator[str]:
    """Cells as rows of columns, or where these are wider than ``width``, a line for each fact of each cell."""
    rows = [(cell["case"], cell["view"], cell["judge"], *_facts(cell)) for cell in report["cells"]]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    if width is None or sum(widths) + len(GAP) * (len(widths) - 1) <= width:
        reasons = ["", *(GAP + _why_not(cell) if not is_informative(cell) else "" for cell in report["cells"])]
        for row, reason in zip((COLUMNS, *rows), reasons, strict=True):
            names = [word.ljust(wide) for word, wide in zip(row[:NAMES], widths, strict=False)]
            facts = [word.rjust(wide) for word, wide in zip(row[NAMES:], widths[NAMES:], strict=True)]
            yield GAP.join([*names, *facts]).rstrip() + reason
        return
    for cell, row in zip(report["cells"], rows, strict=True):
        yield ", ".join(row[:NAMES])
        yield from (f"  {name}: {fact}" for name, fact in zip(COLUMNS[NAMES:], row[NAMES:], strict=True) if fact)
        if not is_informative(cell):
            yield f"  {_why_not(cell)}"


def is_informative(cell: dict[str, Any]) -> bool:
    """Whether a cell's P_E means anything: its detector detected the controls, or it detected this case.

    It does not if the detector was fooled: what tells covers from covers is not the message.
    """
    return bool(not cell["fooled"] and (cell["shown"] or cell["p_e"]["high"] < 0.5))


def _why_not(cell: dict[str, Any]) -> str:
    if cell["fooled"]:
        return "the detector finds differences between covers and covers"
    return "nothing detected, by a detector that did not catch its controls"


def _facts(cell: dict[str, Any]) -> tuple[str, str, str]:
    """P_E with its interval, AUC and the missed share as the page gives them; not those that mean nothing."""
    if not is_informative(cell):
        return "not shown", "", ""
    found = cell["p_e"]
    # A detector that missed its controls is a weak one: a better detector may err less.
    most = "" if cell["shown"] else "<= "
    interval = f"{most}{found['estimate']:.3f} ({found['low']:.3f}-{found['high']:.3f})"
    turned = "*" if cell["auc_turned"] else ""
    return interval, f"{cell['auc']['estimate']:.3f}{turned}", f"{cell['missed_at_5']['estimate']:.2f}"


def _controls(report: dict[str, Any]) -> Iterator[str]:
    yield "Controls: P_E on embeddings that must be caught, and with labels swapped at random (0.5)."
    for control in report["controls"]:
        found = ", ".join(f"{name} {one['p_e']['estimate']:.3f}" for name, one in control["of"].items())
        state = ", FOOLED" if control["fooled"] else ", NOT CAUGHT" if control["caught"] is False else ""
        yield f"  {control['case']}, {control['view']}, {control['judge']}: {found}{state}"
    if any(cell["auc_turned"] for cell in report["cells"]):
        yield "  * 1 - AUC, since AUC is below 0.5: chance, or a detector with the wrong sign, but no security."


def _conclusions(report: dict[str, Any]) -> Iterator[str]:
    for case, cells in _by_case(report["cells"]).items():
        known = [cell for cell in cells if is_informative(cell)]
        if not known:
            fooled = all(cell["fooled"] for cell in cells)
            yield f"{case}: nothing can be said; " + (
                "the detectors find differences between covers and covers. Are the pairs mixed up?"
                if fooled
                else "no detector caught its controls. Use more pairs, or other detectors."
            )
            continue
        worst = min(known, key=lambda cell: cell["p_e"]["estimate"])
        p_e = worst["p_e"]["estimate"]
        yield (
            f"{case}: detection is {rating(p_e)}. The best detector, {worst['judge']} on {worst['view']}, errs "
            f"{100 * p_e:.0f} times in a hundred; at 5 % false alarms it misses "
            f"{100 * worst['missed_at_5']['estimate']:.0f} % of the messages."
        )
    yield (
        "Stronger detectors or more pairs may find more: this is a lower bound on detection. How much more, is known "
        "of the certified scheme alone, whose certificate holds for every detector (docs/certified.md)."
    )


def _by_case(cells: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for cell in cells:
        found.setdefault(cell["case"], []).append(cell)
    return found
