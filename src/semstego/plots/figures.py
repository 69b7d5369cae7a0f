# SPDX-License-Identifier: Apache-2.0
"""Figures of the documentation, drawn from ``results/*.json`` alone."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

METHODS = {  # colour and marker
    "pixels": ("pixels alone (principal components)", "#777777", "o"),
    "gradient": ("pixels alone (gradients of the squared error)", "#1f77b4", "s"),
    "task": ("eq. 3 (squared error and the task)", "#d62728", "^"),
}


def task_against_ratio(sets: dict[str, Any]) -> bytes:
    """SVG: accuracy of the task over the compression ratio of the codec, one panel for each set of pictures.

    Args:
        sets: ``results/task_ratio_NAME.json`` by name.
    """
    figure = Figure((5.2 * len(sets), 4.2), layout="constrained")
    FigureCanvasSVG(figure)
    for axes, (name, found) in zip(figure.subplots(1, len(sets), squeeze=False)[0], sets.items(), strict=True):
        _panel(axes, name, found)
    return svg(figure)


def famo_weights(names: Sequence[str], published: NDArray[np.float64], lagged: NDArray[np.float64]) -> bytes:
    """SVG: weights of the losses over the steps of a training, by FAMO as published and by its lagged use.

    Args:
        names: Of the losses.
        published: ``(steps, losses)``.
        lagged: The same shape.
    """
    figure = Figure((7, 4), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    for place, name in enumerate(names):
        axes.semilogy(published[:, place], color=f"C{place}", label=name)
        axes.semilogy(lagged[:, place], color=f"C{place}", linestyle=":")
    axes.set(xlabel="step", ylabel="weight of the loss's gradient")
    axes.set_title("FAMO: lines as published, dots lagged by a step", fontsize=10)
    axes.legend(fontsize=8, ncols=2)
    return svg(figure)


def svg(figure: Figure) -> bytes:
    """The file of a figure."""
    target = io.BytesIO()
    with rc_context({"svg.hashsalt": "semstego"}):  # the same bytes for the same figures
        figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()


def _panel(axes: Axes, name: str, found: dict[str, Any]) -> None:
    clean = found["clean"]["percent"]
    axes.axhline(clean, color="black", linewidth=0.8, linestyle=":", label=f"clean pictures, {clean:.1f} %")
    for method, (label, colour, marker) in METHODS.items():
        rows = [row for row in found["ratios"] if method in row]
        ratios = [row["compression_ratio"] for row in rows]
        shares = [row[method]["accuracy"] for row in rows]
        middle = [share["percent"] for share in shares]
        below, above = ([abs(share[end] - share["percent"]) for share in shares] for end in ("low", "high"))
        axes.errorbar(ratios, middle, [below, above], label=label, color=colour, marker=marker, markersize=4, capsize=2)
    axes.set(xscale="log", xlabel="compression ratio (symbols per colour value)", ylabel="accuracy [%]", title=name)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
