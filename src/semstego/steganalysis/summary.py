# SPDX-License-Identifier: Apache-2.0
"""An audit's report as one page of text, for readers who have to decide whether a message is safe."""

from collections.abc import Iterator, Sequence
from typing import Any

LEVELS = (
    (0.05, "certain"),
    (0.2, "reliable"),
    (0.35, "better than chance"),
    (0.45, "faint"),
    (1.0, "close to guessing"),
)


def in_words(report: dict[str, Any]) -> str:
    """The page: how much was measured, a table, the controls, and a sentence for each case.

    Args:
        report: Of :func:`semstego.steganalysis.audit.run`.
    """
    return "\n".join([*_head(report), "", *_table(report), "", *_controls(report), "", *_conclusions(report)])


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
    yield from report["notes"]


def _table(report: dict[str, Any]) -> Iterator[str]:
    yield f"{'case':18}{'view':12}{'detector':11}{'P_E':>25}{'AUC':>7}{'missed at 5 % false alarms':>28}"
    for cell in report["cells"]:
        yield f"{cell['case']:18.17}{cell['view']:12}{cell['judge']:11.10}" + (
            _statistics(cell) if is_informative(cell) else f"{'not shown':>25}   {_why_not(cell)}"
        )


def is_informative(cell: dict[str, Any]) -> bool:
    """Whether a cell's P_E means anything: its detector detected the controls, or it detected this case.

    It does not if the detector was fooled: what tells covers from covers is not the message.
    """
    return bool(not cell["fooled"] and (cell["shown"] or cell["p_e"]["high"] < 0.5))


def _why_not(cell: dict[str, Any]) -> str:
    if cell["fooled"]:
        return "the detector finds differences between covers and covers"
    return "nothing detected, by a detector that did not catch its controls"


def _statistics(cell: dict[str, Any]) -> str:
    found = cell["p_e"]
    # A detector that missed its controls is a weak one: a better detector may err less.
    most = "" if cell["shown"] else "<= "
    interval = f"{most}{found['estimate']:.3f} ({found['low']:.3f}-{found['high']:.3f})"
    turned = "*" if cell["auc_turned"] else " "
    return f"{interval:>25}{cell['auc']['estimate']:>6.3f}{turned}{cell['missed_at_5']['estimate']:>28.2f}"


def _controls(report: dict[str, Any]) -> Iterator[str]:
    yield "Controls: P_E on embeddings that must be caught, and with labels swapped at random (0.5)."
    for control in report["controls"]:
        found = ", ".join(f"{name} {one['p_e']['estimate']:.3f}" for name, one in control["of"].items())
        state = "   FOOLED" if control["fooled"] else "   NOT CAUGHT" if control["caught"] is False else ""
        yield f"  {control['case']:18.17}{control['view']:12}{control['judge']:11.10}{found}{state}"
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
    yield "Stronger detectors, more pairs or the original pictures would find more: this is a lower bound on detection."


def _by_case(cells: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for cell in cells:
        found.setdefault(cell["case"], []).append(cell)
    return found
