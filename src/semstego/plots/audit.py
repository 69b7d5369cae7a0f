# SPDX-License-Identifier: Apache-2.0
"""Plots of an audit: for every view the ROC of the best detectors, and P_E against the number of training pairs.

A line is the detector with the least P_E among those whose P_E means anything, see
:func:`semstego.steganalysis.summary.is_informative`; a case without one has no line. Colours are schemes, line styles
are payloads, and a row of panels shares one legend.
"""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from semstego.plots.figures import svg
from semstego.steganalysis.statistics import FALSE_ALARMS
from semstego.steganalysis.summary import is_informative

LINE_STYLES = ("-", "--", ":", "-.")
Cell = dict[str, Any]


def roc_and_learning(report: dict[str, Any]) -> bytes:
    """Plots of an audit, as SVG: a row for each view, with ROC curves and, if the report has them, learning curves.

    Args:
        report: Of :func:`semstego.steganalysis.audit.run`.
    """
    return svg(drawing(report))


def drawing(report: dict[str, Any]) -> Figure:
    """The same plots as a figure of matplotlib; arguments as those of :func:`roc_and_learning`."""
    cells = report["cells"]
    views = list(dict.fromkeys(cell["view"] for cell in cells))
    learning = any("curve" in cell for cell in cells)
    columns = 2 if learning else 1
    figure = Figure((3.6 * columns + 3, 3.2 * len(views)), layout="constrained")
    FigureCanvasSVG(figure)
    looks = _looks(list(dict.fromkeys(cell["case"] for cell in cells)))
    for row, view in zip(figure.subplots(len(views), columns, squeeze=False), views, strict=True):
        best = best_cells([cell for cell in cells if cell["view"] == view])
        _roc(row[0], view, best, looks)
        if learning:
            _learning(row[1], best, looks)
        if best:
            row[-1].legend(*row[0].get_legend_handles_labels(), loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
    return figure


def best_cells(cells: Sequence[Cell]) -> list[Cell]:
    """The cell with the least P_E of each case, among those whose P_E means anything."""
    best: dict[str, Cell] = {}
    for cell in filter(is_informative, cells):
        rival = best.setdefault(cell["case"], cell)
        if cell["p_e"]["estimate"] < rival["p_e"]["estimate"]:
            best[cell["case"]] = cell
    return list(best.values())


def _looks(cases: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour and line style of each case, which is called ``scheme payload`` or by a name alone."""
    parts = {case: case.rpartition(" ")[::2] if " " in case else (case, "") for case in cases}
    schemes, payloads = (list(dict.fromkeys(part[place] for part in parts.values())) for place in (0, 1))
    return {
        case: {
            "color": f"C{schemes.index(scheme) % 10}",
            "linestyle": LINE_STYLES[payloads.index(payload) % len(LINE_STYLES)],
            "linewidth": 1.3,
        }
        for case, (scheme, payload) in parts.items()
    }


def _roc(axes: Axes, view: str, cells: Sequence[Cell], looks: dict[str, dict[str, Any]]) -> None:
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for cell in cells:
        axes.plot(FALSE_ALARMS, cell["roc"], label=_label(cell), **looks[cell["case"]])
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel="false alarms", ylabel="detections", title=view)
    if not cells:
        axes.text(0.5, 0.5, "no detector that caught its controls", ha="center", va="bottom", rotation=45, fontsize=8)
    axes.set_aspect("equal")
    axes.grid(visible=True, alpha=0.3)


def _learning(axes: Axes, cells: Sequence[Cell], looks: dict[str, dict[str, Any]]) -> None:
    ticks = sorted({point["pairs"] for cell in cells for point in cell.get("curve", ())})
    for cell in cells:
        points, look = cell.get("curve", ()), looks[cell["case"]]
        pairs, middle, low, high = ([point[key] for point in points] for key in ("pairs", "estimate", "low", "high"))
        axes.plot(pairs, middle, marker="o", markersize=3, **look)
        axes.fill_between(pairs, low, high, color=look["color"], alpha=0.12, linewidth=0)
    axes.axhline(0.5, color="grey", linewidth=0.8)
    axes.set(xlabel="training pairs", ylabel="$P_E$", title="learning curves", ylim=(0, 0.6))
    axes.grid(visible=True, alpha=0.3)
    if ticks:
        axes.set(xscale="log", xticks=ticks, xticklabels=[f"{pairs:,}" for pairs in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())


def _label(cell: Cell) -> str:
    # Folders may have any name: a dollar would begin a formula, and matplotlib hides labels that begin with _.
    case = cell["case"].replace("$", r"\$")
    return f"$P_E$ {cell['p_e']['estimate']:.2f}: {case}, {cell['judge']}"
