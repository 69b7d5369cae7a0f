# SPDX-License-Identifier: Apache-2.0
"""Tables I and IV as text, beside the paper's figures."""

from collections.abc import Sequence
from typing import Any, Final

from semstego.evaluation.table1 import MEAN, NOISE

_METHODS: Final = ("DMAS", "GMAS", "Adaptive BCH", "MREAS-like", "CRPAS-like")
PAPER: Final = {
    (360, "jpeg:50"): dict(zip(_METHODS, (99.91, 100.00, 93.16, 99.72, 99.90), strict=True)),
    (360, NOISE): {"MREAS-like": 99.97, "CRPAS-like": 99.96},
    (360, "codec:codec-grey"): dict(zip(_METHODS, (50.00, 51.08, 49.85, 51.69, 51.05), strict=True)),
    (64, "codec:codec-64"): {MEAN: 51.23},
    (256, "codec:codec-256"): {MEAN: 50.07},
}
"""Percent of bits that are right in the paper's Tables I and IV, by side and attack; the means are of its five methods.
Its codecs leave 38.41, 38.89 and 38.01 dB."""


def table(study: dict[str, Any]) -> str:
    """For each attack of a study, what arrives by each carrier, in percent, beside the paper's figure."""
    found: Sequence[dict[str, Any]] = study["carriers"]
    wide = max(len(one["carrier"]) for one in found) + 2
    lines = [f"{'':{wide}}{'bits':>8}{'refused':>9}{'PSNR':>8}{'CPU s':>8}"]
    for one in (one for one in found if "pictures" in one):
        refused = f"{one['refused']}/{one['pictures']}"
        lines.append(f"{one['carrier']:{wide}}{one['message_bits']:>8.0f}{refused:>9}")
        lines[-1] += f"{_figure(one.get('psnr_db'), 1, 1):>8}{_figure(one.get('seconds_median'), 1, 2):>8}"
    attacks: list[dict[str, Any]] = next((one["attacks"] for one in found if one["attacks"]), [])
    for place, attack in enumerate(attacks):
        quality = f"{_figure(attack.get('psnr_db'), 1, 1)} dB, SSIM {_figure(attack.get('ssim'), 100, 1)} %"
        lines += ["", f"{attack['attack']}: {quality}"]
        lines.append(
            f"{'':{wide}}{'elements':>10}{'before':>9}{'after':>9}{'low':>8}{'high':>8}{'whole':>8}{'paper':>9}"
        )
        for one in (one for one in found if one["attacks"]):
            paper = PAPER.get((study["side"], attack["attack"]), {}).get(one["carrier"])
            lines.append(f"{one['carrier']:{wide}}{_cells(one['attacks'][place], paper)}")
    lines.append("\npercent: elements that change, bits right before and after correction, messages whole; - for none")
    return "\n".join(lines)


def _cells(row: dict[str, Any], paper: float | None) -> str:
    after = row["right_after"]
    places = {"element_errors": 3, "right_before": 2}
    figures = [_figure((row.get(name) or {}).get("mean"), 100, digits) for name, digits in places.items()]
    figures += [_figure(after.get(name), 100, 2) for name in ("mean", "low", "high")]
    figures += [_figure(row["whole"]["mean"], 100, 0), _figure(paper, 1, 2)]
    return "".join(f"{one:>{wide}}" for one, wide in zip(figures, (10, 9, 9, 8, 8, 8, 9), strict=True))


def _figure(value: float | None, scale: float, digits: int) -> str:
    return "-" if value is None else f"{scale * value:.{digits}f}"
